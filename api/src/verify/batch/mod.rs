//! `/verify/batch`: up to a thousand certificates at once, for employers (pages.md 3.6). What is sent in is held in memory
//! while it is answered, and neither kept nor written to a log (field.md 25).

mod few;
mod input;
mod output;
mod photographs;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use askama::Template;
use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use certs::verdict::Lang;
use domain::PublicId;

use input::{Asked, Lines};

use super::{Answer, answer_within};
use crate::app::App;
use crate::border::Source;
use crate::cores;
use crate::exports::disposition;
use crate::extract::Locale;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::{Code, Problem, Sentence};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Routes of this page.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/verify/batch", get(show).post(submit))
        .route("/verify/batch/template.xlsx", get(template))
}

#[derive(Template)]
#[template(path = "verify_batch.html")]
struct BatchPage {
    f: Frame,
    fault: Option<String>,
    text: String,
}

#[derive(Template)]
#[template(path = "verify_batch_result.html")]
struct ResultPage {
    f: Frame,
    heading: String,
    counts: Vec<(String, usize)>,
    rows: Vec<RowView>,
    /// The uploaded lines, to be sent again for the workbook: nothing was kept here.
    again: String,
}

struct RowView {
    number: usize,
    shown: String,
    state: &'static str,
    word: String,
    reason: String,
    holder: String,
    kind: String,
    issued: String,
    fine: bool,
}

/// One line with its answer.
struct Checked {
    asked: Asked,
    outcome: Outcome,
    /// The earlier line that asks for the same certificate, from 1.
    repeats: Option<usize>,
}

enum Outcome {
    Answered(Box<Answer>),
    /// Why the line is no question, or was not let in.
    Refused(&'static str, Sentence),
}

fn title(visit: &Visit) -> &'static str {
    visit.lang.pick("批量查验", "Check many certificates")
}

fn frame(app: &App, visit: &Visit, title: impl Into<String>) -> Frame {
    let word = visit.lang.pick("证书查验", "Check a certificate");
    Frame::new(app, visit, Brand::Verify, title).under("/verify", word)
}

async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let view = BatchPage {
        f: frame(&app, &visit, title(&visit)),
        fault: None,
        text: String::new(),
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

async fn template() -> Result<Response, Problem> {
    let bytes = output::template().map_err(Problem::internal)?;
    let name = disposition("批量查验模板.xlsx", "batch-template.xlsx");
    let headers = [
        (
            header::CONTENT_TYPE,
            XLSX.parse().map_err(Problem::internal)?,
        ),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, bytes).into_response())
}

async fn submit(
    State(app): State<App>,
    source: Source,
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let form = form.map_err(|_| Problem::new(Code::UnsupportedMediaType))?;
    let sent = input::receive(&app, form).await?;
    let as_workbook = sent.as_workbook;
    let typed = sent.text.clone();
    let place = cores::TABLES.place().await?;
    let read = place.aside(move || input::lines(sent)).await;
    let lines = read.map_err(Problem::internal)?;
    let lines = match lines {
        Ok(lines) => lines,
        Err(fault) => {
            let fault = visit.lang.pick(&fault.zh, &fault.en).to_owned();
            let word = visit.lang.pick("错误:", "Error: ");
            let view = BatchPage {
                f: frame(&app, &visit, format!("{word}{}", title(&visit))),
                fault: Some(fault),
                text: typed,
            };
            return page(StatusCode::UNPROCESSABLE_ENTITY, &view, Caching::Never);
        }
    };
    let again = lines.again();
    let (above, header) = (lines.above.clone(), lines.header.clone());
    let place = photographs::answering().await?;
    let checked = check(&app, source, lines).await?;
    drop(place);
    if as_workbook {
        let bytes =
            output::workbook(&above, &header, &checked, app.now()).map_err(Problem::internal)?;
        let headers = [
            (
                header::CONTENT_TYPE,
                XLSX.parse().map_err(Problem::internal)?,
            ),
            (
                header::CONTENT_DISPOSITION,
                disposition("批量查验结果.xlsx", "batch-result.xlsx"),
            ),
            (
                header::CACHE_CONTROL,
                header::HeaderValue::from_static("no-store"),
            ),
        ];
        return Ok((headers, bytes).into_response());
    }
    let f = frame(&app, &visit, "");
    let (heading, counts) = summary(&checked, visit.lang);
    let rows = (1..)
        .zip(&checked)
        .map(|(number, one)| view(&f, visit.lang, number, one))
        .collect();
    let view = ResultPage {
        f: frame(&app, &visit, heading.clone()),
        heading,
        counts,
        rows,
        again,
    };
    page(StatusCode::OK, &view, Caching::Never)
}

/// Asks for all lines at once, within the budget of questions by number and name.
async fn check(app: &App, source: Source, lines: Lines) -> Result<Vec<Checked>, Problem> {
    let mut questions = Vec::new();
    let mut checked = Vec::with_capacity(lines.rows.len());
    for asked in lines.rows {
        let outcome = match &asked.question {
            Ok(question) => {
                questions.push(question.clone());
                None
            }
            Err((code, sentence)) => Some(Outcome::Refused(code, sentence.clone())),
        };
        checked.push((asked, outcome));
    }
    let mut answers = answer_within(app, source, questions).await?.into_iter();
    let mut seen = HashMap::new();
    (1..)
        .zip(checked)
        .map(|(number, (asked, outcome))| {
            let outcome = match outcome {
                Some(refused) => refused,
                None => match answers.next() {
                    Some(Ok(answer)) => Outcome::Answered(Box::new(answer)),
                    Some(Err(problem)) => {
                        Outcome::Refused(problem.code().as_str(), problem.detail())
                    }
                    None => return Err(Problem::internal("a line was left without an answer")),
                },
            };
            let repeats = repeats(&mut seen, number, &asked, &outcome);
            Ok(Checked {
                asked,
                outcome,
                repeats,
            })
        })
        .collect()
}

/// What makes two lines the same: the certificate that answers, whichever way it was asked for; else the question.
#[derive(PartialEq, Eq, Hash)]
enum Same {
    Certificate(PublicId),
    Question(String),
}

/// The earlier line about the same certificate.
fn repeats(
    seen: &mut HashMap<Same, usize>,
    number: usize,
    asked: &Asked,
    outcome: &Outcome,
) -> Option<usize> {
    let known = match outcome {
        Outcome::Answered(answer) => answer.certificate.as_ref(),
        Outcome::Refused(..) => None,
    };
    let same = match known {
        Some(known) => Same::Certificate(known.public_id),
        None => Same::Question(asked.key()?),
    };
    match seen.entry(same) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(place) => {
            place.insert(number);
            None
        }
    }
}

impl Checked {
    /// State code: of the verdict, or `unreadable`.
    fn state(&self) -> &'static str {
        match &self.outcome {
            Outcome::Answered(answer) => answer.state().code(),
            Outcome::Refused(..) => "unreadable",
        }
    }

    fn word(&self, lang: Locale) -> String {
        match &self.outcome {
            Outcome::Answered(answer) => answer.heading(language(lang)).to_owned(),
            Outcome::Refused(..) => lang.pick("没有查", "Not checked").to_owned(),
        }
    }

    fn reason(&self, lang: Locale) -> String {
        let mut text = match &self.outcome {
            Outcome::Answered(answer) => answer.sentence(language(lang)),
            Outcome::Refused(_, sentence) => lang.pick(&sentence.zh, &sentence.en).to_owned(),
        };
        if let Some(first) = self.repeats {
            let again = lang
                .pick(
                    &format!(" 与第 {first} 行重复。"),
                    &format!(" Repeats line {first}."),
                )
                .to_owned();
            text.push_str(&again);
        }
        text
    }

    /// Holder (in full only to who presented the signed data), kind, institution and day of issue.
    fn facts(&self) -> Option<(String, String, String, chrono::NaiveDate)> {
        let Outcome::Answered(answer) = &self.outcome else {
            return None;
        };
        let known = answer.certificate.as_ref()?;
        let holder = answer.holder_full().map_or_else(
            || known.holder_masked.clone(),
            |name| name.expose().to_owned(),
        );
        let day = domain::calendar::today(known.issued_at);
        Some((
            holder,
            known.certificate_type.clone(),
            known.institution_name.clone(),
            day,
        ))
    }
}

const fn language(lang: Locale) -> Lang {
    match lang {
        Locale::Zh => Lang::Zh,
        Locale::En => Lang::En,
    }
}

/// The heading with its counts, and the counts: most frequent first.
fn summary(checked: &[Checked], lang: Locale) -> (String, Vec<(String, usize)>) {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for one in checked {
        let word = one.word(lang);
        match counts.iter_mut().find(|(found, _)| *found == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    let all = checked.len();
    let heading = lang
        .pick(
            &format!("已查验 {all} 份:{}", parts.join(",")),
            &format!("{all} checked: {}", parts.join(", ")),
        )
        .to_owned();
    (heading, counts)
}

fn view(f: &Frame, lang: Locale, number: usize, one: &Checked) -> RowView {
    let (holder, kind, _, day) = one
        .facts()
        .map_or_else(Default::default, |(holder, kind, institution, day)| {
            (holder, kind, institution, Some(day))
        });
    RowView {
        number,
        shown: one.asked.shown(),
        state: one.state(),
        word: one.word(lang),
        reason: one.reason(lang),
        holder,
        kind,
        issued: day.map_or(String::new(), |day| f.date(day)),
        fine: one.state() == "valid" && one.repeats.is_none(),
    }
}
