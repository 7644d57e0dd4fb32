//! Reading the query string.

use std::str::FromStr;

use domain::institution::InstitutionState;
use store::public_catalogue::{Begin, Filter, Slice};

use super::{GRADES, List, MOST, Search};
use crate::app::App;
use crate::catalogue::cursor;
use crate::catalogue::json::PAGE;
use crate::frame::Visit;
use crate::problem::{Problem, Sentence};

/// Longest search text, in characters.
const LONGEST: usize = 100;

/// Filters that may stand several times.
const SEVERAL: [&str; 2] = ["provision", "form"];

/// Highest page number that is read.
const LAST_PAGE: u64 = 100_000;

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

impl Search {
    /// Reads the query of a page.
    pub(crate) fn read(app: &App, visit: &Visit, list: List) -> Self {
        Self::read_by(app, visit, list, Asker::Page)
    }

    pub(super) fn read_by(app: &App, visit: &Visit, list: List, asker: Asker) -> Self {
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
    pub(super) fn begin(&mut self, text: &str) {
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

    pub(super) fn take(&mut self, app: &App, name: &str, value: &str) {
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

    pub(super) fn fault(&mut self, id: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.faults.push((id, Sentence::new(zh, en)));
    }
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

pub(super) fn is_region(app: &App, code: &str) -> bool {
    code == "660000" || app.regions.find(code).is_some()
}
