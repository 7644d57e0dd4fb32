//! `mingzheng trust`: the signed trust list, and its check without a registry.

use std::path::{Path, PathBuf};

use certs::log::WitnessPolicy;
use certs::trust_list::{MAX_BYTES, Roots, SignedTrustList, TrustList, TrustListFault, accept};
use chrono::SecondsFormat;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use serde::Serialize;

use super::memory::Memory;
use super::registry::{CommandError, Printing, RegistryArgs};
use crate::clock::{Clock as _, SystemClock};
use crate::trust::list;

/// 密钥清单 / trust list
#[derive(Subcommand, Debug)]
pub enum TrustCommand {
    /// 当前清单:版本、有效期、每个密钥的用途和状态 / the list as it is now: version, validity, purpose and state of each key
    List {
        /// 同时写出签名的文件 / also write the signed file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 根密钥行,交给查验方 / the line of the root key, for those who verify
    Root,
    /// 核对清单文件:签名、有效期、不旧于见过的版本;不需要登记簿和网络 / check a file: signature, validity, not older than what was seen; needs no registry and no network
    Verify {
        /// 清单文件 / the signed file
        file: PathBuf,
        /// 根密钥文件(trust root 写出的行) / file with the line of the root key (of `trust root`)
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// 记住最新版本的文件,不存在则新建,可与离线包共用;缺省按根密钥记在用户的状态目录中 / file that remembers the newest list that was accepted, may be that of bundles, made when it is not there; by the root key in the user's state folder when not given
        #[arg(long, value_name = "FILE")]
        seen: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct Shown {
    version: u64,
    issued_at: String,
    valid_until: String,
    signed_by: String,
    sha256: String,
    quorum: usize,
    witnesses: Vec<String>,
    /// Those before them, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier_witnesses: Vec<ShownWitnesses>,
    keys: Vec<ShownKey>,
    /// Whether it may be relied on now.
    fresh: bool,
}

#[derive(Serialize)]
struct ShownWitnesses {
    until: String,
    /// Leaves of the log then.
    size: u64,
    quorum: usize,
    witnesses: Vec<String>,
}

#[derive(Serialize)]
struct ShownKey {
    kid: String,
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compromised_at: Option<String>,
    not_before: String,
    not_after: String,
    public_key: String,
}

/// Runs the command. Exit code of `verify`: 0 accepted, 1 refused, 3 genuine but out of date.
pub async fn run(
    command: TrustCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    match command {
        TrustCommand::List { out } => {
            let app = registry.open().await?;
            let row = list::current(&app).await?;
            let roots = list::roots(app.store.reader()).await?;
            let signed = SignedTrustList::open(&row.body, &roots)
                .map_err(crate::problem::Problem::internal)?;
            if let Some(out) = out {
                std::fs::write(out, &row.body)?;
            }
            print.show(&shown(&signed, app.now()))?;
            Ok(0)
        }
        TrustCommand::Root => {
            let app = registry.open().await?;
            let line = list::line_of_root(&app).await?;
            if print.json {
                print.show(&serde_json::json!({ "root": line }))?;
            } else {
                print.text(&format!("{line}\n"))?;
            }
            Ok(0)
        }
        TrustCommand::Verify { file, root, seen } => verify(&file, &root, seen.as_deref(), print),
    }
}

fn verify(
    file: &Path,
    root: &Path,
    seen: Option<&Path>,
    print: Printing,
) -> Result<u8, CommandError> {
    let roots = read_text(root)?;
    let (signed, memory) = match open(file, &roots, seen)? {
        Ok(accepted) => accepted,
        Err(fault) => {
            let text = fault.to_string();
            let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
            print.show(&serde_json::json!({
                "accepted": false,
                "fault": print.words(zh, en),
            }))?;
            return Ok(1);
        }
    };
    let shown = shown(&signed, SystemClock.now());
    print.show(&shown)?;
    if !shown.fresh {
        eprintln!("{}", out_of_date(print));
    }
    remember(seen, &signed, &memory, print)?;
    Ok(if shown.fresh { 0 } else { 3 })
}

/// The list of a file after what was seen before, and what that was.
fn open(
    file: &Path,
    given: &str,
    seen: Option<&Path>,
) -> Result<Result<(SignedTrustList, Memory), TrustListFault>, CommandError> {
    let roots = Roots::parse(given).map_err(|fault| usage(&fault))?;
    let memory = match seen {
        Some(seen) => Memory::at(seen)?,
        None => Memory::of_roots(given)?,
    };
    let bytes = read(file)?;
    Ok(SignedTrustList::open(&bytes, &roots)
        .and_then(|signed| accept(memory.list(), &signed).map(|_| (signed, memory))))
}

fn remember(
    seen: Option<&Path>,
    signed: &SignedTrustList,
    memory: &Memory,
    print: Printing,
) -> Result<(), CommandError> {
    match memory.remember(signed, None) {
        // A folder of one's own that cannot be written to is no reason not to check; that nothing is kept must be known.
        Err(error) if seen.is_none() => {
            eprintln!(
                "mingzheng: {}",
                print.words(
                    &format!("无法记住清单版本,下次可能接受更早的清单:{error}"),
                    &format!("the version of the list cannot be remembered, an older one might be taken next time: {error}"),
                )
            );
            Ok(())
        }
        written => Ok(written?),
    }
}

/// The list for checking certificates: one that is refused checks nothing, one that has ended is told.
pub(super) fn accepted(
    file: &Path,
    roots: &str,
    seen: Option<&Path>,
    print: Printing,
) -> Result<SignedTrustList, CommandError> {
    let (signed, memory) =
        open(file, roots, seen)?.map_err(|fault| CommandError::CannotCheck(fault.to_string()))?;
    if !signed.list().is_fresh(SystemClock.now()) {
        eprintln!("{}", out_of_date(print));
    }
    remember(seen, &signed, &memory, print)?;
    Ok(signed)
}

fn out_of_date(print: Printing) -> String {
    print.words(
        "密钥清单已过有效期(或本机时间不对),请取新的。",
        "The trust list is out of date (or this machine's clock is wrong); get a newer one.",
    )
}

fn read(file: &Path) -> Result<Vec<u8>, CommandError> {
    use std::io::Read as _;
    let cannot = |error: std::io::Error| {
        CommandError::Usage(format!("文件无法读取 / the file cannot be read: {error}"))
    };
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    Ok(bytes)
}

fn read_text(file: &Path) -> Result<String, CommandError> {
    String::from_utf8(read(file)?)
        .map_err(|_| CommandError::Usage("文件不是文本 / the file is no text".to_owned()))
}

fn usage(fault: &TrustListFault) -> CommandError {
    CommandError::Usage(fault.to_string())
}

fn lines_of(policy: &WitnessPolicy) -> Vec<String> {
    policy.witnesses().iter().map(ToString::to_string).collect()
}

fn shown(signed: &SignedTrustList, now: chrono::DateTime<chrono::Utc>) -> Shown {
    use certs::keys::KeyState;
    use certs::trust_list::KeyPurpose;
    let instant =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let list: &TrustList = signed.list();
    let keys = list.keys.iter().map(|(kid, key)| ShownKey {
        kid: kid.to_string(),
        purpose: key.purpose.as_str(),
        federation: match &key.purpose {
            KeyPurpose::Issuer(federation) => Some(federation.as_str().to_owned()),
            _ => None,
        },
        state: key.state.as_str(),
        compromised_at: match key.state {
            KeyState::Compromised { at } => Some(instant(at)),
            _ => None,
        },
        not_before: instant(key.not_before),
        not_after: instant(key.not_after),
        public_key: HEXLOWER.encode(key.public_key.as_bytes()),
    });
    Shown {
        version: list.version,
        issued_at: instant(list.issued_at),
        valid_until: instant(list.valid_until),
        signed_by: signed.signed_by().to_string(),
        sha256: HEXLOWER.encode(&signed.seen().sha256),
        quorum: list.witnesses.quorum(),
        witnesses: lines_of(&list.witnesses),
        earlier_witnesses: list
            .earlier_witnesses
            .iter()
            .map(|one| ShownWitnesses {
                until: instant(one.until),
                size: one.size,
                quorum: one.policy.quorum(),
                witnesses: lines_of(&one.policy),
            })
            .collect(),
        keys: keys.collect(),
        fresh: list.is_fresh(now),
    }
}
