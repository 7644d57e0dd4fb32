//! Evidence files: type by content, pictures drawn anew, sealed under a random name outside any served folder, given
//! back as attachments only (trust.md UP-6).

mod clean;
pub mod json;
mod keep;

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::FileId;
use domain::privacy::{PersonalField, ReadPurpose};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::files::EvidenceFile;
use store::vault::{KeyKind, secret_version};
use utoipa::ToSchema;

use crate::access::permissions::{KeepFiles, Permission as _};
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::cores;
use crate::extract::IdempotencyKey;
use crate::privacy::reading::note_reads;
use crate::problem::{Code, Problem};

pub use keep::Folder;

/// Largest evidence file in bytes (trust.md OV-3).
pub const FILE_LIMIT: usize = 20 << 20;
/// What a sealed file's bytes are bound to, beside its id.
const LABEL: &str = store::rotation::EVIDENCE.label;

/// A file that was taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileReceipt {
    /// Its id: an official document may name it.
    #[schema(value_type = String, format = "uuid")]
    pub id: FileId,
    /// Type by its content.
    pub media_type: String,
    /// Size as it is kept, in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes as they are kept and given back, hexadecimal; a picture's differ from those uploaded.
    pub sha256: String,
}

/// Takes a file.
pub async fn upload(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    bytes: Bytes,
) -> Result<Receipt, Problem> {
    if bytes.is_empty() {
        return Err(
            Problem::new(Code::UploadUnreadable).with_detail("文件是空的。", "The file is empty.")
        );
    }
    if bytes.len() > FILE_LIMIT {
        return Err(Problem::new(Code::TooLarge));
    }
    let uploaded_sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let place = cores::PICTURES.place().await?;
    let clean = place
        .aside(move || clean::clean(&bytes))
        .await
        .map_err(Problem::internal)??;
    let request = data_encoding::HEXLOWER.encode(&uploaded_sha256);
    // Sealed before the transaction, which may know a newer master key: then once more.
    for _ in 0..2 {
        let file = seal(app, actor, &clean, uploaded_sha256).await?;
        match write(app, actor, key, &request, &file).await {
            Ok(Written::Done(receipt)) => return Ok(receipt),
            Ok(Written::Before(receipt)) => {
                app.files.remove(&file.stored_name).await;
                return Ok(receipt);
            }
            Ok(Written::Outdated) => app.files.remove(&file.stored_name).await,
            Err(problem) => {
                app.files.remove(&file.stored_name).await;
                return Err(problem);
            }
        }
    }
    Err(Problem::new(Code::Unavailable).retry_after(1))
}

/// Puts the sealed bytes into the folder.
async fn seal(
    app: &App,
    actor: &Actor,
    clean: &clean::Clean,
    uploaded_sha256: [u8; 32],
) -> Result<EvidenceFile, Problem> {
    let id = FileId::from(app.random.id(app.now()));
    let sealed = app
        .store
        .vault()
        .seal_registry_secret(LABEL, id.uuid(), &clean.bytes)?;
    let stored_name = data_encoding::HEXLOWER.encode(&app.random.bytes::<16>());
    // Before the transaction: a file that no row names is waste, a row that names no file would be a lie.
    app.files.write(&stored_name, &sealed).await?;
    Ok(EvidenceFile {
        id,
        stored_name,
        media_type: clean.media_type.to_owned(),
        size_bytes: clean.bytes.len() as u64,
        uploaded_sha256,
        stored_sha256: Sha256::digest(&clean.bytes).into(),
        account: actor.account,
        federation: actor.federation.clone(),
        institution: actor.institution,
        uploaded_at: app.now(),
        sealed_version: secret_version(&sealed).unwrap_or_default(),
    })
}

/// What became of a row.
enum Written {
    /// It is there.
    Done(Receipt),
    /// The key was used before: the first answer.
    Before(Receipt),
    /// The master key was changed since the file was sealed.
    Outdated,
}

/// Writes the row.
async fn write(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &str,
    file: &EvidenceFile,
) -> Result<Written, Problem> {
    let act = match app.begin(actor, key, "upload_file", &request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(Written::Before(receipt)),
    };
    if file.sealed_version != app.store.vault().version(KeyKind::Master) {
        return Ok(Written::Outdated);
    }
    store::files::insert(&act.tx, file).await?;
    let receipt = FileReceipt {
        id: file.id,
        media_type: file.media_type.clone(),
        size_bytes: file.size_bytes,
        sha256: data_encoding::HEXLOWER.encode(&file.stored_sha256),
    };
    act.finish(StatusCode::CREATED, &receipt, ("file", file.id))
        .await
        .map(Written::Done)
}

/// A file of one's scope, with its bytes.
pub async fn open(
    app: &App,
    actor: &Actor,
    id: FileId,
) -> Result<(EvidenceFile, Vec<u8>), Problem> {
    let find = async || {
        store::files::find(app.store.reader(), actor, id)
            .await?
            .ok_or_else(Problem::not_found)
    };
    let mut file = find().await?;
    let mut sealed = app.files.read(&file.stored_name).await;
    if sealed.is_err() {
        // Sealed anew under another name since the row was read.
        file = find().await?;
        sealed = app.files.read(&file.stored_name).await;
    }
    let sealed = sealed?;
    let bytes = app
        .store
        .vault()
        .open_registry_secret(LABEL, id.uuid(), &sealed)?;
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    if sha256 != file.stored_sha256 {
        return Err(Problem::internal(format!(
            "evidence file {id} is not what was stored"
        )));
    }
    // Told to whom it shows before anybody sees it; who shows themselves is not told.
    let mut shown = store::files::shown(app.store.reader(), id).await?;
    shown.retain(|person| actor.trainee != Some(*person));
    if !shown.is_empty() {
        let fields = [PersonalField::Name];
        note_reads(app, actor, &shown, ReadPurpose::EvidenceFile, &fields).await?;
    }
    let text = id.to_string();
    crate::audit::did(app, actor, "read_file", ("file", &text), "").await?;
    Ok((file, bytes))
}

/// Those of these files that somebody may open, with their types.
pub(crate) async fn openable(
    app: &App,
    actor: &Actor,
    files: &[FileId],
) -> Result<HashMap<FileId, String>, Problem> {
    if !KeepFiles::allows(actor.role) {
        return Ok(HashMap::new());
    }
    Ok(store::files::types(app.store.reader(), actor, files).await?)
}

/// Ties a file to the document it shows; the file must be in the actor's scope.
pub async fn attach(
    act: &Act,
    document: domain::ids::DocumentId,
    file: FileId,
) -> Result<(), Problem> {
    within(act, "/document/file", file).await?;
    Ok(store::files::attach(&act.tx, document, file).await?)
}

/// Refuses a file that is not in the actor's scope.
pub(crate) async fn within(act: &Act, pointer: &str, file: FileId) -> Result<(), Problem> {
    match store::files::find(&act.tx, &act.actor, file).await? {
        Some(_) => Ok(()),
        None => Err(Problem::field(
            pointer,
            "unknown-file",
            "没有这个文件,或不在您的管辖范围内;请先上传。",
            "There is no such file in your area; upload it first.",
        )),
    }
}

/// Takes the bytes of removed files out of the folder: after an erasure, and each day what was left then.
pub(crate) async fn purge(app: &App) -> Result<u64, Problem> {
    let mut gone = Vec::new();
    for (id, stored_name) in store::files::to_purge(app.store.reader()).await? {
        if app.files.purge(&stored_name).await {
            gone.push(id);
        } else {
            tracing::warn!("the bytes of the removed file {id} are still in the folder");
        }
    }
    for some in gone.chunks(500) {
        let tx = app.store.write().await?;
        store::files::purged(&tx, some, app.now()).await?;
        store::commit(tx).await?;
    }
    Ok(gone.len() as u64)
}
