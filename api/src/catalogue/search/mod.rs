//! What people look for in the catalogue: the query string of its pages, read by hand, because a filter may stand in it
//! several times and a wrong value is shown, not ignored (pages.md 3.2).

mod form;
mod read;

use domain::institution::InstitutionState;
use store::public_catalogue::{Filter, Order, Place, Slice, Sort};

use super::cursor;
use crate::app::App;
use crate::extract::Locale;
use crate::frame::Frame;
use crate::institutions::pages::grade_word;
use crate::problem::Sentence;
pub(crate) use form::{Instead, Paging, SearchForm, list_title};
pub(crate) use read::Asker;

/// Most rows that a program gets at once.
const MOST: u64 = 100;

/// Which list is searched: they do not have the same filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// Institutions.
    Institutions,
    /// Programs.
    Programs,
}

impl List {
    /// Its address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Institutions => "/institutions",
            Self::Programs => "/programs",
        }
    }
}

/// Grades that an institution can have (grading.md 6).
const GRADES: [&str; 5] = ["A", "B", "C", "D", "P"];

impl List {
    /// What an order means here.
    const fn order(self, sort: Sort) -> Order {
        match self {
            Self::Institutions => sort.of_institutions(),
            Self::Programs => sort.of_programs(),
        }
    }

    /// Orders that the list can have.
    const fn sorts(self) -> &'static [Sort] {
        match self {
            Self::Institutions => &[Sort::Name, Sort::Grade, Sort::Region],
            Self::Programs => &[Sort::Name, Sort::Code],
        }
    }
}

fn sort_word(lang: Locale, sort: Sort) -> &'static str {
    match sort {
        Sort::Name => lang.pick("名称(拼音)", "name (pinyin)"),
        Sort::Grade => lang.pick("等级", "grade"),
        Sort::Region => lang.pick("地区", "region"),
        Sort::Code => lang.pick("编号", "code"),
    }
}

/// A search as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    list: List,
    asker: Asker,
    /// What the list is narrowed to.
    pub(crate) filter: Filter,
    /// The page, from 1: for its title alone.
    pub(crate) page: u64,
    /// Where the rows begin, and how many there are at most.
    pub(crate) slice: Slice,
    /// Filters with a value that cannot be: the id of the field, and what to do.
    pub(crate) faults: Vec<(&'static str, Sentence)>,
}

impl Search {
    /// Whether anything beside the search text narrows the list; its order does not.
    pub(crate) fn is_narrowed(&self) -> bool {
        let text_only = Filter {
            text: self.filter.text.clone(),
            sort: self.filter.sort,
            ..Filter::default()
        };
        self.filter != text_only
    }

    /// The same search with another filter, from its first page.
    pub(crate) fn with(&self, filter: Filter) -> Self {
        Self {
            filter,
            page: 1,
            slice: Slice::first(self.slice.size),
            ..self.clone()
        }
    }

    /// The filters in words, for titles and for "no match".
    pub(crate) fn words(&self, app: &App, lang: Locale) -> Vec<String> {
        let filter = &self.filter;
        let mut words = Vec::new();
        if !filter.text.is_empty() {
            words.push(filter.text.clone());
        }
        if !filter.region.is_empty() {
            words.push(region_name(app, &filter.region));
        }
        if let Ok(state) = filter.state.parse::<InstitutionState>() {
            words.push(lang.pick(state.zh(), state.en()).to_owned());
        }
        let provisions = filter.provisions.iter();
        words.extend(provisions.map(|one| lang.pick(one.zh(), one.en()).to_owned()));
        let forms = filter.forms.iter();
        words.extend(forms.map(|one| lang.pick(one.zh(), one.en()).to_owned()));
        if !filter.grade.is_empty() {
            words.push(grade_word(lang, &filter.grade));
        }
        if !filter.occupation.is_empty() {
            let code = &filter.occupation;
            let (zh, en) = (format!("职业编码 {code}"), format!("occupation {code}"));
            words.push(lang.pick(&zh, &en).to_owned());
        }
        if filter.enrolling {
            words.push(lang.pick("正在报名", "enrolling now").to_owned());
        }
        if let Some(day) = filter.starts_from {
            let (zh, en) = (format!("{day} 起开班"), format!("starting from {day}"));
            words.push(lang.pick(&zh, &en).to_owned());
        }
        if filter.free {
            words.push(lang.pick("学员免费", "free of charge").to_owned());
        }
        words
    }

    /// The query of this search from its first row on, without its question mark.
    pub(crate) fn query(&self) -> String {
        self.query_at(1, "")
    }

    /// The query of one page of this search.
    fn query_at(&self, page: u64, cursor: &str) -> String {
        let filter = &self.filter;
        let number = page.to_string();
        let mut pairs: Vec<(&str, &str)> = vec![
            ("q", &filter.text),
            ("region", &filter.region),
            ("state", &filter.state),
        ];
        pairs.extend(
            filter
                .provisions
                .iter()
                .map(|one| ("provision", one.as_str())),
        );
        pairs.extend(filter.forms.iter().map(|one| ("form", one.as_str())));
        let starts_from = filter.starts_from.map(|day| day.to_string());
        let starts_from = starts_from.unwrap_or_default();
        let flag = |on: bool| if on { "1" } else { "" };
        let sort = if filter.sort == Sort::default() {
            ""
        } else {
            filter.sort.as_str()
        };
        pairs.extend([
            ("grade", filter.grade.as_str()),
            ("occupation", filter.occupation.as_str()),
            ("starts_from", starts_from.as_str()),
            ("enrolling", flag(filter.enrolling)),
            ("free", flag(filter.free)),
            ("sort", sort),
        ]);
        pairs.push(("page", if page > 1 { &number } else { "" }));
        pairs.push(("cursor", cursor));
        pairs.retain(|(_, value)| !value.is_empty());
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }

    /// The cursor of the rows after a place, or before it.
    pub(crate) fn cursor(&self, place: &Place, before: bool) -> String {
        cursor::write(self.list.path(), self.filter.sort, place, before)
    }

    /// The address of this search from its first row on.
    pub(crate) fn href(&self, f: &Frame) -> String {
        address(&f.href(self.list.path()), &self.query())
    }

    /// The address of one page of this search.
    fn href_at(&self, f: &Frame, page: u64, cursor: &str) -> String {
        address(&f.href(self.list.path()), &self.query_at(page, cursor))
    }

    /// The address of a file with all rows of this search.
    pub(crate) fn file(&self, f: &Frame, extension: &str) -> String {
        let path = format!("{}.{extension}", f.href(self.list.path()));
        address(&path, &self.query())
    }

    /// The address of all rows of this search in JSON.
    pub(crate) fn json(&self) -> String {
        let path = format!("/api/v1/catalogue{}/export/json", self.list.path());
        address(&path, &self.query())
    }
}

fn address(path: &str, query: &str) -> String {
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// A search text by its sound, so that a homophone typed by mistake still finds.
pub(crate) fn sound_of(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(domain::spelling::sound)
        .collect();
    words.join(" ")
}

fn region_name(app: &App, code: &str) -> String {
    if code == "660000" {
        "新疆生产建设兵团".to_owned()
    } else {
        app.regions.full_name(code).to_owned()
    }
}
