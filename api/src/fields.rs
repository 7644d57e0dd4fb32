//! Collects every fault of a request before any is told, and cuts lists into pages.

use domain::BadIdentifier;
use domain::lifecycle::{Refusal, RefusalKind};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::IntoParams;

use crate::problem::{Code, FieldError, Problem, Sentence};

/// Faults found so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, pointer: &str, code: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            detail: Sentence::new(zh, en),
        });
    }

    /// Reads an identifier or a name.
    pub fn parse<T: FromStr<Err = BadIdentifier>>(
        &mut self,
        pointer: &str,
        text: &str,
    ) -> Option<T> {
        self.took(pointer, text.parse())
    }

    /// Takes what a parser answered.
    pub fn took<T>(&mut self, pointer: &str, parsed: Result<T, BadIdentifier>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(bad) => {
                self.add(pointer, bad.check.as_str(), bad.zh(), bad.en());
                None
            }
        }
    }

    /// Takes what was read, or its faults.
    pub fn held<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(problem) => {
                self.0.extend_from_slice(problem.errors());
                None
            }
        }
    }

    /// A text of so many characters without control characters; line breaks are let through.
    pub fn text(&mut self, pointer: &str, text: &str, least: usize, most: usize) {
        let count = text.trim().chars().count();
        if count < least || text.chars().count() > most {
            self.add(
                pointer,
                "length",
                format!("请填写 {least} 至 {most} 个字。"),
                format!("Give {least} to {most} characters."),
            );
        } else if text
            .chars()
            .any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t'))
        {
            self.add(
                pointer,
                "control-character",
                "请去掉不可见的控制字符。",
                "Remove the control characters.",
            );
        }
    }

    /// Words that stand in clear and are read by many: a text without the number of a person (trust.md PI-1).
    pub fn words(&mut self, pointer: &str, text: &str, least: usize, most: usize) {
        self.text(pointer, text, least, most);
        self.no_personal_number(pointer, text);
    }

    /// Refuses words that hold the number of a person: what stands in clear is read by many and kept for good. Whoever
    /// must name the person gives the id.
    pub fn no_personal_number(&mut self, pointer: &str, text: &str) {
        if let Some(found) = domain::free_text::personal_number(text) {
            self.add(
                pointer,
                "personal-number",
                format!("这里不能填写个人号码(发现{});请删去,需要时写报名编号。", found.zh()),
                format!("No number of a person may stand here ({} was found); leave it out, or give the enrolment's id.", found.en()),
            );
        }
    }

    /// A number between bounds.
    pub fn between(&mut self, pointer: &str, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            self.add(
                pointer,
                "range",
                format!("请填写 {least} 至 {most} 之间的数。"),
                format!("Give a number from {least} to {most}."),
            );
        }
    }

    /// A reason that may be left out, up to 500 characters.
    pub fn reason(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason {
            self.words("/reason", reason, 1, 500);
        }
    }

    /// Refuses when anything was found.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::new(Code::InvalidRequest).with_errors(self.0))
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            RefusalKind::NotBy => Code::Forbidden,
            RefusalKind::NotFrom => Code::TransitionRefused,
            RefusalKind::Conditions => {
                let first = refusal.unmet.first().map_or("", |unmet| unmet.code);
                match first {
                    "institution-not-admitted" => Code::InstitutionNotAdmitted,
                    "conflict-of-interest" => Code::ConflictOfInterest,
                    _ => Code::TransitionRefused,
                }
            }
        };
        let problem = Self::new(code).with_detail(refusal.zh, refusal.en);
        problem.with_errors(refusal.unmet.into_iter().map(|unmet| FieldError {
            pointer: String::new(),
            code: unmet.code.to_owned(),
            detail: Sentence::new(unmet.zh, unmet.en),
        }))
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u64>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The limit, refused out of its bounds.
    pub fn limit(&self) -> Result<u64, Problem> {
        limit(self.limit, 50, 100)
    }

    /// The id to go on from.
    pub fn before<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        self.cursor
            .as_deref()
            .map(|cursor| {
                cursor.parse().map_err(|_| {
                    Problem::field(
                        "/cursor",
                        "cursor",
                        "翻页标记有误,请从第一页重新开始。",
                        "The cursor is wrong; start from the first page.",
                    )
                })
            })
            .transpose()
    }
}

/// How many rows were asked for: the usual number unless told, refused below 1 and above the most (trust.md ERR-1: a
/// number that is out of its bounds is said, not changed).
pub fn limit(asked: Option<u64>, usual: u64, most: u64) -> Result<u64, Problem> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field(
        "/limit",
        "range",
        &format!("limit 为 1 至 {most}。"),
        &format!("limit is 1 to {most}."),
    ))
}

/// Cuts `limit + 1` rows to a page; answers the cursor of the next one.
pub fn page<T>(rows: &mut Vec<T>, limit: u64, id: impl Fn(&T) -> String) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(100);
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(id)
}

/// A JSON list of codes from the database.
pub fn codes(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}
