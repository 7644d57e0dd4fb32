//! Pages of work after training: what a county and the federations above it decide (`/admin/episodes`,
//! `/admin/follow-ups`, `/admin/conflicts`, `/admin/registers`), and what an institution sees of its own (`/org/…`). An institution never
//! learns who stands on the other side of a conflict. Every act is one of the JSON API's.

mod claim;
mod conflicts;
mod episode;
mod episodes;
mod files;
mod follow_ups;
mod registers;

use std::collections::HashMap;

use axum::Router;
use axum::routing::{get, post};
use domain::access::Actor;
use domain::ids::PersonId;
use store::evidence_lists::{Place, Whose};
use uuid::Uuid;

use crate::access::permissions::{ImportRegisters, Permission as _};
use crate::app::App;
use crate::assessments::sample::mask;
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::Problem;

/// Lines on one page.
const SHOWN: u64 = 50;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let mut router = both(Router::new(), "/admin/episodes", get(episodes::list));
    router = both(router, "/org/episodes", get(episodes::list));
    router = both(
        router,
        "/org/episodes/new",
        get(claim::show).post(claim::send),
    );
    router = both(
        router,
        "/admin/episodes/{id}",
        get(episode::show).post(episode::act),
    );
    router = both(
        router,
        "/org/episodes/{id}",
        get(episode::show).post(episode::act),
    );
    router = both(router, "/admin/follow-ups", get(follow_ups::list));
    router = both(router, "/org/follow-ups", get(follow_ups::list));
    router = both(router, "/admin/follow-ups/{id}", post(follow_ups::record));
    router = both(router, "/admin/conflicts", get(conflicts::list));
    router = both(router, "/org/conflicts", get(conflicts::list));
    router = both(
        router,
        "/admin/conflicts/{id}",
        get(conflicts::show).post(conflicts::close),
    );
    router = both(router, "/org/conflicts/{id}", get(conflicts::show));
    router = both(
        router,
        "/admin/registers",
        get(registers::show).post(registers::send),
    );
    router = both(
        router,
        "/admin/registers/draft",
        get(registers::draft).post(registers::confirm),
    );
    router.merge(files::routes())
}

/// Where somebody's pages begin.
fn base(actor: &Actor) -> &'static str {
    if actor.role.is_institution() {
        "/org"
    } else {
        "/admin"
    }
}

fn frame(app: &App, visit: &Visit, title: &str) -> Frame {
    Frame::new(app, visit, Brand::Registry, title.to_owned())
        .under("/desk", visit.lang.pick("工作台", "Desk"))
}

/// Links between these pages; the one that is open is none.
fn beside(f: &Frame, actor: &Actor, here: &str) -> Vec<(String, &'static str)> {
    let base = base(actor);
    let mut links = vec![
        (
            format!("{base}/episodes"),
            f.lang().pick("就业记录", "Work of trainees"),
        ),
        (
            format!("{base}/follow-ups"),
            f.lang().pick("就业回访", "Follow-ups"),
        ),
        (
            format!("{base}/conflicts"),
            f.lang().pick("疑点清单", "Conflicts"),
        ),
    ];
    if ImportRegisters::allows(actor.role) {
        let words = f.lang().pick("导入登记数据", "Import a register");
        links.push(("/admin/registers".to_owned(), words));
    }
    links.retain(|(path, _)| path != here);
    links
}

/// Masked names of these people.
async fn masked(
    app: &App,
    people: impl Iterator<Item = PersonId>,
) -> Result<HashMap<PersonId, String>, Problem> {
    let mut people: Vec<PersonId> = people.collect();
    people.sort_unstable();
    people.dedup();
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let open = store::persons::open(reader, vault, &people, app.today()).await?;
    let name = |id: &PersonId| mask(open.get(id).map(|one| one.name.as_str()));
    Ok(people.iter().map(|id| (*id, name(id))).collect())
}

/// Trainee and class of a line.
struct Cells {
    trainee: String,
    class_code: String,
    class_name: String,
    institution: String,
}

impl Cells {
    fn of(whose: &Whose, names: &HashMap<PersonId, String>) -> Self {
        Self {
            trainee: names.get(&whose.person).cloned().unwrap_or_default(),
            class_code: whose.class_code.clone(),
            class_name: whose.class_name.clone(),
            institution: whose.institution_name.clone(),
        }
    }
}

/// A place in a list as it stands in an address.
fn place(text: Option<&str>) -> Result<Option<Place>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let read = text.split_once('~').and_then(|(on, id)| {
        let id: Uuid = id.parse().ok()?;
        let day = on.is_empty() || on.parse::<chrono::NaiveDate>().is_ok();
        day.then(|| Place {
            on: on.to_owned(),
            id,
        })
    });
    read.map(Some).ok_or_else(|| {
        wrong(
            "/after",
            "请从第一页重新开始。",
            "Begin with the first page again.",
        )
    })
}

fn address(place: &Place) -> String {
    format!("{}~{}", place.on, place.id)
}

fn wrong(pointer: &str, zh: &str, en: &str) -> Problem {
    Problem::field(pointer, "query", zh, en)
}
