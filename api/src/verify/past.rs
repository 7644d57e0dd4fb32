//! A certificate checked for a past day: the state on that day beside the state now (workflow.md 3).

use std::collections::HashMap;

use certs::verdict::State;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::PublicId;
use domain::certificate::CertificateStatus;

use super::Answer;
use crate::app::App;
use crate::problem::Problem;

/// How far the clock of China is before that of the world.
const CHINA: TimeDelta = TimeDelta::hours(8);

/// The state of a certificate at the end of a day in China; of today, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastDay {
    /// The day.
    pub on: NaiveDate,
    /// The state then.
    pub state: State,
}

/// The day that was asked for, as `YYYY-MM-DD`; one that lies ahead has no state.
pub(super) fn day(app: &App, text: &str) -> Result<NaiveDate, Problem> {
    let plain = text.len() == 10;
    let day = text.parse::<NaiveDate>().ok().filter(|_| plain);
    let day = day.ok_or_else(|| {
        Problem::field(
            "/on",
            "date-form",
            "请按 2026-03-08 的样子填写日期。",
            "Write the date like 2026-03-08.",
        )
    })?;
    if day > app.today() {
        return Err(Problem::field(
            "/on",
            "in-future",
            "只能查今天或以前的日期。",
            "Ask for today or a day before.",
        ));
    }
    Ok(day)
}

/// Adds to answers what held on a day; a certificate that was issued later is refused.
pub(super) async fn add(
    app: &App,
    answers: &mut [Result<Answer, Problem>],
    on: NaiveDate,
) -> Result<(), Problem> {
    let ids: Vec<PublicId> = answers
        .iter()
        .flatten()
        .filter(|answer| has_past(answer.state()))
        .filter_map(|answer| Some(answer.certificate.as_ref()?.public_id))
        .collect();
    let end = end_of(on)?;
    let changed = store::certificates::status_before(app.store.public(), &ids, end).await?;
    for place in answers {
        let told = match place {
            Ok(answer) => tell(answer, on, end, &changed),
            Err(_) => Ok(()),
        };
        if let Err(problem) = told {
            *place = Err(problem);
        }
    }
    Ok(())
}

/// The same for one answer, which stays as it is when the day is refused.
pub(super) async fn add_to(app: &App, answer: &mut Answer, text: &str) -> Result<(), Problem> {
    let on = day(app, text)?;
    let end = end_of(on)?;
    let ids: Vec<PublicId> = answer
        .certificate
        .iter()
        .map(|known| known.public_id)
        .collect();
    let changed = store::certificates::status_before(app.store.public(), &ids, end).await?;
    tell(answer, on, end, &changed)
}

fn tell(
    answer: &mut Answer,
    on: NaiveDate,
    end: DateTime<Utc>,
    changed: &HashMap<PublicId, CertificateStatus>,
) -> Result<(), Problem> {
    let Some(known) = answer.certificate.as_ref() else {
        return Ok(());
    };
    if on < domain::calendar::today(known.issued_at) {
        return Err(Problem::field(
            "/on",
            "before-issue",
            "证书在这一天之后才签发,请填写签发当天或以后的日期。",
            "The certificate was issued after that day; ask for the day of issue or a later one.",
        ));
    }
    if has_past(answer.state()) {
        let status = changed.get(&known.public_id).copied();
        // Both are exclusive: what ends with the day was in force at its end.
        let now = answer.checked_at();
        let ended = known
            .expires_at
            .is_some_and(|ends| ends < end && ends <= now);
        answer.past = Some(PastDay {
            on,
            state: state(status.unwrap_or(CertificateStatus::Issued), ended),
        });
    }
    Ok(())
}

/// Whether the registry can say more of it than that something is wrong or not known.
const fn has_past(now: State) -> bool {
    matches!(
        now,
        State::Valid | State::Revoked | State::Expired | State::Suspended | State::Superseded
    )
}

const fn state(status: CertificateStatus, ended: bool) -> State {
    match status {
        CertificateStatus::Revoked => State::Revoked,
        CertificateStatus::Superseded => State::Superseded,
        CertificateStatus::Suspended => State::Suspended,
        CertificateStatus::Issued if ended => State::Expired,
        CertificateStatus::Issued => State::Valid,
    }
}

/// The first moment after a day in China.
fn end_of(day: NaiveDate) -> Result<DateTime<Utc>, Problem> {
    let next = day.checked_add_days(Days::new(1));
    let midnight = next.and_then(|next| {
        next.and_time(NaiveTime::MIN)
            .and_utc()
            .checked_sub_signed(CHINA)
    });
    midnight.ok_or_else(|| Problem::internal("a day at the end of the calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_china_and_the_status_counts_before_the_dates() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 8).expect("a day");
        assert_eq!(
            end_of(day).expect("its end").to_rfc3339(),
            "2026-03-08T16:00:00+00:00"
        );
        assert_eq!(state(CertificateStatus::Issued, true), State::Expired);
        assert_eq!(state(CertificateStatus::Issued, false), State::Valid);
        assert_eq!(state(CertificateStatus::Suspended, true), State::Suspended);
        assert_eq!(state(CertificateStatus::Revoked, true), State::Revoked);
    }
}
