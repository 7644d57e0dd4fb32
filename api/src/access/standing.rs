//! What an administrator does with an account as a whole: disable it, enable it again, take its second factors away.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::AccountId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::{ChangedAccount, subordinate};
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Disables an account: every session of it ends.
pub async fn disable(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AccountId,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "disable_account", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = subordinate(&act.tx, actor, id).await?;
    store::accounts::disable(&act.tx, id, act.now).await?;
    store::sessions::end_others(&act.tx, id, None, "disabled", act.now).await?;
    act.record(Entry {
        kind: "account",
        id: id.uuid(),
        act: "disable",
        from: Some(&found.state),
        to: Some("disabled"),
        ..Entry::default()
    })
    .await?;
    let changed = ChangedAccount {
        account: id.to_string(),
        state: "disabled".to_owned(),
        role: found
            .posts
            .first()
            .map(|(role, _, _)| role.as_str().to_owned()),
    };
    act.finish(StatusCode::OK, &changed, ("account", id)).await
}

/// Why a disabled account is enabled again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableAccountRequest {
    /// Reason, 2 to 200 characters; no numbers of persons.
    pub reason: String,
}

/// Enables a disabled account: with the password, the posts and the second factors that it had. No sign-in of before
/// comes back.
pub async fn enable(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AccountId,
    request: &EnableAccountRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 2, 200);
    faults.finish()?;
    let begun = app
        .begin(actor, key, "enable_account", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    subordinate(&act.tx, actor, id).await?;
    if !store::accounts::enable(&act.tx, id).await? {
        return Err(Problem::new(Code::TransitionRefused)
            .with_detail("账号没有停用,不必恢复。", "The account is not disabled."));
    }
    let found = store::accounts::find(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    act.record(Entry {
        kind: "account",
        id: id.uuid(),
        act: "enable",
        from: Some("disabled"),
        to: Some(&found.state),
        reason: Some(request.reason.trim()),
        ..Entry::default()
    })
    .await?;
    let role = found.posts.first();
    let changed = ChangedAccount {
        account: id.to_string(),
        role: role.map(|(role, _, _)| role.as_str().to_owned()),
        state: found.state,
    };
    act.finish(StatusCode::OK, &changed, ("account", id)).await
}

/// Takes the second factor of an account away, after its administrator has seen who asks; its sessions end.
pub async fn remove_second_factor(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AccountId,
) -> Result<Receipt, Problem> {
    let act = match app.begin(actor, key, "remove_second_factor", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = subordinate(&act.tx, actor, id).await?;
    store::second_factors::remove(&act.tx, id).await?;
    store::accounts::end_epoch(&act.tx, id).await?;
    store::sessions::end_others(&act.tx, id, None, "second-factor", act.now).await?;
    let changed = ChangedAccount {
        account: id.to_string(),
        state: found.state,
        role: found
            .posts
            .first()
            .map(|(role, _, _)| role.as_str().to_owned()),
    };
    act.finish(StatusCode::OK, &changed, ("account", id)).await
}
