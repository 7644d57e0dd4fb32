//! `mingzheng cert verify FILE...`: pictures and texts, by a registry or, with a key file, without any.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use certs::keys::{KeySet, PublicKeyFile};
use certs::qr::{ImageFault, MAX_IMAGE_BYTES, read_image};
use certs::verdict::{Facts, Outcome, Presented, State, judge};
use clap::Args;
use serde::Serialize;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::clock::{Clock as _, SystemClock};
use crate::verify::wire::{VerificationBody, Words, instant};
use crate::verify::{Answer, MOST_QUESTIONS, Question, answer_all};

/// Check certificates in files.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// PNG、JPEG 图片,或每行一个二维码内容的文本文件;- 为标准输入 / PNG or JPEG pictures, or texts with one QR text a line; - is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 公钥文件(key export 写出):不需要登记簿和网络 / file of public keys (written by `key export`): needs no registry and no network
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// What the signed data says, where the signature holds.
#[derive(Debug, Serialize)]
struct Signed {
    holder: String,
    certificate_no: String,
    program_code: String,
    institution: String,
    issued_at: String,
    expires_at: Option<String>,
}

/// A code in a file, or why the file could not be read.
#[derive(Debug, Serialize)]
struct Line {
    file: String,
    /// Number of the code in its file, from 1.
    position: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FileFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
    #[serde(flatten)]
    verdict: Option<VerificationBody>,
}

#[derive(Debug, Serialize)]
struct FileFault {
    code: &'static str,
    detail: Words,
}

/// Runs the command. Exit code, the first that fits: 2 a file could not be read, 1 a certificate is not valid, 3 one could
/// not be checked to the end, 0 all are valid.
pub async fn run(
    args: VerifyArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    let keys = args.keys.as_deref().map(read_keys).transpose()?;
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    for file in &args.files {
        let name = file.display().to_string();
        let found = read(file).and_then(|bytes| codes(&bytes));
        match found {
            Ok(found) => {
                for (position, text) in (1..).zip(found) {
                    lines.push(blank(&name, position, None));
                    texts.push((lines.len() - 1, text));
                }
            }
            Err(fault) => lines.push(blank(&name, 1, Some(fault))),
        }
    }
    let (places, texts): (Vec<usize>, Vec<String>) = texts.into_iter().unzip();
    let answers = match &keys {
        Some(keys) => offline(&texts, keys),
        None if texts.is_empty() => Vec::new(),
        None => by_registry(registry, texts).await?,
    };
    for (place, answer) in places.into_iter().zip(&answers) {
        lines[place].signed = answer.signed_claims().map(|claims| Signed {
            holder: claims.holder.expose().to_owned(),
            certificate_no: claims.certificate_no.to_string(),
            program_code: claims.program.to_string(),
            institution: claims.institution.to_string(),
            issued_at: instant(claims.issued_at),
            expires_at: claims.expires_at.map(instant),
        });
        lines[place].verdict = Some(answer.into());
    }
    if print.json {
        print.show(&lines)?;
    } else {
        for line in &lines {
            print.text(&plain(line, print))?;
        }
    }
    let indeterminate =
        |answer: &Answer| matches!(answer.state(), State::Indeterminate | State::Recorded);
    Ok(if lines.iter().any(|line| line.error.is_some()) {
        2
    } else if answers
        .iter()
        .any(|answer| !answer.is_valid() && !indeterminate(answer))
    {
        1
    } else if answers.iter().any(indeterminate) {
        3
    } else {
        0
    })
}

fn blank(file: &str, position: usize, error: Option<FileFault>) -> Line {
    Line {
        file: file.to_owned(),
        position,
        error,
        signed: None,
        verdict: None,
    }
}

fn offline(texts: &[String], keys: &KeySet) -> Vec<Answer> {
    let now = SystemClock.now();
    texts
        .iter()
        .map(|text| Answer::offline(judge(Presented::Text(text), keys, &Facts::default(), now)))
        .collect()
}

async fn by_registry(
    registry: &RegistryArgs,
    texts: Vec<String>,
) -> Result<Vec<Answer>, CommandError> {
    let app = registry.open().await?;
    let mut answers = Vec::with_capacity(texts.len());
    for share in texts.chunks(MOST_QUESTIONS) {
        let questions = share.iter().cloned().map(Question::Text).collect();
        answers.extend(answer_all(&app, questions).await?);
    }
    Ok(answers)
}

fn read_keys(file: &Path) -> Result<KeySet, CommandError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::Usage(format!(
            "公钥文件无法读取 / the key file cannot be read: {error}"
        ))
    })?;
    let file =
        PublicKeyFile::parse(&text).map_err(|fault| CommandError::Usage(fault.to_string()))?;
    Ok(file.keys)
}

/// At most one byte more than a picture may have, so that a device file cannot fill the memory.
fn read(file: &Path) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    let most = MAX_IMAGE_BYTES as u64 + 1;
    let outcome = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes))
    };
    match outcome {
        Ok(_) => Ok(bytes),
        Err(error) => Err(fault(
            "unreadable",
            format!("文件无法读取:{error}"),
            format!("the file cannot be read: {error}"),
        )),
    }
}

/// The QR texts of a file: the codes of a picture, the lines of a text.
fn codes(bytes: &[u8]) -> Result<Vec<String>, FileFault> {
    let texts = match read_image(bytes) {
        Ok(texts) => texts,
        Err(ImageFault::Format) => match std::str::from_utf8(bytes) {
            Ok(text) => text
                .trim_start_matches('\u{feff}')
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
            Err(_) => return Err(image_fault(ImageFault::Format)),
        },
        Err(other) => return Err(image_fault(other)),
    };
    if texts.is_empty() {
        return Err(fault(
            "no_code",
            "没有找到二维码,请拍得更近、更清楚",
            "no QR code was found: take the picture closer and sharper",
        ));
    }
    Ok(texts)
}

fn image_fault(image: ImageFault) -> FileFault {
    let text = image.to_string();
    let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
    fault(image.code(), zh, en)
}

fn fault(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> FileFault {
    FileFault {
        code,
        detail: Words::new(zh, en),
    }
}

fn plain(line: &Line, print: Printing) -> String {
    let mut text = format!("{} #{}\n", line.file, line.position);
    let words = |words: &Words| print.words(&words.zh, &words.en);
    if let Some(error) = &line.error {
        text.push_str(&format!("  ! [{}] {}\n", error.code, words(&error.detail)));
    }
    let Some(verdict) = &line.verdict else {
        return text;
    };
    text.push_str(&format!(
        "  {} [{}]\n  {}\n",
        words(&verdict.heading),
        verdict.state,
        words(&verdict.sentence)
    ));
    if let Some(signed) = &line.signed {
        text.push_str(&format!("  {}  {}\n", signed.holder, signed.certificate_no));
    }
    for check in &verdict.checks {
        let mark = match check.outcome {
            outcome if outcome == Outcome::Passed.code() => "✓",
            outcome if outcome == Outcome::Failed.code() => "✗",
            _ => "–",
        };
        text.push_str(&format!(
            "    {mark} {}: {}\n",
            words(&check.label),
            words(&check.detail)
        ));
    }
    text.push_str(&format!("  {}\n", words(&verdict.next_step)));
    text
}
