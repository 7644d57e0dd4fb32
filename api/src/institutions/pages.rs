//! The list of institutions as anybody sees it, on a page and as a file.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::institution::InstitutionState;
use domain::program::Provision;
use store::institutions::Admission;
use store::public_catalogue::{self, Filter, Slice, Surroundings};

use crate::app::App;
use crate::catalogue::search::{Instead, List, Paging, Search, SearchForm, list_title, sound_of};
use crate::extract::Locale;
use crate::fields::codes;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/institutions", get(list));
    router.merge(super::profile::routes())
}

/// Icon and class of a state: never colour alone.
pub(crate) const fn mark(state: InstitutionState) -> (&'static str, &'static str) {
    use InstitutionState as S;
    match state {
        S::Provisional | S::Graded => ("✔", "good"),
        S::Warned | S::Rectifying => ("!", "wait"),
        S::Suspended | S::ExitNotice | S::Exited | S::Rejected => ("✖", "bad"),
        S::Applied | S::Returned | S::UnderReview | S::AdmissionNotice => ("…", "wait"),
    }
}

/// A grade with its word (pages.md 3.7).
pub(crate) fn grade_word(lang: Locale, grade: &str) -> String {
    match grade {
        "P" => lang.pick("暂定", "provisional"),
        "A" => lang.pick("A 级 优秀", "A, excellent"),
        "B" => lang.pick("B 级 良好", "B, good"),
        "C" => lang.pick("C 级 合格", "C, sufficient"),
        "D" => lang.pick("D 级 需整改", "D, must improve"),
        other => other,
    }
    .to_owned()
}

/// Words of the provisions in JSON lists, each once, in the order of the domain.
pub(crate) fn provision_words(f: &Frame, lists: &[String]) -> Vec<&'static str> {
    let held: Vec<String> = lists.iter().flat_map(|list| codes(list)).collect();
    Provision::ALL
        .iter()
        .filter(|one| held.iter().any(|code| code == one.as_str()))
        .map(|one| f.lang().pick(one.zh(), one.en()))
        .collect()
}

/// A civil date of the database as pages write it; as it stands where it is none.
pub(crate) fn day(f: &Frame, text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |day| f.date(day))
}

/// First day of the next class. A class that should have begun is no next start, whatever its state still says.
pub(crate) fn next_start(
    app: &App,
    row: &Admission,
    around: Option<&Surroundings>,
) -> Option<String> {
    around
        .and_then(|around| around.next_start.clone())
        .filter(|day| row.may_open() && *day >= app.today().to_string())
}

struct Row {
    address: String,
    name: String,
    region: String,
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    grade: Option<String>,
    provisions: String,
    next_start: Option<String>,
}

fn row(app: &App, f: &Frame, row: Admission, around: Option<&Surroundings>) -> Row {
    let (icon, class) = mark(row.state);
    let none = Surroundings::default();
    let around = around.unwrap_or(&none);
    let next_start = next_start(app, &row, Some(around));
    Row {
        address: format!("/institutions/{}", row.institution.credit_code),
        name: row.institution.name,
        region: app.regions.full_name(&row.site_region).to_owned(),
        state: f.lang().pick(row.state.zh(), row.state.en()),
        icon,
        class,
        grade: row.grade.map(|grade| grade_word(f.lang(), grade.as_str())),
        provisions: provision_words(f, &around.provisions).join(f.t("、", ", ")),
        next_start: next_start.map(|text| day(f, &text)),
    }
}

#[derive(Template)]
#[template(path = "institutions.html")]
struct ListPage {
    f: Frame,
    words: Vec<String>,
    s: SearchForm,
    total: u64,
    rows: Vec<Row>,
    paging: Paging,
    instead: Vec<Instead>,
    clear: String,
    csv: String,
    xlsx: String,
    json: String,
}

async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let search = Search::read(&app, &visit, List::Institutions);
    let words = search.words(&app, visit.lang);
    let word = ("培训机构", "Training institutions");
    let title = list_title(visit.lang, word, &words, &search);
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let reader = app.store.public();
    let good = search.faults.is_empty();
    let (mut rows, mut total) = (Vec::new(), 0);
    let mut paging = Paging::new::<Admission>(&f, &search, None);
    if good {
        let found = public_catalogue::institutions(reader, &search.filter, &search.slice).await?;
        let around = public_catalogue::surroundings(reader, &found.items).await?;
        total = found.total;
        paging = Paging::new(&f, &search, Some(&found));
        rows = found
            .items
            .into_iter()
            .map(|one| {
                let around = around.get(&one.id);
                row(&app, &f, one, around)
            })
            .collect();
    }
    let instead = if good && total == 0 {
        instead(&app, &f, &search).await?
    } else {
        Vec::new()
    };
    let view = ListPage {
        words,
        s: SearchForm::of(&app, &f, &search),
        total,
        rows,
        paging,
        instead,
        clear: f.href(List::Institutions.path()),
        csv: search.file(&f, "csv"),
        xlsx: search.file(&f, "xlsx"),
        json: search.json(),
        f,
    };
    let (status, caching) = if good {
        (StatusCode::OK, Caching::Minute)
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, Caching::Never)
    };
    page(status, &view, caching)
}

/// Other searches that find something: what sounds alike, the region above, the same words everywhere, everything in the
/// same region.
async fn instead(app: &App, f: &Frame, search: &Search) -> Result<Vec<Instead>, Problem> {
    let asked = &search.filter;
    let everywhere = Filter {
        text: asked.text.clone(),
        ..Filter::default()
    };
    let in_region = Filter {
        region: asked.region.clone(),
        ..Filter::default()
    };
    let alike = Filter {
        text: sound_of(&asked.text),
        ..asked.clone()
    };
    let above = Filter {
        region: app
            .regions
            .find(&asked.region)
            .and_then(|region| region.parent.clone())
            .unwrap_or_default(),
        ..asked.clone()
    };
    let mut instead: Vec<Instead> = Vec::new();
    for filter in [alike, above, everywhere, in_region] {
        if filter == *asked || filter == Filter::default() {
            continue;
        }
        let wider = search.with(filter);
        let reader = app.store.public();
        let one = Slice::first(1);
        let found = public_catalogue::institutions(reader, &wider.filter, &one).await?;
        let href = wider.href(f);
        if found.total > 0 && instead.iter().all(|one| one.href != href) {
            instead.push(Instead {
                href,
                words: wider.words(app, f.lang()),
                total: found.total,
            });
        }
    }
    Ok(instead)
}
