//! `mingzheng institution`: apply, look, act, sites, objections.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Subcommand;
use domain::ids::{AdmissionId, AssessmentId, CohortId, ObjectionId};
use domain::institution::{Cause, InstitutionState, InstitutionTransition};
use domain::program::Provision;
use store::institutions::Filter;
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use crate::access::permissions::{
    ActOnInstitution, ApplyInstitution, DecideObjections, RecordObjections, SeeRecords,
};
use crate::institutions::admission::{
    self, ArrangementRequest, DocumentRequest, TransitionRequest,
};
use crate::institutions::apply::{self, ApplyRequest};
use crate::institutions::json::InstitutionResponse;
use crate::institutions::objections::{self, DecideObjectionRequest, RaiseObjectionRequest};
use crate::institutions::sites::{self, AddSiteRequest};
use crate::problem::Problem;
use crate::timeline::TimelineItem;

/// 培训机构 / training institutions
#[derive(Subcommand, Debug)]
pub enum InstitutionCommand {
    /// 申请入库 / apply for admission (T01, T24)
    Apply {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 名称 / name
        #[arg(long)]
        name: String,
        /// 统一社会信用代码 / unified social credit code
        #[arg(long)]
        credit_code: String,
        /// 场地所在县 / division of the main site
        #[arg(long)]
        site_region: String,
        /// 地址 / address
        #[arg(long)]
        address: String,
        /// 电话 / telephone
        #[arg(long)]
        phone: String,
        /// 存有法定代表人公民身份号码的文件 / file with the identity number of the legal representative
        #[arg(long, value_name = "FILE")]
        legal_representative_file: PathBuf,
    },
    /// 机构列表 / institutions of one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 状态 / state
        #[arg(long)]
        state: Option<InstitutionState>,
    },
    /// 查看一家机构 / one institution
    Show {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 连同全部经过 / with its whole timeline
        #[arg(long)]
        timeline: bool,
    },
    /// 办理一个环节 / take a transition: T02-T22, T25
    Act {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 环节 / transition
        transition: InstitutionTransition,
        /// 理由 / reason
        #[arg(long)]
        reason: Option<String>,
        /// 文号 / number of the document
        #[arg(long, requires = "document_issuer")]
        document_number: Option<String>,
        /// 发文机关 / issuer of the document
        #[arg(long)]
        document_issuer: Option<String>,
        /// 成文日期 / date of the document
        #[arg(long)]
        document_date: Option<NaiveDate>,
        /// 原因代码 / cause, a closed code
        #[arg(long)]
        cause: Option<Cause>,
        /// 证据的 SHA-256 / SHA-256 of the evidence
        #[arg(long, value_name = "HEX")]
        evidence_sha256: Option<String>,
        /// 集体讨论记录文号 / number of the minutes of the collective discussion
        #[arg(long, requires = "document_issuer")]
        minutes_number: Option<String>,
        /// 查明或须整改的事项,可多次 / what was found or must be put right, repeatable
        #[arg(long = "finding")]
        findings: Vec<String>,
        /// 整改截止日 / last day of the term to rectify
        #[arg(long)]
        until: Option<NaiveDate>,
        /// 听证告知 / how the institution may ask for a hearing
        #[arg(long)]
        hearing: Option<String>,
        /// 班期安排 COHORT=PLAN[=RECEIVING],可多次 / what becomes of a running cohort, repeatable
        #[arg(long = "arrange", value_parser = arrangement)]
        arrangements: Vec<ArrangementRequest>,
        /// 涉及弄虚作假的班期,可多次 / cohort that a fraud concerns, repeatable
        #[arg(long = "fraud-cohort")]
        fraud_cohorts: Vec<CohortId>,
        /// 要撤销的决定 / the act that is set aside
        #[arg(long)]
        sets_aside: Option<InstitutionTransition>,
        /// 所依据的第三方评估 / the third-party assessment that it rests on
        #[arg(long)]
        assessment: Option<AssessmentId>,
        /// 所见版本,缺省为当前版本 / revision that you saw
        #[arg(long)]
        revision: Option<i32>,
    },
    /// 增加场地 / add a site
    AddSite {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 名称 / name
        #[arg(long)]
        name: String,
        /// 所在县 / division
        #[arg(long)]
        region: String,
        /// 地址 / address
        #[arg(long)]
        address: String,
        /// 无障碍设施,可多次 / accessibility provision, repeatable
        #[arg(long = "provision")]
        provisions: Vec<Provision>,
    },
    /// 登记异议 / record an objection
    Object {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        id: AdmissionId,
        /// 内容文件 / file with the text
        #[arg(long, value_name = "FILE")]
        text_file: PathBuf,
    },
    /// 答复异议 / decide an objection
    DecideObjection {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 异议编号 / objection id
        id: ObjectionId,
        /// 异议成立 / it is well founded
        #[arg(long)]
        accepted: bool,
        /// 答复 / the answer
        #[arg(long)]
        answer: String,
    },
}

/// `COHORT=PLAN` or `COHORT=PLAN=RECEIVING`.
fn arrangement(text: &str) -> Result<ArrangementRequest, String> {
    let mut parts = text.splitn(3, '=');
    let wrong = || "班期=安排[=接收方] / COHORT=PLAN[=RECEIVING]".to_owned();
    let cohort = parts.next().and_then(|id| id.parse().ok());
    let plan = parts.next().and_then(|plan| plan.parse().ok());
    Ok(ArrangementRequest {
        cohort: cohort.ok_or_else(wrong)?,
        plan: plan.ok_or_else(wrong)?,
        receiving: parts.next().map(str::to_owned),
    })
}

/// Runs the command.
pub async fn run(
    command: InstitutionCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        InstitutionCommand::Apply {
            acting,
            name,
            credit_code,
            site_region,
            address,
            phone,
            legal_representative_file,
        } => {
            let person = std::fs::read_to_string(&legal_representative_file)?;
            let request = ApplyRequest {
                name,
                credit_code,
                site_region,
                address,
                phone,
                legal_representative: person.trim().to_owned(),
            };
            let acting = Acting::begin::<ApplyInstitution>(registry, &acting).await?;
            print.receipt(&apply::apply(&acting.app, &acting.actor, &acting.key, &request).await?)
        }
        InstitutionCommand::List { acting, state } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let scope = Scope::of(&acting.actor);
            let rows = store::institutions::list(
                acting.app.store.reader(),
                &scope,
                &Filter { state },
                None,
                10_000,
            )
            .await
            .map_err(Problem::from)?;
            let rows: Vec<InstitutionResponse> = rows.into_iter().map(Into::into).collect();
            print.show(&rows)
        }
        InstitutionCommand::Show {
            acting,
            id,
            timeline,
        } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let row = find(&acting, id).await?;
            if timeline {
                let rows = store::journal::timeline(acting.app.store.reader(), id.uuid())
                    .await
                    .map_err(Problem::from)?;
                let rows: Vec<TimelineItem> = rows.iter().map(TimelineItem::from).collect();
                return print.show(&rows);
            }
            print.show(&InstitutionResponse::from(row))
        }
        InstitutionCommand::Act {
            acting,
            id,
            transition,
            reason,
            document_number,
            document_issuer,
            document_date,
            cause,
            evidence_sha256,
            minutes_number,
            findings,
            until,
            hearing,
            arrangements,
            fraud_cohorts,
            sets_aside,
            assessment,
            revision,
        } => {
            let acting = Acting::begin::<ActOnInstitution>(registry, &acting).await?;
            let issuer = document_issuer.clone();
            let document = match (document_number, document_issuer) {
                (Some(number), Some(issuer)) => Some(DocumentRequest {
                    file: None,
                    number,
                    issuer,
                    made_on: document_date.unwrap_or_else(|| acting.app.today()),
                }),
                _ => None,
            };
            let minutes = minutes_number.map(|number| DocumentRequest {
                file: None,
                issuer: issuer.unwrap_or_default(),
                number,
                made_on: document_date.unwrap_or_else(|| acting.app.today()),
            });
            let request = TransitionRequest {
                reason,
                document,
                cause,
                evidence_sha256,
                minutes,
                findings,
                until,
                hearing,
                arrangements,
                fraud_cohorts,
                sets_aside,
                assessment,
                ..TransitionRequest::of(transition)
            };
            let revision = match revision {
                Some(revision) => revision,
                None => find(&acting, id).await?.revision,
            };
            print.receipt(
                &admission::transition(
                    &acting.app,
                    &acting.actor,
                    &acting.key,
                    id,
                    revision,
                    &request,
                )
                .await?,
            )
        }
        InstitutionCommand::AddSite {
            acting,
            name,
            region,
            address,
            provisions,
        } => {
            let request = AddSiteRequest {
                name,
                region,
                address,
                provisions,
            };
            let acting = Acting::begin::<ApplyInstitution>(registry, &acting).await?;
            print.receipt(&sites::add(&acting.app, &acting.actor, &acting.key, &request).await?)
        }
        InstitutionCommand::Object {
            acting,
            id,
            text_file,
        } => {
            let text = std::fs::read_to_string(&text_file)?;
            let acting = Acting::begin::<RecordObjections>(registry, &acting).await?;
            let request = RaiseObjectionRequest { text };
            print.receipt(
                &objections::raise(&acting.app, &acting.actor, &acting.key, id, &request).await?,
            )
        }
        InstitutionCommand::DecideObjection {
            acting,
            id,
            accepted,
            answer,
        } => {
            let acting = Acting::begin::<DecideObjections>(registry, &acting).await?;
            let request = DecideObjectionRequest { accepted, answer };
            print.receipt(
                &objections::decide(&acting.app, &acting.actor, &acting.key, id, &request).await?,
            )
        }
    }
}

async fn find(
    acting: &Acting,
    id: AdmissionId,
) -> Result<store::institutions::Admission, CommandError> {
    let row = store::institutions::find(acting.app.store.reader(), &Scope::of(&acting.actor), id)
        .await
        .map_err(Problem::from)?;
    Ok(row.ok_or_else(Problem::not_found)?)
}
