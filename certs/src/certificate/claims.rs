//! The payload: a deterministic CBOR map with the claims.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use ciborium::Value;
use domain::{CreditCode, PublicId, SkillLevel};

use super::Claims;
use super::fault::{Claim, FormatFault};
use crate::cbor::{self, Fields};

const EXP: i64 = 4;
const IAT: i64 = 6;
/// Private-use claim key of this registry (RFC 8392 section 9.1: below -65536).
const REGISTRY: i64 = -65537;

const HOLDER: i64 = 1;
const CERTIFICATE_NO: i64 = 2;
const PROGRAM: i64 = 3;
const INSTITUTION: i64 = 4;
const LEVEL: i64 = 5;
const STATUS_LIST: i64 = 6;
const STATUS_INDEX: i64 = 7;
const PUBLIC_ID: i64 = 8;

pub(super) fn encode(claims: &Claims) -> Vec<u8> {
    let registry = cbor::map([
        (HOLDER, Value::from(claims.holder.expose())),
        (CERTIFICATE_NO, Value::from(claims.certificate_no.as_str())),
        (PROGRAM, Value::from(claims.program.as_str())),
        (INSTITUTION, Value::from(claims.institution.as_str())),
        (
            LEVEL,
            Value::from(claims.level.map_or(0, SkillLevel::to_u8)),
        ),
        (STATUS_LIST, Value::from(claims.status_list)),
        (STATUS_INDEX, Value::from(claims.status_index)),
        (
            PUBLIC_ID,
            Value::from(claims.public_id.as_bytes().as_slice()),
        ),
    ]);
    let expires = claims
        .expires_at
        .map(|end| (EXP, Value::from(end.timestamp())));
    let always = [
        (IAT, Value::from(claims.issued_at.timestamp())),
        (REGISTRY, registry),
    ];
    cbor::encode(&cbor::map(expires.into_iter().chain(always)))
}

/// Reads claims. What comes back byte for byte when it is written again is deterministic; why something else is not is for the
/// slow way to tell.
pub(super) fn decode(payload: &[u8]) -> Result<Claims, FormatFault> {
    if let Some(Ok(claims)) = cbor::decode_any_form(payload).map(|value| read(value, payload)) {
        return Ok(claims);
    }
    read(cbor::decode(payload)?, payload)
}

fn read(value: Value, payload: &[u8]) -> Result<Claims, FormatFault> {
    let mut outer = Fields::new(value).ok_or(FormatFault::Structure)?;
    let expires_at = outer
        .take(EXP)
        .map(|value| instant(value, Claim::ExpiresAt))
        .transpose()?;
    let issued_at = instant(
        outer
            .take(IAT)
            .ok_or(FormatFault::ClaimMissing(Claim::IssuedAt))?,
        Claim::IssuedAt,
    )?;
    if expires_at.is_some_and(|end| end <= issued_at) {
        return Err(FormatFault::ClaimInvalid(Claim::ExpiresAt));
    }
    let registry = outer
        .take(REGISTRY)
        .ok_or(FormatFault::ClaimMissing(Claim::Registry))?;
    let mut inner = Fields::new(registry).ok_or(FormatFault::ClaimInvalid(Claim::Registry))?;
    let claims = Claims {
        issued_at,
        expires_at,
        holder: text(&mut inner, HOLDER, Claim::Holder)?,
        certificate_no: text(&mut inner, CERTIFICATE_NO, Claim::CertificateNo)?,
        program: text(&mut inner, PROGRAM, Claim::Program)?,
        institution: institution(&mut inner)?,
        level: level(number(&mut inner, LEVEL, Claim::Level)?)?,
        status_list: number(&mut inner, STATUS_LIST, Claim::StatusList)?,
        status_index: number(&mut inner, STATUS_INDEX, Claim::StatusIndex)?,
        public_id: public_id(&mut inner)?,
    };
    if outer.is_empty() && inner.is_empty() {
        // Text types normalise (a lower-case code, a blank); what does not come back byte for byte was not written by us.
        if encode(&claims) == payload {
            Ok(claims)
        } else {
            Err(FormatFault::NonCanonical)
        }
    } else {
        Err(FormatFault::ClaimUnknown)
    }
}

fn instant(value: Value, claim: Claim) -> Result<DateTime<Utc>, FormatFault> {
    let seconds = value
        .into_integer()
        .ok()
        .and_then(|seconds| i64::try_from(seconds).ok());
    let instant = seconds
        .filter(|seconds| *seconds >= 0)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    instant.ok_or(FormatFault::ClaimInvalid(claim))
}

fn text<T: FromStr>(fields: &mut Fields, key: i64, claim: Claim) -> Result<T, FormatFault> {
    let value = fields.take(key).ok_or(FormatFault::ClaimMissing(claim))?;
    let text = value
        .into_text()
        .map_err(|_| FormatFault::ClaimInvalid(claim))?;
    text.parse().map_err(|_| FormatFault::ClaimInvalid(claim))
}

/// Some real codes of 2015 and 2016 break the inner check; they were admitted with a reason (identifiers.md section 2).
fn institution(fields: &mut Fields) -> Result<CreditCode, FormatFault> {
    let value = fields
        .take(INSTITUTION)
        .ok_or(FormatFault::ClaimMissing(Claim::Institution))?;
    let code = value
        .into_text()
        .ok()
        .and_then(|text| CreditCode::parse_allowing_organisation_checksum(&text).ok());
    code.ok_or(FormatFault::ClaimInvalid(Claim::Institution))
}

fn number(fields: &mut Fields, key: i64, claim: Claim) -> Result<u32, FormatFault> {
    let value = fields.take(key).ok_or(FormatFault::ClaimMissing(claim))?;
    let number = value
        .into_integer()
        .ok()
        .and_then(|number| u32::try_from(number).ok());
    number.ok_or(FormatFault::ClaimInvalid(claim))
}

fn level(code: u32) -> Result<Option<SkillLevel>, FormatFault> {
    match code {
        0 => Ok(None),
        code => {
            let level = u8::try_from(code)
                .ok()
                .and_then(|code| SkillLevel::try_from(code).ok());
            level
                .map(Some)
                .ok_or(FormatFault::ClaimInvalid(Claim::Level))
        }
    }
}

fn public_id(fields: &mut Fields) -> Result<PublicId, FormatFault> {
    let value = fields
        .take(PUBLIC_ID)
        .ok_or(FormatFault::ClaimMissing(Claim::PublicId))?;
    let bytes = value
        .into_bytes()
        .ok()
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes
        .map(PublicId::from_bytes)
        .ok_or(FormatFault::ClaimInvalid(Claim::PublicId))
}
