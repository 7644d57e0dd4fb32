//! The bound on finding out who is registered: a roster of invented names would tell of each number whether it stands
//! under another name (trust.md EN-3, PI-4). Counted by account and day, over all classes, each number once.

use store::audit::AuditEntry;
use store::privacy::reads;
use store::roster_mismatches as rows;

use super::plan::Plan;
use crate::act::Act;
use crate::problem::{Code, Problem};
use crate::rosters::RosterRow;

/// Counts what a plan met. Answers the refusal when it is too much: then the transaction is to be committed as it is, so
/// that the count stays, and nothing of the roster is told.
pub(super) async fn count(
    act: &Act,
    sent: &[RosterRow],
    plan: &Plan,
) -> Result<Option<Problem>, Problem> {
    if plan.other_names.is_empty() && plan.other_cards.is_empty() {
        return Ok(None);
    }
    let (account, day, figures) = (act.actor.account, act.today, &act.app.border.figures.lookup);
    let most = u64::from(figures.other_names_per_account_and_day);
    let vault = act.app.store.vault();
    // More than one beyond the bound would tell the count nothing.
    let take = usize::try_from(most)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let numbers: Vec<[u8; 32]> = plan
        .other_names
        .iter()
        .take(take)
        .filter_map(|at| sent.get(*at))
        .map(|row| rows::index(vault, row.citizen_id.expose()))
        // Of a card each guess counts: its last digits tell a category and a level.
        .chain(
            plan.other_cards
                .iter()
                .take(take)
                .filter_map(|at| sent.get(*at)?.disability_card.as_ref())
                .map(|card| rows::index(vault, card.expose())),
        )
        .collect();
    let before = rows::met(&act.tx, account, day).await?;
    rows::add(&act.tx, account, day, &numbers).await?;
    let met = rows::met(&act.tx, account, day).await?;
    let alarm = u64::from(figures.other_names_alarm);
    if before < alarm && met >= alarm {
        raise(act, met).await?;
    }
    if met <= most {
        return Ok(None);
    }
    let left = crate::clock::seconds_left_today(act.now);
    Ok(Some(
        Problem::new(Code::TooManyRequests)
            .with_detail(
                "今天名单中与已登记姓名或残疾人证号不符的证件号码过多,请核对证件,明天再试;如确有需要,请联系省级残联。",
                "Too many identity numbers of today's rosters are registered under other names or cards: check the documents and try again tomorrow, or ask the province-level federation.",
            )
            .retry_after(left),
    ))
}

/// The alarm of bulk reading, once for an account and a day: whoever looks after it sees both in one list.
async fn raise(act: &Act, met: u64) -> Result<(), Problem> {
    let (actor, id) = (&act.actor, act.app.random.id(act.now));
    let numbers = u32::try_from(met).unwrap_or(u32::MAX);
    let kind = reads::AlarmKind::OtherNames;
    if !reads::raise_alarm(&act.tx, id, actor, act.today, kind, numbers, act.now).await? {
        return Ok(());
    }
    crate::privacy::reading::count_alarm();
    tracing::warn!(alarm.id = %id, numbers, "Rosters of an account met {numbers} identity numbers under other names in a day");
    let entry = AuditEntry {
        request_id: &id.simple().to_string(),
        actor: Some(actor),
        act: "other_names_alarm",
        object_kind: "read_alarm",
        object_id: &id.to_string(),
        outcome: "alarm",
        detail: &format!("numbers={numbers}"),
        ..AuditEntry::at(act.now)
    };
    Ok(store::audit::append(&act.tx, &entry).await?)
}
