//! A delta laid over the bundle that it starts from: whatever becomes of its bytes, it makes exactly what the registry signed,
//! or a fault.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use certs::bundle::{Bundle, BundleDelta, Content, ListStatus, delta};
use certs::keys::{Signer as _, SoftwareSigner};
use certs::trust_list::{KeyPurpose, Roots, TrustedKey};
use zeroize::Zeroizing;

use super::super::{LIST, now};

/// The bundle, the later one, and the delta between them.
static PAIR: LazyLock<(Bundle, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let key = |kid: &str, seed| {
        let kid = kid.parse().expect("a kid");
        SoftwareSigner::from_seed(kid, Zeroizing::new([seed; 32]))
    };
    let (root, signer) = (key("root", 8), key("status", 9));
    let mut list = LIST.clone();
    let (_, log) = list.keys.first_key_value().expect("the log's key");
    let of = |purpose, key: &SoftwareSigner| TrustedKey {
        purpose,
        public_key: key.public_key().clone(),
        ..log.clone()
    };
    let more = [of(KeyPurpose::Root, &root), of(KeyPurpose::Status, &signer)];
    list.keys.insert(root.key_id().clone(), more[0].clone());
    list.keys.insert(signer.key_id().clone(), more[1].clone());
    let list = list.sign(&root).expect("a signed list");
    let roots = Roots::one(root.key_id().clone(), root.public_key().clone());
    let content = |number, names: &[(&str, &str)], size| Content {
        number,
        issued_at: now() + chrono::TimeDelta::hours(number.cast_signed()),
        valid_until: now() + chrono::TimeDelta::days(7),
        trust_list: list.as_bytes().to_vec(),
        checkpoint: String::new(),
        lists: BTreeMap::from([(
            1,
            ListStatus {
                size,
                ..ListStatus::default()
            },
        )]),
        federations: names
            .iter()
            .map(|(code, name)| (code.parse().expect("a code"), (*name).to_owned()))
            .collect(),
        programs: BTreeMap::new(),
        institutions: BTreeMap::new(),
    };
    let opened = |content: &Content| {
        let bytes = content.sign(&signer).expect("a signed bundle");
        (Bundle::open(&bytes, &roots).expect("a bundle"), bytes)
    };
    let (from, _) = opened(&content(1, &[("370000", "山东省")], 131_072));
    let later = [("370000", "山东"), ("330000", "浙江省")];
    let (to, bytes) = opened(&content(2, &later, 262_144));
    let change = delta(&from, &to, &bytes).expect("a delta");
    (from, bytes, change)
});

/// Bytes are places and what is turned around there: two for the place, one for the bits.
pub fn run(bytes: &[u8]) {
    let (from, to, change) = &*PAIR;
    let mut altered = change.clone();
    for edit in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % altered.len();
        altered[at] ^= edit[2];
    }
    if let Ok(made) = BundleDelta::read(&altered).and_then(|delta| delta.apply(from)) {
        assert_eq!(made, *to, "another bundle than the registry signed");
    }
}
