//! `mingzheng log`: checks the public log of a registry.

use std::path::PathBuf;

use certs::log::{WitnessPolicy, parse_witness_vkey};
use clap::{Args, Subcommand};

use super::registry::{CommandError, Printing, RegistryArgs};
use crate::log::check;
use crate::log::monitor::{self, Filter, MonitorError, Source};
use crate::log::standing::recover::{RecoverError, recover};
use crate::problem::Problem;

/// 公开日志 / the public log
#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// 逐条重算并与全部签名核对 / rehash every leaf and compare with all that was signed
    Check,
    /// 从镜像或监测方找回数据库缺少的已公布记录(恢复备份之后) / take back published leaves that the database lost, as after the restore of a backup
    Recover(RecoverArgs),
    /// 最新检查点 / newest checkpoint
    Checkpoint,
    /// 下载、重建并核对一个公开日志,列出以某机构或地区名义签发的证书;不需要登记簿 / download and rebuild a public log, hold every checkpoint ever kept against it, list what was issued in a name; needs no registry
    Monitor(MonitorArgs),
}

/// Where copies of the log are.
#[derive(Args, Debug)]
pub struct RecoverArgs {
    /// 镜像地址(http://主机/log)、监测方的状态目录,或日志文件的副本;另有配置中的镜像 / a mirror (http://HOST/log), the state folder of a monitor, or a copy of the log's files; those of the configuration are read as well
    places: Vec<String>,
}

/// What to watch.
#[derive(Args, Debug)]
pub struct MonitorArgs {
    /// 日志地址(http://主机/log)或本地目录 / address of the log (http://HOST/log), or a local folder
    log: String,
    /// 日志的公钥行;须从可信渠道取得 / verifier key line of the log; have it from somebody you trust
    #[arg(long, value_name = "LINE")]
    vkey: String,
    /// 该日志所接续的原日志的公钥行 / verifier key line of a log that it took over from
    #[arg(long, value_name = "LINE")]
    before: Vec<String>,
    /// 状态目录,各次运行之间保留 / folder of what is kept between runs
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// 另有检查点的地址或文件,如见证方的 /checkpoint/… / another address or file with a checkpoint of the log, as of a witness
    #[arg(long, value_name = "PLACE")]
    also: Vec<String>,
    /// 见证方的公钥行 / verifier key line of a witness
    #[arg(long, value_name = "LINE")]
    witness: Vec<String>,
    /// 最新检查点须有几家见证方联署 / how many of them must have cosigned the newest checkpoint
    #[arg(long, default_value_t = 0)]
    quorum: usize,
    /// 列出以该机构名义签发的证书 / list what was issued in the name of this institution (credit code)
    #[arg(long, value_name = "CODE")]
    institution: Vec<String>,
    /// 列出该地区签发的证书 / list what was issued in this region (division code)
    #[arg(long, value_name = "CODE")]
    region: Vec<String>,
    /// 列出全部,不只新增的 / list everything, not only what is new
    #[arg(long)]
    all: bool,
}

/// Exit code: 1 when the log did what an honest one never does, 3 when it cannot be checked.
async fn watch(args: &MonitorArgs, print: Printing) -> Result<bool, CommandError> {
    let usage = |error: &str| CommandError::Usage(error.to_owned());
    let place = |text: &String| Source::parse(text).map_err(usage);
    let witnesses = args
        .witness
        .iter()
        .map(|line| parse_witness_vkey(line).map_err(|error| usage(&error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let also = args.also.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let watch = monitor::Watch {
        log: place(&args.log)?,
        vkey: args.vkey.trim(),
        before: &args.before,
        state: &args.state,
        also: &also,
        witnesses: WitnessPolicy::new(witnesses, args.quorum)
            .map_err(|error| usage(&error.to_string()))?,
        filter: Filter {
            institutions: args.institution.clone(),
            regions: args.region.clone(),
            all: args.all,
        },
    };
    let report = monitor::run(&watch).await.map_err(|error| match error {
        MonitorError::Usage(text) => usage(text),
        MonitorError::State(error) => CommandError::Io(error),
        MonitorError::Source { .. } => CommandError::CannotCheck(error.to_string()),
    })?;
    print.show(&report)?;
    Ok(report.alarms.is_empty())
}

fn recovery(error: RecoverError) -> CommandError {
    match error {
        RecoverError::Place(text) => CommandError::Usage(text.to_owned()),
        RecoverError::Problem(problem) => CommandError::Problem(problem),
        other => CommandError::CannotCheck(other.to_string()),
    }
}

/// Runs the command; answers whether the log is sound.
pub async fn run(
    command: LogCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<bool, CommandError> {
    if let LogCommand::Monitor(args) = &command {
        return watch(args, print).await;
    }
    let app = registry.open().await?;
    match command {
        // It was run above: it needs no registry.
        LogCommand::Monitor(_) => Ok(true),
        LogCommand::Recover(args) => {
            let recovered = recover(&app, &args.places).await.map_err(recovery)?;
            print.show(&recovered)?;
            Ok(app.standing.behind().is_none())
        }
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
