//! Drafts: a new program, a new version of a published one, changes before filing.

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::ids::{ProgramId, ProgramVersionId};
use domain::program::{AccessibleForm, Need, ProgramState, Purpose};
use domain::{OccupationCode, OrganisationName, ProgramCode};
use serde::{Deserialize, Serialize};
use store::programs::{Content, Program, Version};
use store::scope::{NATIONAL, Scope};
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "program_version";

/// A unit of content.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentUnit {
    /// Title.
    pub title: String,
    /// Hours; the units together make the hours of the program.
    pub hours: u32,
}

/// What a version says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramContent {
    /// Name.
    pub name: String,
    /// `employment`, `entrepreneurship`, `rural`, `upskilling`.
    #[schema(value_type = String, example = "employment")]
    pub purpose: Purpose,
    /// Occupation, `M-mm-ss-uu`.
    pub occupation_code: String,
    /// Edition of the classification of occupations.
    #[serde(default = "newest_edition")]
    pub occupation_edition: String,
    /// Skill level, 1 (highest) to 5.
    pub skill_level: u8,
    /// Hours, 1 to 2,000.
    pub hours: u32,
    /// Units of content.
    pub content: Vec<ContentUnit>,
    /// Entry conditions; a disability is never one.
    pub entry_conditions: String,
    /// How it is assessed.
    pub assessment_rule: String,
    /// Certificate type; none where no certificate follows.
    #[serde(default)]
    pub certificate_type: Option<String>,
    /// `sign_language`, `braille`, `easy_reading`, `remote`, `home`.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub accessible_forms: Vec<AccessibleForm>,
    /// Needs it suits, never a ban.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub suited_needs: Vec<Need>,
    /// Market demand: needed for the experts' opinion.
    #[serde(default)]
    pub market_demand: Option<String>,
}

fn newest_edition() -> String {
    "2022".to_owned()
}

/// A version after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VersionReceipt {
    /// Code of the program.
    pub code: String,
    /// Number of the version.
    pub version: u32,
    /// State.
    pub state: String,
    /// Last day of the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_until: Option<String>,
    /// Give it as If-Match with the next act.
    pub revision: i32,
    /// Position in the public log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_index: Option<u64>,
    /// What a second person still has to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
}

impl VersionReceipt {
    /// The receipt of a version as it stands.
    pub(super) fn of(version: &Version, revision: i32) -> Self {
        Self {
            code: version.program.code.clone(),
            version: version.version,
            state: version.state.as_str().to_owned(),
            notice_until: version.notice_until.map(|day| day.to_string()),
            revision,
            leaf_index: None,
            proposal_id: None,
        }
    }
}

/// Checks a content and turns it into rows; every fault at once.
async fn parse(act: &Act, request: &ProgramContent) -> Result<Content, Problem> {
    let mut faults = Faults::default();
    faults.parse::<OrganisationName>("/name", &request.name);
    let occupation = faults.parse::<OccupationCode>("/occupation_code", &request.occupation_code);
    if let Some(code) = &occupation {
        let known =
            store::reference::occupation(&act.tx, code.as_str(), &request.occupation_edition)
                .await?;
        if known.is_none() {
            faults.add(
                "/occupation_code",
                "unknown_occupation",
                "该版职业分类中没有这个职业代码,请核对。",
                "There is no occupation with this code in this edition of the classification.",
            );
        }
    }
    if !(1..=5).contains(&request.skill_level) {
        faults.add(
            "/skill_level",
            "range",
            "技能等级为 1 至 5。",
            "The skill level is 1 to 5.",
        );
    }
    faults.between("/hours", request.hours, 1, 2_000);
    if request.content.is_empty() || request.content.len() > 100 {
        faults.add(
            "/content",
            "length",
            "请列出 1 至 100 个教学单元。",
            "Give 1 to 100 units of content.",
        );
    }
    for (index, unit) in request.content.iter().enumerate() {
        faults.words(&format!("/content/{index}/title"), &unit.title, 1, 100);
    }
    let total = request
        .content
        .iter()
        .fold(0_u32, |sum, unit| sum.saturating_add(unit.hours));
    if total != request.hours {
        faults.add(
            "/content",
            "hours-sum",
            format!("各单元共 {total} 学时,与总学时 {} 不符。", request.hours),
            format!(
                "The units have {total} hours together; the program has {}.",
                request.hours
            ),
        );
    }
    faults.words("/entry_conditions", &request.entry_conditions, 0, 1_000);
    faults.words("/assessment_rule", &request.assessment_rule, 1, 1_000);
    if let Some(demand) = &request.market_demand {
        faults.words("/market_demand", demand, 1, 2_000);
    }
    if let Some(code) = &request.certificate_type
        && store::programs::certificate_type(&act.tx, code)
            .await?
            .is_none()
    {
        faults.add(
            "/certificate_type",
            "unknown-type",
            "没有这个证书种类。",
            "There is no such certificate type.",
        );
    }
    faults.finish()?;
    let list = |codes: Vec<&str>| serde_json::to_string(&codes).map_err(Problem::internal);
    Ok(Content {
        name: request.name.clone(),
        purpose: request.purpose,
        occupation_code: occupation.map_or_else(String::new, |code| code.as_str().to_owned()),
        occupation_edition: request.occupation_edition.clone(),
        skill_level: request.skill_level,
        hours: request.hours,
        content: serde_json::to_string(&request.content).map_err(Problem::internal)?,
        entry_conditions: request.entry_conditions.clone(),
        assessment_rule: request.assessment_rule.clone(),
        certificate_type: request.certificate_type.clone(),
        accessible_forms: list(
            request
                .accessible_forms
                .iter()
                .map(|form| form.as_str())
                .collect(),
        )?,
        suited_needs: list(
            request
                .suited_needs
                .iter()
                .map(|need| need.as_str())
                .collect(),
        )?,
        market_demand: request.market_demand.clone(),
    })
}

/// Makes a program with the draft of its first version, in the list of the actor's province (or the national list).
pub async fn create(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ProgramContent,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "create_program", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let content = parse(&act, request).await?;
    let list = list_of(&act).await?;
    let prefix = &list[..2];
    let serial = store::programs::next_serial(&act.tx, &list, &format!("P{prefix}")).await?;
    let code = ProgramCode::mint(prefix, serial).map_err(Problem::internal)?;
    let program = Program {
        id: act.new_id::<ProgramId>(),
        code: code.as_str().to_owned(),
        federation: list,
        institution: actor.institution,
        origin_federation: actor.federation.clone(),
    };
    store::programs::insert(&act.tx, &program, act.now).await?;
    let version = insert_draft(&mut act, program, 1, content).await?;
    let receipt = VersionReceipt::of(&version, version.revision);
    act.finish(StatusCode::CREATED, &receipt, (KIND, version.id))
        .await
}

/// Drafts the next version of a published program.
pub async fn next_version(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    code: &str,
    request: &ProgramContent,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "draft_version", &(code, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let versions = store::programs::versions(&act.tx, &Scope::of(actor), code).await?;
    let last = versions.last().ok_or_else(Problem::not_found)?;
    if last.state.is_pending() {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("第 {} 版尚未办结,不能再起草新版本。", last.version),
            format!(
                "Version {} is not finished; a new one must wait.",
                last.version
            ),
        ));
    }
    not_interested_about(&act, last.id.uuid()).await?;
    let content = parse(&act, request).await?;
    let (program, number) = (last.program.clone(), last.version + 1);
    let version = insert_draft(&mut act, program, number, content).await?;
    let receipt = VersionReceipt::of(&version, version.revision);
    act.finish(StatusCode::CREATED, &receipt, (KIND, version.id))
        .await
}

/// Changes a draft; published content never changes.
pub async fn edit(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    (code, number): (&str, u32),
    revision: i32,
    request: &ProgramContent,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(
            actor,
            key,
            "edit_version",
            &(code, number, revision, request),
        )
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut version = store::programs::find(&act.tx, &Scope::of(actor), code, number, true)
        .await?
        .ok_or_else(Problem::not_found)?;
    if version.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    if version.state != ProgramState::Draft {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("当前为“{}”,只有草稿可以修改。", version.state.zh()),
            format!(
                "The version is {}; only drafts can be changed.",
                version.state.en()
            ),
        ));
    }
    not_interested_about(&act, version.id.uuid()).await?;
    version.content = parse(&act, request).await?;
    let revision = store::programs::update(&act.tx, &version).await?;
    act.record(Entry {
        kind: KIND,
        id: version.id.uuid(),
        act: "edit",
        ..Entry::default()
    })
    .await?;
    let receipt = VersionReceipt::of(&version, revision);
    act.finish(StatusCode::OK, &receipt, (KIND, version.id))
        .await
}

async fn insert_draft(
    act: &mut Act,
    program: Program,
    number: u32,
    content: Content,
) -> Result<Version, Problem> {
    let version = Version {
        id: act.new_id::<ProgramVersionId>(),
        program,
        version: number,
        state: ProgramState::Draft,
        content,
        notice_until: None,
        published_on: None,
        superseded_on: None,
        retired_on: None,
        state_since: act.now,
        revision: 1,
    };
    store::programs::insert_version(&act.tx, &version).await?;
    act.record(Entry {
        kind: KIND,
        id: version.id.uuid(),
        act: "create",
        to: Some(version.state.as_str()),
        ..Entry::default()
    })
    .await?;
    Ok(version)
}

/// Which list a new program stands in: the national one, or that of the actor's province.
async fn list_of(act: &Act) -> Result<String, Problem> {
    let actor = &act.actor;
    match (&actor.federation, actor.institution) {
        (Some(code), _) if actor.role == Role::NationalOfficer => Ok(code.clone()),
        (Some(code), _) if actor.role == Role::ProvinceOfficer => Ok(code.clone()),
        (Some(code), _) => Ok(act
            .app
            .regions
            .federation(code)
            .unwrap_or(NATIONAL)
            .to_owned()),
        (None, Some(institution)) => {
            let scope = Scope::Institution(institution);
            let own = store::institutions::list(
                &act.tx,
                &scope,
                &store::institutions::Filter::default(),
                None,
                1,
            )
            .await?;
            own.into_iter()
                .next()
                .map(|row| row.federation)
                .ok_or_else(not_applied)
        }
        (None, None) => Err(not_applied()),
    }
}

fn not_applied() -> Problem {
    Problem::new(Code::InstitutionNotAdmitted).with_detail(
        "请先提交入库申请,再申报项目。",
        "Apply for admission first, then draft programmes.",
    )
}
