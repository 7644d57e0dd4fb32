//! A sealed value that did not open is an event of the audit: somebody moved or changed a ciphertext (trust.md PI-1).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use store::audit::AuditEntry;

use crate::app::App;
use crate::extract::RequestId;
use crate::problem::Problem;

/// Writes what did not open during a request into the audit. It is written after the request, in a transaction of its
/// own: the request that met the failure was rolled back.
pub(crate) async fn audit(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    let id = id.map_or_else(String::new, |id| id.0);
    if let Err(problem) = write(&app, &id).await {
        tracing::error!("a sealed value that did not open is not in the audit: {problem}");
    }
    response
}

/// Writes what did not open since the last call.
pub async fn write(app: &App, request_id: &str) -> Result<(), Problem> {
    let failures = app.store.vault().take_failures();
    if failures.is_empty() {
        return Ok(());
    }
    let tx = app.store.write().await?;
    for failure in failures {
        let entry = AuditEntry {
            request_id,
            act: "open_sealed_value",
            object_kind: failure.label,
            object_id: &failure.row.to_string(),
            outcome: "does-not-open",
            ..AuditEntry::at(app.now())
        };
        store::audit::append(&tx, &entry).await?;
        tracing::error!("a sealed value in {} does not open", failure.label);
    }
    Ok(store::commit(tx).await?)
}
