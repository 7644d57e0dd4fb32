//! Checkpoints: C2SP signed notes over the size and the root of the log (interop.md, `docs/formats.md` section 7).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::Hash;
use crate::keys::{Algorithm, PublicKey, SignError, Signer};

/// Signature lines of a note that are looked at.
const MAX_SIGNATURES: usize = 16;
/// Longest signed checkpoint: an origin, and signatures of the log and its witnesses.
const MAX_BYTES: usize = 16 * 1024;

/// Name of a log: the first line of its checkpoints and the name of its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = CheckpointFault;

    fn from_str(text: &str) -> Result<Self, CheckpointFault> {
        let fits = (1..=255).contains(&text.len());
        let plain = !text
            .chars()
            .any(|c| c == '+' || c.is_whitespace() || c.is_control());
        if fits && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(CheckpointFault::Origin)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A head of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Number of leaves.
    pub size: u64,
    /// Root of these leaves.
    pub root: Hash,
}

/// Why text is no checkpoint of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// A name with blanks or `+`, or too long.
    #[error(
        "日志名称不可含空格、+ 或控制字符 / an origin has no blanks, plus signs or control characters"
    )]
    Origin,
    /// Not the form of a signed checkpoint.
    #[error("检查点格式错误 / not a signed checkpoint")]
    Format,
    /// Another log's.
    #[error("检查点属于另一日志 / the checkpoint is of another log")]
    OtherLog,
    /// No line signed by the key of the log.
    #[error("检查点没有本日志的签名 / not signed by the key of the log")]
    Unsigned,
    /// The signature does not fit.
    #[error("检查点签名不符 / the signature of the checkpoint does not match")]
    Signature,
    /// The cosignature of a known witness does not fit.
    #[error("见证方的联署不符 / the cosignature of a witness does not match")]
    Cosignature,
    /// A verifier key line that cannot be read.
    #[error("日志公钥行格式错误 / not a verifier key line")]
    VerifierKey,
}

/// A checkpoint as it is served: the note with its signature lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note, byte for byte.
    pub note: String,
}

impl SignedCheckpoint {
    /// The note with the log's own lines alone, as it was before any witness.
    pub fn alone(&self) -> String {
        let own = format!("\u{2014} {} ", self.checkpoint.origin);
        let mut text = self.checkpoint.text();
        text.push('\n');
        for line in self.note.split_inclusive('\n') {
            if line.starts_with(&own) {
                text.push_str(line);
            }
        }
        text
    }
}

impl Checkpoint {
    /// The signed text: three lines, each with its line feed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root.as_bytes())
        )
    }

    /// Signs it with the key of the log.
    pub fn sign(&self, signer: &dyn Signer) -> Result<SignedCheckpoint, SignError> {
        let text = self.text();
        let kind = signer.public_key().algorithm().note_type();
        let mut signature = key_hash(&self.origin, kind, signer.public_key()).to_vec();
        signature.extend(signer.sign(text.as_bytes())?);
        let note = format!(
            "{text}\n\u{2014} {} {}\n",
            self.origin,
            BASE64.encode(&signature)
        );
        Ok(SignedCheckpoint {
            checkpoint: self.clone(),
            note,
        })
    }

    /// Reads a signed checkpoint of this log and checks the log's signature. Lines of witnesses are not judged here.
    pub fn verify(
        note: &str,
        origin: &Origin,
        key: &PublicKey,
    ) -> Result<SignedCheckpoint, CheckpointFault> {
        let (text, lines) = note_lines(note)?;
        let checkpoint = Self::parse(text)?;
        if checkpoint.origin != *origin {
            return Err(CheckpointFault::OtherLog);
        }
        let id = key_hash(origin, key.algorithm().note_type(), key);
        let mut signed = false;
        for line in lines {
            if line.name == origin.as_str() && line.key_id == id {
                key.verify(text.as_bytes(), &line.signature)
                    .map_err(|_| CheckpointFault::Signature)?;
                signed = true;
            }
        }
        if signed {
            Ok(SignedCheckpoint {
                checkpoint,
                note: note.to_owned(),
            })
        } else {
            Err(CheckpointFault::Unsigned)
        }
    }

    fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(CheckpointFault::Format)?
            .split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointFault::Format);
        };
        let root = BASE64
            .decode(root.as_bytes())
            .ok()
            .and_then(|root| Hash::try_from(root.as_slice()).ok());
        let checkpoint = Self {
            origin: origin.parse()?,
            size: size.parse().map_err(|_| CheckpointFault::Format)?,
            root: root.ok_or(CheckpointFault::Format)?,
        };
        // One form only: no leading zeros or plus sign in the size.
        if checkpoint.text() == text {
            Ok(checkpoint)
        } else {
            Err(CheckpointFault::Format)
        }
    }
}

/// The verifier key line of a log: what a monitor is configured with.
pub fn vkey(origin: &Origin, key: &PublicKey) -> String {
    let kind = key.algorithm().note_type();
    let id = HEXLOWER.encode(&key_hash(origin, kind, key));
    format!("{origin}+{id}+{}", BASE64.encode(&typed(kind, key)))
}

/// Reads a verifier key line.
pub fn parse_vkey(line: &str) -> Result<(Origin, PublicKey), CheckpointFault> {
    let mut parts = line.splitn(3, '+');
    let (Some(origin), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(CheckpointFault::VerifierKey);
    };
    let origin: Origin = origin.parse()?;
    let key = BASE64
        .decode(key.as_bytes())
        .map_err(|_| CheckpointFault::VerifierKey)?;
    let (kind, bytes) = key.split_first().ok_or(CheckpointFault::VerifierKey)?;
    let algorithm = Algorithm::from_note_type(*kind).ok_or(CheckpointFault::VerifierKey)?;
    let key = PublicKey::from_bytes(algorithm, bytes).map_err(|_| CheckpointFault::VerifierKey)?;
    if vkey(&origin, &key) == line {
        Ok((origin, key))
    } else {
        Err(CheckpointFault::VerifierKey)
    }
}

/// A signature line of a note.
pub(super) struct NoteLine<'n> {
    /// The whole line with its line feed.
    pub(super) text: &'n str,
    pub(super) name: &'n str,
    pub(super) key_id: [u8; 4],
    /// What follows the key id.
    pub(super) signature: Vec<u8>,
}

/// The signed text of a note with its last line feed, and its signature lines.
pub(super) fn note_lines(note: &str) -> Result<(&str, Vec<NoteLine<'_>>), CheckpointFault> {
    if note.len() > MAX_BYTES {
        return Err(CheckpointFault::Format);
    }
    let blank = note.find("\n\n").ok_or(CheckpointFault::Format)?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    if !signatures.ends_with('\n') {
        return Err(CheckpointFault::Format);
    }
    let lines = signatures
        .split_inclusive('\n')
        .enumerate()
        .map(|(count, text)| {
            let rest = text
                .strip_suffix('\n')?
                .strip_prefix("\u{2014} ")
                .filter(|_| count < MAX_SIGNATURES)?;
            let (name, signature) = rest.split_once(' ')?;
            let bytes = BASE64.decode(signature.as_bytes()).ok()?;
            let (key_id, signature) = bytes.split_first_chunk()?;
            Some(NoteLine {
                text,
                name,
                key_id: *key_id,
                signature: signature.to_vec(),
            })
        });
    let lines = lines
        .collect::<Option<Vec<_>>>()
        .ok_or(CheckpointFault::Format)?;
    Ok((text, lines))
}

/// Whether a note has the form of a signed checkpoint and holds nothing else: its text is a checkpoint, every line is named
/// like a log or a witness, one like the log itself. Who signed is not asked.
pub fn is_signed_checkpoint(note: &str) -> bool {
    let Ok((text, lines)) = note_lines(note) else {
        return false;
    };
    let Ok(checkpoint) = Checkpoint::parse(text) else {
        return false;
    };
    // Names of machines: in letters of another script somebody could be named.
    let named = |line: &NoteLine<'_>| line.name.is_ascii() && line.name.parse::<Origin>().is_ok();
    lines.iter().all(named)
        && lines
            .iter()
            .any(|line| line.name == checkpoint.origin.as_str())
}

/// Key id of a note: first 4 bytes of SHA-256(name || LF || type || key).
pub(super) fn key_hash(name: &Origin, kind: u8, key: &PublicKey) -> [u8; 4] {
    let mut digest = Sha256::new();
    digest.update(name.as_str());
    digest.update(b"\n");
    digest.update(typed(kind, key));
    let hash: [u8; 32] = digest.finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

pub(super) fn typed(kind: u8, key: &PublicKey) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(key.as_bytes());
    bytes
}
