//! `mingzheng key`: issuer keys, and the file of public keys that a verifier needs.

use std::path::PathBuf;

use certs::keys::PublicKeyFile;
use clap::Subcommand;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::ManageKeys;
use crate::certificates::keys::{self, KeyReceipt, NewKeyRequest};
use crate::problem::Problem;

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
    /// 全部签发密钥 / all issuer keys
    List,
    /// 写出公钥文件,供离线查验 / write the file of public keys for checking without a network
    Export {
        /// 输出文件 / file to write
        out: PathBuf,
    },
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
        KeyCommand::List => {
            let app = registry.open().await?;
            let rows = store::certificates::all_keys(app.store.reader())
                .await
                .map_err(Problem::from)?;
            let rows: Vec<KeyReceipt> = rows.iter().map(keys::receipt).collect();
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
