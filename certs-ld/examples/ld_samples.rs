//! Adds embedded proofs to the samples of `certs/examples/interop_samples.rs`: `ld_samples FOLDER`.

use std::path::PathBuf;

use certs::keys::SoftwareSigner;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

type Fault = Box<dyn std::error::Error>;

#[expect(
    clippy::disallowed_methods,
    reason = "other software compares with the machine's clock"
)]
fn main() -> Result<(), Fault> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: ld_samples FOLDER")?;
    let folder = PathBuf::from(folder);
    let samples: Value = serde_json::from_slice(&std::fs::read(folder.join("samples.json"))?)?;
    let made = ld_samples(&samples, Utc::now())?;
    std::fs::write(
        folder.join("ld_samples.json"),
        serde_json::to_vec_pretty(&made)?,
    )?;
    Ok(())
}

fn ld_samples(samples: &Value, now: DateTime<Utc>) -> Result<Value, Fault> {
    let host = "verify.example.cn".parse()?;
    let signer = SoftwareSigner::from_seed("k3726".parse()?, Zeroizing::new([7; 32]));
    let sign = |document: &Value| certs_ld::sign(document, &host, now, &signer);
    let plain = &samples["badge"]["without_proof"];
    let badge = sign(plain)?;
    let mut lists = Map::new();
    for (url, list) in samples["status"]["without_proof"]
        .as_object()
        .ok_or("no lists")?
    {
        lists.insert(url.clone(), sign(list)?);
    }
    let at = |index: &str| -> Result<Value, Fault> {
        let mut badge = plain.clone();
        for entry in badge["credentialStatus"]
            .as_array_mut()
            .ok_or("no status")?
        {
            entry["statusListIndex"] = samples["status"]["indices"][index].to_string().into();
        }
        Ok(sign(&badge)?)
    };
    let altered = |path: &str, value: Value| -> Result<Value, Fault> {
        let mut copy = badge.clone();
        *copy.pointer_mut(path).ok_or("no such member")? = value;
        Ok(copy)
    };
    Ok(json!({
        "revoked": at("revoked")?,
        "suspended": at("suspended")?,
        "lists": lists,
        "tampered": {
            "holder": altered("/credentialSubject/identifier/0/identityHash", "张伟".into())?,
            "level": altered("/credentialSubject/result/1/value", "首席技师".into())?,
            "name of the institution": altered("/credentialSubject/source/name", "别的学校".into())?,
            "end": altered("/validUntil", "2099-01-01T00:00:00Z".into())?,
            "status index": altered("/credentialStatus/0/statusListIndex", "1".into())?,
            "issuer": altered("/issuer/id", "did:web:thief.example".into())?,
            "another key": altered("/proof/verificationMethod", "did:web:verify.example.cn#k1126".into())?,
            "moment of the proof": altered("/proof/created", "2026-01-01T00:00:00Z".into())?,
            "purpose": altered("/proof/proofPurpose", "authentication".into())?,
            "signature": altered("/proof/proofValue", "z3".to_owned().into())?,
        },
        "badge": badge,
    }))
}
