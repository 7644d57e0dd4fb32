//! From the JSON back to the facts. Only what differs between credentials is read; the caller compares all of it.

use chrono::{DateTime, Utc};
use domain::{CreditCode, SkillLevel};

use super::super::facts::{CertificateFacts, Occupation, base, parse_stamp};
use super::wire::{Badge, unnamed};
use crate::qr::Host;

pub(super) fn facts(badge: &Badge, host: &Host) -> Option<CertificateFacts> {
    let subject = &badge.credential_subject;
    let achievement = &subject.achievement;
    let [status, _] = &badge.credential_status[..] else {
        return None;
    };
    let (_, list) = status.status_list_credential.rsplit_once('/')?;
    let program_name = if achievement.name == unnamed(&achievement.human_code) {
        None
    } else {
        Some(achievement.name.parse().ok()?)
    };
    let level = match subject.result.get(1) {
        None => None,
        Some(result) => Some(level(&result.value)?),
    };
    Some(CertificateFacts {
        host: host.clone(),
        public_id: badge
            .id
            .strip_prefix(&base(host))?
            .strip_prefix("/v/")?
            .parse()
            .ok()?,
        certificate_no: subject.license_number.parse().ok()?,
        holder: subject.identifier.first()?.identity_hash.parse().ok()?,
        program: achievement.human_code.parse().ok()?,
        program_name,
        occupation: occupation(badge)?,
        level,
        hours: subject.result.first()?.value.parse().ok()?,
        institution: CreditCode::parse_allowing_organisation_checksum(
            &subject.source.other_identifier.first()?.identifier,
        )
        .ok()?,
        institution_name: name(subject.source.name.as_deref())?,
        federation: badge
            .issuer
            .other_identifier
            .first()?
            .identifier
            .parse()
            .ok()?,
        issued_at: parse_stamp(&badge.awarded_date)?,
        valid_from: instant(&badge.valid_from, badge.nbf?)?,
        expires_at: match (&badge.valid_until, badge.exp) {
            (None, None) => None,
            (Some(text), Some(seconds)) => Some(instant(text, seconds)?),
            _ => return None,
        },
        status_list: list.parse().ok()?,
        status_index: status.status_list_index.parse().ok()?,
    })
}

/// The outer `None` means malformed, the inner one absent.
#[expect(clippy::option_option, reason = "malformed and absent are two answers")]
fn name<T: std::str::FromStr>(text: Option<&str>) -> Option<Option<T>> {
    text.map(str::parse).transpose().ok()
}

#[expect(clippy::option_option, reason = "malformed and absent are two answers")]
fn occupation(badge: &Badge) -> Option<Option<Occupation>> {
    let achievement = &badge.credential_subject.achievement;
    let Some(entries) = &achievement.other_identifier else {
        return Some(None);
    };
    Some(Some(Occupation {
        code: entries.first()?.identifier.parse().ok()?,
        name: name(achievement.specialization.as_deref())?,
    }))
}

fn level(words: &str) -> Option<SkillLevel> {
    SkillLevel::ALL
        .iter()
        .copied()
        .find(|level| level.zh() == words)
}

/// The text and the number name the same second.
fn instant(text: &str, seconds: i64) -> Option<DateTime<Utc>> {
    parse_stamp(text).filter(|at| at.timestamp() == seconds && at.timestamp_subsec_nanos() == 0)
}
