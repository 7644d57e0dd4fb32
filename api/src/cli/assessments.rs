//! `mingzheng assessment`: commission, draw, declare, visit, report, reply, publish.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Subcommand;
use domain::ids::{AdmissionId, AssessmentId};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::{
    AccreditAssessors, Assess, CommissionAssessments, ReplyToAssessments, SeeAssessments,
};
use crate::assessments::accreditation::{self, AccreditRequest};
use crate::assessments::annulment::{self, AnnulRequest};
use crate::assessments::commissioning::{self, CommissionRequest, ReplaceAssessorRequest};
use crate::assessments::declaring::{self, DeclarationRequest};
use crate::assessments::json;
use crate::assessments::publishing::{self, DismissFindingRequest};
use crate::assessments::reporting::{self, FinalRequest, ReplyRequest, ReportRequest};
use crate::assessments::sample;
use crate::assessments::supplements::{self, SupplementRequest};
use crate::assessments::visits::{self, CountersignRequest, VisitRequest};
use crate::problem::Problem;

/// 第三方评估 / third-party assessments
#[derive(Subcommand, Debug)]
pub enum AssessmentCommand {
    /// 评估列表 / assessments of one's area, or those one was drawn for
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 查看一项评估 / one assessment
    Show {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
    },
    /// 认可评估人员,内容同接口的 JSON 文件 / accredit an assessor; a JSON file as in the API
    Accredit {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// JSON 文件 / JSON file
        file: PathBuf,
    },
    /// 委托评估:固定候选名单 / commission: the list of candidates is fixed
    Commission {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 结业班期自何日 / classes that ended from this day on
        #[arg(long)]
        from: NaiveDate,
        /// 至何日 / to this day
        #[arg(long)]
        until: NaiveDate,
    },
    /// 抽取评估人员 / draw the assessor
    Draw {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
    },
    /// 更换评估人员 / replace the assessor
    Replace {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 理由 / reason
        #[arg(long)]
        reason: String,
    },
    /// 申报关系:无冲突即承接 / declare relations: without a conflict, take it on; a JSON file as in the API, none without it
    Declare {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// JSON 文件 / JSON file
        #[arg(long)]
        relations: Option<PathBuf>,
    },
    /// 抽取样本并开始现场评估 / draw the sample and begin
    Open {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
    },
    /// 查看样本(掩码) / the sample, masked
    Sample {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
    },
    /// 登记走访,内容同接口的 JSON 文件 / record a visit; a JSON file as in the API
    Visit {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// JSON 文件 / JSON file
        file: PathBuf,
    },
    /// 会签走访记录 / countersign a visit, or refuse to
    Countersign {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 走访编号 / visit id
        visit: Uuid,
        /// 拒签 / refuse
        #[arg(long, requires = "reason")]
        refuse: bool,
        /// 理由或意见 / reason or remark
        #[arg(long)]
        reason: Option<String>,
    },
    /// 提交报告,内容同接口的 JSON 文件 / hand in the report; a JSON file as in the API
    Report {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// JSON 文件 / JSON file
        file: PathBuf,
    },
    /// 补充已提交的报告 / add to the report that was handed in
    Supplement {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 补充内容 / what is added
        #[arg(long)]
        text: String,
    },
    /// 机构答复 / the institution replies
    Reply {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 内容 / what it says
        #[arg(long)]
        text: String,
    },
    /// 定稿 / make the score final
    Finish {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 得分 0-100 / score
        #[arg(long)]
        score: u32,
        /// 对机构答复的回应 / answer to the reply
        #[arg(long)]
        answer: String,
    },
    /// 公布得分 / publish the score
    Publish {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
    },
    /// 对较大、严重问题不予处置 / leave a grave finding without a consequence
    Dismiss {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 理由 / reason
        #[arg(long)]
        reason: String,
    },
    /// 提出撤销(需第二人) / propose to annul; waits for a second person
    Annul {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 评估编号 / assessment id
        id: AssessmentId,
        /// 理由 / reason
        #[arg(long)]
        reason: String,
    },
}

/// A request as the API takes it.
fn request<T: DeserializeOwned>(file: &Path) -> Result<T, CommandError> {
    let bytes = std::fs::read(file)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| CommandError::Usage(format!("{}: {error}", file.display())))
}

/// The revision that is in force.
async fn revision(acting: &Acting, id: AssessmentId) -> Result<i32, Problem> {
    let (row, _) = json::find(&acting.app, &acting.actor, id).await?;
    Ok(row.revision)
}

/// Runs `assessment`.
pub async fn run(
    command: AssessmentCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    use AssessmentCommand as C;
    match command {
        C::List { acting } => {
            let acting = Acting::begin::<SeeAssessments>(registry, &acting).await?;
            let (rows, _) = json::receipts(&acting.app, &acting.actor, None, 10_000).await?;
            print.show(&rows)
        }
        C::Show { acting, id } => {
            let acting = Acting::begin::<SeeAssessments>(registry, &acting).await?;
            print.show(&json::view(&acting.app, &acting.actor, id).await?)
        }
        C::Sample { acting, id } => {
            let acting = Acting::begin::<Assess>(registry, &acting).await?;
            print.show(&sample::list(&acting.app, &acting.actor, id).await?)
        }
        C::Reply { acting, id, text } => {
            let acting = Acting::begin::<ReplyToAssessments>(registry, &acting).await?;
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            let seen = revision(&acting, id).await?;
            let request = ReplyRequest { text };
            print.receipt(&reporting::reply(app, actor, key, id, seen, &request).await?)
        }
        C::Countersign {
            acting,
            id,
            visit,
            refuse,
            reason,
        } => {
            let acting = Acting::begin::<ReplyToAssessments>(registry, &acting).await?;
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            let request = CountersignRequest {
                signed: !refuse,
                reason,
            };
            print.receipt(&visits::countersign(app, actor, key, id, visit, &request).await?)
        }
        C::Accredit { .. }
        | C::Commission { .. }
        | C::Draw { .. }
        | C::Replace { .. }
        | C::Publish { .. }
        | C::Dismiss { .. }
        | C::Annul { .. } => commissioner(command, registry, print).await,
        C::Declare { .. }
        | C::Open { .. }
        | C::Visit { .. }
        | C::Report { .. }
        | C::Supplement { .. }
        | C::Finish { .. } => assessor(command, registry, print).await,
    }
}

/// What province or nation does.
async fn commissioner(
    command: AssessmentCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    use AssessmentCommand as C;
    let (acting, id) = match &command {
        C::Accredit { acting, file } => {
            let acting = Acting::begin::<AccreditAssessors>(registry, acting).await?;
            let request: AccreditRequest = request(file)?;
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            return print.receipt(&accreditation::accredit(app, actor, key, &request).await?);
        }
        C::Commission {
            acting,
            id,
            from,
            until,
        } => {
            let acting = Acting::begin::<CommissionAssessments>(registry, acting).await?;
            let request = CommissionRequest {
                period_from: *from,
                period_until: *until,
            };
            let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
            let done = commissioning::commission(app, actor, key, *id, &request).await?;
            return print.receipt(&done);
        }
        C::Draw { acting, id }
        | C::Replace { acting, id, .. }
        | C::Publish { acting, id }
        | C::Dismiss { acting, id, .. }
        | C::Annul { acting, id, .. } => (acting, *id),
        _ => return Ok(()),
    };
    let acting = Acting::begin::<CommissionAssessments>(registry, acting).await?;
    let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
    let seen = revision(&acting, id).await?;
    let done = match command {
        C::Replace { reason, .. } => {
            let request = ReplaceAssessorRequest { reason };
            commissioning::replace(app, actor, key, id, seen, &request).await?
        }
        C::Dismiss { reason, .. } => {
            let request = DismissFindingRequest { reason };
            publishing::dismiss(app, actor, key, id, seen, &request).await?
        }
        C::Annul { reason, .. } => {
            let request = AnnulRequest { reason };
            annulment::propose(app, actor, key, id, seen, &request).await?
        }
        C::Publish { .. } => publishing::publish(app, actor, key, id, seen).await?,
        _ => commissioning::draw(app, actor, key, id, seen).await?,
    };
    print.receipt(&done)
}

/// What the assessor does.
async fn assessor(
    command: AssessmentCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    use AssessmentCommand as C;
    let (acting, id) = match &command {
        C::Declare { acting, id, .. }
        | C::Open { acting, id }
        | C::Visit { acting, id, .. }
        | C::Report { acting, id, .. }
        | C::Supplement { acting, id, .. }
        | C::Finish { acting, id, .. } => (acting, *id),
        _ => return Ok(()),
    };
    let acting = Acting::begin::<Assess>(registry, acting).await?;
    let (app, actor, key) = (&acting.app, &acting.actor, &acting.key);
    let seen = revision(&acting, id).await?;
    let done = match command {
        C::Declare { relations, .. } => {
            let request = match relations {
                Some(file) => request::<DeclarationRequest>(&file)?,
                None => DeclarationRequest {
                    relations: Vec::new(),
                },
            };
            declaring::declare(app, actor, key, id, seen, &request).await?
        }
        C::Visit { file, .. } => {
            let request: VisitRequest = request(&file)?;
            visits::record(app, actor, key, id, seen, &request).await?
        }
        C::Report { file, .. } => {
            let request: ReportRequest = request(&file)?;
            reporting::report(app, actor, key, id, seen, &request).await?
        }
        C::Supplement { text, .. } => {
            let request = SupplementRequest { text };
            supplements::add(app, actor, key, id, seen, &request).await?
        }
        C::Finish { score, answer, .. } => {
            let request = FinalRequest { score, answer };
            reporting::finish(app, actor, key, id, seen, &request).await?
        }
        _ => declaring::open(app, actor, key, id, seen).await?,
    };
    print.receipt(&done)
}
