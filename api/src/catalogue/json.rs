//! The public catalogue over JSON; no sign-in, nothing personal.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::institutions::Admission;
use store::public_catalogue::{self, ClassesOf, PublicCohort};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::search::{Asker, List, Search};
use crate::app::App;
use crate::extract::Path;
use crate::fields::codes;
use crate::frame::Visit;
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

/// What a public list is narrowed to. The query is read by [`Search`], as that of the pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document")]
pub(super) struct InstitutionQuery {
    /// Parts of a name, its pinyin or initials, with blanks between them; or a whole code.
    q: Option<String>,
    /// Division or federation code; the divisions below are included.
    region: Option<String>,
    /// State.
    state: Option<String>,
    /// Accessibility provisions of a site, all of them; may stand several times.
    provision: Option<Vec<String>>,
    /// Accessible forms of teaching, all of them; may stand several times.
    form: Option<Vec<String>>,
    /// Grade.
    grade: Option<String>,
    /// Occupation code or its beginning: with an open offer for it.
    occupation: Option<String>,
    /// Only with a class announced or enrolling that begins on this day or later.
    starts_from: Option<chrono::NaiveDate>,
    /// `1`: only with a class that takes applications.
    enrolling: Option<u8>,
    /// `1`: only with such a class that costs its trainees nothing.
    free: Option<u8>,
    /// `name` (by pinyin, the order when not given), `grade` or `region`.
    sort: Option<String>,
}

/// What the list of programs is narrowed to.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document")]
pub(super) struct ProgramQuery {
    /// Parts of the name of the program or its occupation with blanks between them, or a whole code.
    q: Option<String>,
    /// Division or federation code where it is offered; the divisions below are included.
    region: Option<String>,
    /// Accessible forms of teaching, all of them; may stand several times.
    form: Option<Vec<String>>,
    /// Occupation code or its beginning.
    occupation: Option<String>,
    /// Only with a class announced or enrolling that begins on this day or later.
    starts_from: Option<chrono::NaiveDate>,
    /// `1`: only with a class that takes applications.
    enrolling: Option<u8>,
    /// `1`: only with such a class that costs its trainees nothing.
    free: Option<u8>,
    /// `name` (by pinyin, the order when not given) or `code`.
    sort: Option<String>,
}

/// Which part of a public list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document")]
struct SliceQuery {
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before, under the same order.
    cursor: Option<String>,
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
    /// Give it as `cursor` for the next page.
    next: Option<String>,
}

/// Institutions in the catalogue, by name.
#[utoipa::path(get, path = "/api/v1/catalogue/institutions", tag = "catalogue", params(InstitutionQuery, SliceQuery),
    responses((status = 200, body = PublicInstitutions), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_institutions(
    State(app): State<App>,
    visit: Visit,
) -> Result<Json<PublicInstitutions>, Problem> {
    let search = Search::checked(&app, &visit, List::Institutions, Asker::Json)?;
    let reader = app.store.public();
    let found = public_catalogue::institutions(reader, &search.filter, &search.slice).await?;
    let next = found.after.map(|place| search.cursor(&place, false));
    let items = found
        .items
        .into_iter()
        .map(|row| public(&app, row))
        .collect();
    Ok(Json(PublicInstitutions {
        items,
        total: found.total,
        next,
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
    let reader = app.store.public();
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
    /// Give it as `cursor` for the next page.
    next: Option<String>,
}

/// Published programs, by code.
#[utoipa::path(get, path = "/api/v1/catalogue/programs", tag = "catalogue", params(ProgramQuery, SliceQuery),
    responses((status = 200, body = PublicPrograms), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_programs(
    State(app): State<App>,
    visit: Visit,
) -> Result<Json<PublicPrograms>, Problem> {
    let search = Search::checked(&app, &visit, List::Programs, Asker::Json)?;
    let reader = app.store.public();
    let found = public_catalogue::programs(reader, &search.filter, &search.slice).await?;
    let next = found.after.map(|place| search.cursor(&place, false));
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(PublicPrograms {
        items,
        total: found.total,
        next,
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
    let reader = app.store.public();
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
