//! A file of a register is looked at first and imported when whoever uploaded it says so. Until then it lies sealed in the
//! folder of files; an account has one draft, and the next takes its place.

use axum::http::StatusCode;
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::register_drafts::{self as rows, Draft};
use store::vault::{KeyKind, secret_version};

use super::registers::{self, About, RegisterReceipt, checked};
use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Kind of thing in the audit, and what the sealed bytes are bound to beside the draft's id.
const KIND: &str = store::rotation::DRAFTS.label;

/// What a look at a file told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DraftReceipt {
    id: String,
    rows: u32,
    known: u32,
}

/// Looks at a file and keeps it: every fault is told, or nothing is wrong and it may be imported.
pub(super) async fn keep(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    about: About,
    bytes: Vec<u8>,
) -> Result<Receipt, Problem> {
    let checked = checked(app, about, bytes.clone()).await?;
    // Sealed before the transaction, which may know a newer master key: then once more.
    for _ in 0..2 {
        let draft = seal(app, about, &checked, &bytes).await?;
        let own = draft.stored_name.clone();
        let written = write(app, actor, key, &checked, draft).await;
        let over = match &written {
            Ok(Some((_, over))) => over.clone(),
            Ok(None) | Err(_) => own,
        };
        if let Some(name) = over {
            app.files.remove(&name).await;
        }
        if let Some((receipt, _)) = written? {
            return Ok(receipt);
        }
    }
    Err(Problem::new(Code::Unavailable).retry_after(1))
}

/// Puts the sealed bytes into the folder.
async fn seal(
    app: &App,
    about: About,
    checked: &registers::Checked,
    bytes: &[u8],
) -> Result<Draft, Problem> {
    let id = app.random.id(app.now());
    let sealed = app.store.vault().seal_registry_secret(KIND, id, bytes)?;
    let stored_name = data_encoding::HEXLOWER.encode(&app.random.bytes::<16>());
    // Before the transaction: a file that no row names is waste, a row that names no file would be a lie.
    app.files.write(&stored_name, &sealed).await?;
    Ok(Draft {
        id,
        source: about.source,
        as_of: about.as_of,
        stored_name: Some(stored_name),
        sealed_version: secret_version(&sealed).unwrap_or_default(),
        rows: checked.count(),
        known: 0,
        made_at: app.now(),
        snapshot: None,
    })
}

/// Writes the row; answers the receipt and the file that is nobody's any more, or nothing when the master key was changed
/// since the file was sealed.
async fn write(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    checked: &registers::Checked,
    mut draft: Draft,
) -> Result<Option<(Receipt, Option<String>)>, Problem> {
    let sha256 = data_encoding::HEXLOWER.encode(&checked.sha256);
    let request = (draft.source, draft.as_of, sha256);
    let act = match app.begin(actor, key, "draft_register", &request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(Some((receipt, draft.stored_name))),
    };
    if draft.sealed_version != app.store.vault().version(KeyKind::Master) {
        return Ok(None);
    }
    draft.known = checked.known(&act).await?;
    let before = rows::replace(&act.tx, actor.account, &draft).await?;
    let receipt = DraftReceipt {
        id: draft.id.to_string(),
        rows: draft.rows,
        known: draft.known,
    };
    let receipt = act
        .finish(StatusCode::CREATED, &receipt, (KIND, draft.id))
        .await?;
    Ok(Some((receipt, before)))
}

/// Imports one's own draft: what was looked at, and nothing else.
pub(super) async fn import(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: uuid::Uuid,
) -> Result<RegisterReceipt, Problem> {
    let find = async || {
        rows::of(app.store.reader(), actor.account)
            .await?
            .filter(|draft| draft.id == id)
            .and_then(|draft| Some((draft.stored_name.clone()?, draft)))
            .ok_or_else(gone)
    };
    let (mut name, mut draft) = find().await?;
    let mut sealed = app.files.read(&name).await;
    if sealed.is_err() {
        // Sealed anew under another name since the row was read.
        (name, draft) = find().await?;
        sealed = app.files.read(&name).await;
    }
    let sealed = sealed.map_err(|_| gone())?;
    let bytes = app
        .store
        .vault()
        .open_registry_secret(KIND, draft.id, &sealed)?;
    let about = About {
        source: draft.source,
        as_of: draft.as_of,
    };
    registers::import_checked(app, actor, key, about, bytes, true)
        .await?
        .parse()
}

fn gone() -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(
        "这份文件已经导入,或已被后来上传的文件替换;请重新上传。",
        "This file was imported, or a later upload took its place; upload it again.",
    )
}
