//! `mingzheng witness`: what a provincial federation runs to watch the public log; it needs no registry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use tokio::net::TcpListener;

use super::registry::{CommandError, Printing};
use super::serving::stopped;
use crate::clock::{Random, SystemClock};
use crate::witness::{Folder, Watch, WitnessError, router};

/// 见证方 / a witness of public logs
#[derive(Subcommand, Debug)]
pub enum WitnessCommand {
    /// 新建见证方:密钥和目录 / make a witness: its key and its folder
    Create {
        /// Where it lies.
        #[command(flatten)]
        place: Place,
        /// 名称,写在联署行里,如 witness.example.org/zhejiang / name in its lines, an address without a scheme
        #[arg(long)]
        name: String,
    },
    /// 开始见证一个日志 / begin to watch a log
    Watch {
        /// Where it lies.
        #[command(flatten)]
        place: Place,
        /// 日志的公钥行(/log/vkey) / verifier key line of the log (its /log/vkey)
        vkey: String,
    },
    /// 启动服务:POST /add-checkpoint / serve add-checkpoint
    Serve {
        /// Where it lies.
        #[command(flatten)]
        place: Place,
        /// 监听地址,端口 0 为任意 / address to listen on, port 0 for any
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
}

/// Where a witness lies.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// 见证方目录 / folder of the witness
    #[arg(long, value_name = "DIR", env = "MINGZHENG_WITNESS")]
    folder: PathBuf,
    /// 密钥口令文件,缺省为目录中的 passphrase / file with the passphrase of its key; passphrase in the folder when not given
    #[arg(long = "witness-passphrase-file", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Place {
    fn passphrase(&self) -> PathBuf {
        self.passphrase_file
            .clone()
            .unwrap_or_else(|| self.folder.join("passphrase"))
    }
}

impl From<WitnessError> for CommandError {
    fn from(error: WitnessError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Runs the command.
pub async fn run(command: WitnessCommand, print: Printing) -> Result<(), CommandError> {
    match command {
        WitnessCommand::Create { place, name } => {
            let name = name.parse().map_err(|_| {
                CommandError::Usage(
                    "名称不可含空格、+ 或控制字符 / a name has no blanks, plus signs or control characters".to_owned(),
                )
            })?;
            std::fs::create_dir_all(&place.folder)?;
            let passphrase = place.passphrase();
            let folder = Folder::create(&place.folder, &name, &passphrase, &Random::system())?;
            print.show(&serde_json::json!({ "vkey": folder.vkey(&passphrase)? }))
        }
        WitnessCommand::Watch { place, vkey } => {
            let origin = Folder::at(&place.folder).watch(vkey.trim())?;
            print.show(&serde_json::json!({ "origin": origin.as_str() }))
        }
        WitnessCommand::Serve { place, listen } => {
            let watch = Watch::open(
                Folder::at(&place.folder),
                &place.passphrase(),
                Arc::new(SystemClock),
            )?;
            let vkey = watch.vkey();
            let listener = TcpListener::bind(listen).await?;
            let address = format!("http://{}", listener.local_addr()?);
            let stop = stopped();
            print.show(&serde_json::json!({ "address": address, "vkey": vkey }))?;
            axum::serve(listener, router(Arc::new(watch)))
                .with_graceful_shutdown(stop)
                .await?;
            Ok(())
        }
    }
}
