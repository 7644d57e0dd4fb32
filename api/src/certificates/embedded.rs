//! Embedded proofs, where this program was built with them (feature `embedded-proof`): JSON-LD brings a hundred crates.

use certs::keys::Signer;
use certs::qr::Host;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::problem::Problem;

/// Adds an `eddsa-rdfc-2022` proof to a document.
#[cfg(feature = "embedded-proof")]
pub(super) fn sign(
    document: &Value,
    host: &Host,
    created: DateTime<Utc>,
    signer: &dyn Signer,
) -> Result<String, Problem> {
    let signed = certs_ld::sign(document, host, created, signer).map_err(Problem::internal)?;
    serde_json::to_string(&signed).map_err(Problem::internal)
}

/// This program makes no embedded proofs.
#[cfg(not(feature = "embedded-proof"))]
pub(super) fn sign(
    _document: &Value,
    _host: &Host,
    _created: DateTime<Utc>,
    _signer: &dyn Signer,
) -> Result<String, Problem> {
    Err(
        Problem::new(crate::problem::Code::NotAcceptable).with_detail(
            "本平台没有启用嵌入证明,请改用 application/vc+jwt 或 credential.jwt。",
            "This registry makes no embedded proofs; ask for application/vc+jwt or credential.jwt.",
        ),
    )
}
