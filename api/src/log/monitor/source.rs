//! Where a log or a checkpoint is read from: an http address, or a folder or file to which somebody has copied it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Longest file of a log: a bundle of 256 entries.
const MOST_BYTES: usize = 17 * 1024 * 1024;

/// A place.
#[derive(Clone, Debug)]
pub enum Source {
    /// An http address without a slash at the end.
    Http {
        /// The address.
        base: String,
        /// The client.
        client: reqwest::Client,
    },
    /// A folder laid out like the addresses, or a single file.
    Folder(PathBuf),
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// There is no such thing.
    #[error("不存在 / not there")]
    NotThere,
    /// The place does not answer, or not well.
    #[error("没有应答 / no answer")]
    Unreachable,
    /// It is too large, or of another form.
    #[error("内容过大或格式不符 / too large, or of another form")]
    Form,
}

impl Source {
    /// An http address, or a path.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with("http://") {
            let client = reqwest::Client::builder()
                .timeout(Duration::from_secs(30))
                .no_proxy()
                .build()
                .map_err(|_| "no http client")?;
            return Ok(Self::Http {
                base: text.trim_end_matches('/').to_owned(),
                client,
            });
        }
        if text.contains("://") {
            return Err(
                "请给出 http:// 地址(https 由本地的 TLS 代理转接)或本地目录 / give an http:// address (https by way of a TLS proxy of your own) or a local folder",
            );
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }

    /// Reads what is at a path below the place; the place itself when it is empty.
    pub(crate) async fn get(&self, path: &str) -> Result<Vec<u8>, SourceFault> {
        match self {
            Self::Http { base, client } => {
                let address = if path.is_empty() {
                    base.clone()
                } else {
                    format!("{base}/{path}")
                };
                http(client, &address).await
            }
            Self::Folder(folder) => {
                let plain = path.split('?').next().unwrap_or("");
                let file = if plain.is_empty() {
                    folder.clone()
                } else {
                    folder.join(plain)
                };
                let size = match tokio::fs::metadata(&file).await {
                    Ok(meta) if meta.is_file() => meta.len(),
                    Ok(_) | Err(_) => return Err(SourceFault::NotThere),
                };
                if size > MOST_BYTES as u64 {
                    return Err(SourceFault::Form);
                }
                tokio::fs::read(&file)
                    .await
                    .map_err(|_| SourceFault::Unreachable)
            }
        }
    }
}

async fn http(client: &reqwest::Client, address: &str) -> Result<Vec<u8>, SourceFault> {
    let mut answer = client
        .get(address)
        .send()
        .await
        .map_err(|_| SourceFault::Unreachable)?;
    match answer.status() {
        status if status.is_success() => {}
        reqwest::StatusCode::NOT_FOUND => return Err(SourceFault::NotThere),
        _ => return Err(SourceFault::Unreachable),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| SourceFault::Unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(SourceFault::Form);
        }
    }
    Ok(bytes)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { base, .. } => f.write_str(base),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}
