//! Training sites of an institution, with what they provide.

use axum::http::StatusCode;
use domain::OrganisationName;
use domain::access::Actor;
use domain::ids::SiteId;
use domain::program::Provision;
use serde::{Deserialize, Serialize};
use store::institutions::Site;
use utoipa::ToSchema;

use super::admission::{DocumentRequest, check_document};
use super::apply::place;
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_in;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// A new site.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddSiteRequest {
    /// Name.
    pub name: String,
    /// Division: a county, or a city without counties.
    pub region: String,
    /// Address.
    pub address: String,
    /// What it provides: `step_free_entrance`, `lift`, `accessible_toilet` ...; each once.
    #[schema(value_type = Vec<String>)]
    pub provisions: Vec<Provision>,
}

/// A site that was added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteReceipt {
    /// Its id.
    pub id: String,
}

/// Places that the licence of a site allows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenseSiteRequest {
    /// Places, 1 to 10,000.
    pub places: u32,
    /// The licence.
    pub document: DocumentRequest,
}

/// Records the places that the licence of a site allows; a class with more trainees is held before it is certified.
pub async fn license(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: SiteId,
    request: &LicenseSiteRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.between("/places", request.places, 1, 10_000);
    check_document(&mut faults, "/document", Some(&request.document));
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "license_site", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let site = store::institutions::site(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let own = actor.federation.as_deref().unwrap_or("");
    if !store::scope::looks_after(&act.tx, own, &site.region).await? {
        return Err(Problem::not_found());
    }
    not_interested_in(&act, site.institution).await?;
    let document = &request.document;
    let document = act
        .document(&document.number, &document.issuer, document.made_on)
        .await?;
    let (by, now) = (actor.person, act.now);
    store::cases::reviews::license(&act.tx, id, request.places, document, by, now).await?;
    act.record(Entry {
        kind: "institution",
        id: site.institution.uuid(),
        act: "license_site",
        document: Some(document),
        evidence: &[id.to_string(), format!("places:{}", request.places)],
        ..Entry::default()
    })
    .await?;
    let receipt = SiteReceipt { id: id.to_string() };
    act.finish(StatusCode::OK, &receipt, ("site", id)).await
}

/// Adds a site to the actor's own institution.
pub async fn add(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &AddSiteRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.parse::<OrganisationName>("/name", &request.name);
    place(app, &mut faults, "/region", &request.region);
    faults.text("/address", &request.address, 2, 200);
    faults.finish()?;
    let mut act = match app.begin(actor, key, "add_site", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let institution = actor.institution.ok_or_else(|| {
        Problem::new(Code::InstitutionNotAdmitted).with_detail(
            "请先提交入库申请,再填写场地。",
            "Apply for admission first, then enter the sites.",
        )
    })?;
    let mut provisions = request.provisions.clone();
    provisions.sort_unstable();
    provisions.dedup();
    let site = Site {
        id: act.new_id::<SiteId>(),
        institution,
        name: request.name.clone(),
        region: request.region.trim().to_owned(),
        address: request.address.trim().to_owned(),
        provisions: serde_json::to_string(&provisions).map_err(Problem::internal)?,
    };
    store::institutions::insert_site(&act.tx, &site, act.now).await?;
    act.record(Entry {
        kind: "institution",
        id: institution.uuid(),
        act: "add_site",
        evidence: &[site.id.to_string()],
        ..Entry::default()
    })
    .await?;
    act.finish(
        StatusCode::CREATED,
        &SiteReceipt {
            id: site.id.to_string(),
        },
        ("site", site.id),
    )
    .await
}
