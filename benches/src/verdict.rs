//! The trust bundle of a country, and verdicts by it, each beside its limit:
//! `cargo run --release -p benches --bin verdict`.
//!
//! Ten million certificates, 0.5 % of them revoked, in lists of 131,072 with their decoys; 20,000 institutions, 20,000
//! programs.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use certs::bundle::{
    Bundle, BundleDelta, BundleInstitution, Content, ListStatus, Places, StandingChange, delta,
};
use certs::certificate::{self, Claims};
use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::log::WitnessPolicy;
use certs::qr::qr_text;
use certs::trust_list::{KeyPurpose, Roots, TrustList, TrustedKey};
use certs::verdict::{Presented, Standing, State};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{CertificateNo, CreditCode, PublicId};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use zeroize::Zeroizing;

type Error = Box<dyn std::error::Error>;

const CERTIFICATES: u32 = 10_000_000;
const LIST: u32 = 131_072;
/// Places of a list that belong to certificates; the others are decoys, five in eight of them set.
const GIVEN: u32 = LIST - LIST / 64;
const INSTITUTIONS: u32 = 20_000;
const PROGRAMS: u32 = 20_000;

fn main() -> Result<(), Error> {
    let now = DateTime::from_timestamp(1_775_000_000, 0).ok_or("a moment")?;
    let root = signer("root", 1)?;
    let status = signer("status", 4)?;
    let issuer = signer("k3726", 7)?;
    let trust_list = trust_list(now, &root, &status, &issuer)?;
    let roots = Roots::one(root.key_id().clone(), root.public_key().clone());

    let begun = Instant::now();
    let content = content(now, 1, trust_list)?;
    let gathered = begun.elapsed();
    let begun = Instant::now();
    let bytes = content.sign(&status)?;
    let signed = begun.elapsed();
    println!("{:<46} {:>10}", "places of certificates", CERTIFICATES);
    println!("{:<46} {:>10} bytes", "status part", content.status_bytes());
    println!("{:<46} {:>10} bytes", "whole bundle", bytes.len());
    println!(
        "{:<46} {gathered:>10.1?}",
        "put together from invented rows"
    );
    println!("{:<46} {signed:>10.1?}", "encoded and signed");

    let copied = median(5, || drop(black_box(bytes.clone())));
    let opened = median(5, || drop(black_box(Bundle::open(&bytes, &roots))));
    println!("{:<46} {copied:>10.1?}", "limit: the bytes copied once");
    println!(
        "{:<46} {opened:>10.1?}",
        "opened: read, trust list, signature"
    );

    let first = Bundle::open(&bytes, &roots)?;
    let mut next = content.clone();
    next.number = 2;
    next.issued_at += TimeDelta::days(1);
    next.valid_until += TimeDelta::days(1);
    // A day: a hundred and fifty revoked, ten on hold, twenty new programs.
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    for change in 0..160 {
        let list = next
            .lists
            .get_mut(&(rng.next_u32() % lists() + 1))
            .ok_or("a list")?;
        let place = rng.next_u32() % GIVEN;
        if !list.suspended.contains(place)
            && !list.superseded.contains(place)
            && !list.revoked.contains(place)
        {
            let set = if change < 150 {
                &mut list.revoked
            } else {
                &mut list.suspended
            };
            *set = Places::new(set.as_slice().iter().copied().chain([place]));
        }
    }
    for number in 0..20 {
        next.programs.insert(
            format!("P99{number:05}").parse()?,
            format!("新开设的培训项目之{number}"),
        );
    }
    let next_bytes = next.sign(&status)?;
    let second = Bundle::open(&next_bytes, &roots)?;
    let step = delta(&first, &second, &next_bytes)?;
    println!("{:<46} {:>10} bytes", "delta of a day", step.len());
    let applied = median(5, || {
        drop(black_box(
            BundleDelta::read(&step).and_then(|step| step.apply(&first)),
        ));
    });
    println!("{:<46} {applied:>10.1?}", "delta applied, digest checked");

    verdicts(now, &first, &issuer)
}

/// One core: a verdict from the text of a code, against nothing but the strict verification of its signature.
fn verdicts(now: DateTime<Utc>, bundle: &Bundle, issuer: &SoftwareSigner) -> Result<(), Error> {
    let mut texts = Vec::new();
    let mut raw = Vec::new();
    let host = "verify.example.cn".parse()?;
    for place in 0..2_000_u32 {
        let mut id = [9; 16];
        id[..4].copy_from_slice(&place.to_be_bytes());
        let mut random = [0; 8];
        random[..4].copy_from_slice(&place.to_be_bytes());
        let claims = Claims {
            issued_at: now - TimeDelta::days(100),
            expires_at: None,
            holder: "买买提·艾力".parse()?,
            certificate_no: CertificateNo::mint("37", 2026, &random)?,
            program: program(place % PROGRAMS).parse()?,
            institution: credit_code(place % INSTITUTIONS)?,
            level: None,
            status_list: place % lists() + 1,
            status_index: place * 61,
            public_id: PublicId::from_bytes(id),
        };
        let signed = certificate::sign(&claims, issuer)?;
        texts.push(qr_text(&host, &claims.public_id, signed.as_bytes()));
        // A message as long as the one that is really signed.
        let message = signed.as_bytes()[..signed.as_bytes().len() - 60].to_vec();
        let signature = issuer.sign(&message)?;
        raw.push((message, signature));
    }
    let key = issuer.public_key();
    let (mut limits, mut ours) = (Vec::new(), Vec::new());
    let mut valid = 0;
    // In turn, one by one: what else the machine does hits both alike, and the middle one was not interrupted.
    for _ in 0..5 {
        valid = 0;
        for (text, (message, signature)) in texts.iter().zip(&raw) {
            let begun = Instant::now();
            black_box(key.verify(message, signature).is_ok());
            limits.push(begun.elapsed());
            let begun = Instant::now();
            let verdict = black_box(bundle.judge(Presented::Text(text), now));
            ours.push(begun.elapsed());
            valid += usize::from(verdict.state == State::Valid);
        }
    }
    limits.sort_unstable();
    ours.sort_unstable();
    let (limit, ours) = (limits[limits.len() / 2], ours[ours.len() / 2]);
    // Where the rest goes.
    let part = |name: &str, work: &dyn Fn(&str)| {
        let all = median(5, || texts.iter().for_each(|text| work(text)));
        println!("{:<46} {:>10.1?}", format!("  of it: {name}"), all / 2_000);
    };
    part("text read", &|text| {
        drop(black_box(certs::qr::parse_qr_text(text)));
    });
    part("text and certificate read", &|text| {
        let cose = certs::qr::parse_qr_text(text)
            .ok()
            .and_then(|text| text.cose);
        drop(black_box(cose.map(|cose| certificate::decode(&cose))));
    });
    part("text read, certificate read and verified", &|text| {
        let cose = certs::qr::parse_qr_text(text)
            .ok()
            .and_then(|text| text.cose);
        drop(black_box(
            cose.map(|cose| certificate::verify(&cose, bundle.issuers())),
        ));
    });
    println!("{:<46} {:>10.1?}", "limit: one strict verification", limit);
    println!(
        "{:<46} {:>10.1?}  ({valid} of {} valid)",
        "verdict from the text of a code",
        ours,
        texts.len()
    );
    println!(
        "{:<46} {:>10.2}",
        "ratio",
        ours.as_secs_f64() / limit.as_secs_f64()
    );
    Ok(())
}

fn lists() -> u32 {
    CERTIFICATES.div_ceil(GIVEN)
}

fn signer(kid: &str, seed: u8) -> Result<SoftwareSigner, Error> {
    Ok(SoftwareSigner::from_seed(
        kid.parse()?,
        Zeroizing::new([seed; 32]),
    ))
}

fn trust_list(
    now: DateTime<Utc>,
    root: &SoftwareSigner,
    status: &SoftwareSigner,
    issuer: &SoftwareSigner,
) -> Result<Vec<u8>, Error> {
    let trusted = |purpose, signer: &SoftwareSigner| {
        let key = TrustedKey {
            purpose,
            public_key: signer.public_key().clone(),
            not_before: now - TimeDelta::days(400),
            not_after: now + TimeDelta::days(400),
            state: KeyState::Active,
        };
        (signer.key_id().clone(), key)
    };
    let list = TrustList {
        version: 1,
        issued_at: now - TimeDelta::days(1),
        valid_until: now + TimeDelta::days(30),
        keys: [
            trusted(KeyPurpose::Root, root),
            trusted(KeyPurpose::Status, status),
            trusted(KeyPurpose::Issuer("370000".parse()?), issuer),
        ]
        .into(),
        witnesses: WitnessPolicy::default(),
        earlier_witnesses: Vec::new(),
    };
    Ok(list.sign(root)?.as_bytes().to_vec())
}

fn program(number: u32) -> String {
    format!("P37{number:05}")
}

fn credit_code(number: u32) -> Result<CreditCode, Error> {
    // The last character makes the check hold: one of thirty-one.
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .find_map(|check| {
            let text = format!("52370000{number:09}{check}");
            CreditCode::parse_allowing_organisation_checksum(&text).ok()
        })
        .ok_or_else(|| "no check character fits".into())
}

fn content(now: DateTime<Utc>, number: u64, trust_list: Vec<u8>) -> Result<Content, Error> {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let mut all: BTreeMap<u32, [Vec<u32>; 2]> = (1..=lists())
        .map(|list| (list, Default::default()))
        .collect();
    for (list, sets) in &mut all {
        let _ = list;
        // Decoys that are set for good: five in eight, one in five of them as if replaced.
        for _ in 0..(LIST / 64) * 5 / 8 {
            let place = rng.next_u32() % LIST;
            sets[usize::from(rng.next_u32().is_multiple_of(5))].push(place);
        }
    }
    for _ in 0..CERTIFICATES / 200 {
        let list = rng.next_u32() % lists() + 1;
        all.get_mut(&list).ok_or("a list")?[0].push(rng.next_u32() % LIST);
    }
    let lists = all
        .into_iter()
        .map(|(list, [revoked, superseded])| {
            let revoked = Places::new(revoked);
            let superseded = superseded
                .into_iter()
                .filter(|place| !revoked.contains(*place));
            let status = ListStatus {
                size: LIST,
                superseded: Places::new(superseded),
                suspended: Places::default(),
                revoked,
            };
            (list, status)
        })
        .collect();
    let change = |days: i64, standing| StandingChange {
        since: now - TimeDelta::days(days),
        standing,
    };
    let federation: domain::FederationCode = "370000".parse()?;
    let mut institutions = BTreeMap::new();
    for number in 0..INSTITUTIONS {
        let changes = vec![
            change(900, Standing::Authorised),
            change(50, Standing::Suspended),
            change(20, Standing::Authorised),
        ];
        let institution = BundleInstitution {
            name: format!("山东省虚构第{number}职业培训学校有限公司"),
            standing: [(federation.clone(), changes)].into(),
        };
        institutions.insert(credit_code(number)?, institution);
    }
    let mut programs = BTreeMap::new();
    for number in 0..PROGRAMS {
        programs.insert(
            program(number).parse()?,
            format!("虚构职业技能培训项目之{number}"),
        );
    }
    Ok(Content {
        number,
        issued_at: now,
        valid_until: now + TimeDelta::days(7),
        trust_list,
        checkpoint: String::new(),
        lists,
        federations: [(federation, "山东省".to_owned())].into(),
        programs,
        institutions,
    })
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut all: Vec<Duration> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    all.sort_unstable();
    all[rounds / 2]
}
