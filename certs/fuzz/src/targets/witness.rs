//! The readers of a submission to a witness, of cosignatures, of a witness's key line, and of the path of a tile.

use certs::keys::Signer as _;
use certs::log::{
    Submission, TilePath, WitnessKey, cosignatures, parse_witness_vkey, witness_vkey,
};

/// What every input must survive.
pub fn run(text: &str) {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let key = super::super::ISSUER.public_key();
    if let Ok(submission) = Submission::parse(text) {
        // One content has one text.
        assert_eq!(submission.to_text(), text);
        let _ = submission.judge(&origin, key, None);
    }
    let witness = WitnessKey {
        name: "w.example".parse().expect("a name"),
        key: key.clone(),
    };
    let _ = cosignatures(text, std::slice::from_ref(&witness));
    if let Ok(known) = parse_witness_vkey(text) {
        assert_eq!(witness_vkey(&known.name, &known.key), text);
    }
    if let Some(TilePath::Hashes { id, width }) = TilePath::parse(text) {
        assert_eq!(id.path(width), text);
    }
}
