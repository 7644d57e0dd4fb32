//! Employers that belong to a training institution, as the federation found: work for them is marked by itself, whatever the
//! claimant says (grading.md 3).

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::CreditCode;
use domain::access::Actor;
use domain::evidence::ConflictKind;
use domain::ids::{AdmissionId, PersonId};
use domain::related::Relation;
use serde::{Deserialize, Serialize};
use store::related::{self as rows, RelatedParty, Touched};
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use super::claims::KIND as EPISODE;
use super::conflicts;
use super::registers::CHUNK;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested;
use crate::cases::locked;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::grades::monitoring;
use crate::institutions::admission::{self, DocumentRequest, check_document};
use crate::problem::{Code, Problem};

/// An employer that belongs to an institution.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelatedPartyRequest {
    /// Credit code of the employer.
    pub employer: String,
    /// `founded`, `owner`, `same_people`, `relatives`.
    #[schema(value_type = String, example = "founded")]
    pub relation: Relation,
    /// First day of the relation.
    pub from: NaiveDate,
    /// Its last day; left out while it lasts.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// The document that shows it.
    pub document: DocumentRequest,
}

/// The last day of a relation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndRelatedPartyRequest {
    /// The last day.
    pub until: NaiveDate,
}

/// A related party as it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RelatedPartyItem {
    /// Its id.
    pub id: String,
    /// Credit code of the employer.
    pub employer: String,
    /// How it belongs to the institution.
    pub relation: String,
    /// In words.
    pub words: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: Option<String>,
}

/// What recording it did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RelatedPartyReceipt {
    /// Its id.
    pub id: String,
    /// Last day.
    pub until: Option<String>,
    /// Episodes of work that were on record and are marked now.
    pub marked: usize,
}

fn days(app: &App, from: NaiveDate, until: Option<NaiveDate>, faults: &mut Faults) {
    if from > app.today() {
        let (zh, en) = ("日期不能晚于今天。", "The day cannot lie ahead.");
        faults.add("/from", "in-future", zh, en);
    }
    if until.is_some_and(|until| until < from) {
        let (zh, en) = (
            "结束日期不能早于开始日期。",
            "The last day cannot be before the first.",
        );
        faults.add("/until", "impossible-date", zh, en);
    }
}

/// Records an employer that belongs to an institution of one's area, and marks the work for it that is on record.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &RelatedPartyRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let code = CreditCode::parse_allowing_organisation_checksum(&request.employer);
    let employer = faults.took("/employer", code);
    days(app, request.from, request.until, &mut faults);
    check_document(&mut faults, "/document", Some(&request.document));
    faults.finish()?;
    let begun = app
        .begin(actor, key, "record_related_party", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = locked(&act, id).await?;
    not_interested(&act, &held).await?;
    let employer = employer.map(|code| code.as_str().to_owned());
    let employer = employer.ok_or_else(|| Problem::internal("a fault was not told"))?;
    let institution = held.institution.id;
    let known = rows::of(&act.tx, &[institution]).await?;
    let same =
        |one: &RelatedParty| one.employer == employer && one.holds(request.from, request.until);
    if known.iter().any(same) {
        return Err(Problem::new(Code::Duplicate).with_detail(
            "该单位在这段时间的关联关系已经登记。",
            "The relation of this employer is on record for that time.",
        ));
    }
    let document = admission::document(&mut act, Some(&request.document))
        .await?
        .ok_or_else(|| Problem::internal("a document was not written"))?;
    let party = RelatedParty {
        id: act.new_id(),
        institution,
        employer,
        relation: request.relation,
        from_on: request.from,
        until_on: request.until,
        document,
    };
    rows::insert(&act.tx, &party, actor.person, act.now).await?;
    act.record(Entry {
        kind: admission::KIND,
        id: id.uuid(),
        act: "record_related_party",
        reason_code: Some(request.relation.as_str()),
        document: Some(document),
        effective_on: Some(request.from),
        evidence: &[format!("related_party:{}", party.id)],
        ..Entry::default()
    })
    .await?;
    let marked = mark(&mut act, &party).await?;
    let receipt = RelatedPartyReceipt {
        id: party.id.to_string(),
        until: party.until_on.map(|day| day.to_string()),
        marked,
    };
    act.finish(StatusCode::CREATED, &receipt, (admission::KIND, id))
        .await
}

/// Marks the work for a related party that was on record before the relation was.
async fn mark(act: &mut Act, party: &RelatedParty) -> Result<usize, Problem> {
    let mut people: Vec<PersonId> = rows::touched(&act.tx, party)
        .await?
        .iter()
        .map(|one| one.person)
        .collect();
    people.sort_unstable();
    people.dedup();
    store::persons::lock(&act.tx, &people).await?;
    // Again under lock: somebody may have ended or voided one meanwhile.
    let touched = rows::touched(&act.tx, party).await?;
    for one in &touched {
        rows::mark(&act.tx, one).await?;
        act.record(Entry {
            kind: EPISODE,
            id: one.episode.uuid(),
            act: "related",
            reason_code: Some(party.relation.as_str()),
            document: Some(party.document),
            ..Entry::default()
        })
        .await?;
    }
    tell(act, party, &touched).await?;
    let app = act.app.clone();
    for some in people.chunks(CHUNK) {
        monitoring::update_in(&app, &act.tx, some).await?;
    }
    Ok(touched.len())
}

/// Whoever claims such work as this institution sees that it wants a look.
async fn tell(act: &Act, party: &RelatedParty, touched: &[Touched]) -> Result<(), Problem> {
    let mut found = Vec::new();
    for some in touched.chunks(CHUNK) {
        let ids: Vec<_> = some.iter().map(|one| one.episode).collect();
        let claims = store::episodes::claims(&act.tx, &ids).await?;
        let own = claims
            .into_iter()
            .filter(|claim| claim.institution == party.institution);
        found.extend(
            own.map(|claim| conflicts::of_claim(act, ConflictKind::RelatedEmployer, claim)),
        );
    }
    for some in found.chunks(CHUNK) {
        store::episodes::add_conflicts(&act.tx, some).await?;
    }
    Ok(())
}

/// Ends a relation. Work that began in its time stays marked.
pub async fn end(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    (id, party): (AdmissionId, Uuid),
    request: &EndRelatedPartyRequest,
) -> Result<Receipt, Problem> {
    let begun = app
        .begin(actor, key, "end_related_party", &(id, party, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = locked(&act, id).await?;
    not_interested(&act, &held).await?;
    let known = rows::of(&act.tx, &[held.institution.id]).await?;
    let found = known
        .into_iter()
        .find(|one| one.id == party)
        .ok_or_else(Problem::not_found)?;
    let mut faults = Faults::default();
    days(app, found.from_on, Some(request.until), &mut faults);
    faults.finish()?;
    if !rows::end(&act.tx, party, request.until, actor.person, act.now).await? {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这项关联关系已经有结束日期。",
            "This relation has a last day already.",
        ));
    }
    act.record(Entry {
        kind: admission::KIND,
        id: id.uuid(),
        act: "end_related_party",
        effective_on: Some(request.until),
        evidence: &[format!("related_party:{party}")],
        ..Entry::default()
    })
    .await?;
    let receipt = RelatedPartyReceipt {
        id: party.to_string(),
        until: Some(request.until.to_string()),
        marked: 0,
    };
    act.finish(StatusCode::OK, &receipt, (admission::KIND, id))
        .await
}

/// The related parties of an institution of one's scope.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: AdmissionId,
) -> Result<Vec<RelatedPartyItem>, Problem> {
    let reader = app.store.reader();
    let held = store::institutions::find(reader, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let found = rows::of(reader, &[held.institution.id]).await?;
    Ok(found
        .into_iter()
        .map(|one| RelatedPartyItem {
            id: one.id.to_string(),
            words: format!("{} / {}", one.relation.zh(), one.relation.en()),
            relation: one.relation.to_string(),
            employer: one.employer,
            from: one.from_on.to_string(),
            until: one.until_on.map(|day| day.to_string()),
        })
        .collect())
}
