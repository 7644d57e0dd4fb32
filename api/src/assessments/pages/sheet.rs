//! The sheet that an assessor takes along (pages.md 6.8): the checklist and the sample as a workbook or on paper, and the
//! filled workbook back as drafts, with every fault by its row and column.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Actor;
use domain::assessment::{AssessmentState, ChecklistItem};
use domain::ids::AssessmentId;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use store::assessments::Assessment;
use store::assessments::visits as kept;

use crate::access::browser::{FormToken, OnPage};
use crate::access::pages::staff_page;
use crate::access::permissions::Assess;
use crate::access::upload::OwnUpload;
use crate::app::App;
use crate::assessments::json;
use crate::assessments::sample::{self, SampledTrainee, everywhere};
use crate::assessments::visits::{self, DraftRequest};
use crate::cores;
use crate::exports::{self, disposition};
use crate::extract::{IdempotencyKey, Path};
use crate::fields::Faults;
use crate::frame::{Brand, Frame, Visit};
use crate::problem::{FieldError, Problem};
use crate::rosters::{Limits, Plain, Wanted, read_columns};

const COLUMNS: [Wanted; 3] = [
    Wanted {
        words: &["评估编号", "assessment"],
        required: true,
    },
    Wanted {
        words: &["检查项代码", "item"],
        required: true,
    },
    Wanted {
        words: &["检查记录", "record"],
        required: true,
    },
];
const NAMES: [&str; 3] = ["assessment", "item", "record"];
/// Heading of the words of an item, which is for the reader alone.
const WORDS: &str = "检查项";
/// Longest record, as the draft takes it.
const MOST: usize = 4_000;

struct ItemLine {
    code: &'static str,
    words: &'static str,
    look: &'static str,
    text: String,
}

/// What to look at, by item.
fn look(f: &Frame, item: ChecklistItem) -> &'static str {
    let (zh, en) = match item {
        ChecklistItem::Employment => (
            "逐一联系样本中的学员:是否真实就业、在哪里、何时开始;与登记对照。",
            "Call everybody of the sample: is the work real, where, since when; compare with the record.",
        ),
        ChecklistItem::Stability => (
            "是否仍在职,离职的原因;培训机构做过哪些跟踪和帮助。",
            "Do they still work there, why did they leave; what did the institution do to help.",
        ),
        ChecklistItem::Teaching => (
            "课程是否按计划开出,师资、实训设备与场地;学员怎么评价。",
            "Were the lessons given as planned; teachers, equipment, rooms; what trainees say.",
        ),
        ChecklistItem::Accessibility => (
            "无障碍通道、厕所、手语、盲文和读屏材料;学员提出的便利要求是否落实。",
            "Ramps, toilets, sign language, Braille and screen readers; was what trainees asked for done.",
        ),
        ChecklistItem::Records => (
            "考勤、考核原始记录与登记是否一致;代签、补签的痕迹。",
            "Do the papers of attendance and examinations agree with the record; traces of signing for others.",
        ),
    };
    f.lang().pick(zh, en)
}

/// The sample while it may be seen; that it was read is recorded.
async fn seen(app: &App, actor: &Actor, row: &Assessment) -> Result<Vec<SampledTrainee>, Problem> {
    let open = row.state == AssessmentState::Fieldwork && row.due_on >= Some(app.today());
    if open {
        sample::list(app, actor, row.id).await
    } else {
        Ok(Vec::new())
    }
}

async fn items(app: &App, f: &Frame, row: &Assessment) -> Result<Vec<ItemLine>, Problem> {
    let drafts = match row.assessor {
        Some(own) => kept::drafts(app.store.reader(), row.id, own).await?,
        None => Vec::new(),
    };
    let text = |item: ChecklistItem| drafts.iter().find(|(one, _)| *one == item);
    Ok(ChecklistItem::ALL
        .iter()
        .map(|item| ItemLine {
            code: item.as_str(),
            words: f.lang().pick(item.zh(), item.en()),
            look: look(f, *item),
            text: text(*item).map_or_else(String::new, |(_, text)| text.clone()),
        })
        .collect())
}

#[derive(Template)]
#[template(path = "assessment_sheet.html")]
struct SheetPage {
    f: Frame,
    path: String,
    name: String,
    id: String,
    period: String,
    due: Option<String>,
    /// Whether drafts are taken now.
    open: bool,
    items: Vec<ItemLine>,
    sample: Vec<(i32, String, String, String)>,
    wrong: Option<String>,
    faults: Vec<(String, &'static str, String)>,
    form: String,
    key: String,
}

async fn page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: &FormToken,
    id: AssessmentId,
    failed: Option<&Problem>,
) -> Result<SheetPage, Problem> {
    let (row, _) = json::find(app, actor, id).await?;
    let name = store::institutions::find(app.store.reader(), &everywhere(), row.admission)
        .await?
        .ok_or_else(Problem::not_found)?
        .institution
        .name;
    let title = format!("{}{name}", visit.lang.pick("评估工作表:", "Sheet: "));
    let title = match failed {
        Some(_) => format!("{}{title}", visit.lang.pick("错误:", "Error: ")),
        None => title,
    };
    let f = Frame::new(app, visit, Brand::Registry, title)
        .under("/desk", visit.lang.pick("工作台", "Desk"))
        .under(
            "/assess",
            visit.lang.pick("第三方评估", "Third-party assessments"),
        )
        .under(&format!("/assess/{id}"), &name);
    // A sheet that failed shows its faults, and does not read the sample once more.
    let sample = match failed {
        Some(_) => Vec::new(),
        None => seen(app, actor, &row).await?,
    };
    Ok(SheetPage {
        path: format!("/assess/{id}/sheet"),
        id: id.to_string(),
        period: format!("{} – {}", f.date(row.period_from), f.date(row.period_until)),
        due: row.due_on.map(|day| f.date(day)),
        open: row.state == AssessmentState::Fieldwork && row.due_on >= Some(app.today()),
        items: items(app, &f, &row).await?,
        sample: sample
            .into_iter()
            .map(|one| (one.place, one.name, one.cohort_name, one.ended_on))
            .collect(),
        wrong: failed.map(|problem| {
            let detail = problem.detail();
            f.t(&detail.zh, &detail.en).to_owned()
        }),
        faults: failed.map_or_else(Vec::new, |problem| {
            problem.errors().iter().map(|one| fault(&f, one)).collect()
        }),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        name,
        f,
    })
}

fn fault(f: &Frame, one: &FieldError) -> (String, &'static str, String) {
    let words = f.t(&one.detail.zh, &one.detail.en).to_owned();
    let place = one
        .pointer
        .strip_prefix("/rows/")
        .and_then(|rest| rest.split_once('/'));
    match place {
        Some((row, column)) => {
            let at = NAMES.iter().position(|name| *name == column);
            let column = at.map_or("", |at| COLUMNS[at].words[0]);
            (row.to_owned(), column, words)
        }
        None => (String::new(), f.lang().pick("文件", "File"), words),
    }
}

/// The page: to download, to print, to send back.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    form: FormToken,
    Path(id): Path<AssessmentId>,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &by.actor, &form, id, None).await?;
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// The workbook.
pub(super) async fn workbook(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    Path(id): Path<AssessmentId>,
) -> Result<Response, Problem> {
    let (row, _) = json::find(&app, &by.actor, id).await?;
    let f = Frame::new(&app, &visit, Brand::Registry, "");
    let sample = seen(&app, &by.actor, &row).await?;
    let items = items(&app, &f, &row).await?;
    let text = id.to_string();
    let detail = format!("xlsx trainees={}", sample.len());
    let of = text.clone();
    let table = exports::Table {
        name: "assessment_sheet",
        title: "评估工作表",
        columns: &[],
        rows: sample.iter().map(|_| Vec::new()).collect(),
        source: format!("/assess/{text}/sheet.xlsx"),
        filter: String::new(),
        personal: true,
        lang: crate::extract::Locale::Zh,
    };
    let mark = exports::counted(&app, &by.actor, &table).await?;
    let place = cores::EXPORTS.place().await?;
    let bytes = place
        .aside(move || written(&of, &items, &sample, &mark))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    crate::audit::did(
        &app,
        &by.actor,
        "export",
        ("assessment_sheet", &text),
        &detail,
    )
    .await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ),
        (
            header::CONTENT_DISPOSITION,
            disposition(
                &format!("评估工作表-{text}.xlsx"),
                &format!("assessment-{text}.xlsx"),
            ),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

/// Texts alone: no cell can be run.
fn written(
    id: &str,
    items: &[ItemLine],
    sample: &[SampledTrainee],
    mark: &[(&str, String)],
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Else the writer asks the clock.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title("评估工作表")
            .set_creation_datetime(&made),
    );
    let head = Format::new()
        .set_bold()
        .set_num_format("@")
        .set_border(FormatBorder::Thin);
    let text = Format::new()
        .set_num_format("@")
        .set_text_wrap()
        .set_border(FormatBorder::Thin)
        .set_align(FormatAlign::Top);
    let write = |sheet: &mut Worksheet, row: u32, cells: &[&str], format: &Format| {
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string_with_format(row, column, *cell, format)?;
        }
        Ok::<(), XlsxError>(())
    };
    let list = workbook.add_worksheet().set_name("检查清单")?;
    let heads = [
        COLUMNS[0].words[0],
        COLUMNS[1].words[0],
        WORDS,
        "看什么",
        COLUMNS[2].words[0],
    ];
    for (column, width) in (0_u16..).zip([20.0, 14.0, 20.0, 40.0, 70.0]) {
        list.set_column_width(column, width)?;
    }
    write(list, 0, &heads, &head)?;
    for (row, one) in (1_u32..).zip(items) {
        list.set_row_height(row, 120)?;
        write(
            list,
            row,
            &[id, one.code, one.words, one.look, &one.text],
            &text,
        )?;
    }
    list.set_freeze_panes(1, 0)?
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(0, 0)?;
    let people = workbook.add_worksheet().set_name("样本")?;
    for (column, width) in (0_u16..).zip([8.0, 14.0, 40.0, 14.0, 60.0]) {
        people.set_column_width(column, width)?;
    }
    write(
        people,
        0,
        &["#", "姓名(隐藏)", "班期", "结业", "现场记录"],
        &head,
    )?;
    for (row, one) in (1_u32..).zip(sample) {
        let place = format!("#{}", one.place);
        write(
            people,
            row,
            &[&place, &one.name, &one.cohort_name, &one.ended_on, ""],
            &text,
        )?;
    }
    people
        .set_freeze_panes(1, 0)?
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(0, 0)?;
    let about = workbook.add_worksheet().set_name("填写说明")?;
    about.set_column_width(0, 100)?;
    for (row, line) in (0_u32..).zip(STEPS) {
        about.write_string(row, 0, *line)?;
    }
    let below = u32::try_from(STEPS.len()).unwrap_or(0) + 1;
    for (row, (name, value)) in (below..).zip(mark) {
        about.write_string(row, 0, format!("{name}:{value}"))?;
    }
    workbook.save_to_buffer()
}

const STEPS: &[&str] = &[
    "只填“检查清单”的“检查记录”一列,每项最多 4000 字,不写学员姓名和号码;依据样本的写 #号。",
    "“评估编号”和“检查项代码”不要改。没有填的项,系统中原有的草稿保留。",
    "“样本”的“现场记录”只供自己用,上传时不读取。",
    "填好后在评估工作表页面上传;有错误时按行和列列出,改好再传,此前不写入。",
    "上传后成为草稿,只有您能看到;提交报告仍在评估页面办理,只提交一次,之后的补充另行登记。",
    "本表含样本信息,用后删除,不得转给他人。",
];

/// Takes the filled sheet: all of its records become drafts, or none and every fault is told.
pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    Path(id): Path<AssessmentId>,
    token: FormToken,
    upload: OwnUpload,
) -> Result<Response, Problem> {
    let key = upload.form.text("key").to_owned();
    match taken(&app, &by.actor, &key, id, upload.file).await {
        Ok(()) => {
            let base = visit.lang.pick("/assess", "/en/assess");
            Ok(Redirect::to(&format!("{base}/{id}")).into_response())
        }
        Err(problem) if problem.code().status().is_client_error() => {
            let view = page(&app, &visit, &by.actor, &token, id, Some(&problem)).await?;
            staff_page(&app, problem.code().status(), &view, Some(&token))
        }
        Err(problem) => Err(problem),
    }
}

async fn taken(
    app: &App,
    actor: &Actor,
    key: &str,
    id: AssessmentId,
    file: Vec<u8>,
) -> Result<(), Problem> {
    // Also a sheet without a record is of an assessment that is one's own.
    json::find(app, actor, id).await?;
    let place = cores::TABLES.place().await?;
    let read: Plain = place
        .aside(move || read_columns(&file, Limits::default(), &COLUMNS))
        .await
        .map_err(Problem::internal)??;
    for request in records(id, &read)? {
        let key: IdempotencyKey = format!("{key}-{}", request.item).parse()?;
        visits::draft(app, actor, &key, id, &request).await?;
    }
    Ok(())
}

/// The records of a sheet; items without one are left out.
fn records(id: AssessmentId, read: &Plain) -> Result<Vec<DraftRequest>, Problem> {
    let mut faults = Faults::default();
    let mut found: Vec<DraftRequest> = Vec::new();
    let own = id.to_string();
    for row in &read.rows {
        let at = |column: usize| format!("/rows/{}/{}", row.number, NAMES[column]);
        for &column in &row.unusable {
            faults.add(
                &at(column),
                "formula",
                "单元格是公式或错误值,请改为文本。",
                "a formula or an error; make it text.",
            );
        }
        let cell = |column: usize| row.cells[column].as_deref().unwrap_or_default();
        if cell(0) != own {
            faults.add(
                &at(0),
                "other-assessment",
                "不是这项评估的工作表,请重新下载。",
                "not the sheet of this assessment; download it again.",
            );
        }
        let item: Option<ChecklistItem> = cell(1).parse().ok();
        match item {
            None => faults.add(
                &at(1),
                "unknown-item",
                "没有这个检查项,请不要改代码。",
                "no such item; leave the codes as they are.",
            ),
            Some(item) if found.iter().any(|one| one.item == item) => faults.add(
                &at(1),
                "repeated",
                "这个检查项已在前面出现过。",
                "this item stood further up.",
            ),
            Some(_) => {}
        }
        let text = cell(2);
        faults.words(&at(2), text, 0, MOST);
        if let Some(item) = item.filter(|_| !text.is_empty()) {
            found.push(DraftRequest {
                item,
                text: text.to_owned(),
            });
        }
    }
    faults.finish()?;
    Ok(found)
}
