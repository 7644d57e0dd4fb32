//! The file of public keys with which certificates are checked without the registry (`docs/formats.md` section 9).
//!
//! It is not signed: who uses it must have it from somebody they trust. The signed trust list takes its place where there is one.

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Algorithm, KeyId, KeyRecord, KeySet, KeyState, PublicKey};

const VERSION: u32 = 1;
/// Longest file: some ten thousand keys.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Public keys of issuers, and the verifier key line of the log where the file has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKeyFile {
    /// The issuer keys.
    pub keys: KeySet,
    /// Verifier key line of the log.
    pub log_vkey: Option<String>,
}

/// Why a file of public keys was not read.
#[derive(Debug, thiserror::Error)]
pub enum PublicKeyFileFault {
    /// Not the JSON of such a file.
    #[error(
        "不是公钥文件:第 {line} 行第 {column} 列 / not a file of public keys: line {line}, column {column}"
    )]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A version that this program does not know.
    #[error("公钥文件版本未知,请更新程序 / unknown version of the file, update the program")]
    Version,
    /// More than 4 MiB.
    #[error("公钥文件过大 / the file is too large")]
    TooLarge,
    /// A key with a wrong or contradictory entry.
    #[error("公钥文件第 {0} 个密钥有误 / key number {0} of the file is wrong")]
    Key(usize),
    /// The same key id twice.
    #[error("公钥文件中密钥编号 {0} 重复 / key id {0} occurs twice")]
    Duplicate(KeyId),
    /// The verifier key line of the log is wrong.
    #[error("公钥文件中日志公钥行有误 / the verifier key line of the log is wrong")]
    LogKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    keys: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_vkey: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kid: String,
    algorithm: String,
    public_key: String,
    federation: String,
    not_before: String,
    not_after: String,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compromised_at: Option<String>,
}

impl PublicKeyFile {
    /// Reads a file, or the bare list of keys that a registry answers.
    pub fn parse(text: &str) -> Result<Self, PublicKeyFileFault> {
        if text.len() > MAX_BYTES {
            return Err(PublicKeyFileFault::TooLarge);
        }
        // A bare list is what a registry answers at `/api/v1/keys`.
        let list = text.trim_start().starts_with('[');
        let file = if list {
            serde_json::from_str(text).map(|keys| File {
                version: VERSION,
                keys,
                log_vkey: None,
            })
        } else {
            serde_json::from_str(text)
        };
        let file = file.map_err(|fault| PublicKeyFileFault::Json {
            line: fault.line(),
            column: fault.column(),
        })?;
        if file.version != VERSION {
            return Err(PublicKeyFileFault::Version);
        }
        let mut keys = KeySet::new();
        for (number, entry) in (1..).zip(&file.keys) {
            let (id, record) = entry.parse().ok_or(PublicKeyFileFault::Key(number))?;
            if keys.insert(id.clone(), record).is_some() {
                return Err(PublicKeyFileFault::Duplicate(id));
            }
        }
        if let Some(line) = &file.log_vkey {
            crate::log::parse_vkey(line).map_err(|_| PublicKeyFileFault::LogKey)?;
        }
        Ok(Self {
            keys,
            log_vkey: file.log_vkey,
        })
    }

    /// Writes it.
    pub fn to_json(&self) -> String {
        let keys = self
            .keys
            .iter()
            .map(|(id, record)| Entry::of(id, record))
            .collect();
        let file = File {
            version: VERSION,
            keys,
            log_vkey: self.log_vkey.clone(),
        };
        let mut text =
            serde_json::to_string_pretty(&file).expect("plain text fields have a JSON form");
        text.push('\n');
        text
    }
}

impl Entry {
    fn of(id: &KeyId, record: &KeyRecord) -> Self {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Self {
            kid: id.to_string(),
            algorithm: record.public_key.algorithm().as_str().to_owned(),
            public_key: HEXLOWER.encode(record.public_key.as_bytes()),
            federation: record.federation.as_str().to_owned(),
            not_before: moment(record.not_before),
            not_after: moment(record.not_after),
            state: record.state.as_str().to_owned(),
            compromised_at: match record.state {
                KeyState::Compromised { at } => Some(moment(at)),
                _ => None,
            },
        }
    }

    fn parse(&self) -> Option<(KeyId, KeyRecord)> {
        let moment = |text: &str| {
            DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| at.to_utc())
        };
        let algorithm: Algorithm = self.algorithm.parse().ok()?;
        let bytes = HEXLOWER.decode(self.public_key.as_bytes()).ok()?;
        let compromised_at = match &self.compromised_at {
            Some(text) => Some(moment(text)?),
            None => None,
        };
        let state = KeyState::from_word(&self.state, compromised_at)?;
        let record = KeyRecord {
            public_key: PublicKey::from_bytes(algorithm, &bytes).ok()?,
            federation: self.federation.parse().ok()?,
            not_before: moment(&self.not_before)?,
            not_after: moment(&self.not_after)?,
            state,
        };
        (record.not_before < record.not_after).then_some((self.kid.parse().ok()?, record))
    }
}
