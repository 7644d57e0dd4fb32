//! `mingzheng log`: checks the public log of a registry.

use clap::Subcommand;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::log::check;
use crate::problem::Problem;

/// 公开日志 / the public log
#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// 逐条重算并与全部签名核对 / rehash every leaf and compare with all that was signed
    Check,
    /// 最新检查点 / newest checkpoint
    Checkpoint,
}

/// Runs the command; answers whether the log is sound.
pub async fn run(
    command: LogCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<bool, CommandError> {
    let app = registry.open().await?;
    match command {
        LogCommand::Check => {
            let size = store::log::head(app.store.reader())
                .await
                .map_err(Problem::from)?
                .size;
            let bar = super::progress::bar(size, "核对日志 / checking the log");
            let found = check::check(&app, |read| bar.set_position(read)).await;
            bar.finish_and_clear();
            let found = found?;
            print.show(&found)?;
            Ok(found.faults.is_empty())
        }
        LogCommand::Checkpoint => {
            let row = store::log::latest_checkpoint(app.store.reader())
                .await
                .map_err(Problem::from)?
                .ok_or_else(Problem::not_found)?;
            if print.json {
                print.show(&serde_json::json!({ "checkpoint": row.note }))?;
            } else {
                print!("{}", row.note);
            }
            Ok(true)
        }
    }
}
