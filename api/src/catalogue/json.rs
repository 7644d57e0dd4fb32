//! The public catalogue over JSON; no sign-in, nothing personal.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::institutions::Admission;
use store::public_catalogue::{self, ClassesOf, Filter, PublicCohort};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Path, Query};
use crate::fields::codes;
use crate::offers::json::OfferResponse;
use crate::problem::{Problem, ProblemBody};
use crate::programs::json::ProgramResponse;

/// Rows on one page.
pub const PAGE: u64 = 50;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(catalogue_institutions))
        .routes(routes!(catalogue_institution))
        .routes(routes!(catalogue_programs))
        .routes(routes!(catalogue_program))
}

/// What a public list is narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CatalogueQuery {
    /// Part of a name, or a whole code.
    #[serde(default)]
    pub q: String,
    /// Division or federation code; the divisions below are included.
    #[serde(default)]
    pub region: String,
    /// State.
    #[serde(default)]
    pub state: String,
    /// Page, from 1.
    pub page: Option<u64>,
}

impl CatalogueQuery {
    /// The filter and the page.
    pub fn parts(&self) -> (Filter, u64) {
        let cut = |text: &str| text.trim().chars().take(100).collect::<String>();
        let filter = Filter {
            text: cut(&self.q),
            region: cut(&self.region),
            state: cut(&self.state),
            ..Filter::default()
        };
        (filter, self.page.unwrap_or(1).clamp(1, 100_000))
    }
}

/// An institution as anybody sees it.
#[derive(Serialize, ToSchema)]
struct PublicInstitution {
    /// Name.
    name: String,
    /// Unified social credit code.
    credit_code: String,
    /// The federation that admits.
    federation: String,
    /// Division of the main site.
    site_region: String,
    /// Its name from the province down.
    site_region_name: String,
    /// Address.
    address: String,
    /// Telephone of the office.
    phone: String,
    /// State.
    state: &'static str,
    /// Grade, `P` when provisional.
    grade: Option<String>,
    /// Since when it is in this state.
    state_since: String,
    /// Last day of the notice.
    notice_until: Option<String>,
}

fn public(app: &App, row: Admission) -> PublicInstitution {
    PublicInstitution {
        site_region_name: app.regions.full_name(&row.site_region).to_owned(),
        name: row.institution.name,
        credit_code: row.institution.credit_code,
        federation: row.federation,
        site_region: row.site_region,
        address: row.address,
        phone: row.phone,
        state: row.state.as_str(),
        grade: row.grade.map(|grade| grade.as_str().to_owned()),
        state_since: row
            .state_since
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        notice_until: row.notice_until.map(|day| day.to_string()),
    }
}

/// A page of institutions.
#[derive(Serialize, ToSchema)]
struct PublicInstitutions {
    /// Rows.
    items: Vec<PublicInstitution>,
    /// How many the filter finds.
    total: u64,
    /// This page.
    page: u64,
}

/// Institutions in the catalogue, by name.
#[utoipa::path(get, path = "/api/v1/catalogue/institutions", tag = "catalogue", params(CatalogueQuery),
    responses((status = 200, body = PublicInstitutions), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_institutions(
    State(app): State<App>,
    Query(query): Query<CatalogueQuery>,
) -> Result<Json<PublicInstitutions>, Problem> {
    let (filter, page) = query.parts();
    let found = public_catalogue::institutions(app.store.reader(), &filter, page, PAGE).await?;
    let items = found
        .items
        .into_iter()
        .map(|row| public(&app, row))
        .collect();
    Ok(Json(PublicInstitutions {
        items,
        total: found.total,
        page,
    }))
}

/// A class as anybody sees it.
#[derive(Serialize, ToSchema)]
struct PublicClass {
    /// Its code.
    code: String,
    /// Name.
    name: String,
    /// State.
    state: String,
    /// First day.
    start_on: String,
    /// Last day.
    end_on: String,
    /// Places.
    places: i32,
    /// Places free.
    places_free: i64,
    /// Program.
    program: String,
}

impl From<PublicCohort> for PublicClass {
    fn from(row: PublicCohort) -> Self {
        Self {
            places_free: (i64::from(row.places) - row.taken).max(0),
            code: row.code,
            name: row.name,
            state: row.state,
            start_on: row.start_on,
            end_on: row.end_on,
            places: row.places,
            program: row.program_code,
        }
    }
}

/// A decision as anybody sees it.
#[derive(Serialize, ToSchema)]
struct PublicDecision {
    /// When.
    at: String,
    /// The transition.
    transition: String,
    /// State before.
    from: Option<String>,
    /// State after.
    to: Option<String>,
    /// Position in the public log.
    leaf_index: Option<i64>,
}

/// A training site as anybody sees it.
#[derive(Serialize, ToSchema)]
struct PublicSite {
    /// Name.
    name: String,
    /// Division.
    region: String,
    /// Address.
    address: String,
    /// What it provides.
    provisions: Vec<String>,
}

/// An institution with everything public around it.
#[derive(Serialize, ToSchema)]
struct PublicInstitutionDetail {
    /// Its admissions, newest first.
    admissions: Vec<PublicInstitution>,
    /// Its sites.
    sites: Vec<PublicSite>,
    /// Its open offers.
    offers: Vec<OfferResponse>,
    /// Its classes.
    cohorts: Vec<PublicClass>,
    /// Decisions about it, newest first.
    decisions: Vec<PublicDecision>,
}

/// One institution by its credit code.
#[utoipa::path(get, path = "/api/v1/catalogue/institutions/{credit_code}", tag = "catalogue", params(("credit_code" = String, Path)),
    responses((status = 200, body = PublicInstitutionDetail), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_institution(
    State(app): State<App>,
    Path(credit_code): Path<String>,
) -> Result<Json<PublicInstitutionDetail>, Problem> {
    let reader = app.store.reader();
    let admissions = public_catalogue::institution(reader, &credit_code).await?;
    let first = admissions.first().ok_or_else(Problem::not_found)?;
    let sites = store::institutions::sites(reader, first.institution.id).await?;
    let offers = store::offers::public(reader, None, Some(&credit_code)).await?;
    let cohorts = public_catalogue::cohorts(reader, ClassesOf::Institution(&credit_code)).await?;
    let decisions = public_catalogue::decisions(reader, Some(&credit_code), 100).await?;
    let decisions = decisions
        .into_iter()
        .map(|row| {
            let at = row.at()?.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            Ok(PublicDecision {
                at,
                transition: row.act,
                from: row.from_state,
                to: row.to_state,
                leaf_index: row.leaf_index,
            })
        })
        .collect::<Result<_, Problem>>()?;
    let sites = sites.into_iter().map(|site| PublicSite {
        name: site.name,
        region: site.region,
        address: site.address,
        provisions: codes(&site.provisions),
    });
    Ok(Json(PublicInstitutionDetail {
        sites: sites.collect(),
        offers: offers.into_iter().map(Into::into).collect(),
        cohorts: cohorts.into_iter().map(Into::into).collect(),
        decisions,
        admissions: admissions
            .into_iter()
            .map(|row| public(&app, row))
            .collect(),
    }))
}

/// A page of programs.
#[derive(Serialize, ToSchema)]
struct PublicPrograms {
    /// Rows.
    items: Vec<ProgramResponse>,
    /// How many the filter finds.
    total: u64,
    /// This page.
    page: u64,
}

/// Published programs, by code.
#[utoipa::path(get, path = "/api/v1/catalogue/programs", tag = "catalogue", params(CatalogueQuery),
    responses((status = 200, body = PublicPrograms), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_programs(
    State(app): State<App>,
    Query(query): Query<CatalogueQuery>,
) -> Result<Json<PublicPrograms>, Problem> {
    let (filter, page) = query.parts();
    let found = public_catalogue::programs(app.store.reader(), &filter, page, PAGE).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(PublicPrograms {
        items,
        total: found.total,
        page,
    }))
}

/// A program with all its public versions.
#[derive(Serialize, ToSchema)]
struct PublicProgramDetail {
    /// Versions, newest first.
    versions: Vec<ProgramResponse>,
    /// Where it is offered.
    offers: Vec<OfferResponse>,
}

/// One program by its code.
#[utoipa::path(get, path = "/api/v1/catalogue/programs/{code}", tag = "catalogue", params(("code" = String, Path)),
    responses((status = 200, body = PublicProgramDetail), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_program(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<Json<PublicProgramDetail>, Problem> {
    let reader = app.store.reader();
    let versions = public_catalogue::program(reader, &code).await?;
    if versions.is_empty() {
        return Err(Problem::not_found());
    }
    let offers = store::offers::public(reader, Some(&code), None).await?;
    Ok(Json(PublicProgramDetail {
        versions: versions.into_iter().map(Into::into).collect(),
        offers: offers.into_iter().map(Into::into).collect(),
    }))
}
