//! `mingzheng key`: issuer keys and their states, a compromise and what follows, the file of public keys.

use std::path::PathBuf;

use certs::keys::{KeyId, PublicKeyFile};
use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::progress;
use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::{DecideProposals, IssueCertificates, ManageKeys, SeeCertificates};
use crate::certificates::keys::{self, KeyReceipt, NewKeyRequest};
use crate::privacy::rotation;
use crate::problem::Problem;
use crate::proposals;
use crate::trust::affected::{self, AffectedList};
use crate::trust::own_keys::{self, NewOwnKeyRequest};
use crate::trust::reissue::{self, ReissueReceipt, ReissueRequest};
use crate::trust::states::{self, KeyChangeRequest};
use domain::ids::ProposalId;
use store::vault::KeyKind;

/// 密钥 / keys
#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// 为省级残联新建某年的签发密钥 / make the issuer key of a federation for a year
    Create {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 省级残联代码 / province-level federation
        federation: String,
        /// 年份 / year
        year: i32,
    },
    /// 为登记簿自己的密钥新建后继:root、log 或 status;启用后继日志密钥即关闭旧日志 / make a successor of one of the registry's own keys; activating that of the log closes the old log
    CreateOwn {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 用途 / purpose
        #[arg(value_parser = ["root", "log", "status"])]
        purpose: String,
        /// 后继日志的名称 / name of the successor log, with log
        #[arg(long)]
        origin: Option<String>,
    },
    /// 提出改变密钥状态:启用、停用或泄露(需第二人) / propose a change of a key's state: active, retired or compromised (waits for a second person)
    Propose(ProposeArgs),
    /// 以第二人身份批准 / approve as the second person
    Approve {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 提议编号 / proposal id
        proposal: ProposalId,
    },
    /// 登记密钥自某时起泄露(需第二人),并说明影响多少证书 / mark a key as compromised since a moment (waits for a second person), and tell how many certificates that concerns
    Compromise {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 密钥编号 / key id
        kid: KeyId,
        /// 泄露时间 / moment of the compromise (RFC 3339)
        #[arg(long)]
        at: DateTime<Utc>,
        /// 理由 / why, in words
        #[arg(long)]
        reason: Option<String>,
    },
    /// 密钥泄露影响的证书:谁的、哪一张、泄露前是否已入日志 / certificates under a compromised key: whose, which, and whether the log covers them from before
    Affected {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 密钥编号 / key id
        kid: KeyId,
        /// 假定的泄露时间 / a supposed moment of the compromise, for a key that is not marked
        #[arg(long)]
        at: Option<DateTime<Utc>>,
    },
    /// 免费重发受影响的证书,可中断后续办 / reissue the affected certificates of one's area, free of charge; run again after an interruption
    Reissue {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 密钥编号 / key id
        kid: KeyId,
        /// 每个事务的张数 / certificates in one transaction
        #[arg(long, default_value_t = reissue::MOST, value_parser = clap::value_parser!(u32).range(1..=i64::from(reissue::MOST)))]
        rows: u32,
        /// 最多办理的事务数 / transactions at most
        #[arg(long)]
        most: Option<u64>,
    },
    /// 更换个人信息主密钥,可中断后续办 / change the master key of personal data; run again after an interruption
    RotateVault(RotateArgs),
    /// 更换检索密钥,可中断后续办 / change the key of blind indexes; run again after an interruption
    RotateBlindIndex(RotateArgs),
    /// 全部密钥及其状态 / all keys and their states
    List,
    /// 写出公钥文件,供离线查验 / write the file of public keys for checking without a network
    Export {
        /// 输出文件 / file to write
        out: PathBuf,
    },
}

/// A change of a key's state.
#[derive(clap::Args, Debug)]
pub struct ProposeArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 密钥编号 / key id
    kid: KeyId,
    /// 新状态 / new state
    #[arg(value_parser = ["active", "retired", "compromised"])]
    state: String,
    /// 泄露时间 / moment of the compromise (RFC 3339), with compromised
    #[arg(long)]
    at: Option<DateTime<Utc>>,
    /// 理由 / why, in words
    #[arg(long)]
    reason: Option<String>,
}

async fn propose(
    args: ProposeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<ManageKeys>(registry, &args.acting).await?;
    let request = KeyChangeRequest {
        state: args.state,
        compromised_at: args.at,
        reason: args.reason,
    };
    let receipt =
        states::propose(&acting.app, &acting.actor, &acting.key, &args.kid, &request).await?;
    print.receipt(&receipt)
}

/// Proposes the compromise and tells what it would mean.
async fn compromise(
    acting: &Acting,
    kid: &KeyId,
    request: &KeyChangeRequest,
    print: Printing,
) -> Result<(), CommandError> {
    let list = affected::affected(
        &acting.app,
        &acting.actor,
        kid,
        request.compromised_at,
        None,
        1,
    )
    .await?;
    let receipt = states::propose(&acting.app, &acting.actor, &acting.key, kid, request).await?;
    let mut value = receipt.value();
    if let Some(fields) = value.as_object_mut() {
        let counts = serde_json::to_value(list.counts)
            .map_err(|error| CommandError::Usage(error.to_string()))?;
        fields.insert("certificates".to_owned(), counts);
    }
    print.value(&value)
}

/// The whole list, page by page.
async fn all_affected(
    acting: &Acting,
    kid: &KeyId,
    at: Option<DateTime<Utc>>,
) -> Result<AffectedList, CommandError> {
    let page = |after| affected::affected(&acting.app, &acting.actor, kid, at, after, 500);
    let mut list = page(None).await?;
    while let Some(next) = list.next.take() {
        let after = next.parse().map_err(Problem::internal)?;
        let more = page(Some(after)).await?;
        list.items.extend(more.items);
        list.next = more.next;
    }
    Ok(list)
}

/// A key of the list.
#[derive(serde::Serialize)]
struct Listed {
    purpose: String,
    #[serde(flatten)]
    key: KeyReceipt,
}

/// What the whole of a re-issue did.
#[derive(serde::Serialize)]
struct Reissued {
    kid: String,
    reissued: u64,
    skipped: Vec<String>,
    /// Whether nothing is left in the area.
    finished: bool,
}

/// Step after step, each a transaction under a key of its own that follows from the command's.
async fn reissue_all(
    acting: &Acting,
    kid: &KeyId,
    rows: u32,
    most: Option<u64>,
) -> Result<Reissued, CommandError> {
    let counts = affected::affected(&acting.app, &acting.actor, kid, None, None, 1)
        .await?
        .counts;
    let bar = progress::bar(counts.to_reissue, "重发证书 / reissuing");
    let mut done = Reissued {
        kid: kid.to_string(),
        reissued: 0,
        skipped: Vec::new(),
        finished: false,
    };
    let mut request = ReissueRequest {
        limit: Some(rows),
        after: None,
    };
    let mut steps = 0;
    while !done.finished && most.is_none_or(|most| steps < most) {
        steps += 1;
        let key = format!("{}-{steps}", acting.key.as_str()).parse()?;
        let receipt = reissue::reissue(&acting.app, &acting.actor, &key, kid, &request).await?;
        let step: ReissueReceipt = receipt.parse()?;
        done.reissued += u64::from(step.reissued);
        done.skipped.extend(step.skipped);
        bar.set_position(done.reissued);
        match step.next {
            Some(next) => request.after = Some(next.parse().map_err(Problem::internal)?),
            None => done.finished = true,
        }
    }
    bar.finish_and_clear();
    Ok(done)
}

/// How fast to change over.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct RotateArgs {
    /// 每个事务的行数 / rows in one transaction
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rows: u64,
    /// 最多办理的事务数 / transactions at most
    #[arg(long)]
    most: Option<u64>,
}

async fn rotate(
    kind: KeyKind,
    args: RotateArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let app = registry.open().await?;
    let pace = rotation::Pace {
        rows: args.rows,
        most: args.most,
    };
    print.show(&rotation::rotate(&app, kind, pace).await?)
}

/// Runs the command.
pub async fn run(
    command: KeyCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        KeyCommand::Create {
            acting,
            federation,
            year,
        } => {
            let request = NewKeyRequest { federation, year };
            let dry = acting.dry_run;
            let acting = Acting::begin::<ManageKeys>(registry, &acting).await?;
            if dry {
                return print.show(&request);
            }
            print.receipt(
                &keys::create_issuer_key(&acting.app, &acting.actor, &acting.key, &request).await?,
            )
        }
        KeyCommand::CreateOwn {
            acting,
            purpose,
            origin,
        } => {
            let request = NewOwnKeyRequest { purpose, origin };
            let dry = acting.dry_run;
            let acting = Acting::begin::<ManageKeys>(registry, &acting).await?;
            if dry {
                return print.show(&request);
            }
            print.receipt(
                &own_keys::create(&acting.app, &acting.actor, &acting.key, &request).await?,
            )
        }
        KeyCommand::Propose(args) => propose(args, registry, print).await,
        KeyCommand::Approve { acting, proposal } => {
            let acting = Acting::begin::<DecideProposals>(registry, &acting).await?;
            print.receipt(
                &proposals::approve(&acting.app, &acting.actor, &acting.key, proposal).await?,
            )
        }
        KeyCommand::Compromise {
            acting,
            kid,
            at,
            reason,
        } => {
            let request = KeyChangeRequest {
                state: "compromised".to_owned(),
                compromised_at: Some(at),
                reason,
            };
            let acting = Acting::begin::<ManageKeys>(registry, &acting).await?;
            compromise(&acting, &kid, &request, print).await
        }
        KeyCommand::Affected { acting, kid, at } => {
            let acting = Acting::begin::<SeeCertificates>(registry, &acting).await?;
            print.show(&all_affected(&acting, &kid, at).await?)
        }
        KeyCommand::Reissue {
            acting,
            kid,
            rows,
            most,
        } => {
            let acting = Acting::begin::<IssueCertificates>(registry, &acting).await?;
            print.show(&reissue_all(&acting, &kid, rows, most).await?)
        }
        KeyCommand::RotateVault(args) => rotate(KeyKind::Master, args, registry, print).await,
        KeyCommand::RotateBlindIndex(args) => {
            rotate(KeyKind::BlindIndex, args, registry, print).await
        }
        KeyCommand::List => {
            let app = registry.open().await?;
            let rows = store::certificates::all_keys(app.store.reader())
                .await
                .map_err(Problem::from)?;
            let rows: Vec<Listed> = rows
                .iter()
                .map(|row| Listed {
                    purpose: row.purpose.clone(),
                    key: keys::receipt(row),
                })
                .collect();
            print.show(&rows)
        }
        KeyCommand::Export { out } => {
            let app = registry.open().await?;
            let file = PublicKeyFile {
                keys: keys::key_set(&app).await?,
                log_vkey: Some(app.keyring.log_vkey()),
            };
            std::fs::write(&out, file.to_json())?;
            print.show(&serde_json::json!({ "file": out, "keys": file.keys.len() }))
        }
    }
}
