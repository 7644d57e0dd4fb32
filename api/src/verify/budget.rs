//! Questions by number and full name cost something when they are wrong (trust.md EN-2, EN-3).
//!
//! A number has a few wrong names a day; after that it answers only by its QR code, also to the right name, since another
//! answer would tell. The count is taken before the question is answered, in this process, so that parallel guesses
//! gain nothing; a wrong one is then added to the database, so that it outlives a restart and all nodes know it. A source
//! has a larger number, in memory only: an address is not to be kept. An unknown number and a wrong name are one case here.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::NaiveDate;
use domain::{CertificateNo, PersonName, PublicId};

use super::{Answer, Question, answer_all, name_matches};
use crate::app::App;
use crate::border::metrics::Refused;
use crate::border::{Class, Source};
use crate::clock::seconds_left_today;
use crate::problem::{Code, Problem};

/// How long an answer waits for its miss to be written; the count in memory holds anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// A question that was let in; it has taken one of the number's and one of the source's.
struct Taken {
    day: NaiveDate,
    number: [u8; 32],
    source: Source,
}

/// Lets a question about a number in, or refuses it.
fn take(
    app: &App,
    source: Source,
    number: [u8; 32],
    known: &HashMap<[u8; 32], u32>,
) -> Result<Taken, Problem> {
    let (day, figures) = (app.today(), &app.border.figures.lookup);
    let refused = |zh: &str, en: &str| {
        app.border.metrics.refused(Class::Lookup, Refused::Budget);
        Problem::new(Code::TooManyRequests)
            .with_detail(zh, en)
            .retry_after(seconds_left_today(app.now()))
    };
    let of_source = figures.wrong_per_source_and_day;
    if !app.border.wrong_sources.take(day, source, of_source, 0) {
        return Err(refused(
            "今天查错的次数过多,请明天再试;扫描证书上的二维码不受影响。",
            "Too many wrong questions today; try again tomorrow. Scanning the QR code still works.",
        ));
    }
    let wrong = known.get(&number).copied().unwrap_or(0);
    let of_number = figures.wrong_per_number_and_day;
    if !app.border.wrong_numbers.take(day, number, of_number, wrong) {
        app.border.wrong_sources.give_back(day, &source);
        return Err(refused(
            "这个编号今天查错的次数过多,请明天再试;扫描证书上的二维码不受影响。",
            "This number was asked with wrong names too often today; try again tomorrow. Scanning its QR code still works.",
        ));
    }
    Ok(Taken {
        day,
        number,
        source,
    })
}

impl Taken {
    fn was_right(&self, app: &App) {
        app.border.wrong_numbers.give_back(self.day, &self.number);
        app.border.wrong_sources.give_back(self.day, &self.source);
    }
}

/// Writes what was wrong; when the database takes no writes now, the count in memory has to do.
async fn were_wrong(app: &App, wrong: &[Taken]) {
    let Some(first) = wrong.first() else {
        return;
    };
    let mut counts = BTreeMap::new();
    for one in wrong {
        *counts.entry(one.number).or_insert(0_u32) += 1;
    }
    let figures = &app.border.figures.lookup;
    app.border.metrics.missed(
        wrong.len() as u64,
        app.now().timestamp().div_euclid(60),
        figures.alarm_times_usual,
    );
    let write = async {
        let tx = app.store.write().await?;
        store::lookups::add_wrong(&tx, first.day, &counts).await?;
        store::commit(tx).await
    };
    match tokio::time::timeout(PATIENCE, write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("wrong lookups are counted in memory only: {error}"),
        Err(_) => tracing::warn!("wrong lookups are counted in memory only: no answer in time"),
    }
}

async fn known(app: &App, numbers: &[[u8; 32]]) -> Result<HashMap<[u8; 32], u32>, Problem> {
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store::lookups::wrong_on(app.store.public(), app.today(), numbers).await?)
}

fn index(app: &App, number: &CertificateNo) -> [u8; 32] {
    store::lookups::index(app.store.vault(), number)
}

/// Answers questions in their order; one that is over its budget is refused alone. A number and a name that stand there
/// more than once are one question, which is taken, answered and charged once.
pub(crate) async fn answer_within(
    app: &App,
    source: Source,
    questions: Vec<Question>,
) -> Result<Vec<Result<Answer, Problem>>, Problem> {
    let (distinct, places) = distinct(questions);
    let results = answer_distinct(app, source, distinct).await?;
    if results.len() == places.len() {
        return Ok(results);
    }
    places
        .into_iter()
        .map(|place| {
            let result = results.get(place).cloned();
            result.ok_or_else(|| Problem::internal("an item was left without an answer"))
        })
        .collect()
}

/// The questions without the repeated ones by number and name, and for each that was asked its place among them.
fn distinct(questions: Vec<Question>) -> (Vec<Question>, Vec<usize>) {
    let (mut distinct, mut places) = (Vec::new(), Vec::with_capacity(questions.len()));
    let mut first: HashMap<(CertificateNo, PersonName), usize> = HashMap::new();
    for question in questions {
        let place = match &question {
            Question::NumberAndName { number, name } => *first
                .entry((number.clone(), name.clone()))
                .or_insert(distinct.len()),
            Question::Id(_) | Question::Text(_) => distinct.len(),
        };
        if place == distinct.len() {
            distinct.push(question);
        }
        places.push(place);
    }
    (distinct, places)
}

async fn answer_distinct(
    app: &App,
    source: Source,
    questions: Vec<Question>,
) -> Result<Vec<Result<Answer, Problem>>, Problem> {
    let indexes: Vec<Option<[u8; 32]>> = questions
        .iter()
        .map(|question| match question {
            Question::NumberAndName { number, .. } => Some(index(app, number)),
            Question::Id(_) | Question::Text(_) => None,
        })
        .collect();
    let mut numbers: Vec<[u8; 32]> = indexes.iter().flatten().copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let known = known(app, &numbers).await?;
    let mut rows = Vec::with_capacity(questions.len());
    let mut asked = Vec::with_capacity(questions.len());
    for (question, index) in questions.into_iter().zip(indexes) {
        let taken = index
            .map(|index| take(app, source, index, &known))
            .transpose();
        rows.push(taken.inspect(|_| asked.push(question)));
    }
    let mut answers = match answer_all(app, asked).await {
        Ok(answers) => answers.into_iter(),
        Err(problem) => {
            // Nobody learned anything.
            for taken in rows.into_iter().flatten().flatten() {
                taken.was_right(app);
            }
            return Err(problem);
        }
    };
    let (mut results, mut wrong) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        results.push(match row {
            Err(problem) => Err(problem),
            Ok(taken) => {
                let answer = answers
                    .next()
                    .ok_or_else(|| Problem::internal("an item was left without an answer"))?;
                match taken {
                    // A certificate is found by the right name alone, also where nothing of it is shown any more.
                    Some(taken) if answer.certificate.is_some() || answer.is_withheld() => {
                        taken.was_right(app);
                    }
                    Some(taken) => wrong.push(taken),
                    None => {}
                }
                Ok(answer)
            }
        });
    }
    were_wrong(app, &wrong).await;
    Ok(results)
}

/// The verdict by number and full name.
pub(crate) async fn by_number_and_name(
    app: &App,
    source: Source,
    number: CertificateNo,
    name: PersonName,
) -> Result<Answer, Problem> {
    let question = Question::NumberAndName { number, name };
    answer_within(app, source, vec![question])
        .await?
        .pop()
        .ok_or_else(|| Problem::internal("a question was left without an answer"))?
}

/// Whether the certificate was issued to somebody of this full name, under the same budget as a lookup.
pub(crate) async fn compare(
    app: &App,
    source: Source,
    number: &CertificateNo,
    id: &PublicId,
    name: &PersonName,
) -> Result<bool, Problem> {
    let index = index(app, number);
    let taken = take(app, source, index, &known(app, &[index]).await?)?;
    let matches = match name_matches(app, id, name).await {
        Ok(matches) => matches,
        Err(problem) => {
            taken.was_right(app);
            return Err(problem);
        }
    };
    if matches {
        taken.was_right(app);
    } else {
        were_wrong(app, &[taken]).await;
    }
    Ok(matches)
}

/// A question that staff ask about a number for somebody else: what is wrong costs as much as a lookup.
pub(crate) async fn within_budget<T>(
    app: &App,
    source: Source,
    number: &CertificateNo,
    asked: impl Future<Output = Result<T, Problem>>,
    is_right: impl FnOnce(&T) -> bool,
) -> Result<T, Problem> {
    let index = index(app, number);
    let taken = take(app, source, index, &known(app, &[index]).await?)?;
    let answer = asked.await;
    let wrong = match &answer {
        Ok(answer) => !is_right(answer),
        Err(problem) => problem.code() == Code::NotFound,
    };
    if wrong {
        were_wrong(app, &[taken]).await;
    } else {
        taken.was_right(app);
    }
    answer
}
