//! Evidence files: type by content, pictures drawn anew, sealed under a random name outside any served folder, given
//! back as attachments only (trust.md UP-6).

mod clean;
pub mod json;
mod keep;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::FileId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::files::EvidenceFile;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

pub use keep::Folder;

/// Largest evidence file in bytes (trust.md OV-3).
pub const FILE_LIMIT: usize = 20 << 20;
/// Pictures are drawn anew one at a time: each may take a hundred megabytes.
static CLEANERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));
/// What a sealed file's bytes are bound to, beside its id.
const LABEL: &str = "evidence_file";

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
    let slot = CLEANERS.acquire().await.map_err(Problem::internal)?;
    let clean = tokio::task::spawn_blocking(move || clean::clean(&bytes))
        .await
        .map_err(Problem::internal)??;
    drop(slot);
    let id = FileId::from(app.random.id(app.now()));
    let stored_sha256: [u8; 32] = Sha256::digest(&clean.bytes).into();
    let size_bytes = clean.bytes.len() as u64;
    let sealed = app
        .store
        .vault()
        .seal_registry_secret(LABEL, id.uuid(), &clean.bytes)?;
    let stored_name = data_encoding::HEXLOWER.encode(&app.random.bytes::<16>());
    // Before the transaction: a file that no row names is waste, a row that names no file would be a lie.
    app.files.write(&stored_name, &sealed).await?;
    let file = EvidenceFile {
        id,
        stored_name: stored_name.clone(),
        media_type: clean.media_type.to_owned(),
        size_bytes,
        uploaded_sha256,
        stored_sha256,
        account: actor.account,
        federation: actor.federation.clone(),
        institution: actor.institution,
        uploaded_at: app.now(),
    };
    let request = data_encoding::HEXLOWER.encode(&uploaded_sha256);
    match write(app, actor, key, &request, &file).await {
        Ok(Some(receipt)) => Ok(receipt),
        Ok(None) => {
            app.files.remove(&stored_name).await;
            match app.begin(actor, key, "upload_file", &request).await? {
                Begin::Again(receipt) => Ok(receipt),
                Begin::First(_) => Err(Problem::new(Code::Conflict)),
            }
        }
        Err(problem) => {
            app.files.remove(&stored_name).await;
            Err(problem)
        }
    }
}

/// Writes the row; nothing when the key was used before.
async fn write(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &str,
    file: &EvidenceFile,
) -> Result<Option<Receipt>, Problem> {
    let act = match app.begin(actor, key, "upload_file", &request).await? {
        Begin::First(act) => act,
        Begin::Again(_) => return Ok(None),
    };
    store::files::insert(&act.tx, file).await?;
    let receipt = FileReceipt {
        id: file.id,
        media_type: file.media_type.clone(),
        size_bytes: file.size_bytes,
        sha256: data_encoding::HEXLOWER.encode(&file.stored_sha256),
    };
    act.finish(StatusCode::CREATED, &receipt, ("file", file.id))
        .await
        .map(Some)
}

/// A file of one's scope, with its bytes.
pub async fn open(
    app: &App,
    actor: &Actor,
    id: FileId,
) -> Result<(EvidenceFile, Vec<u8>), Problem> {
    let file = store::files::find(app.store.reader(), actor, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let sealed = app.files.read(&file.stored_name).await?;
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
    let text = id.to_string();
    crate::audit::did(app, actor, "read_file", ("file", &text), "").await?;
    Ok((file, bytes))
}

/// Ties a file to the document it shows; the file must be in the actor's scope.
pub async fn attach(
    act: &crate::act::Act,
    document: domain::ids::DocumentId,
    file: FileId,
) -> Result<(), Problem> {
    if store::files::find(&act.tx, &act.actor, file)
        .await?
        .is_none()
    {
        return Err(Problem::field(
            "/document/file",
            "unknown-file",
            "没有这个文件,或不在您的管辖范围内;请先上传。",
            "There is no such file in your area; upload it first.",
        ));
    }
    Ok(store::files::attach(&act.tx, document, file).await?)
}
