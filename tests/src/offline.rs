//! A registry of two keys and a dozen certificates that exists on paper only: what a verifier without a network holds.

use certs::bundle::{BundleInstitution, Content, ListStatus, Places, StandingChange};
use certs::certificate::{self, Claims};
use certs::keys::{KeyId, KeyState, Signer as _, SoftwareSigner};
use certs::log::{
    Checkpoint, Hash, LeafEntry, Origin, WitnessKey, WitnessPolicy, cosign, with_lines,
    write_tlog_proof,
};
use certs::qr::{parse_qr_text, qr_text};
use certs::trust_list::{KeyPurpose, TrustList, TrustedKey, root_line};
use certs::verdict::Standing;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use domain::{CertificateNo, PublicId};
use sha2::{Digest as _, Sha256};

/// Keys and dates of the paper registry; everything is dated by the machine's clock, as the program reads no other.
#[derive(Debug)]
pub struct PaperRegistry {
    now: DateTime<Utc>,
}

fn signer(kid: &str, seed: u8) -> SoftwareSigner {
    let seed: [u8; 32] = [seed; 32];
    SoftwareSigner::from_seed(kid.parse().expect("a kid"), seed.into())
}

fn origin() -> Origin {
    "verify.example.cn/log".parse().expect("an origin")
}

fn witness_key() -> WitnessKey {
    WitnessKey {
        name: "sd.example.cn/w".parse().expect("a name"),
        key: signer("witness", 6).public_key().clone(),
    }
}

impl PaperRegistry {
    /// With `now` as the moment of everything.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            now: now.trunc_subsecs(0),
        }
    }

    /// The line of the root key.
    pub fn root(&self) -> String {
        let root = signer("root", 1);
        root_line(root.key_id(), root.public_key()).expect("a line")
    }

    fn trusted(&self, purpose: KeyPurpose, key: &SoftwareSigner) -> (KeyId, TrustedKey) {
        let trusted = TrustedKey {
            purpose,
            public_key: key.public_key().clone(),
            not_before: self.now - TimeDelta::days(400),
            not_after: self.now + TimeDelta::days(400),
            state: KeyState::Active,
        };
        (key.key_id().clone(), trusted)
    }

    /// The trust list, as a test changes it before it is signed.
    pub fn trust_list(&self, change: impl FnOnce(&mut TrustList)) -> Vec<u8> {
        let federation = "370000".parse().expect("a federation");
        let mut list = TrustList {
            version: 1,
            issued_at: self.now - TimeDelta::days(300),
            valid_until: self.now + TimeDelta::days(300),
            keys: [
                self.trusted(KeyPurpose::Root, &signer("root", 1)),
                self.trusted(KeyPurpose::Status, &signer("status", 4)),
                self.trusted(KeyPurpose::Log(origin()), &signer("log", 5)),
                self.trusted(KeyPurpose::Issuer(federation), &signer("k3726", 7)),
            ]
            .into(),
            witnesses: WitnessPolicy::new(vec![witness_key()], 1).expect("one of one"),
            earlier_witnesses: Vec::new(),
        };
        change(&mut list);
        let signed = list.sign(&signer("root", 1)).expect("signed");
        signed.as_bytes().to_vec()
    }

    /// A bundle of this number, made `age` ago and good for a week: place 7 of list 1 is revoked, 8 on hold.
    pub fn bundle(&self, number: u64, age: TimeDelta) -> Content {
        self.bundle_with(number, age, self.trust_list(|_| ()))
    }

    /// The same with this trust list in it.
    pub fn bundle_with(&self, number: u64, age: TimeDelta, trust_list: Vec<u8>) -> Content {
        let issued_at = self.now - age;
        let authorised = StandingChange {
            since: self.now - TimeDelta::days(300),
            standing: Standing::Authorised,
        };
        let institution = BundleInstitution {
            name: "济南虚构职业培训学校".to_owned(),
            standing: [("370000".parse().expect("a code"), vec![authorised])].into(),
        };
        let list = ListStatus {
            size: 131_072,
            revoked: Places::new([7]),
            superseded: Places::default(),
            suspended: Places::new([8]),
        };
        Content {
            number,
            issued_at,
            valid_until: issued_at + TimeDelta::days(7),
            trust_list,
            checkpoint: String::new(),
            lists: [(1, list)].into(),
            federations: [("370000".parse().expect("a code"), "山东省".to_owned())].into(),
            programs: [("P3700012".parse().expect("a code"), "面点制作".to_owned())].into(),
            institutions: [("521101053269910274".parse().expect("a code"), institution)].into(),
        }
    }

    /// The bytes of a bundle.
    pub fn signed(&self, content: &Content) -> Vec<u8> {
        content.sign(&signer("status", 4)).expect("signed")
    }

    /// The QR text of the certificate at this place, issued a hundred days ago.
    pub fn text(&self, place: u32) -> String {
        self.text_by("k3726", 7, place)
    }

    /// A certificate that somebody else signed under the same name of a key.
    pub fn forged(&self, place: u32) -> String {
        self.text_by("k3726", 9, place)
    }

    /// The public id of the certificate at this place.
    pub fn id(place: u32) -> PublicId {
        let mut id = [9; 16];
        id[..4].copy_from_slice(&place.to_be_bytes());
        PublicId::from_bytes(id)
    }

    /// The file that proves that the certificate at this place is logged: the second of three leaves, its checkpoint signed
    /// by the log key of this seed and cosigned at that moment.
    pub fn proof(&self, place: u32, log_seed: u8, witnessed: Option<DateTime<Utc>>) -> String {
        let text = self.text(place);
        let cose = parse_qr_text(&text)
            .expect("a QR text")
            .cose
            .expect("bytes");
        let entry = LeafEntry::Issue {
            at: self.now - TimeDelta::days(100),
            certificate: Sha256::digest(&cose).into(),
            key_id: "k3726".parse().expect("a kid"),
            institution: "521101053269910274".parse().expect("a code"),
            federation: "370000".parse().expect("a federation"),
            program: "P3700012".parse().expect("a program"),
        };
        let [first, last] = [Hash::leaf(b"first"), Hash::leaf(b"last")];
        let checkpoint = Checkpoint {
            origin: origin(),
            size: 3,
            root: Hash::node(&Hash::node(&first, &entry.leaf_hash()), &last),
        };
        let mut signed = checkpoint.sign(&signer("log", log_seed)).expect("signed");
        if let Some(at) = witnessed {
            let key = witness_key();
            let line = cosign(&checkpoint, &key.name, at, &signer("witness", 6)).expect("cosigned");
            signed.note = with_lines(&signed.note, [line.as_str()]);
        }
        write_tlog_proof(&entry, 1, &[first, last], &signed)
    }

    fn text_by(&self, kid: &str, seed: u8, place: u32) -> String {
        let bytes = place.to_be_bytes();
        let claims = Claims {
            issued_at: self.now - TimeDelta::days(100),
            expires_at: None,
            holder: "买买提·艾力".parse().expect("a name"),
            certificate_no: CertificateNo::mint(
                "37",
                2026,
                &[bytes, bytes].concat().try_into().expect("eight"),
            )
            .expect("a number"),
            program: "P3700012".parse().expect("a program"),
            institution: "521101053269910274".parse().expect("a code"),
            level: None,
            status_list: 1,
            status_index: place,
            public_id: Self::id(place),
        };
        let signed = certificate::sign(&claims, &signer(kid, seed)).expect("signed");
        let host = "verify.example.cn".parse().expect("a host");
        qr_text(&host, &claims.public_id, signed.as_bytes())
    }
}
