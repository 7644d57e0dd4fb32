//! Rows as RFC 8785 bytes.

use std::io::{self, Write};

use uuid::Uuid;

use super::{CohortRow, EnrolmentRow, EpisodeRow, InstitutionRow, OutageRow, Pseudonym, SurveyRow};
use crate::grading::day::Day;
use crate::grading::indicator::{Contest, Grade};
use crate::grading::json::write_text;

pub(super) fn table<T>(
    to: &mut impl Write,
    bytes: &mut Vec<u8>,
    rows: &[T],
    write_row: impl Fn(&T, &mut Vec<u8>),
) -> io::Result<()> {
    to.write_all(b"[")?;
    for (at, row) in rows.iter().enumerate() {
        bytes.clear();
        if at > 0 {
            bytes.push(b',');
        }
        write_row(row, bytes);
        to.write_all(bytes)?;
    }
    to.write_all(b"]")
}

fn text(to: &mut Vec<u8>, name: &str, value: &str) {
    to.extend_from_slice(name.as_bytes());
    write_text(value, to);
}

fn hex(to: &mut Vec<u8>, name: &str, value: Pseudonym) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    to.extend_from_slice(name.as_bytes());
    to.push(b'"');
    for byte in value.0 {
        to.push(HEX[usize::from(byte >> 4)]);
        to.push(HEX[usize::from(byte & 15)]);
    }
    to.push(b'"');
}

fn id(to: &mut Vec<u8>, name: &str, value: Uuid) {
    let mut buffer = Uuid::encode_buffer();
    to.extend_from_slice(name.as_bytes());
    to.push(b'"');
    to.extend_from_slice(value.hyphenated().encode_lower(&mut buffer).as_bytes());
    to.push(b'"');
}

fn number(to: &mut Vec<u8>, name: &str, value: u32) {
    to.extend_from_slice(name.as_bytes());
    // Writing to a vector cannot fail.
    let _ = write!(to, "{value}");
}

fn truth(to: &mut Vec<u8>, name: &str, value: bool) {
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(if value { b"true" } else { b"false" });
}

fn day(to: &mut Vec<u8>, name: &str, value: Option<Day>) {
    to.extend_from_slice(name.as_bytes());
    let _ = match value {
        Some(day) => write!(to, "\"{day}\""),
        None => write!(to, "null"),
    };
}

fn word(to: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(to, name, value);
    } else {
        to.extend_from_slice(name.as_bytes());
        to.extend_from_slice(b"null");
    }
}

pub(super) fn cohort(row: &CohortRow, to: &mut Vec<u8>) {
    truth(to, "{\"certifiable\":", row.certifiable);
    day(to, ",\"end\":", Some(row.end));
    id(to, ",\"id\":", row.id);
    id(to, ",\"institution\":", row.institution);
    number(to, ",\"planned_hours\":", row.planned_hours);
    text(to, ",\"purpose\":", row.purpose.as_str());
    day(to, ",\"start\":", Some(row.start));
    to.push(b'}');
}

pub(super) fn enrolment(row: &EnrolmentRow, to: &mut Vec<u8>) {
    number(to, "{\"attended_hours\":", row.attended_hours);
    truth(to, ",\"certified\":", row.certified);
    id(to, ",\"cohort\":", row.cohort);
    truth(to, ",\"completed\":", row.completed);
    truth(to, ",\"contactable\":", row.contactable);
    number(to, ",\"disability_category\":", row.category.into());
    number(to, ",\"disability_level\":", row.level.into());
    truth(to, ",\"employed_at_enrolment\":", row.employed);
    match row.exclusion {
        Some((code, on)) => {
            text(to, ",\"exclusion\":{\"code\":", code.as_str());
            day(to, ",\"date\":", Some(on));
            to.push(b'}');
        }
        None => to.extend_from_slice(b",\"exclusion\":null"),
    }
    day(to, ",\"exit_date\":", Some(row.exit));
    let _ = write!(
        to,
        ",\"household_province\":\"{:06}\"",
        row.household_province
    );
    hex(to, ",\"id\":", row.id);
    hex(to, ",\"person\":", row.person);
    // Left out where it is false: a file without it means the same.
    if row.transferred {
        truth(to, ",\"transferred\":", true);
    }
    to.push(b'}');
}

pub(super) fn episode(row: &EpisodeRow, to: &mut Vec<u8>) {
    day(to, "{\"claimed_at\":", row.claimed_at);
    word(to, ",\"contest\":", row.contest.map(Contest::as_str));
    day(to, ",\"decided_at\":", row.decided_at);
    hex(to, ",\"employer\":", row.employer);
    to.extend_from_slice(b",\"evidence\":[");
    for (at, source) in row.evidence.iter().enumerate() {
        let first = if at > 0 {
            ",{\"source\":"
        } else {
            "{\"source\":"
        };
        text(to, first, source.as_str());
        text(to, ",\"tier\":", source.tier().as_str());
        to.push(b'}');
    }
    to.push(b']');
    hex(to, ",\"id\":", row.id);
    day(to, ",\"last_day\":", row.last);
    hex(to, ",\"person\":", row.person);
    match row.related {
        Some(related) => id(to, ",\"related_to_institution\":", related),
        None => to.extend_from_slice(b",\"related_to_institution\":null"),
    }
    day(to, ",\"start\":", Some(row.start));
    text(to, ",\"type\":", row.kind.as_str());
    to.push(b'}');
}

pub(super) fn institution(row: &InstitutionRow, to: &mut Vec<u8>) {
    text(to, "{\"district\":", &row.district);
    if row.exited {
        // Left out as long as it stands: most files need no such word.
        truth(to, ",\"exited\":", true);
    }
    text(to, ",\"federation\":", &row.federation);
    id(to, ",\"id\":", row.id);
    word(
        to,
        ",\"previous_grade\":",
        row.previous_grade.map(Grade::as_str),
    );
    truth(to, ",\"sat_suspended\":", row.sat_suspended);
    to.extend_from_slice(b",\"third_party_score\":");
    let _ = match row.third_party_score {
        Some(score) => write!(to, "{score}}}"),
        None => write!(to, "null}}"),
    };
}

pub(super) fn outage(row: &OutageRow, to: &mut Vec<u8>) {
    day(to, "{\"from\":", Some(row.from));
    text(to, ",\"kind\":", row.kind.as_str());
    text(to, ",\"province\":", &row.province);
    text(to, ",\"source\":", row.source.as_str());
    day(to, ",\"until\":", Some(row.until));
    to.push(b'}');
}

pub(super) fn outage_text(row: &OutageRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    outage(row, &mut bytes);
    bytes
}

pub(super) fn survey(row: &SurveyRow, to: &mut Vec<u8>) {
    text(to, "{\"by\":", row.by.as_str());
    hex(to, ",\"enrolment\":", row.enrolment);
    truth(to, ",\"flagged\":", row.flagged);
    let [teaching, usefulness, accessibility, service, overall] = row.items;
    let _ = write!(
        to,
        ",\"items\":[{teaching},{usefulness},{accessibility},{service},{overall}]"
    );
    text(to, ",\"mode\":", row.mode.as_str());
    number(to, ",\"seq\":", row.seq);
    day(to, ",\"submitted\":", Some(row.submitted));
    to.push(b'}');
}
