//! Import of register snapshots: social insurance and the quota-employment audit, as CSV or XLSX.
//!
//! A snapshot says what stands in the register on its day. That somebody is not in it proves nothing.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::evidence::Source;
use domain::grading::WorkType;
use domain::ids::PersonId;
use domain::{CitizenId, CreditCode};
use serde::{Deserialize, Serialize};
use store::episodes::{self as rows, Place, RegisterSnapshot};
use store::registers::{self, Prior};
use store::scope::Scope;
use utoipa::ToSchema;

use super::recording::{Known, record};
use super::{contests, terms};
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_in;
use crate::extract::IdempotencyKey;
use crate::grades::monitoring;
use crate::problem::{Code, FieldError, Problem, Sentence};
use crate::rosters::{Limits, Plain, PlainRow, Wanted, read_columns};

/// Most faults that one answer tells; the number of all is told beside them.
const MOST_FAULTS: usize = 500;
/// People whose work is read and whose figures are moved at once.
pub(super) const CHUNK: usize = 500;

const COLUMNS: [Wanted; 5] = [
    Wanted {
        words: &["公民身份号码", "身份证号", "身份证号码", "citizen_id"],
        required: true,
    },
    Wanted {
        words: &[
            "统一社会信用代码",
            "用人单位统一社会信用代码",
            "单位代码",
            "employer",
        ],
        required: true,
    },
    Wanted {
        words: &["起始日期", "参保起始日期", "入职日期", "start_on"],
        required: true,
    },
    Wanted {
        words: &["截止日期", "停保日期", "离职日期", "last_day"],
        required: false,
    },
    Wanted {
        words: &["就业形式", "就业类型", "work_type"],
        required: false,
    },
];
const NAMES: [&str; 5] = [
    "citizen_id",
    "employer",
    "start_on",
    "last_day",
    "work_type",
];

/// What a column is called, by its name in a pointer.
pub(super) fn column_word(name: &str) -> &'static str {
    let at = NAMES.iter().position(|one| *one == name);
    at.map_or("", |at| COLUMNS[at].words[0])
}

/// What an import did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RegisterReceipt {
    /// The snapshot.
    pub id: String,
    /// Rows of the file.
    pub rows: u32,
    /// Rows about people who are trainees here.
    pub known: u32,
    /// Episodes that are new or got this evidence.
    pub written: u32,
}

struct Row {
    number: u32,
    citizen_id: String,
    employer: String,
    start_on: NaiveDate,
    last_day: Option<NaiveDate>,
    work_type: WorkType,
}

fn work_type(text: Option<&str>) -> Option<WorkType> {
    match text {
        None | Some("按比例就业" | "劳动合同") => Some(WorkType::Contract),
        Some("集中就业") => Some(WorkType::Centralised),
        Some("公益性岗位") => Some(WorkType::PublicWelfarePost),
        Some("机关事业单位") => Some(WorkType::PublicSector),
        Some(other) => other.parse().ok(),
    }
}

fn fault_of(number: u32, at: usize, code: &str, zh: &str, en: &str) -> FieldError {
    FieldError {
        pointer: format!("/rows/{number}/{}", NAMES[at]),
        code: code.to_owned(),
        detail: Sentence::new(
            format!("第 {number} 行“{}”:{zh}", COLUMNS[at].words[0]),
            format!("Row {number}, column {}: {en}", COLUMNS[at].words[0]),
        ),
    }
}

/// Tells the faults of a file; nothing of it is written.
fn refused(mut faults: Vec<FieldError>) -> Problem {
    let all = faults.len();
    faults.truncate(MOST_FAULTS);
    Problem::new(Code::RegisterFaults)
        .with_detail(
            format!("文件有 {all} 处错误,没有写入;请按每行的说明修改后重新上传。"),
            format!("The file has {all} faults and nothing was written; mend each row as told and upload it again."),
        )
        .with_errors(faults)
}

fn parse(row: &PlainRow, today: NaiveDate, faults: &mut Vec<FieldError>) -> Option<Row> {
    let before = faults.len();
    let mut fault = |at: usize, code: &str, zh: &str, en: &str| {
        faults.push(fault_of(row.number, at, code, zh, en));
    };
    for &at in &row.unusable {
        fault(
            at,
            "formula",
            "单元格是公式、错误值或已丢失精度的数字,请改为文本。",
            "a formula, an error or a rounded number; make it text.",
        );
    }
    let cell = |at: usize| row.cells[at].as_deref();
    for (at, wanted) in COLUMNS.iter().enumerate() {
        if wanted.required && cell(at).is_none() && !row.unusable.contains(&at) {
            fault(at, "required", "请填写。", "must be filled.");
        }
    }
    let citizen_id = cell(0).and_then(|text| {
        if let Ok(id) = CitizenId::parse_at(text, today) {
            return Some(id.expose().to_owned());
        }
        fault(
            0,
            "citizen-id",
            "不是有效的公民身份号码(18 位)。",
            "not a valid identity number of 18 characters.",
        );
        None
    });
    let employer = cell(1).and_then(|text| {
        if let Ok(code) = CreditCode::parse_allowing_organisation_checksum(text) {
            return Some(code.as_str().to_owned());
        }
        fault(
            1,
            "credit-code",
            "不是有效的统一社会信用代码(18 位)。",
            "not a valid credit code of 18 characters.",
        );
        None
    });
    let mut date = |at: usize| -> Option<NaiveDate> {
        let text = cell(at)?;
        let plain = text.replace(['/', '.'], "-");
        let read = plain
            .parse()
            .ok()
            .or_else(|| NaiveDate::parse_from_str(&plain, "%Y%m%d").ok());
        match read {
            Some(day) if day <= today => Some(day),
            Some(_) => {
                fault(at, "in-future", "日期晚于今天。", "lies ahead of today.");
                None
            }
            None => {
                fault(
                    at,
                    "date",
                    "不是有效日期,请写 2026-03-31。",
                    "not a date; write 2026-03-31.",
                );
                None
            }
        }
    };
    let (start_on, last_day) = (date(2), date(3));
    if let (Some(start), Some(last)) = (start_on, last_day)
        && last < start
    {
        fault(
            3,
            "impossible-date",
            "早于起始日期。",
            "is before the first day.",
        );
    }
    let kind = work_type(cell(4));
    if kind.is_none() {
        fault(
            4,
            "work-type",
            "不认识的就业形式。",
            "not a form of work that is known.",
        );
    }
    if let (Some(id), Some(start)) = (&citizen_id, start_on)
        && id
            .parse::<CitizenId>()
            .is_ok_and(|id| start <= id.birth_on())
    {
        fault(
            2,
            "before-birth",
            "早于出生日期。",
            "is before the person was born.",
        );
    }
    (faults.len() == before).then_some(())?;
    Some(Row {
        number: row.number,
        citizen_id: citizen_id?,
        employer: employer?,
        start_on: start_on?,
        last_day,
        work_type: kind?,
    })
}

/// What an upload is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Which register.
    pub source: Source,
    /// The day it tells about.
    pub as_of: NaiveDate,
}

/// The rows of a file without a fault.
pub(super) struct Checked {
    rows: Vec<Row>,
    pub(super) sha256: [u8; 32],
}

impl Checked {
    /// How many rows there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// How many of them are about people who are trainees here; faults that only the record shows are told. Nothing is
    /// written.
    pub(super) async fn known(&self, act: &Act) -> Result<u32, Problem> {
        Ok(count(&plan(act, &self.rows).await?))
    }
}

/// Reads a file and looks at every row.
pub(super) async fn checked(app: &App, about: About, bytes: Vec<u8>) -> Result<Checked, Problem> {
    if !about.source.is_imported() {
        return Err(Problem::field(
            "/source",
            "not-imported",
            "可导入的是 social_insurance 和 quota_audit。",
            "social_insurance and quota_audit are imported.",
        ));
    }
    let today = app.today();
    if about.as_of > today {
        return Err(Problem::field(
            "/as_of",
            "in-future",
            "数据日期不能晚于今天。",
            "The day of the data cannot lie ahead.",
        ));
    }
    let place = crate::cores::TABLES.place().await?;
    let read: Plain = place
        .aside(move || read_columns(&bytes, Limits::default(), &COLUMNS))
        .await
        .map_err(Problem::internal)??;
    let mut faults = Vec::new();
    let parsed: Vec<Row> = read
        .rows
        .iter()
        .filter_map(|row| parse(row, today, &mut faults))
        .collect();
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    Ok(Checked {
        rows: parsed,
        sha256: read.sha256,
    })
}

/// Imports a snapshot: all rows or none.
pub async fn import(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    about: About,
    bytes: Vec<u8>,
) -> Result<Receipt, Problem> {
    import_checked(app, actor, key, about, bytes, false).await
}

/// The same; `draft` ends the draft of the account, whose file this is.
pub(super) async fn import_checked(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    about: About,
    bytes: Vec<u8>,
    draft: bool,
) -> Result<Receipt, Problem> {
    let checked = checked(app, about, bytes).await?;
    let sha256 = checked.sha256;
    let request = (about, data_encoding::HEXLOWER.encode(&sha256));
    let mut act = match app.begin(actor, key, "import_register", &request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut snapshot = RegisterSnapshot {
        id: act.new_id(),
        source: about.source,
        federation: actor.federation.clone().unwrap_or_default(),
        as_of: about.as_of,
        sha256,
        counts: [checked.count(), 0, 0, 0],
        by: actor.person,
        at: act.now,
    };
    let plan = plan(&act, &checked.rows).await?;
    // The snapshot stands first: the evidence refers to it. Its counts are known before anything is written.
    let known = count(&plan);
    snapshot.counts = [snapshot.counts[0], 0, known, known];
    rows::insert_snapshot(&act.tx, act.app.store.vault(), &snapshot).await?;
    let people: Vec<PersonId> = plan.keys().copied().collect();
    for some in people.chunks(CHUNK) {
        let mut prior = registers::prior(&act.tx, some).await?;
        let stood = registers::stood(&act.tx, some).await?;
        for person in some {
            let of = prior.entry(*person).or_default();
            for (place, row) in plan.get(person).into_iter().flatten() {
                write(&mut act, &snapshot, place, row, of).await?;
            }
            let facts = stood.get(person).map_or(&[][..], Vec::as_slice);
            contests::match_data(&mut act, of, facts, about.as_of).await?;
        }
        monitoring::update_in(app, &act.tx, some).await?;
    }
    let over = if draft {
        store::register_drafts::imported(&act.tx, actor.account, snapshot.id).await?
    } else {
        None
    };
    let receipt = RegisterReceipt {
        id: snapshot.id.to_string(),
        rows: snapshot.counts[0],
        known,
        written: known,
    };
    let receipt = act
        .finish(
            StatusCode::CREATED,
            &receipt,
            ("register_snapshot", snapshot.id),
        )
        .await?;
    if let Some(name) = over {
        app.files.remove(&name).await;
    }
    Ok(receipt)
}

/// Rows of all people of a plan.
fn count<R>(plan: &BTreeMap<PersonId, Vec<R>>) -> u32 {
    u32::try_from(plan.values().map(Vec::len).sum::<usize>()).unwrap_or(u32::MAX)
}

/// The rows about people whose training or household lies in the importer's area, by person and first day, each with the
/// enrolment that it belongs to. All others are strangers: that somebody is a trainee elsewhere is none of the importer's
/// business. The people are locked.
async fn plan<'r>(
    act: &Act,
    parsed: &'r [Row],
) -> Result<BTreeMap<PersonId, Vec<(Place, &'r Row)>>, Problem> {
    let vault = act.app.store.vault();
    let numbers: Vec<&str> = parsed.iter().map(|row| row.citizen_id.as_str()).collect();
    let people = store::persons::by_citizen_ids(&act.tx, vault, &numbers).await?;
    let by_number: HashMap<&str, PersonId> = numbers
        .iter()
        .filter_map(|number| {
            let index = store::persons::citizen_index(vault, number);
            Some((*number, *people.get(&index)?))
        })
        .collect();
    let mut all: Vec<_> = by_number.values().copied().collect();
    all.sort_unstable();
    all.dedup();
    let places = registers::places_within(&act.tx, &Scope::of(&act.actor), &all).await?;
    all.retain(|person| places.contains_key(person));
    // Nobody writes about trainees of an institution in which they declared an interest (grading.md 7).
    let mut institutions: Vec<_> = places
        .values()
        .flatten()
        .map(|one| one.institution)
        .collect();
    institutions.sort_unstable();
    institutions.dedup();
    for institution in institutions {
        not_interested_in(act, institution).await?;
    }
    store::persons::lock(&act.tx, &all).await?;
    let died = registers::died(&act.tx, &all).await?;
    let mut faults = Vec::new();
    let mut plan: BTreeMap<PersonId, Vec<(Place, &Row)>> = BTreeMap::new();
    for row in parsed {
        let Some(person) = by_number.get(row.citizen_id.as_str()) else {
            continue;
        };
        let Some(own) = places.get(person) else {
            continue;
        };
        let place = own
            .iter()
            .rev()
            .find(|one| one.start_on <= row.start_on)
            .or(own.first());
        if let Some(place) = place {
            if died.get(person).is_some_and(|died| row.start_on > *died) {
                let (zh, en) = (
                    "晚于登记的死亡日期,请核对。",
                    "is after the day of death on record; check which is right.",
                );
                faults.push(fault_of(row.number, 2, "after-death", zh, en));
            }
            plan.entry(*person).or_default().push((place.clone(), row));
        }
    }
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    // In order of the first day: a job that ended and began anew is two, whatever the order of the file.
    for rows in plan.values_mut() {
        rows.sort_by_key(|(_, row)| row.start_on);
    }
    Ok(plan)
}

async fn write(
    act: &mut Act,
    snapshot: &RegisterSnapshot,
    place: &Place,
    row: &Row,
    prior: &mut Prior,
) -> Result<(), Problem> {
    let known = Known {
        employer: row.employer.clone(),
        work_type: row.work_type,
        start_on: row.start_on,
        last_day: row.last_day,
        work_region: None,
        source: snapshot.source,
        as_of: snapshot.as_of,
        snapshot: Some(snapshot.id),
        file: None,
        text_index: Vec::new(),
        related: false,
    };
    let (episode, _) = record(act, place, &known, prior).await?;
    // Who is in the register on that day needs no call.
    if row.last_day.is_none() {
        let (as_of, by) = (snapshot.as_of, act.actor.person);
        rows::register_answers(&act.tx, episode.id, as_of, by, act.now).await?;
    }
    terms::keep_up(act, &episode).await
}
