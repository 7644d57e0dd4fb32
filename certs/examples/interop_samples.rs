//! Writes one certificate in every format, and altered copies, for `tests/interop/`: `interop_samples FOLDER`.
//!
//! The people and keys are invented. Moments are those of the machine, because other software reads its clock.

use std::path::PathBuf;

use certs::certificate::{self, Claims};
use certs::credential::{
    CertificateFacts, Disclosable, MIN_BITS, Occupation, Salts, StatusBitmap, StatusPurpose,
    badge_json, badge_jwt, did, did_document, jwks, present, sd_jwt, status_list_json,
    status_list_jwt, status_list_url, token_status_list, token_status_url, type_metadata,
};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::qr::{Host, qr_text};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::{CertificateNo, PublicId, SkillLevel};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

const LIST: u32 = 3;
const GOOD: u32 = 70_001;
const REVOKED: u32 = 70_002;
const SUSPENDED: u32 = 70_003;

type Fault = Box<dyn std::error::Error>;

#[expect(
    clippy::disallowed_methods,
    reason = "other software compares with the machine's clock"
)]
fn main() -> Result<(), Fault> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: interop_samples FOLDER")?;
    let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).ok_or("the clock is wrong")?;
    let file = PathBuf::from(folder).join("samples.json");
    std::fs::write(file, serde_json::to_string_pretty(&samples(now)?)?)?;
    Ok(())
}

fn signer(kid: &str, seed: u8) -> Result<SoftwareSigner, Fault> {
    Ok(SoftwareSigner::from_seed(
        kid.parse()?,
        Zeroizing::new([seed; 32]),
    ))
}

fn samples(now: DateTime<Utc>) -> Result<Value, Fault> {
    let issuer = signer("k3726", 7)?;
    let second = signer("k1126", 11)?;
    let record = |signer: &SoftwareSigner| -> Result<KeyRecord, Fault> {
        Ok(KeyRecord {
            public_key: signer.public_key().clone(),
            federation: "370000".parse()?,
            not_before: now - TimeDelta::days(300),
            not_after: now + TimeDelta::days(60),
            state: KeyState::Active,
        })
    };
    let keys: KeySet = [&issuer, &second]
        .into_iter()
        .map(|signer| Ok((signer.key_id().clone(), record(signer)?)))
        .collect::<Result<_, Fault>>()?;
    let facts = facts(now)?;
    let host = facts.host.clone();
    let at = |status_index| CertificateFacts {
        status_index,
        ..facts.clone()
    };
    let expired = CertificateFacts {
        issued_at: now - TimeDelta::days(20),
        valid_from: now - TimeDelta::days(20),
        expires_at: Some(now - TimeDelta::days(10)),
        ..facts.clone()
    };
    let badge = badge_jwt(&facts, &issuer)?;
    let whole = sd_jwt(&facts, None, &Salts::from_bytes([[5; 16]; 9]), &issuer)?;
    let suspended = sd_jwt(
        &at(SUSPENDED),
        None,
        &Salts::from_bytes([[6; 16]; 9]),
        &issuer,
    )?;
    let unsigned = BASE64URL_NOPAD.encode(r#"["c2FsdA","rank","first"]"#.as_bytes());
    Ok(json!({
        "did": did(&host),
        "did_document": did_document(&host, &keys, Some(issuer.key_id())),
        "jwks": jwks(&host, &keys, Some(issuer.key_id())),
        "expected": {
            "id": facts.url(),
            "holder": facts.holder.expose(),
            "certificate_number": facts.certificate_no.as_str(),
            "level": SkillLevel::Four.zh(),
            "hours": facts.hours,
        },
        "badge": {
            "genuine": badge,
            "other_key": badge_jwt(&facts, &second)?,
            "without_proof": badge_json(&facts),
            "revoked": badge_jwt(&at(REVOKED), &issuer)?,
            "suspended": badge_jwt(&at(SUSPENDED), &issuer)?,
            "tampered": tampered(&badge, &issuer, &[("面点制作", "面点大师")]),
            "expired": badge_jwt(&expired, &issuer)?,
        },
        "status": status(&host, now, &issuer)?,
        "sd_jwt": {
            "whole": whole,
            "shown": present(&whole, &[Disclosable::Name, Disclosable::Level])?,
            "nothing_shown": present(&whole, &[])?,
            "suspended": suspended,
            "metadata": type_metadata(&host),
            "unsigned_disclosure": format!("{whole}{unsigned}~"),
            "tampered": tampered_sd_jwt(&whole, &issuer),
        },
        "cose": cose(&facts, &issuer)?,
    }))
}

fn facts(now: DateTime<Utc>) -> Result<CertificateFacts, Fault> {
    Ok(CertificateFacts {
        host: "verify.example.cn".parse()?,
        public_id: PublicId::from_bytes([0xa7; 16]),
        certificate_no: CertificateNo::mint("37", 2026, &[1, 2, 3, 4, 5, 6, 7, 8])?,
        holder: "买买提·艾力".parse()?,
        program: "P3700012".parse()?,
        program_name: Some("面点制作".parse()?),
        occupation: Some(Occupation {
            code: "4-03-02-02".parse()?,
            name: Some("中式面点师".parse()?),
        }),
        level: Some(SkillLevel::Four),
        hours: 240,
        institution: "521101053269910274".parse()?,
        institution_name: Some("济南某某职业培训学校".parse()?),
        federation: "370000".parse()?,
        issued_at: now - TimeDelta::days(1),
        valid_from: now - TimeDelta::days(1),
        expires_at: Some(now + TimeDelta::days(365)),
        status_list: LIST,
        status_index: GOOD,
    })
}

/// Each list as other software asks for it, by its address, with an old one and one by another key.
fn status(host: &Host, now: DateTime<Utc>, issuer: &dyn Signer) -> Result<Value, Fault> {
    let bits = |index| -> Result<StatusBitmap, Fault> {
        let mut bits = StatusBitmap::new(MIN_BITS)?;
        bits.set(0, true)?;
        bits.set(index, true)?;
        Ok(bits)
    };
    let (revoked, suspended) = (bits(REVOKED)?, bits(SUSPENDED)?);
    let (mut jwt, mut plain, mut old) = (Map::new(), Map::new(), Map::new());
    let lists = [
        (StatusPurpose::Revocation, &revoked),
        (StatusPurpose::Suspension, &suspended),
    ];
    for (purpose, bits) in lists {
        let url = status_list_url(host, purpose, LIST);
        let sign = |at| status_list_jwt(host, purpose, LIST, bits, at, issuer);
        jwt.insert(url.clone(), sign(now)?.into());
        old.insert(url.clone(), sign(now - TimeDelta::days(3))?.into());
        plain.insert(url, status_list_json(host, purpose, LIST, bits, now));
    }
    Ok(json!({
        "indices": { "good": GOOD, "revoked": REVOKED, "suspended": SUSPENDED },
        "jwt": jwt,
        "old_jwt": old,
        "without_proof": plain,
        "token_url": token_status_url(host, LIST),
        "token": token_status_list(host, LIST, &revoked, &suspended, now, issuer)?,
        "old_token": token_status_list(host, LIST, &revoked, &suspended, now - TimeDelta::days(3), issuer)?,
    }))
}

/// Altered copies of a token by what was done to them; none may be accepted by anybody.
fn tampered(token: &str, issuer: &dyn Signer, changes: &[(&str, &str)]) -> Map<String, Value> {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let open = |part: &str| {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    };
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (open(parts[0]), open(parts[1]), parts[2]);
    let mut copies = Map::new();
    for (from, to) in changes {
        let altered = part(&payload.replace(from, to));
        copies.insert(
            format!("payload: {to}"),
            format!("{}.{altered}.{signature}", parts[0]).into(),
        );
    }
    let with_header = |from: &str, to: &str, signature: &str| {
        Value::from(format!(
            "{}.{}.{signature}",
            part(&header.replace(from, to)),
            parts[1]
        ))
    };
    copies.insert("no algorithm".into(), with_header("EdDSA", "none", ""));
    copies.insert(
        "algorithm none, signature kept".into(),
        with_header("EdDSA", "none", signature),
    );
    copies.insert(
        "symmetric algorithm".into(),
        with_header("EdDSA", "HS256", signature),
    );
    copies.insert(
        "another key of the issuer".into(),
        with_header("k3726", "k1126", signature),
    );
    copies.insert(
        "a key that is not there".into(),
        with_header("k3726", "k9926", signature),
    );
    copies.insert(
        "a key of somebody else".into(),
        with_header("verify.example.cn", "thief.example", signature),
    );
    let mut bytes = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .unwrap_or_default();
    if let Some(first) = bytes.first_mut() {
        *first ^= 1;
    }
    let flipped = BASE64URL_NOPAD.encode(&bytes);
    copies.insert(
        "a bit of the signature".into(),
        format!("{}.{}.{flipped}", parts[0], parts[1]).into(),
    );
    copies.insert(
        "no signature".into(),
        format!("{}.{}.", parts[0], parts[1]).into(),
    );
    // Signed by the right key, but asking for something that nobody can understand.
    let critical = format!(
        "{}.{}",
        part(&header.replace('}', r#","crit":["mz"],"mz":1}"#)),
        parts[1]
    );
    if let Ok(signature) = issuer.sign(critical.as_bytes()) {
        let signature = BASE64URL_NOPAD.encode(&signature);
        copies.insert(
            "an unknown critical header".into(),
            format!("{critical}.{signature}").into(),
        );
    }
    copies
}

fn tampered_sd_jwt(whole: &str, issuer: &dyn Signer) -> Map<String, Value> {
    let (jwt, rest) = whole.split_once('~').unwrap_or((whole, ""));
    tampered(
        jwt,
        issuer,
        &[
            ("sha-256", "sha-512"),
            ("/status/token/3", "/status/token/4"),
        ],
    )
    .into_iter()
    .map(|(what, jwt)| {
        (
            what,
            format!("{}~{rest}", jwt.as_str().unwrap_or_default()).into(),
        )
    })
    .collect()
}

fn cose(facts: &CertificateFacts, issuer: &dyn Signer) -> Result<Value, Fault> {
    let claims = Claims {
        issued_at: facts.issued_at,
        expires_at: facts.expires_at,
        holder: facts.holder.clone(),
        certificate_no: facts.certificate_no.clone(),
        program: facts.program.clone(),
        institution: facts.institution.clone(),
        level: facts.level,
        status_list: facts.status_list,
        status_index: facts.status_index,
        public_id: facts.public_id,
    };
    let mut bytes = certificate::sign(&claims, issuer)?.into_bytes();
    let genuine = qr_text(&facts.host, &facts.public_id, &bytes);
    let place = bytes.len() - 70;
    bytes[place] ^= 1;
    Ok(json!({
        "qr_text": genuine,
        "tampered": qr_text(&facts.host, &facts.public_id, &bytes),
        "public_key": HEXLOWER.encode(issuer.public_key().as_bytes()),
    }))
}
