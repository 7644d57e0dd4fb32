//! `mingzheng cohort`: open, act, import a roster, attendance, results.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Subcommand;
use domain::cohort::{CohortAct, Track};
use domain::ids::{CohortId, OfferId};
use store::cohorts::Filter;
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs, read_json};
use crate::access::permissions::{ActOnCohorts, RunCohorts, SeeRecords};
use crate::cohorts::acts::{self, CohortActRequest};
use crate::cohorts::assessments::{self, AssessmentsRequest, ConfirmRequest};
use crate::cohorts::attendance::{self, AttendanceRequest};
use crate::cohorts::enrolments::{self, AdmitRequest};
use crate::cohorts::import::{self, Import, RosterReceipt, Upload};
use crate::cohorts::open::{self, OpenCohortRequest};
use crate::extract::IfMatch;
use crate::problem::Problem;
use crate::timeline::TimelineItem;

/// 班期 / cohorts
#[derive(Subcommand, Debug)]
pub enum CohortCommand {
    /// 开设班期 / open a cohort
    Open {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 开设编号 / offer id
        #[arg(long)]
        offer: OfferId,
        /// 名称 / name
        #[arg(long)]
        name: String,
        /// 开班日期 / first day
        #[arg(long)]
        start_on: NaiveDate,
        /// 结束日期 / last day
        #[arg(long)]
        end_on: NaiveDate,
        /// 名额 / places
        #[arg(long)]
        places: u32,
        /// 教师,可多次 / teacher, repeatable
        #[arg(long = "teacher", required = true)]
        teachers: Vec<String>,
    },
    /// 班期列表 / cohorts of one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 全部经过 / the whole timeline of a cohort
    Timeline {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
    },
    /// 办理一个环节 / act: announce, confirm, open_enrolment, start, finish, accept, send_back, cancel, terminate
    Act {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
        /// 环节 / act
        act: CohortAct,
        /// 理由 / reason
        #[arg(long)]
        reason: Option<String>,
        /// 已授学时(结束时) / hours taught, with finish
        #[arg(long)]
        hours_taught: Option<u32>,
        /// 回访人数(验收时) / how many trainees were called, with accept
        #[arg(long)]
        sample_called: Option<u32>,
    },
    /// 导入学员名单 / check or import a roster (.xlsx or .csv)
    Import {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
        /// 名单文件 / file
        file: PathBuf,
        /// none 只检查,good 导入正确的行,all 全部正确才导入 / what to write
        #[arg(long, default_value = "none")]
        import: Import,
    },
    /// 录取全部报名学员 / admit all applicants
    Admit {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
    },
    /// 学员名单,以 JSON 输出编号 / enrolments of a cohort
    Enrolments {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
    },
    /// 登记考勤合计(JSON 文件) / record attendance totals from a JSON file
    Attendance {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
        /// JSON 文件;不给时只锁定 / file; without one the totals are locked
        file: Option<PathBuf>,
    },
    /// 登记或确认考核结果 / enter results from a JSON file, or confirm them when no file is given
    Results {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 班期编号 / cohort id
        id: CohortId,
        /// JSON 文件;不给时确认 / file; without one the results are confirmed
        file: Option<PathBuf>,
    },
}

/// Runs the command; answers whether nothing was found wrong.
pub async fn run(
    command: CohortCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<bool, CommandError> {
    match command {
        CohortCommand::Open {
            acting,
            offer,
            name,
            start_on,
            end_on,
            places,
            teachers,
        } => {
            let request = OpenCohortRequest {
                offer,
                name,
                track: Track::Full,
                start_on,
                end_on,
                planned_hours: None,
                places,
                price_fen: 0,
                teachers,
            };
            let acting = Acting::begin::<RunCohorts>(registry, &acting).await?;
            print.receipt(
                &open::open_cohort(&acting.app, &acting.actor, &acting.key, &request).await?,
            )?;
        }
        CohortCommand::List { acting } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let rows = store::cohorts::list(
                acting.app.store.reader(),
                &Scope::of(&acting.actor),
                &Filter::default(),
                None,
                10_000,
            )
            .await
            .map_err(Problem::from)?;
            let rows: Vec<serde_json::Value> = rows
                .into_iter()
                .map(|row| {
                    serde_json::json!({
                        "id": row.id.to_string(), "code": row.code, "name": row.name, "state": row.state.as_str(),
                        "start_on": row.start_on, "end_on": row.end_on, "places": row.places, "revision": row.revision,
                    })
                })
                .collect();
            print.show(&rows)?;
        }
        CohortCommand::Timeline { acting, id } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            found(&acting, id).await?;
            let rows = store::journal::timeline(acting.app.store.reader(), id.uuid())
                .await
                .map_err(Problem::from)?;
            let rows: Vec<TimelineItem> = rows.iter().map(TimelineItem::from).collect();
            print.show(&rows)?;
        }
        CohortCommand::Act {
            acting,
            id,
            act,
            reason,
            hours_taught,
            sample_called,
        } => {
            let request = CohortActRequest {
                reason,
                hours_taught,
                sample_called,
                ..CohortActRequest::of(act)
            };
            let acting = Acting::begin::<ActOnCohorts>(registry, &acting).await?;
            let revision = IfMatch(found(&acting, id).await?.revision);
            let receipt = acts::act_on_cohort(
                &acting.app,
                &acting.actor,
                &acting.key,
                id,
                revision,
                &request,
            )
            .await?;
            print.receipt(&receipt)?;
        }
        CohortCommand::Import {
            acting,
            id,
            file,
            import,
        } => {
            let bytes = std::fs::read(&file)?;
            let file_name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let acting = Acting::begin::<RunCohorts>(registry, &acting).await?;
            let bar = super::progress::spinner("读取名单 / reading the roster");
            let upload = Upload { file_name, bytes };
            let receipt =
                import::upload_roster(&acting.app, &acting.actor, &acting.key, id, upload, import)
                    .await;
            bar.finish_and_clear();
            let receipt = receipt?;
            print.receipt(&receipt)?;
            return Ok(receipt.parse::<RosterReceipt>()?.faults_total == 0);
        }
        CohortCommand::Admit { acting, id } => {
            let acting = Acting::begin::<RunCohorts>(registry, &acting).await?;
            let request = AdmitRequest::default();
            print.receipt(
                &enrolments::admit(&acting.app, &acting.actor, &acting.key, id, &request).await?,
            )?;
        }
        CohortCommand::Enrolments { acting, id } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            found(&acting, id).await?;
            let rows = store::enrolments::of_cohort(acting.app.store.reader(), id)
                .await
                .map_err(Problem::from)?;
            let rows: Vec<serde_json::Value> = rows
                .into_iter()
                .map(|row| serde_json::json!({ "id": row.id.to_string(), "state": row.state.as_str() }))
                .collect();
            print.show(&rows)?;
        }
        CohortCommand::Attendance { acting, id, file } => {
            let acting = Acting::begin::<RunCohorts>(registry, &acting).await?;
            let receipt = match file {
                Some(file) => {
                    let request: AttendanceRequest = read_json(&file)?;
                    attendance::record_attendance(
                        &acting.app,
                        &acting.actor,
                        &acting.key,
                        id,
                        &request,
                    )
                    .await?
                }
                None => {
                    attendance::lock_attendance(&acting.app, &acting.actor, &acting.key, id).await?
                }
            };
            print.receipt(&receipt)?;
        }
        CohortCommand::Results { acting, id, file } => {
            let acting = Acting::begin::<RunCohorts>(registry, &acting).await?;
            let receipt = if let Some(file) = file {
                let request: AssessmentsRequest = read_json(&file)?;
                assessments::enter_assessments(
                    &acting.app,
                    &acting.actor,
                    &acting.key,
                    id,
                    &request,
                )
                .await?
            } else {
                let request = ConfirmRequest::default();
                assessments::confirm_assessments(
                    &acting.app,
                    &acting.actor,
                    &acting.key,
                    id,
                    &request,
                )
                .await?
            };
            print.receipt(&receipt)?;
        }
    }
    Ok(true)
}

async fn found(acting: &Acting, id: CohortId) -> Result<store::cohorts::Cohort, CommandError> {
    let row = store::cohorts::find(acting.app.store.reader(), &Scope::of(&acting.actor), id)
        .await
        .map_err(Problem::from)?;
    Ok(row.ok_or_else(Problem::not_found)?)
}
