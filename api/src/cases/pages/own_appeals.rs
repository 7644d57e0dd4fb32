//! `/admin/appeals`, `/org/appeals`: all appeals of one's scope, those of trainees among them, with the acts that the reader
//! may take; an institution lodges one about its trainees here.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;
use domain::institution::appealed::Grievance;
use store::cases::{appeals, grievances as rows};
use store::scope::Scope;

use super::{AppealLine, SHOWN, forms};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{LodgeAppeals, SeeRecords};
use crate::app::App;
use crate::cases::grievances::{self, LodgeGrievanceRequest};
use crate::extract::IdempotencyKey;
use crate::frame::{Brand, Frame, Visit};
use crate::problem::{Code, Problem};

#[derive(Template)]
#[template(path = "appeals.html")]
struct AppealsPage {
    f: Frame,
    org: bool,
    rows: Vec<AppealLine>,
    /// Acts against which an institution appeals.
    acts: Vec<(&'static str, &'static str)>,
    form: String,
    key: String,
}

pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeRecords>,
    form: FormToken,
) -> Result<Response, Problem> {
    let title = visit.lang.pick("申诉", "Appeals");
    let f = Frame::new(&app, &visit, Brand::Registry, title);
    let (reader, role) = (app.store.reader(), by.actor.role);
    let mut all = appeals::list(reader, &Scope::of(&by.actor), None, SHOWN).await?;
    rows::open(reader, app.store.vault(), &mut all).await?;
    let mut lines = Vec::with_capacity(all.len());
    for one in &all {
        lines.push(forms::appeal_line(&app, &f, one, role).await?);
    }
    let acts = Grievance::ALL
        .iter()
        .filter(|one| one.concerns(role))
        .map(|one| (one.as_str(), f.lang().pick(one.zh(), one.en())))
        .collect();
    let page = AppealsPage {
        org: role.is_institution(),
        rows: lines,
        acts,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// An institution appeals against an act that concerns one of its trainees.
pub(super) async fn lodge(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<LodgeAppeals>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let against = form.text("against").parse();
    let request = LodgeGrievanceRequest {
        against: against.map_err(|_| Problem::new(Code::MalformedRequest))?,
        object: form.text("object").to_owned(),
        points: form.text("points").to_owned(),
        wish: form.text("wish").to_owned(),
    };
    grievances::lodge(&app, &by.actor, &key, &request).await?;
    Ok(back(&visit, by.actor.role))
}

/// Back to the list.
pub(super) fn back(visit: &Visit, role: Role) -> Response {
    let to = if role.is_institution() {
        visit.lang.pick("/org/appeals", "/en/org/appeals")
    } else {
        visit.lang.pick("/admin/appeals", "/en/admin/appeals")
    };
    Redirect::to(to).into_response()
}
