//! The grade that stands of a published period. A run says what it computed; what stands is what was decided, and an appeal
//! may stay, vary or set aside that (grading.md 7).

use std::collections::BTreeMap;

use domain::institution::Grade;
use store::ConnectionTrait;
use store::cases::results::{self, GradeResult};
use store::grading::publications::{Publication, PublicationState};
use store::grading::{Called, ResultRow};
use uuid::Uuid;

use crate::frame::Frame;
use crate::institutions::pages::grade_word;
use crate::problem::Problem;

domain::text_enum! {
    /// Why the grade that stands is not simply the one of the run.
    Mark("mark of a grade") {
        /// An appeal stays it: the old grade is shown.
        UnderAppeal = "under_appeal",
        /// An appeal was upheld, or the decision set aside: the old grade stands until the correction.
        SetAside = "set_aside",
        /// An appeal changed it.
        Varied = "varied",
        /// It has not been decided: an objection, a case or a suspension stands in the way.
        Held = "held",
        /// A correction has not been decided; the grade that was decided before it stands.
        Kept = "kept",
    }
}

impl Mark {
    /// Words on pages, Chinese and English.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::UnderAppeal => ("申诉中,沿用原等级", "under appeal, the old grade is shown"),
            Self::SetAside => ("原定级已撤销,待更正", "set aside, to be corrected"),
            Self::Varied => ("经申诉变更", "changed on appeal"),
            Self::Held => ("本期等级待定", "the grade of this period is not decided"),
            Self::Kept => (
                "更正待定,沿用更正前的等级",
                "the correction is not decided, the grade before it stands",
            ),
        }
    }
}

/// A grade as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) grade: String,
    pub(crate) mark: Option<Mark>,
}

impl Standing {
    /// The grade in words, with its mark.
    pub(crate) fn words(&self, f: &Frame) -> String {
        let grade = grade_word(f.lang(), &self.grade);
        match self.mark {
            None => grade,
            Some(mark) => {
                let (zh, en) = mark.words();
                format!("{grade}{}{}{}", f.t("(", " ("), f.t(zh, en), f.t(")", ")"))
            }
        }
    }
}

/// What was decided on the results of one run; where that is nothing yet, what was decided before of the same period.
pub(crate) struct Decided(BTreeMap<Uuid, GradeResult>);

impl Decided {
    /// Reads it.
    pub(crate) async fn of(
        db: &impl ConnectionTrait,
        publication: &Publication,
    ) -> Result<Self, Problem> {
        let (federation, on) = (publication.federation.as_str(), publication.freeze_on);
        let mut found: BTreeMap<Uuid, GradeResult> = BTreeMap::new();
        // Oldest first: the run's own comes after those that it corrects.
        for one in results::of_period(db, federation, on).await? {
            let of = one.admission.uuid();
            let own = one.run == publication.run;
            let known = found.get(&of);
            let before = known.is_none_or(|known| known.run != publication.run);
            let decided = known.is_some_and(|known| known.row.decided);
            if (own && !decided) || (one.row.decided && before) {
                found.insert(of, one);
            }
        }
        Ok(Self(found))
    }

    /// The grade of an institution that stands.
    pub(crate) fn standing(
        &self,
        publication: &Publication,
        row: &ResultRow,
        one: &Called,
    ) -> Standing {
        let found = self.0.get(&row.admission.uuid());
        let before = |grade: Option<Grade>| grade.unwrap_or(Grade::P).to_string();
        let of = |grade: String, mark| Standing { grade, mark };
        match found {
            _ if publication.state != PublicationState::Published => of(row.grade.clone(), None),
            None => of(row.grade.clone(), None),
            // P gives the first grade to nobody: there is nothing to decide.
            Some(found) if !found.row.decided && row.grade == Grade::P.as_str() => {
                of(row.grade.clone(), None)
            }
            Some(found) if !found.row.decided => {
                let old = row.previous_grade.clone();
                of(old.unwrap_or_else(|| before(None)), Some(Mark::Held))
            }
            Some(found) if is_stayed(one, found) => {
                of(before(found.previous_grade), Some(Mark::UnderAppeal))
            }
            Some(found) => match found.row.grade {
                None => of(before(found.previous_grade), Some(Mark::SetAside)),
                Some(grade) if found.run != publication.run && grade.as_str() != row.grade => {
                    of(grade.to_string(), Some(Mark::Kept))
                }
                Some(grade) if grade.as_str() != row.grade => {
                    of(grade.to_string(), Some(Mark::Varied))
                }
                Some(grade) => of(grade.to_string(), None),
            },
        }
    }
}

/// Whether an appeal stays the grade of this result.
fn is_stayed(one: &Called, found: &GradeResult) -> bool {
    one.stayed_run == Some(found.run.uuid())
}

/// The last day of the first year after an admission: who is newer on a freeze date is not ranked for that reason.
pub(crate) fn first_year(one: &Called) -> Option<chrono::NaiveDate> {
    let at = chrono::DateTime::from_timestamp_millis(one.admitted_at?)?;
    domain::calendar::today(at).checked_add_months(chrono::Months::new(12))
}
