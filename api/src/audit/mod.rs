//! The audit (trust.md AD-1): what was done stands in the transaction of the act, what was refused is written beside it.
//!
//! - [`origin`]: from where a request came and who was recognised in it;
//! - [`denials`]: refusals, counted together so that a flood cannot fill the disk;
//! - [`anchor`]: the head of the chain, daily, as a leaf of the public log;
//! - [`check`]: recomputes the chain and compares it with every anchored head.

pub mod anchor;
pub mod check;
pub mod denials;
pub mod json;
pub mod origin;
pub mod pages;

use domain::access::Actor;
use domain::ids::AccountId;
use store::audit::AuditEntry;
pub(crate) use store::audit::DONE;

use crate::app::App;
use crate::problem::{Code, Problem};
use origin::Origin;

/// Something that an account did which is no act with a receipt: a sign-in, an export.
pub async fn did(
    app: &App,
    actor: &Actor,
    act: &str,
    object: (&str, &str),
    detail: &str,
) -> Result<(), Problem> {
    let origin = Origin::current();
    let tx = app.store.write().await?;
    let entry = AuditEntry {
        at: app.now(),
        request_id: &origin.request_id,
        actor: Some(actor),
        account: None,
        network: &origin.network,
        act,
        object_kind: object.0,
        object_id: object.1,
        outcome: DONE,
        times: 1,
        detail,
        after: None,
    };
    store::audit::append(&tx, &entry).await?;
    Ok(store::commit(tx).await?)
}

/// A sign-in that was refused: the account where there is one, never the name that was typed.
pub async fn sign_in_failed(app: &App, account: Option<AccountId>) {
    refused(app, "sign_in", account, Code::InvalidCredentials).await;
}

/// A code that opened nothing: the account that it, or its ticket, is of, where there is one.
pub async fn code_refused(app: &App, act: &str, account: Option<AccountId>) {
    refused(app, act, account, Code::CodeSpent).await;
}

async fn refused(app: &App, act: &str, account: Option<AccountId>, code: Code) {
    let denial = denials::Denial {
        account,
        act: act.to_owned(),
        object_kind: "account".to_owned(),
        object_id: account.map(|id| id.to_string()).unwrap_or_default(),
        outcome: code.as_str(),
        ..denials::Denial::here()
    };
    if denial.origin.network == origin::COMMAND_LINE {
        // No worker runs here, and nobody measures.
        denials::record(app, denial).await;
    } else {
        denials::count(app, denial);
    }
}
