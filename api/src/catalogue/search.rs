//! What people look for in the catalogue: the query string of its pages, read by hand, because a filter may stand in it
//! several times and a wrong value is shown, not ignored (pages.md 3.2).

use std::str::FromStr;

use domain::institution::InstitutionState;
use domain::program::{AccessibleForm, Provision};
use store::public_catalogue::{Begin, Filter, Order, Page, Place, Slice, Sort};

use super::cursor;
use super::json::PAGE;
use crate::app::App;
use crate::extract::Locale;
use crate::frame::{Frame, Visit};
use crate::institutions::pages::grade_word;
use crate::problem::{Problem, Sentence};

/// Longest search text, in characters.
const LONGEST: usize = 100;
/// Filters that may stand several times.
const SEVERAL: [&str; 2] = ["provision", "form"];
/// Most rows that a program gets at once.
const MOST: u64 = 100;
/// Highest page number that is read.
const LAST_PAGE: u64 = 100_000;

/// A value of a filter that can be chosen.
pub(crate) struct Choice {
    /// Its value.
    pub(crate) code: String,
    /// Its word.
    pub(crate) word: String,
    /// Whether it is chosen.
    pub(crate) chosen: bool,
}

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

/// What a search is asked for by: each pages in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A page: its number for the title, and a cursor.
    Page,
    /// A program: a limit and a cursor.
    Json,
    /// A file, which holds all rows.
    File,
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
    /// Reads the query of a page.
    pub(crate) fn read(app: &App, visit: &Visit, list: List) -> Self {
        Self::read_by(app, visit, list, Asker::Page)
    }

    fn read_by(app: &App, visit: &Visit, list: List, asker: Asker) -> Self {
        let mut search = Self {
            list,
            asker,
            filter: Filter::default(),
            page: 1,
            slice: Slice::first(PAGE),
            faults: Vec::new(),
        };
        let query = visit.query.strip_prefix('?').unwrap_or("");
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let mut cursor = "";
        for (at, (name, value)) in pairs.iter().enumerate() {
            let before = pairs.get(..at).unwrap_or_default();
            if !SEVERAL.contains(&name.as_str()) && before.iter().any(|(other, _)| other == name) {
                let name: String = name.chars().take(LONGEST).collect();
                let zh = format!("查询条件“{name}”出现了两次,请只留一个。");
                let en = format!("The filter “{name}” stands twice; keep one.");
                search.fault("q", zh, en);
            } else if name == "cursor" && asker != Asker::File {
                cursor = value.trim();
            } else {
                search.take(app, name, value.trim());
            }
        }
        search.begin(cursor);
        search
    }

    /// Where the rows begin: known once the order is.
    fn begin(&mut self, text: &str) {
        let sort = self.filter.sort;
        let order = self.list.order(sort);
        let begin = match text {
            "" if self.page == 1 => Some(Begin::Start),
            "" => None,
            text => cursor::read(self.list.path(), sort, order, text),
        };
        if let Some(begin) = begin {
            self.slice.begin = begin;
        } else if self.faults.is_empty() {
            let id = if self.asker == Asker::Json {
                "cursor"
            } else {
                "q"
            };
            self.fault(
                id,
                "翻页标记有误,或属于另一种排序,请从第一页看起。",
                "The cursor is wrong or belongs to another order; begin with the first page.",
            );
        }
    }

    /// The same for programs and files, which take no wrong filter.
    pub(crate) fn checked(
        app: &App,
        visit: &Visit,
        list: List,
        asker: Asker,
    ) -> Result<Self, Problem> {
        let search = Self::read_by(app, visit, list, asker);
        let mut faults = search.faults.iter();
        let Some((field, text)) = faults.next() else {
            return Ok(search);
        };
        let pointer = |field: &str| format!("/{}", field.trim_end_matches("-0"));
        let first = Problem::field(pointer(field), "query", &text.zh, &text.en);
        Err(faults.fold(first, |problem, (field, text)| {
            problem.with_error(pointer(field), "query", text.zh.as_str(), text.en.as_str())
        }))
    }

    fn take(&mut self, app: &App, name: &str, value: &str) {
        let shown: String = value.chars().take(LONGEST).collect();
        if value.chars().any(char::is_control) {
            return self.fault(
                "q",
                "请去掉看不见的字符。",
                "Remove the invisible characters.",
            );
        }
        match (name, self.list) {
            _ if value.is_empty() => {}
            ("q", _) => self.filter.text = shown,
            ("region", _) => {
                self.filter.region.clone_from(&shown);
                if !is_region(app, value) {
                    let zh = format!("没有代码为“{shown}”的地区,请重新选择地区。");
                    self.fault(
                        "region",
                        zh,
                        format!("There is no region “{shown}”; choose one."),
                    );
                }
            }
            ("state", List::Institutions) => {
                let known: Option<InstitutionState> = value.parse().ok();
                if let Some(state) = known.filter(|state| state.is_public()) {
                    state.as_str().clone_into(&mut self.filter.state);
                } else {
                    let zh = format!("没有“{shown}”这种状态,请重新选择状态。");
                    let en = format!("There is no state “{shown}”; choose one.");
                    self.fault("state", zh, en);
                }
            }
            ("provision", List::Institutions) => {
                if !add(&mut self.filter.provisions, value) {
                    let zh = format!("没有“{shown}”这种无障碍设施,请重新选择。");
                    let en = format!("There is no provision “{shown}”; choose again.");
                    self.fault("provision-0", zh, en);
                }
            }
            ("form", _) => {
                if !add(&mut self.filter.forms, value) {
                    let zh = format!("没有“{shown}”这种授课形式,请重新选择。");
                    let en = format!("There is no form of teaching “{shown}”; choose again.");
                    self.fault("form-0", zh, en);
                }
            }
            ("grade", List::Institutions) => {
                if GRADES.contains(&value) {
                    self.filter.grade = shown;
                } else {
                    let zh = format!("没有“{shown}”这个等级,请重新选择等级。");
                    let en = format!("There is no grade “{shown}”; choose one.");
                    self.fault("grade", zh, en);
                }
            }
            ("occupation", _) => {
                let looks = value.len() <= 10
                    && value.starts_with(|c: char| c.is_ascii_digit())
                    && value.chars().all(|c| c.is_ascii_digit() || c == '-');
                self.filter.occupation.clone_from(&shown);
                if !looks {
                    let zh = "请输入职业编码或它的前几位,如 4-10-04-02、4-10;按职业名称查项目请用上面的查询框。";
                    let en = "Type an occupation code or its beginning, such as 4-10-04-02 or 4-10; names belong into the search field above.";
                    self.fault("occupation", zh, en);
                }
            }
            ("starts_from", _) => {
                self.filter.starts_from = value.parse().ok();
                if self.filter.starts_from.is_none() {
                    let zh = format!("“{shown}”不是日期,请按 2026-03-08 的写法输入。");
                    let en = format!("“{shown}” is no date; write it as 2026-03-08.");
                    self.fault("starts_from", zh, en);
                }
            }
            ("sort", list) => match value.parse() {
                Ok(sort) if list.sorts().contains(&sort) => self.filter.sort = sort,
                _ => {
                    let zh = format!("不能按“{shown}”排序,请重新选择。");
                    let en = format!("There is no order “{shown}”; choose one.");
                    self.fault("sort", zh, en);
                }
            },
            ("enrolling", _) if value == "1" => self.filter.enrolling = true,
            ("free", _) if value == "1" => self.filter.free = true,
            ("limit", _) if self.asker == Asker::Json => {
                if let Ok(limit @ 1..=MOST) = value.parse() {
                    self.slice.size = limit;
                } else {
                    let zh = format!("每页条数“{shown}”应当是 1 至 {MOST} 的整数。");
                    let en = format!("“{shown}” is no number from 1 to {MOST}.");
                    self.fault("limit", zh, en);
                }
            }
            ("page", _) if self.asker == Asker::Page => {
                if let Ok(page @ 1..=LAST_PAGE) = value.parse() {
                    self.page = page;
                } else {
                    let zh = format!("没有第“{shown}”页,请从第一页看起。");
                    let en = format!("There is no page “{shown}”; begin with the first.");
                    self.fault("q", zh, en);
                }
            }
            _ => {
                let name: String = name.chars().take(LONGEST).collect();
                let zh = format!("没有“{name}={shown}”这个查询条件,请重新选择。");
                let en = format!("There is no filter “{name}={shown}”; choose again.");
                self.fault("q", zh, en);
            }
        }
    }

    fn fault(&mut self, id: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.faults.push((id, Sentence::new(zh, en)));
    }

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

fn add<T: FromStr + PartialEq>(chosen: &mut Vec<T>, value: &str) -> bool {
    let Ok(one) = value.parse() else {
        return false;
    };
    if !chosen.contains(&one) {
        chosen.push(one);
    }
    true
}

fn is_region(app: &App, code: &str) -> bool {
    code == "660000" || app.regions.find(code).is_some()
}

fn region_name(app: &App, code: &str) -> String {
    if code == "660000" {
        "新疆生产建设兵团".to_owned()
    } else {
        app.regions.full_name(code).to_owned()
    }
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
