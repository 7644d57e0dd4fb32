//! Notices that are open for objections, and decisions, for anybody (pages.md 3.8).

pub(crate) mod json;
pub mod objections;
mod pages;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::institution::InstitutionState;
use store::public_catalogue::{self, Filter, Slice};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::institutions::profile::{DecisionView, decision_view, federation_name};
use crate::problem::Problem;

/// Most open notices and most decisions on the page.
const MOST: u64 = 100;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/notices", get(notices));
    let router = both(
        router,
        "/notices/{no}/objections/new",
        get(pages::form).post(pages::send),
    );
    both(router, "/notices/objections/{number}", get(pages::show))
}

/// Operations for anybody.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    json::public_routes()
}

struct NoticeView {
    kind: &'static str,
    name: String,
    address: String,
    /// Address of the form of objections.
    object: String,
    region: String,
    federation: String,
    from: String,
    until: String,
    days_left: i64,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    f: Frame,
    open: Vec<NoticeView>,
    decisions: Vec<DecisionView>,
}

async fn notices(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let title = visit.lang.pick("公示与决定", "Notices and decisions");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let reader = app.store.public();
    let mut found = Vec::new();
    for state in [
        InstitutionState::AdmissionNotice,
        InstitutionState::ExitNotice,
    ] {
        let filter = Filter {
            state: state.as_str().to_owned(),
            ..Filter::default()
        };
        let page = public_catalogue::institutions(reader, &filter, &Slice::first(MOST)).await?;
        found.extend(page.items);
    }
    let today = app.today();
    let open = found
        .into_iter()
        .filter_map(|row| {
            let until = row.notice_until.filter(|until| *until >= today)?;
            Some(NoticeView {
                kind: if row.state == InstitutionState::ExitNotice {
                    f.lang().pick("退出公示", "Notice of exit")
                } else {
                    f.lang().pick("入库公示", "Notice of admission")
                },
                address: format!("/institutions/{}", row.institution.credit_code),
                object: format!(
                    "/notices/{}/objections/new?federation={}",
                    row.institution.credit_code, row.federation
                ),
                name: row.institution.name,
                region: app.regions.full_name(&row.site_region).to_owned(),
                federation: federation_name(&app, &row.federation),
                from: f.date(domain::calendar::today(row.state_since)),
                until: f.date(until),
                days_left: (until - today).num_days() + 1,
            })
        })
        .collect();
    let decisions = public_catalogue::decisions(reader, None, MOST)
        .await?
        .into_iter()
        .map(|row| decision_view(&f, row))
        .collect::<Result<_, _>>()?;
    let view = NoticesPage { f, open, decisions };
    page(StatusCode::OK, &view, Caching::Minute)
}
