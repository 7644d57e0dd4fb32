//! The form of a search and the pages of its results.

use domain::institution::InstitutionState;
use domain::program::{AccessibleForm, Provision};
use store::public_catalogue::Page;

use super::read::is_region;
use super::{GRADES, List, Search, region_name, sort_word};
use crate::app::App;
use crate::catalogue::json::PAGE;
use crate::extract::Locale;
use crate::frame::Frame;
use crate::institutions::pages::grade_word;

/// A value of a filter that can be chosen.
pub(crate) struct Choice {
    /// Its value.
    pub(crate) code: String,
    /// Its word.
    pub(crate) word: String,
    /// Whether it is chosen.
    pub(crate) chosen: bool,
}

/// The form of a search, with what was chosen.
pub(crate) struct SearchForm {
    pub(crate) action: String,
    pub(crate) q: String,
    pub(crate) regions: Vec<Choice>,
    pub(crate) states: Vec<Choice>,
    pub(crate) provisions: Vec<Choice>,
    pub(crate) forms: Vec<Choice>,
    pub(crate) grades: Vec<Choice>,
    pub(crate) occupation: String,
    pub(crate) starts_from: String,
    pub(crate) enrolling: bool,
    pub(crate) free: bool,
    pub(crate) sorts: Vec<Choice>,
    /// Whether the folded filters stand open.
    pub(crate) open: bool,
    pub(crate) faults: Vec<(&'static str, String)>,
}

impl SearchForm {
    /// The fault of one field.
    pub(crate) fn fault(&self, id: &str) -> Option<&str> {
        let found = self.faults.iter().find(|(field, _)| *field == id)?;
        Some(&found.1)
    }

    /// The form that leads to this search.
    pub(crate) fn of(app: &App, f: &Frame, search: &Search) -> Self {
        let filter = &search.filter;
        let mut regions: Vec<(String, String)> = app.regions.provinces();
        regions.push(("660000".to_owned(), region_name(app, "660000")));
        // A county by its address: shown, so that it can be seen and changed.
        let asked = &filter.region;
        if !regions.iter().any(|(code, _)| code == asked) && is_region(app, asked) {
            regions.insert(0, (asked.clone(), region_name(app, asked)));
        }
        let of_institutions = search.list == List::Institutions;
        let states = InstitutionState::ALL
            .iter()
            .filter(|state| of_institutions && state.is_public());
        let provisions = Provision::ALL.iter().filter(|_| of_institutions);
        Self {
            action: f.href(search.list.path()),
            q: filter.text.clone(),
            regions: regions
                .into_iter()
                .map(|(code, word)| Choice {
                    chosen: code == *asked,
                    code,
                    word,
                })
                .collect(),
            states: states
                .map(|one| {
                    choice(
                        one.as_str(),
                        f.t(one.zh(), one.en()),
                        filter.state == one.as_str(),
                    )
                })
                .collect(),
            provisions: provisions
                .map(|one| {
                    choice(
                        one.as_str(),
                        f.t(one.zh(), one.en()),
                        filter.provisions.contains(one),
                    )
                })
                .collect(),
            forms: AccessibleForm::ALL
                .iter()
                .map(|one| {
                    choice(
                        one.as_str(),
                        f.t(one.zh(), one.en()),
                        filter.forms.contains(one),
                    )
                })
                .collect(),
            grades: GRADES
                .iter()
                .filter(|_| of_institutions)
                .map(|code| choice(code, &grade_word(f.lang(), code), filter.grade == **code))
                .collect(),
            occupation: filter.occupation.clone(),
            starts_from: filter
                .starts_from
                .map(|day| day.to_string())
                .unwrap_or_default(),
            enrolling: filter.enrolling,
            free: filter.free,
            sorts: search
                .list
                .sorts()
                .iter()
                .map(|one| choice(one.as_str(), sort_word(f.lang(), *one), filter.sort == *one))
                .collect(),
            open: search.is_narrowed() || search.faults.iter().any(|(id, _)| *id != "q"),
            faults: search
                .faults
                .iter()
                .map(|(field, text)| (*field, f.t(&text.zh, &text.en).to_owned()))
                .collect(),
        }
    }
}

fn choice(code: &str, word: &str, chosen: bool) -> Choice {
    Choice {
        code: code.to_owned(),
        word: word.to_owned(),
        chosen,
    }
}

/// Title of a list with its filter and its page; no two of them are the same.
pub(crate) fn list_title(
    lang: Locale,
    word: (&str, &str),
    words: &[String],
    search: &Search,
) -> String {
    let word = lang.pick(word.0, word.1);
    let mut title = if words.is_empty() {
        word.to_owned()
    } else {
        format!("{} - {word}", words.join(lang.pick("、", ", ")))
    };
    if search.page > 1 {
        let page = search.page;
        title.push_str(lang.pick(&format!(" - 第{page}页"), &format!(" - page {page}")));
    }
    if search.faults.is_empty() {
        title
    } else {
        format!("{}{title}", lang.pick("错误:", "Error: "))
    }
}

/// Where a list stands.
pub(crate) struct Paging {
    pub(crate) page: u64,
    pub(crate) of: u64,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl Paging {
    /// Links to the neighbouring pages of a search; none where nothing was looked for.
    pub(crate) fn new<T>(f: &Frame, search: &Search, found: Option<&Page<T>>) -> Self {
        let of = found.map_or(0, |found| found.total).div_ceil(PAGE).max(1);
        let page = search.page;
        let before = found.and_then(|found| found.before.as_ref());
        let after = found.and_then(|found| found.after.as_ref());
        let previous = before.filter(|_| page > 1).map(|place| match page {
            // The first page is the list as it begins now.
            2 => search.href(f),
            _ => search.href_at(f, page - 1, &search.cursor(place, true)),
        });
        Self {
            page,
            of: of.max(page),
            previous,
            next: after.map(|place| search.href_at(f, page + 1, &search.cursor(place, false))),
        }
    }
}

/// Another search that finds something where this one finds nothing.
pub(crate) struct Instead {
    pub(crate) href: String,
    pub(crate) words: Vec<String>,
    pub(crate) total: u64,
}
