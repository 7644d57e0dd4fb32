//! `mingzheng program`, `certificate-type`, `offer`, `proposal`: the catalogue by command line.

use std::path::PathBuf;

use clap::Subcommand;
use domain::ids::{AdmissionId, OfferId, ProposalId, SiteId};
use domain::offer::OfferAct;
use domain::program::ProgramAct;
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs, read_json};
use crate::access::permissions::{
    ActOnOffers, ActOnPrograms, DecideProposals, DraftPrograms, ManageCertificateTypes,
    SeeProposals, SeeRecords,
};
use crate::offers::acts::{self as offer_acts, OfferActRequest, ProposeOfferRequest};
use crate::problem::Problem;
use crate::programs::drafts::{self, ProgramContent};
use crate::programs::json::ProgramResponse;
use crate::programs::types::{self, CreateTypeRequest};
use crate::programs::versions::{self, VersionActRequest};
use crate::proposals::{self, ProposalRow, RefuseProposalRequest};

/// 培训项目 / training programmes
#[derive(Subcommand, Debug)]
pub enum ProgramCommand {
    /// 按 JSON 文件起草项目 / draft a programme from a JSON file
    Create {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// JSON 文件 / file with the content
        file: PathBuf,
        /// 为这个项目起草新版本 / draft the next version of this programme
        #[arg(long, value_name = "CODE")]
        next_version_of: Option<String>,
    },
    /// 项目列表 / programme versions of one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 办理一个环节 / act on a version: file, return, review, publish, reject, retire
    Act {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 项目编号 / code of the programme
        code: String,
        /// 版本 / version
        version: u32,
        /// 环节 / act
        act: ProgramAct,
        /// 理由 / reason
        #[arg(long)]
        reason: Option<String>,
        /// 专家意见,可多次 / opinion of an expert, repeatable
        #[arg(long = "opinion")]
        opinions: Vec<String>,
    },
}

/// 证书种类 / certificate types
#[derive(Subcommand, Debug)]
pub enum CertificateTypeCommand {
    /// 新建 / make one
    Create {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 代码 / code
        code: String,
        /// 中文名称 / Chinese name
        #[arg(long)]
        name: String,
        /// 英文名称 / English name
        #[arg(long)]
        name_en: String,
        /// 说明 / what it certifies
        #[arg(long, default_value = "")]
        description: String,
        /// 有效月数,缺省长期有效 / months of validity, for ever when absent
        #[arg(long)]
        validity_months: Option<u32>,
    },
}

/// 开设项目 / offers
#[derive(Subcommand, Debug)]
pub enum OfferCommand {
    /// 申请开设 / propose
    Propose {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 入库编号 / admission id
        #[arg(long)]
        institution: AdmissionId,
        /// 项目编号 / code of the programme
        #[arg(long)]
        program: String,
        /// 场地编号 / site id
        #[arg(long)]
        site: SiteId,
    },
    /// 办理 / act: approve, open, pause, close
    Act {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 编号 / offer id
        id: OfferId,
        /// 环节 / act
        act: OfferAct,
        /// 理由 / reason
        #[arg(long)]
        reason: Option<String>,
    },
}

/// 需第二人办理的提议 / proposals that wait for a second person
#[derive(Subcommand, Debug)]
pub enum ProposalCommand {
    /// 待办:本辖区内等待第二人的提议 / what waits for a second person in one's area
    List {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// 同意 / approve
    Approve {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 编号 / proposal id
        id: ProposalId,
    },
    /// 退回 / refuse
    Refuse {
        /// Who acts.
        #[command(flatten)]
        acting: ActingArgs,
        /// 编号 / proposal id
        id: ProposalId,
        /// 理由 / reason
        #[arg(long)]
        reason: String,
    },
}

/// Runs `program`.
pub async fn run_program(
    command: ProgramCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        ProgramCommand::Create {
            acting,
            file,
            next_version_of,
        } => {
            let request: ProgramContent = read_json(&file)?;
            let acting = Acting::begin::<DraftPrograms>(registry, &acting).await?;
            let receipt = match next_version_of {
                Some(code) => {
                    drafts::next_version(&acting.app, &acting.actor, &acting.key, &code, &request)
                        .await?
                }
                None => drafts::create(&acting.app, &acting.actor, &acting.key, &request).await?,
            };
            print.receipt(&receipt)
        }
        ProgramCommand::List { acting } => {
            let acting = Acting::begin::<SeeRecords>(registry, &acting).await?;
            let rows = store::programs::list(
                acting.app.store.reader(),
                &Scope::of(&acting.actor),
                None,
                None,
                10_000,
            )
            .await
            .map_err(Problem::from)?;
            let rows: Vec<ProgramResponse> = rows.into_iter().map(Into::into).collect();
            print.show(&rows)
        }
        ProgramCommand::Act {
            acting,
            code,
            version,
            act,
            reason,
            opinions,
        } => {
            let request = VersionActRequest {
                act,
                reason,
                opinions,
            };
            let acting = Acting::begin::<ActOnPrograms>(registry, &acting).await?;
            let scope = Scope::of(&acting.actor);
            let found =
                store::programs::find(acting.app.store.reader(), &scope, &code, version, false)
                    .await
                    .map_err(Problem::from)?
                    .ok_or_else(Problem::not_found)?;
            let receipt = versions::act_on(
                &acting.app,
                &acting.actor,
                &acting.key,
                (&code, version),
                found.revision,
                &request,
            )
            .await?;
            print.receipt(&receipt)
        }
    }
}

/// Runs `certificate-type`.
pub async fn run_type(
    command: CertificateTypeCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let CertificateTypeCommand::Create {
        acting,
        code,
        name,
        name_en,
        description,
        validity_months,
    } = command;
    let request = CreateTypeRequest {
        code,
        name,
        name_en,
        description,
        validity_months,
    };
    let acting = Acting::begin::<ManageCertificateTypes>(registry, &acting).await?;
    print.receipt(&types::create(&acting.app, &acting.actor, &acting.key, &request).await?)
}

/// Runs `offer`.
pub async fn run_offer(
    command: OfferCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        OfferCommand::Propose {
            acting,
            institution,
            program,
            site,
        } => {
            let request = ProposeOfferRequest {
                institution,
                program,
                site,
            };
            let acting = Acting::begin::<ActOnOffers>(registry, &acting).await?;
            print.receipt(
                &offer_acts::propose(&acting.app, &acting.actor, &acting.key, &request).await?,
            )
        }
        OfferCommand::Act {
            acting,
            id,
            act,
            reason,
        } => {
            let request = OfferActRequest { act, reason };
            let acting = Acting::begin::<ActOnOffers>(registry, &acting).await?;
            let found = store::offers::find(
                acting.app.store.reader(),
                &Scope::of(&acting.actor),
                id,
                false,
            )
            .await
            .map_err(Problem::from)?
            .ok_or_else(Problem::not_found)?;
            let receipt = offer_acts::act_on(
                &acting.app,
                &acting.actor,
                &acting.key,
                id,
                found.revision,
                &request,
            )
            .await?;
            print.receipt(&receipt)
        }
    }
}

/// Runs `proposal`.
pub async fn run_proposal(
    command: ProposalCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        ProposalCommand::List { acting } => {
            let acting = Acting::begin::<SeeProposals>(registry, &acting).await?;
            let found = proposals::list(&acting.app, &acting.actor, None, 1_000).await?;
            let rows: Vec<ProposalRow> = found
                .into_iter()
                .map(|row| ProposalRow::new(row, &acting.actor))
                .collect();
            print.show(&rows)
        }
        ProposalCommand::Approve { acting, id } => {
            let acting = Acting::begin::<DecideProposals>(registry, &acting).await?;
            print.receipt(&proposals::approve(&acting.app, &acting.actor, &acting.key, id).await?)
        }
        ProposalCommand::Refuse { acting, id, reason } => {
            let acting = Acting::begin::<DecideProposals>(registry, &acting).await?;
            let request = RefuseProposalRequest { reason };
            print.receipt(
                &proposals::refuse(&acting.app, &acting.actor, &acting.key, id, &request).await?,
            )
        }
    }
}
