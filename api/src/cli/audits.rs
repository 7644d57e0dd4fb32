//! `mingzheng audit`: the audit's chain and its heads in the public log.

use clap::Subcommand;

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::audit::{anchor, check};
use crate::problem::Problem;

/// 审计记录 / the audit
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// 重算整条审计链,并与公开日志中的链头核对 / recompute the chain and compare it with the heads in the public log
    Check,
    /// 把当前链头写入公开日志 / put the head of the chain into the public log now
    Anchor,
}

/// Runs the command; answers whether the audit is sound.
pub async fn run(
    command: AuditCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<bool, CommandError> {
    let app = registry.open().await?;
    match command {
        AuditCommand::Check => {
            let head = store::audit::head(app.store.reader())
                .await
                .map_err(Problem::from)?;
            let bar =
                super::progress::bar(head.seq.cast_unsigned(), "核对审计链 / checking the audit");
            let found = check::check(&app, |read| bar.set_position(read)).await;
            bar.finish_and_clear();
            let found = found?;
            print.show(&found)?;
            Ok(found.faults_total == 0)
        }
        AuditCommand::Anchor => {
            let anchored = anchor::now(&app).await?;
            match anchored {
                Some(anchored) => print.show(&anchored)?,
                None => print.show(&serde_json::json!({ "anchored": false }))?,
            }
            Ok(true)
        }
    }
}
