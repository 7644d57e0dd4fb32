//! `mingzheng case` and `mingzheng appeal`: what is due, papers, service, appeals.

use chrono::NaiveDate;
use clap::Subcommand;
use domain::ids::{AdmissionId, AppealId, CaseId};
use domain::institution::appeal::{AppealAct, Outcome};
use domain::institution::{Grade, InstitutionTransition, PaperKind};
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::{
    ActOnAppeals, ExtendTerms, KeepCases, LodgeAppeals, SeeAlarms, SeeRecords, ServeDecisions,
};
use crate::cases::alarms;
use crate::cases::appeal_acts::{self, AppealActRequest, VariationRequest};
use crate::cases::appeals::{self, LodgeAppealRequest};
use crate::cases::json::{AlarmItem, CaseRow, alarms_of};
use crate::cases::json_appeals::AppealResponse;
use crate::cases::papers::{self, ExtendTermRequest, FilePaperRequest};
use crate::cases::services::{self, ServeRequest};
use crate::institutions::admission::DocumentRequest;
use crate::problem::Problem;

/// 案件 / cases against institutions
#[derive(Subcommand, Debug)]
pub enum CaseCommand {
    /// 检查期限并发出提醒(服务自动运行) / look at terms and raise alarms, as the service does by itself
    Due,
    /// 待办与逾期 / what is due and overdue for one's level
    Alarms {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 案件列表 / cases of one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 只看未办结的 / only open ones
        #[arg(long)]
        open: bool,
    },
    /// 提交材料 / file a paper
    File {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 案件 / case id
        id: CaseId,
        /// 材料 / kind of paper
        kind: PaperKind,
        /// 内容 / what it says
        #[arg(long)]
        text: String,
        /// 检查是否合格 / whether an inspection proposes acceptance
        #[arg(long)]
        passed: Option<bool>,
        /// 参加人员,可多次 / who was there, repeatable
        #[arg(long = "member")]
        members: Vec<String>,
        /// 日期 / day of the inspection or hearing
        #[arg(long)]
        held_on: Option<NaiveDate>,
    },
    /// 延长整改期,一次 / extend the term to rectify, once
    Extend {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 案件 / case id
        id: CaseId,
        /// 新的截止日 / new last day
        #[arg(long)]
        until: NaiveDate,
        /// 理由 / reason
        #[arg(long)]
        reason: String,
    },
    /// 登记送达 / record a service
    Serve {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 环节 / transition
        transition: InstitutionTransition,
        /// 方式 / account, sms, post, in_person, notice
        #[arg(long)]
        method: String,
        /// 送达日 / day of service
        #[arg(long)]
        served_on: NaiveDate,
        /// 回执 / receipt
        #[arg(long)]
        receipt: String,
    },
}

/// 申诉 / appeals
#[derive(Subcommand, Debug)]
pub enum AppealCommand {
    /// 申诉列表 / appeals of one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 提出申诉 / lodge an appeal
    Lodge {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 对哪项决定 / against which act
        against: InstitutionTransition,
        /// 争议的事项 / points disputed
        #[arg(long)]
        points: String,
        /// 请求 / what is wished
        #[arg(long)]
        wish: String,
    },
    /// 办理申诉 / act on an appeal
    Act {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 申诉 / appeal id
        id: AppealId,
        /// 事项 / accept, refuse, hear, extend, decide, execute, withdraw
        act: AppealAct,
        /// 理由或记录 / reasons or record
        #[arg(long)]
        reason: Option<String>,
        /// 结果 / outcome
        #[arg(long)]
        outcome: Option<Outcome>,
        /// 决定文号 / number of the document
        #[arg(long, requires = "document_issuer")]
        document_number: Option<String>,
        /// 发文机关 / issuer of the document
        #[arg(long)]
        document_issuer: Option<String>,
        /// 变更后的日期 / new day, when varied
        #[arg(long)]
        until: Option<NaiveDate>,
        /// 变更后的等级 / new grade, when varied
        #[arg(long)]
        new_grade: Option<Grade>,
        /// 须重做的事项,可多次 / what must be redone, repeatable
        #[arg(long = "redo")]
        redo: Vec<String>,
        /// 执行对等级的申诉:更正的评级 / carrying out an upheld appeal against a grade: the correcting run
        #[arg(long)]
        run: Option<domain::ids::GradingRunId>,
    },
}

/// Runs `case`.
pub async fn run(
    command: CaseCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        CaseCommand::Due => {
            let app = registry.open().await?;
            print.show(&alarms::run(&app).await?)
        }
        CaseCommand::Alarms { acting } => {
            let acting = Acting::begin::<SeeAlarms>(registry, &acting).await?;
            let rows = alarms_of(&acting.app, &acting.actor, 10_000).await?;
            let rows: Vec<AlarmItem> = rows.into_iter().map(Into::into).collect();
            print.show(&rows)
        }
        CaseCommand::List { acting, open } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let scope = Scope::of(&acting.actor);
            let reader = acting.app.store.reader();
            let rows = store::cases::list(reader, &scope, open, None, 10_000)
                .await
                .map_err(Problem::from)?;
            let rows: Vec<CaseRow> = rows.into_iter().map(Into::into).collect();
            print.show(&rows)
        }
        CaseCommand::File {
            acting,
            id,
            kind,
            text,
            passed,
            members,
            held_on,
        } => {
            let acting = Acting::begin::<KeepCases>(registry, &acting).await?;
            let request = FilePaperRequest {
                kind,
                text,
                passed,
                members,
                held_on,
                evidence_sha256: None,
                document: None,
                file: None,
            };
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            print.receipt(&papers::file(app, actor, key, id, &request).await?)
        }
        CaseCommand::Extend {
            acting,
            id,
            until,
            reason,
        } => {
            let acting = Acting::begin::<ExtendTerms>(registry, &acting).await?;
            let request = ExtendTermRequest { until, reason };
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            print.receipt(&papers::extend(app, actor, key, id, &request).await?)
        }
        CaseCommand::Serve {
            acting,
            id,
            transition,
            method,
            served_on,
            receipt,
        } => {
            let acting = Acting::begin::<ServeDecisions>(registry, &acting).await?;
            let request = ServeRequest {
                transition,
                method,
                served_on,
                receipt,
            };
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            print.receipt(&services::serve(app, actor, key, id, &request).await?)
        }
    }
}

/// Runs `appeal`.
pub async fn run_appeal(
    command: AppealCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        AppealCommand::List { acting } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let scope = Scope::of(&acting.actor);
            let reader = acting.app.store.reader();
            let rows = store::cases::appeals::list(reader, &scope, None, 10_000)
                .await
                .map_err(Problem::from)?;
            let rows: Vec<AppealResponse> = rows.into_iter().map(Into::into).collect();
            print.show(&rows)
        }
        AppealCommand::Lodge {
            acting,
            id,
            against,
            points,
            wish,
        } => {
            let acting = Acting::begin::<LodgeAppeals>(registry, &acting).await?;
            let request = LodgeAppealRequest {
                against,
                points,
                wish,
            };
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            print.receipt(&appeals::lodge(app, actor, key, id, &request).await?)
        }
        AppealCommand::Act {
            acting,
            id,
            act,
            reason,
            outcome,
            document_number,
            document_issuer,
            until,
            new_grade,
            redo,
            run,
        } => {
            let acting = Acting::begin::<ActOnAppeals>(registry, &acting).await?;
            let document = document_number.map(|number| DocumentRequest {
                number,
                issuer: document_issuer.unwrap_or_default(),
                made_on: acting.app.today(),
                file: None,
            });
            let varied = until.is_some() || new_grade.is_some();
            let request = AppealActRequest {
                act,
                reason,
                document,
                outcome,
                variation: varied.then_some(VariationRequest { new_grade, until }),
                redo,
                run,
            };
            let scope = Scope::of(&acting.actor);
            let found = store::cases::appeals::find(acting.app.store.reader(), &scope, id)
                .await
                .map_err(Problem::from)?
                .ok_or_else(Problem::not_found)?;
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            let revision = found.revision;
            print.receipt(&appeal_acts::act_on(app, actor, key, id, revision, &request).await?)
        }
    }
}
