//! Who may not assess whom: relations between an assessor and an institution, and the third time running.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{named, text_enum};

text_enum! {
    /// How an assessor is tied to an institution.
    RelationKind("kind of relation") {
        /// Works or worked there.
        Employee = "employee",
        /// Owns a part of it, or decides in it.
        Owner = "owner",
        /// Sells to it or buys from it, advice included.
        Supplier = "supplier",
        /// A near relative works there or owns a part of it.
        Relative = "relative",
        /// Was trained there.
        Trainee = "trainee",
        /// Any other tie that may move the judgement.
        Other = "other",
    }
}

named!(RelationKind {
    Employee = "在该机构任职" / "works there",
    Owner = "持有股权或参与决策" / "owns or decides in it",
    Supplier = "有业务往来(含咨询)" / "does business with it, advice included",
    Relative = "近亲属在该机构任职或持股" / "a near relative works there or owns a part",
    Trainee = "曾在该机构参加培训" / "was trained there",
    Other = "其他可能影响公正的关系" / "another tie that may move the judgement",
});

/// A declared relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// Its last day; `None` while it lasts.
    pub ended_on: Option<NaiveDate>,
}

impl Relation {
    /// Whether it keeps the assessor from assessing: while it lasts, and so many months after. The day that many months
    /// after its end is free again.
    pub fn conflicts(&self, today: NaiveDate, months: u32) -> bool {
        self.ended_on.is_none_or(|ended| {
            ended
                .checked_add_months(Months::new(months))
                .is_none_or(|free| today < free)
        })
    }
}

/// Whether an assessment would be one too many running for this person or organisation. `latest` are the newest
/// assessments of the institution, newest first: person and credit code of each.
pub fn third_time_running(
    latest: &[(Uuid, String)],
    person: Uuid,
    organisation: &str,
    most: u32,
) -> bool {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let same = |one: &(Uuid, String)| one.0 == person || one.1 == organisation;
    most > 0 && latest.len() >= most && latest[..most].iter().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_relation_is_a_conflict_for_three_years_after_its_end() {
        for kind in RelationKind::ALL {
            let of = |ended_on: Option<&str>| Relation {
                kind: *kind,
                ended_on: ended_on.map(day),
            };
            let today = day("2026-03-31");
            let conflicts = |one: Relation| one.conflicts(today, 36);
            assert!(conflicts(of(None)), "{kind}");
            assert!(conflicts(of(Some("2023-04-01"))), "{kind}");
            assert!(!conflicts(of(Some("2023-03-31"))), "{kind}");
            assert!(conflicts(of(Some("2026-12-31"))), "{kind}");
        }
    }

    #[test]
    fn nobody_assesses_an_institution_three_times_running() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let past = |all: &[(Uuid, &str)]| -> Vec<(Uuid, String)> {
            all.iter()
                .map(|(id, code)| (*id, (*code).to_owned()))
                .collect()
        };
        let third = |all: &[(Uuid, &str)]| third_time_running(&past(all), a, "X", 2);
        assert!(!third(&[]));
        assert!(!third(&[(a, "X")]));
        assert!(third(&[(a, "X"), (a, "X")]));
        // Another person of the same organisation, or the same person for another one.
        assert!(third(&[(b, "X"), (a, "Y")]));
        assert!(!third(&[(b, "Y"), (a, "X"), (a, "X")]));
        assert!(!third(&[(a, "X"), (b, "Y")]));
    }
}
