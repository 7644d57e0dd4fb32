//! `mingzheng retention`: drops what its time is over for. Who runs machines sees no personal data, only figures.

use clap::Subcommand;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::privacy::retention;

/// 保存期限 / retention
#[derive(Subcommand, Debug)]
pub enum RetentionCommand {
    /// 按政策清除到期数据 / drop what the policy no longer keeps
    Run {
        /// 只看会清除多少,不写入 / count only, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command.
pub async fn run(
    command: RetentionCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let RetentionCommand::Run { dry_run } = command;
    let app = registry.open().await?;
    print.show(&retention::run(&app, dry_run).await?)
}
