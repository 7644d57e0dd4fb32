//! Requests of persons: access, copy, correction, deletion; each with a last day, somebody who has it, and a decision
//! with its reason (PIPL art. 44-47, 50; trust.md PI-6).

use axum::http::StatusCode;
use chrono::{Duration, NaiveDate};
use domain::PersonName;
use domain::access::{Actor, ScopeCapacity};
use domain::ids::{EnrolmentId, PersonId};
use domain::privacy::{
    Channel, OutcomeCode, PersonalField, ReadPurpose, RequestKind, RequestState,
};
use serde::{Deserialize, Serialize};
use store::privacy::requests::{self, Decision, NewRequest, PersonRequest, Place};
use store::privacy::{erasure, household, record, subjects};
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use super::granting::{Outcome, grant};
use super::me::{self, OwnRecord};
use super::{reading, trainee};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::{Faults, PageQuery, page};
use crate::problem::{Code, Problem};

/// For how many days a granted copy can be fetched.
const COPY_DAYS: i64 = 30;

/// What a person asks for.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersonRequest {
    /// `access copy correction deletion`.
    #[schema(value_type = String, example = "correction")]
    pub kind: RequestKind,
    /// In words, up to 500 characters.
    #[serde(default)]
    pub words: Option<String>,
    /// The right name, for a correction.
    #[serde(default)]
    pub name: Option<String>,
    /// What proves it (number of the document), for a correction.
    #[serde(default)]
    pub proof: Option<String>,
    /// How it came, when an officer takes it in: `paper` or `voice`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub channel: Option<Channel>,
}

/// Shows the kind only.
impl std::fmt::Debug for NewPersonRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPersonRequest({})", self.kind)
    }
}

/// A request that was taken in, or its state after an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestReceipt {
    /// Its number.
    #[schema(value_type = String, format = "uuid")]
    pub request: Uuid,
    /// What is asked for.
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// Last day for a decision.
    pub due_on: NaiveDate,
    /// How it ended.
    pub outcome: Option<String>,
    /// Until when the law wants kept what was not deleted.
    pub kept_until: Option<NaiveDate>,
    /// Raised by each change.
    pub revision: i32,
}

fn check(request: &NewPersonRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if let Some(words) = &request.words {
        faults.text("/words", words, 1, 500);
    }
    if request.kind == RequestKind::Correction {
        match &request.name {
            Some(name) => {
                faults.parse::<PersonName>("/name", name);
            }
            None => faults.add(
                "/name",
                "missing-field",
                "请填写正确的姓名。",
                "Give the right name.",
            ),
        }
        match &request.proof {
            Some(proof) => faults.text("/proof", proof, 2, 200),
            None => faults.add(
                "/proof",
                "missing-field",
                "请写明证明材料。",
                "Say what document proves it.",
            ),
        }
    } else if request.name.is_some() || request.proof.is_some() {
        faults.add(
            "/name",
            "not-here",
            "只有更正申请填写姓名和证明材料。",
            "Name and proof belong to a correction only.",
        );
    }
    faults.finish()
}

/// A trainee asks.
pub async fn ask(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &NewPersonRequest,
) -> Result<Receipt, Problem> {
    let person = trainee(actor)?;
    check(request)?;
    let act = match app
        .begin(actor, key, "make_person_request", &(person, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let known = record::of_person(&act.tx, app.store.vault(), person)
        .await?
        .ok_or_else(Problem::not_found)?;
    let region = known
        .trainings
        .last()
        .map(|training| training.region.clone())
        .ok_or_else(Problem::not_found)?;
    let federation = decider(&act.tx, person).await?;
    let came = Came {
        person,
        region: &region,
        federation: &federation,
        channel: Channel::Web,
    };
    take_in(act, came, request).await
}

/// Whose federation decides about the whole person.
async fn decider(tx: &store::WriteTx, person: PersonId) -> Result<String, Problem> {
    household::of_person(tx, person)
        .await?
        .ok_or_else(Problem::not_found)
}

/// An officer takes in a request that came on paper or by voice.
pub async fn take_for(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &NewPersonRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let Some(channel @ (Channel::Paper | Channel::Voice)) = request.channel else {
        return Err(Problem::field(
            "/channel",
            "channel",
            "请写明申请是书面(paper)还是口头(voice)提出的。",
            "Say whether it came on paper or by voice.",
        ));
    };
    let act = match app
        .begin(actor, key, "take_person_request", &(enrolment, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let subject = subjects::subject(
        &act.tx,
        &Scope::by(actor, ScopeCapacity::Household),
        enrolment,
    )
    .await?
    .ok_or_else(Problem::not_found)?;
    let federation = decider(&act.tx, subject.person).await?;
    let own = actor.federation.as_deref().unwrap_or("");
    if !store::scope::looks_after(&act.tx, own, &federation).await? {
        return Err(household_differs());
    }
    let came = Came {
        person: subject.person,
        region: &subject.region,
        federation: &federation,
        channel,
    };
    take_in(act, came, request).await
}

/// The household of somebody may have become another's since they asked.
async fn still_ours(
    db: &impl store::ConnectionTrait,
    actor: &Actor,
    person: PersonId,
) -> Result<(), Problem> {
    let household = household::of_person(db, person)
        .await?
        .ok_or_else(Problem::not_found)?;
    let own = actor.federation.as_deref().unwrap_or("");
    if store::scope::looks_after(db, own, &household).await? {
        return Ok(());
    }
    Err(household_differs())
}

/// One roster's word is not enough for what is done to the whole person.
pub(crate) fn household_differs() -> Problem {
    Problem::new(Code::Forbidden).with_detail(
        "这位学员在不同班期登记的户籍地不一致,本级不能办理;请核对户口簿,由都管辖这些户籍地的上级残联或原户籍地残联办理。",
        "The records of this trainee name different households, and your federation does not look after all of them: check the household register; the federation above them, or that of the earlier household, handles it.",
    )
}

/// Whose request it is, and how it came.
struct Came<'a> {
    person: PersonId,
    region: &'a str,
    federation: &'a str,
    channel: Channel,
}

async fn take_in(
    mut act: Box<Act>,
    came: Came<'_>,
    request: &NewPersonRequest,
) -> Result<Receipt, Problem> {
    let Came {
        person,
        region,
        federation,
        channel,
    } = came;
    let days = act.app.privacy.privacy.request_wd;
    let due_on = act.app.calendar.add_working_days(act.today, days);
    let vouched = match channel {
        Channel::Web => requests::vouchers(&act.tx, person).await?,
        _ => Vec::new(),
    };
    let new = NewRequest {
        id: act.new_id(),
        person,
        region,
        federation,
        taken_by: (channel != Channel::Web).then_some(act.actor.person),
        vouched_by: &vouched,
        kind: request.kind,
        channel,
        words: request.words.as_deref(),
        new_name: request.name.as_deref(),
        proof: request.proof.as_deref(),
        received_on: act.today,
        due_on,
    };
    requests::insert(&act.tx, act.app.store.vault(), &new).await?;
    act.record(Entry {
        kind: "person_request",
        id: new.id,
        act: "receive",
        to: Some("open"),
        reason_code: Some(request.kind.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = RequestReceipt {
        request: new.id,
        kind: request.kind.as_str().to_owned(),
        state: RequestState::Open.as_str().to_owned(),
        due_on,
        outcome: None,
        kept_until: None,
        revision: 1,
    };
    let id = new.id;
    act.finish(StatusCode::CREATED, &receipt, ("person_request", id))
        .await
}

/// The scope in which an actor decides on requests: the households of the area.
fn scope(actor: &Actor) -> Scope {
    Scope::by(actor, ScopeCapacity::Household)
}

/// A page of the requests of one's area, the first to be decided first, and the cursor of the next page; decided ones come
/// behind, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    decided: bool,
    pages: &PageQuery,
) -> Result<(Vec<PersonRequest>, Option<String>), Problem> {
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let (limit, after) = (pages.limit()?, pages.before()?);
    let mut found = requests::list(reader, vault, &scope(actor), decided, after, limit + 1).await?;
    let next = page(&mut found, limit, |one| Place::of(one).to_string());
    Ok((found, next))
}

/// One request with its words; reading it is kept where the person sees it.
pub async fn show(app: &App, actor: &Actor, id: Uuid) -> Result<PersonRequest, Problem> {
    let found = requests::find(app.store.reader(), app.store.vault(), &scope(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    reading::note_read(
        app,
        actor,
        found.person,
        ReadPurpose::PersonRequest,
        &[PersonalField::Name],
    )
    .await?;
    Ok(found)
}

/// The copy that an officer hands to the person, once it was granted.
pub async fn copy(app: &App, actor: &Actor, id: Uuid) -> Result<OwnRecord, Problem> {
    let found = requests::find(app.store.reader(), app.store.vault(), &scope(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let granted = matches!(found.kind, RequestKind::Access | RequestKind::Copy)
        && found.state == RequestState::Granted;
    if !granted {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "只有已同意的查阅或复制申请才能导出。",
            "Only a granted request for access or a copy can be exported.",
        ));
    }
    let until = found.decided_at.map(|at| at + Duration::days(COPY_DAYS));
    if until.is_none_or(|until| until <= app.now()) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("申请同意后 {COPY_DAYS} 天内可以导出,现已超过;需要时请重新申请。"),
            format!("A granted copy can be fetched for {COPY_DAYS} days, which are over; ask again if it is needed."),
        ));
    }
    still_ours(app.store.reader(), actor, found.person).await?;
    reading::note_read(
        app,
        actor,
        found.person,
        ReadPurpose::PersonRequest,
        PersonalField::ALL,
    )
    .await?;
    me::record_of(app, found.person).await
}

/// Takes a request.
pub async fn assign(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    revision: i32,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "assign_person_request", &(id, revision))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = open(&act, id, revision).await?;
    requests::assign(&act.tx, id, revision, actor).await?;
    act.record(Entry {
        kind: "person_request",
        id,
        act: "assign",
        from: Some(found.state.as_str()),
        to: Some("assigned"),
        ..Entry::default()
    })
    .await?;
    let receipt = RequestReceipt {
        request: id,
        kind: found.kind.as_str().to_owned(),
        state: RequestState::Assigned.as_str().to_owned(),
        due_on: found.due_on,
        outcome: None,
        kept_until: None,
        revision: revision + 1,
    };
    act.finish(StatusCode::OK, &receipt, ("person_request", id))
        .await
}

async fn open(act: &Act, id: Uuid, revision: i32) -> Result<PersonRequest, Problem> {
    let vault = act.app.store.vault();
    let found = requests::find(&act.tx, vault, &scope(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if found.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    if found.state.is_decided() {
        return Err(Problem::new(Code::TransitionRefused)
            .with_detail("这项申请已经办结。", "This request has been decided."));
    }
    Ok(found)
}

/// What is granted about a whole person is the word of two: of the person who signed in by themselves, or of another
/// officer who took it in. Whoever printed the code by which the person signed in, or recorded the number to which codes are
/// sent, is the first of the two: as it was when they asked, and since.
async fn by_another(act: &Act, found: &PersonRequest) -> Result<(), Problem> {
    let me = act.actor.person;
    let vouched = found.channel == Channel::Web
        && (found.vouched_by.contains(&me)
            || requests::vouchers(&act.tx, found.person)
                .await?
                .contains(&me));
    if vouched || found.taken_by == Some(me) {
        return Err(Problem::new(Code::SecondPersonRequired).with_detail(
            "代为受理、为申请人打印过登录码或登记过联系号码的人不能同意这项申请,请由另一人办理;没有第二人的,由上一级残联办理。",
            "Whoever took this request in, printed the sign-in code of the person or recorded their number, does not grant it: another officer does, or the federation above.",
        ));
    }
    Ok(())
}

/// How an officer decides.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    /// Whether it is granted.
    pub grant: bool,
    /// Why not: `legal_duty not_the_person unproven`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub outcome: Option<OutcomeCode>,
    /// The reason in words, 2 to 500 characters; the person reads them.
    pub reason: String,
}

/// Shows no words.
impl std::fmt::Debug for DecideRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DecideRequest({})", self.grant)
    }
}

/// Decides a request; a granted correction or deletion happens in the same transaction.
pub async fn decide(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    revision: i32,
    request: &DecideRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.text("/reason", &request.reason, 2, 500);
    let refusal = request.outcome.filter(|code| *code != OutcomeCode::Done);
    if request.grant == refusal.is_some() {
        faults.add(
            "/outcome",
            "outcome",
            "不同意时请选择原因(legal_duty、not_the_person、unproven);同意时不填。",
            "Name why when refusing (legal_duty, not_the_person, unproven); leave it out when granting.",
        );
    }
    faults.finish()?;
    let mut act = match app
        .begin(
            actor,
            key,
            "decide_person_request",
            &(id, revision, request),
        )
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = open(&act, id, revision).await?;
    if refusal.is_none() {
        by_another(&act, &found).await?;
        still_ours(&act.tx, actor, found.person).await?;
    }
    let outcome = match refusal {
        Some(code) => Outcome {
            state: RequestState::Refused,
            code,
            kept_until: None,
            erases: false,
        },
        None => grant(&mut act, &found).await?,
    };
    let decision = Decision {
        state: outcome.state,
        outcome: outcome.code,
        words: Some(&request.reason),
        kept_until: outcome.kept_until,
    };
    let vault = act.app.store.vault();
    requests::decide(&act.tx, vault, &found, &decision, actor, act.now).await?;
    if outcome.erases {
        erasure::erase(&act.tx, found.person, act.today, act.now).await?;
    }
    act.record(Entry {
        kind: "person_request",
        id,
        act: "decide",
        from: Some(found.state.as_str()),
        to: Some(outcome.state.as_str()),
        reason_code: Some(outcome.code.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = RequestReceipt {
        request: id,
        kind: found.kind.as_str().to_owned(),
        state: outcome.state.as_str().to_owned(),
        due_on: found.due_on,
        outcome: Some(outcome.code.as_str().to_owned()),
        kept_until: outcome.kept_until,
        revision: revision + 1,
    };
    let receipt = act
        .finish(StatusCode::OK, &receipt, ("person_request", id))
        .await?;
    if outcome.erases && !app.dry_run {
        if let Err(error) = erasure::scrub(&app.store).await {
            tracing::warn!("The database keeps an old version of an erased key a while: {error}");
        }
        // The answer stands; what fails here is done by the next run of the retention.
        if let Err(problem) = crate::files::purge(app).await {
            tracing::warn!("erased files lie a while: {}", problem.code().as_str());
        }
    }
    Ok(receipt)
}
