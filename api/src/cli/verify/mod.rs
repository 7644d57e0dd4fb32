//! `mingzheng cert verify FILE...`: pictures, PDFs and texts, by a registry or without any, given a trust bundle or a key file.

use std::path::PathBuf;

use certs::bundle::Bundle;
use certs::certificate::Claims;
use certs::verdict::State;
use clap::Args;
use serde::Serialize;

use super::bundles::{BundleArgs, open_bundle};
use super::registry::{CommandError, Printing, RegistryArgs};
use crate::clock::{Clock as _, SystemClock};
use crate::cores;
use crate::verify::wire::{VerificationBody, instant};
use crate::verify::{Answer, MOST_QUESTIONS, Question, answer_all};

mod files;
mod offline;
mod print;
mod proofs;

use files::FileFault;
use offline::{Source, read_keys};
use proofs::Proofs;

/// Check certificates in files.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// PNG、JPEG 图片,PDF,每行一个二维码内容的文本文件,或装有这些文件的目录;- 为标准输入 / PNG or JPEG pictures, PDFs, texts with one QR text a line, or folders of such files; - is standard input
    #[arg(required_unless_present = "list")]
    files: Vec<PathBuf>,
    /// 文件清单,每行一个文件名 / a list of files, one name a line, beside the list itself
    #[arg(long, value_name = "FILE")]
    list: Vec<PathBuf>,
    /// 公钥文件(key export 写出):不需要登记簿和网络,只核对签名 / file of public keys (written by `key export`): needs no registry and no network, checks signatures only
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    keys: Option<PathBuf>,
    /// 离线包,不需要登记簿和网络 / trust bundle: needs no registry and no network
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// 签名的密钥清单(trust list 写出),须有 --root;核对签名和密钥状态 / signed trust list (written by `trust list`), with --root: checks signatures and states of keys
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bundle", "keys"], requires = "root")]
    trust_list: Option<PathBuf>,
    /// 公开日志的证明文件(proof.tlog);证书旁边的 <编号>.tlog 会自动使用 / proof file of the public log (proof.tlog); one beside a certificate, called <its id>.tlog, is used by itself
    #[arg(long, value_name = "FILE")]
    proof: Vec<PathBuf>,
    #[command(flatten)]
    trusted: BundleArgs,
    /// 多份证书也逐份列出每一步 / tell every check, also for many certificates
    #[arg(long)]
    details: bool,
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

/// Names by the bundle: never those of the QR text (trust.md EN-5).
#[derive(Debug, Serialize)]
struct Named {
    program: Option<String>,
    institution: Option<String>,
    issued_by: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<Named>,
    #[serde(flatten)]
    verdict: Option<VerificationBody>,
    #[serde(skip)]
    state: Option<State>,
}

/// Runs the command. Exit code, the first that fits: 2 a file could not be read, 1 a certificate is not valid, 3 one could
/// not be checked to the end, 0 all are valid.
pub async fn run(
    args: VerifyArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    let files = files::all(&args.files, &args.list)?;
    let source = match (&args.keys, &args.trust_list, &args.bundle) {
        (Some(keys), ..) => Some(Source::Keys(read_keys(keys)?)),
        (None, Some(file), _) => {
            let signed = super::trust::accepted(
                file,
                args.trusted.root_text()?.as_deref().unwrap_or_default(),
                args.trusted.seen_file(),
                print,
            )?;
            let list = signed.list().clone();
            Some(Source::TrustList {
                issuers: list.issuer_keys(),
                list: Box::new(list),
            })
        }
        (None, None, Some(file)) => Some(Source::Bundle(Box::new(open_bundle(
            file,
            &args.trusted,
            print,
        )?))),
        (None, None, None) => None,
    };
    let lines = match &source {
        Some(source) => offline(&files, source, &args.proof),
        None if !args.proof.is_empty() => {
            return Err(CommandError::Usage(
                "日志证明文件须与 --bundle、--trust-list 或 --keys 同用;登记簿自己知道日志 / a proof file goes with --bundle, --trust-list or --keys: a registry knows its log itself"
                    .to_owned(),
            ));
        }
        None => by_registry(&files, registry).await?,
    };
    if print.json {
        let told: Result<Vec<_>, _> =
            cores::on(cores::all(), &lines, serde_json::value::to_raw_value)
                .into_iter()
                .collect();
        print.show(&told.map_err(|error| CommandError::Usage(error.to_string()))?)?;
    } else if lines.len() == 1 || args.details {
        for line in &lines {
            print.text(&print::block(line, print))?;
        }
    } else {
        print.text(&print::table(&lines, print))?;
    }
    Ok(exit_code(&lines))
}

/// One negative answer is the answer of the whole; what could not be read was not checked; where no file that was named is
/// there, the command was used wrongly (pages.md 7).
fn exit_code(lines: &[Line]) -> u8 {
    let missing = |line: &Line| {
        line.error
            .as_ref()
            .is_some_and(|fault| fault.code == "unreadable")
    };
    let states = || lines.iter().filter_map(|line| line.state);
    let open = |state: &State| matches!(state, State::Indeterminate | State::Recorded);
    if states().any(|state| state != State::Valid && !open(&state)) {
        1
    } else if lines.iter().all(missing) {
        2
    } else if states().any(|state| open(&state)) || lines.iter().any(|line| line.error.is_some()) {
        3
    } else {
        0
    }
}

/// Reads and judges on every core: neither pictures nor signatures wait for each other.
fn offline(files: &[PathBuf], source: &Source, proofs: &[PathBuf]) -> Vec<Line> {
    let now = SystemClock.now();
    let proofs = Proofs::read(source.logs(), proofs);
    let of_file = |file: &PathBuf| {
        let name = file.display().to_string();
        match files::codes(file) {
            Err(fault) => vec![Line::refused(&name, fault)],
            Ok(texts) => {
                let numbered: Vec<(usize, files::Found)> = (1..).zip(texts).collect();
                // A single long list is spread over the cores as well.
                let judge = |(position, found): &(usize, files::Found)| {
                    let text = match found {
                        Ok(text) => text,
                        Err(fault) => return vec![Line::unread(&name, *position, fault.clone())],
                    };
                    let examined = source.examine(text);
                    let (log, refused) = proofs.of(&examined, file);
                    let answer = Answer::offline(source.judge(examined, log, now));
                    let line = Line::answered(&name, *position, &answer, source.bundle());
                    // A proof beside it that proves nothing is a line of its own.
                    let refused = refused
                        .map(|(file, fault)| Line::refused(&file.display().to_string(), fault));
                    [Some(line), refused].into_iter().flatten().collect()
                };
                let judged: Vec<Vec<Line>> = if files.len() == 1 {
                    cores::on(cores::all(), &numbered, judge)
                } else {
                    numbered.iter().map(judge).collect()
                };
                judged.into_iter().flatten().collect()
            }
        }
    };
    let mut lines: Vec<Line> = cores::on(cores::all(), files, of_file)
        .into_iter()
        .flatten()
        .collect();
    let unused = proofs.unused();
    lines.extend(
        unused
            .into_iter()
            .map(|(file, fault)| Line::refused(&file.display().to_string(), fault)),
    );
    lines
}

async fn by_registry(
    files: &[PathBuf],
    registry: &RegistryArgs,
) -> Result<Vec<Line>, CommandError> {
    let found = cores::on(cores::all(), files, |file| files::codes(file));
    let mut lines = Vec::new();
    let mut asked = Vec::new();
    for (file, found) in files.iter().zip(found) {
        let name = file.display().to_string();
        match found {
            Err(fault) => lines.push(Line::refused(&name, fault)),
            Ok(texts) => {
                for (position, found) in (1..).zip(texts) {
                    match found {
                        Ok(text) => {
                            asked.push((lines.len(), text));
                            lines.push(Line::blank(&name, position));
                        }
                        Err(fault) => lines.push(Line::unread(&name, position, fault)),
                    }
                }
            }
        }
    }
    if asked.is_empty() {
        return Ok(lines);
    }
    let app = registry.open().await?;
    for share in asked.chunks(MOST_QUESTIONS) {
        let questions = share.iter().map(|(_, text)| Question::Text(text.clone()));
        let answers = answer_all(&app, questions.collect()).await?;
        for ((place, _), answer) in share.iter().zip(&answers) {
            let line = &lines[*place];
            lines[*place] = Line::answered(&line.file, line.position, answer, None);
        }
    }
    Ok(lines)
}

impl Line {
    fn blank(file: &str, position: usize) -> Self {
        Self {
            file: file.to_owned(),
            position,
            error: None,
            signed: None,
            named: None,
            verdict: None,
            state: None,
        }
    }

    fn refused(file: &str, fault: FileFault) -> Self {
        Self::unread(file, 1, fault)
    }

    fn unread(file: &str, position: usize, fault: FileFault) -> Self {
        Self {
            error: Some(fault),
            ..Self::blank(file, position)
        }
    }

    fn answered(file: &str, position: usize, answer: &Answer, bundle: Option<&Bundle>) -> Self {
        let claims = answer.signed_claims();
        Self {
            signed: claims.map(|claims| Signed {
                holder: claims.holder.expose().to_owned(),
                certificate_no: claims.certificate_no.to_string(),
                program_code: claims.program.to_string(),
                institution: claims.institution.to_string(),
                issued_at: instant(claims.issued_at),
                expires_at: claims.expires_at.map(instant),
            }),
            named: claims
                .zip(bundle)
                .map(|(claims, bundle)| Named::of(claims, answer, bundle)),
            verdict: Some(answer.into()),
            state: Some(answer.state()),
            ..Self::blank(file, position)
        }
    }
}

impl Named {
    fn of(claims: &Claims, answer: &Answer, bundle: &Bundle) -> Self {
        let issuer = answer
            .signing_key()
            .and_then(|kid| bundle.issuers().find(kid))
            .and_then(|key| bundle.federation(&key.federation));
        Self {
            program: bundle.program(&claims.program).map(str::to_owned),
            institution: bundle
                .institution(&claims.institution)
                .map(|institution| institution.name.clone())
                .filter(|name| !name.is_empty()),
            issued_by: issuer.map(str::to_owned),
        }
    }
}
