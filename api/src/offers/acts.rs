//! Propose, approve, open, pause, close.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::{AdmissionId, OfferId, SiteId};
use domain::offer::{OfferAct, OfferFacts, OfferState, decide};
use domain::program::ProgramState;
use serde::{Deserialize, Serialize};
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

const KIND: &str = "offer";

/// A new offer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeOfferRequest {
    /// The admission under which it is made.
    #[schema(value_type = String)]
    pub institution: AdmissionId,
    /// Code of the program; its published version is meant.
    pub program: String,
    /// The site.
    #[schema(value_type = String)]
    pub site: SiteId,
}

/// An act asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferActRequest {
    /// `approve`, `open`, `pause`, `close`.
    #[schema(value_type = String, example = "approve")]
    pub act: OfferAct,
    /// Why, up to 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// An offer after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OfferReceipt {
    /// Its id.
    pub id: String,
    /// State.
    pub state: String,
    /// Give it as If-Match with the next act.
    pub revision: i32,
}

/// Proposes an offer.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ProposeOfferRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "propose_offer", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut faults = Faults::default();
    let admission =
        store::institutions::find(&act.tx, &Scope::of(actor), request.institution).await?;
    if admission.is_none() {
        faults.add(
            "/institution",
            "unknown",
            "没有这个机构。",
            "There is no such institution.",
        );
    }
    let version = store::programs::published(&act.tx, &request.program).await?;
    if version.is_none() {
        faults.add(
            "/program",
            "unknown",
            "目录中没有这个项目。",
            "There is no such programme in the catalogue.",
        );
    }
    let own = store::institutions::site(&act.tx, request.site)
        .await?
        .filter(|site| {
            admission
                .as_ref()
                .is_some_and(|admission| admission.institution.id == site.institution)
        });
    let near = own.as_ref().is_some_and(|site| {
        app.regions.federation(&site.region)
            == admission
                .as_ref()
                .map(|admission| admission.federation.as_str())
    });
    if own.is_none() {
        faults.add(
            "/site",
            "unknown",
            "本机构没有这个场地。",
            "The institution has no such site.",
        );
    } else if !near {
        faults.add(
            "/site",
            "other-federation",
            "场地不在受理残联的辖区内,请向场地所在省残联申请入库。",
            "The site lies outside the area of the admitting federation; apply to the federation of the site.",
        );
    }
    faults.finish()?;
    let (Some(admission), Some(version)) = (admission, version) else {
        return Err(Problem::internal("a fault that was not told"));
    };
    if !admission.may_open() {
        return Err(Problem::new(Code::InstitutionNotAdmitted).with_detail(
            format!("机构当前为“{}”,不能申请开设项目。", admission.state.zh()),
            format!(
                "The institution is {}; it cannot propose an offer.",
                admission.state.en()
            ),
        ));
    }
    let id = act.new_id::<OfferId>();
    store::offers::insert(&act.tx, id, version.id, admission.id, request.site, act.now).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "propose",
        to: Some(OfferState::Proposed.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = OfferReceipt {
        id: id.to_string(),
        state: OfferState::Proposed.as_str().to_owned(),
        revision: 1,
    };
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}

/// Takes an act on an offer.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: OfferId,
    revision: i32,
    request: &OfferActRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "act_on_offer", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let offer = store::offers::find(&act.tx, &Scope::of(actor), id, true)
        .await?
        .ok_or_else(Problem::not_found)?;
    if offer.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    not_interested_about(&act, id.uuid()).await?;
    let facts = OfferFacts {
        state: offer.state,
        institution_may_open: offer.admission_state.may_open(offer.grade),
        program_published: offer.program_state == ProgramState::Published,
    };
    let to = decide(facts, request.act, actor.role)?;
    let revision = store::offers::change(&act.tx, id, revision, to, act.now).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: request.act.as_str(),
        from: Some(offer.state.as_str()),
        to: Some(to.as_str()),
        reason: request.reason.as_deref(),
        ..Entry::default()
    })
    .await?;
    let receipt = OfferReceipt {
        id: id.to_string(),
        state: to.as_str().to_owned(),
        revision,
    };
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
