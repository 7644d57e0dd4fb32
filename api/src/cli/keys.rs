//! `mingzheng key`: issuer keys, and the file of public keys that a verifier needs.

use std::path::PathBuf;

use certs::keys::PublicKeyFile;
use clap::Subcommand;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::ManageKeys;
use crate::certificates::keys::{self, KeyReceipt, NewKeyRequest};
use crate::privacy::rotation;
use crate::problem::Problem;
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
    /// 更换个人信息主密钥,可中断后续办 / change the master key of personal data; run again after an interruption
    RotateVault(RotateArgs),
    /// 更换检索密钥,可中断后续办 / change the key of blind indexes; run again after an interruption
    RotateBlindIndex(RotateArgs),
    /// 全部签发密钥 / all issuer keys
    List,
    /// 写出公钥文件,供离线查验 / write the file of public keys for checking without a network
    Export {
        /// 输出文件 / file to write
        out: PathBuf,
    },
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
        KeyCommand::RotateVault(args) => rotate(KeyKind::Master, args, registry, print).await,
        KeyCommand::RotateBlindIndex(args) => {
            rotate(KeyKind::BlindIndex, args, registry, print).await
        }
        KeyCommand::List => {
            let app = registry.open().await?;
            let rows = store::certificates::all_keys(app.store.reader())
                .await
                .map_err(Problem::from)?;
            let rows: Vec<KeyReceipt> = rows
                .iter()
                .filter(|row| row.purpose == "issuer")
                .map(keys::receipt)
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
