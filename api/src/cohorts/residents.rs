//! People whose household is in one's area and who are trained outside it, as a list and at `/desk/residents`: the
//! federation of the household sees and pays for its own (field.md 3). Names are masked as in the list of a class.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use domain::access::{Actor, ScopeCapacity};
use domain::enrolment::EnrolmentState;
use domain::ids::{CohortId, PersonId};
use serde::{Deserialize, Serialize};
use store::cohorts::Label;
use store::residents::Resident;
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json_enrolments::masked_name;
use crate::access::By;
use crate::access::browser::OnPage;
use crate::access::pages::staff_page;
use crate::access::permissions::SeeResidents;
use crate::app::App;
use crate::extract::Query;
use crate::fields::{PageQuery, page};
use crate::frame::{Frame, Visit, both};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_residents))
}

/// Pages of this part.
pub(super) fn pages() -> Router<App> {
    both(Router::new(), "/desk/residents", get(show))
}

/// A row of the list with what it is called.
struct Listed {
    row: Resident,
    name: String,
    label: Option<Label>,
}

impl Listed {
    fn words(&self, of: impl Fn(&Label) -> &String) -> String {
        self.label.as_ref().map(of).cloned().unwrap_or_default()
    }
}

/// A page of the list, and the cursor of the next one.
async fn listed(
    app: &App,
    actor: &Actor,
    state: Option<EnrolmentState>,
    pages: &PageQuery,
) -> Result<(Vec<Listed>, Option<String>), Problem> {
    let scope = Scope::by(actor, ScopeCapacity::Household);
    let (limit, before) = (pages.limit()?, pages.before()?);
    let reader = app.store.reader();
    let mut rows = store::residents::page(reader, &scope, state, before, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.enrolment.to_string());
    let people: Vec<PersonId> = rows.iter().map(|row| row.person).collect();
    let open = store::persons::open(reader, app.store.vault(), &people, app.today()).await?;
    let mut classes: Vec<CohortId> = rows.iter().map(|row| row.cohort).collect();
    classes.sort_unstable();
    classes.dedup();
    let labels = store::cohorts::labels(reader, &classes).await?;
    let found = rows
        .into_iter()
        .map(|row| Listed {
            name: masked_name(open.get(&row.person)),
            label: labels.get(&row.cohort).cloned(),
            row,
        })
        .collect();
    Ok((found, next))
}

/// Somebody of one's area who is trained outside it.
#[derive(Serialize, ToSchema)]
struct ResidentResponse {
    /// The enrolment: requests of the person name it.
    id: String,
    /// Masked name.
    name: String,
    /// State.
    state: &'static str,
    /// Division of the household registration, as the roster says.
    hukou_region: String,
    /// Public code of the class.
    cohort_code: String,
    /// Name of the class.
    cohort_name: String,
    /// Code of the program.
    program: String,
    /// Name of the program.
    program_name: String,
    /// The admission under which the class is held.
    institution: String,
    /// Name of the institution.
    institution_name: String,
    /// Division of the site.
    site_region: String,
    /// First day.
    start_on: String,
    /// Last day.
    end_on: String,
}

/// A page of people trained elsewhere.
#[derive(Serialize, ToSchema)]
struct ResidentsResponse {
    /// Rows.
    items: Vec<ResidentResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ResidentsQuery {
    /// State of the enrolment.
    #[param(value_type = Option<String>)]
    state: Option<EnrolmentState>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// People whose household is in one's area and who are trained outside it, newest first.
#[utoipa::path(get, path = "/api/v1/residents", tag = "cohorts", security(("bearer" = [])), params(ResidentsQuery),
    responses((status = 200, body = ResidentsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_residents(
    State(app): State<App>,
    by: By<SeeResidents>,
    Query(query): Query<ResidentsQuery>,
) -> Result<Json<ResidentsResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let (found, next) = listed(&app, &by.actor, query.state, &pages).await?;
    let items = found
        .into_iter()
        .map(|one| ResidentResponse {
            id: one.row.enrolment.to_string(),
            state: one.row.state.as_str(),
            program: one.words(|label| &label.program_code),
            program_name: one.words(|label| &label.program_name),
            institution: one.row.admission.to_string(),
            institution_name: one.words(|label| &label.institution_name),
            start_on: one.row.start_on.to_string(),
            end_on: one.row.end_on.to_string(),
            name: one.name,
            hukou_region: one.row.hukou_region,
            cohort_code: one.row.cohort_code,
            cohort_name: one.row.cohort_name,
            site_region: one.row.site_region,
        })
        .collect();
    Ok(Json(ResidentsResponse { items, next }))
}

struct Row {
    name: String,
    household: String,
    class: String,
    program: String,
    institution: String,
    place: String,
    start_on: String,
    end_on: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "residents.html")]
struct ResidentsPage {
    f: Frame,
    rows: Vec<Row>,
    next: Option<String>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeResidents>,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let title = visit
        .lang
        .pick("本地户籍在外地培训的人", "Residents trained elsewhere");
    let f = Frame::desk(&app, &visit, title);
    let (found, next) = listed(&app, &by.actor, None, &query).await?;
    let rows = found
        .into_iter()
        .map(|one| Row {
            household: app.regions.full_name(&one.row.hukou_region).to_owned(),
            place: app.regions.full_name(&one.row.site_region).to_owned(),
            program: one.words(|label| &label.program_name),
            institution: one.words(|label| &label.institution_name),
            start_on: f.date(one.row.start_on),
            end_on: f.date(one.row.end_on),
            state: f.lang().pick(one.row.state.zh(), one.row.state.en()),
            name: one.name,
            class: one.row.cohort_name,
        })
        .collect();
    let next = next.map(|cursor| format!("{}?cursor={cursor}", f.href("/desk/residents")));
    staff_page(&app, StatusCode::OK, &ResidentsPage { f, rows, next }, None)
}
