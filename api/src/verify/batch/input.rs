//! What employers send: a table, photographs, or lines of text; each becomes a question or says why it is none.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use domain::{CertificateNo, PersonName};
use serde::{Deserialize, Serialize};

use super::few::Few;
use super::photographs::{Held, Photographs};
use crate::app::App;
use crate::problem::{Code, Problem, Sentence};
use crate::rosters::{Limits, PlainCell, read_cells};
use crate::verify::{MOST_QUESTIONS, Question};

/// Rows in which the header is looked for.
const HEADER_ROWS: usize = 20;
/// Bytes of a field that is no photograph: a table has a limit of its own, and comes back longer from the page of results.
const FIELD: usize = 32 << 20;
/// Most columns of an uploaded table.
const COLUMNS: u16 = 60;

const NUMBER: &[&str] = &[
    "证书编号",
    "编号",
    "证书号",
    "certificateno",
    "certificatenumber",
    "number",
];
const NAME: &[&str] = &["姓名", "持证人", "持证人姓名", "name", "holder", "fullname"];
const QR: &[&str] = &[
    "二维码",
    "二维码内容",
    "二维码文字",
    "qr",
    "qrtext",
    "qrcode",
];

/// A form as it came.
#[derive(Default)]
pub(super) struct Sent {
    file: Option<Vec<u8>>,
    /// How many photographs came, and the lines of those that were read.
    photographs: usize,
    read: Vec<Asked>,
    /// Memory of the other fields.
    held: Vec<Held>,
    /// Lines that were typed.
    pub(super) text: String,
    again: Option<String>,
    /// Whether a workbook is wanted.
    pub(super) as_workbook: bool,
}

/// Why a line is no question: a stable code and a sentence.
pub(super) type NoQuestion = (&'static str, Sentence);

/// One line.
pub(super) struct Asked {
    /// The uploaded cells.
    pub(super) cells: Vec<PlainCell>,
    pub(super) question: Result<Question, NoQuestion>,
}

/// All lines, with the header they came under.
pub(super) struct Lines {
    /// What stood above the header; it goes back unchanged.
    pub(super) above: Vec<Vec<PlainCell>>,
    pub(super) header: Vec<PlainCell>,
    pub(super) rows: Vec<Asked>,
    places: Places,
}

/// Columns in which the question stands; none of a table without a header, in whose rows it is looked for.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    qr: Option<usize>,
    number: Option<usize>,
    name: Option<usize>,
}

/// The lines as the page of the results sends them again; what is longer than anything that it sends is not read to its end.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    above: Few<Cells, HEADER_ROWS>,
    header: Cells,
    places: Places,
    rows: Few<Cells, MOST_QUESTIONS>,
}

type Cells = Few<PlainCell, { COLUMNS as usize }>;

/// Reads the form as it comes; of photographs only their texts are kept.
pub(super) async fn receive(app: &App, mut form: Multipart) -> Result<Sent, Problem> {
    let mut sent = Sent::default();
    let mut photographs = Photographs::default();
    let mut held = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or("").to_owned();
        match name.as_str() {
            "photos" => photographs.take(app, field).await?,
            // A browser sends an empty part for a file that was not chosen.
            "file" => {
                sent.file =
                    Some(whole(app, &mut held, field).await?).filter(|bytes| !bytes.is_empty());
            }
            "text" => sent.text = utf8(whole(app, &mut held, field).await?)?,
            "again" => sent.again = Some(utf8(whole(app, &mut held, field).await?)?),
            "as" => sent.as_workbook = whole(app, &mut held, field).await? == b"xlsx",
            _ => {
                whole(app, &mut held, field).await?;
            }
        }
    }
    (sent.photographs, sent.read) = photographs.finish().await?;
    sent.held = held;
    Ok(sent)
}

/// What is wrong with a form that does not come whole.
pub(super) fn broken(error: &MultipartError) -> Problem {
    Problem::new(match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => Code::MalformedRequest,
    })
}

/// A field that is no photograph.
async fn whole(app: &App, all: &mut Vec<Held>, mut field: Field<'_>) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut held) = (Vec::new(), Held::default());
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > FIELD {
            return Err(Problem::new(Code::TooLarge));
        }
        held.grow(app, bytes.len() + chunk.len()).await?;
        bytes.extend_from_slice(&chunk);
    }
    all.push(held);
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| Problem::new(Code::MalformedRequest))
}

/// The lines of what was sent; blocks, since tables are read.
pub(super) fn lines(sent: Sent) -> Result<Lines, Sentence> {
    let lines = if let Some(again) = sent.again {
        from_again(&again)?
    } else if let Some(file) = sent.file {
        from_file(&file)?
    } else if sent.photographs > 0 {
        if sent.photographs > MOST_QUESTIONS {
            return Err(too_many(sent.photographs));
        }
        from_photographs(sent.read)
    } else {
        // Counted before anything is made of them.
        match typed_lines(&sent.text).count() {
            0..=MOST_QUESTIONS => from_text(&sent.text),
            count => return Err(too_many(count)),
        }
    };
    match lines.rows.len() {
        0 => Err(Sentence::new(
            "请选择文件、照片,或输入编号和姓名。",
            "Choose a file or photographs, or type numbers and names.",
        )),
        1..=MOST_QUESTIONS => Ok(lines),
        count => Err(too_many(count)),
    }
}

fn too_many(count: usize) -> Sentence {
    Sentence::new(
        format!("一次最多查验 1000 份,这里有 {count} 份,请分次上传。"),
        format!("At most 1,000 at once, and these are {count}: send them in parts."),
    )
}

fn from_again(text: &str) -> Result<Lines, Sentence> {
    let again: Again = serde_json::from_str(text).map_err(|_| {
        Sentence::new(
            "内容不完整,请重新上传。",
            "The content is incomplete: upload it again.",
        )
    })?;
    let plain = |rows: Vec<Cells>| rows.into_iter().map(|Few(cells)| cells).collect();
    Ok(Lines {
        above: plain(again.above.0),
        ..table(again.header.0, again.places, plain(again.rows.0))
    })
}

fn from_file(bytes: &[u8]) -> Result<Lines, Sentence> {
    let limits = Limits {
        file_bytes: 8 << 20,
        rows: 5_000,
        columns: COLUMNS,
        cells: 100_000,
        text_bytes: 8 << 20,
        ..Limits::default()
    };
    let rows =
        read_cells(bytes, &limits).map_err(|refused| Sentence::new(refused.zh(), refused.en()))?;
    let header = rows
        .iter()
        .take(HEADER_ROWS)
        .position(|row| places(row).is_some());
    if let Some((at, found)) = header.and_then(|at| Some((at, places(&rows[at])?))) {
        let header = rows[at].clone();
        return Ok(Lines {
            above: rows[..at].to_vec(),
            ..table(header, found, rows[at + 1..].to_vec())
        });
    }
    let lines = table(Vec::new(), Places::default(), rows);
    if lines.rows.iter().any(|row| row.question.is_ok()) {
        return Ok(lines);
    }
    Err(Sentence::new(
        "没有找到“二维码”一列,也没有找到“证书编号”和“姓名”两列;请下载模板填写。",
        "There is neither a column 二维码 (QR) nor the two columns 证书编号 (number) and 姓名 (name); fill in the template.",
    ))
}

/// Where the question stands, when these cells are a header that names enough.
fn places(row: &[PlainCell]) -> Option<Places> {
    let find = |words: &[&str]| {
        row.iter().position(|cell| {
            let plain: String = cell
                .text
                .chars()
                .filter(|one| one.is_alphanumeric())
                .collect::<String>()
                .to_lowercase();
            words.contains(&plain.as_str())
        })
    };
    let found = Places {
        qr: find(QR),
        number: find(NUMBER),
        name: find(NAME),
    };
    (found.qr.is_some() || (found.number.is_some() && found.name.is_some())).then_some(found)
}

impl Places {
    fn question(self, cells: &[PlainCell]) -> Result<Question, NoQuestion> {
        if (self.qr, self.number, self.name) == (None, None, None) {
            return of_row(cells);
        }
        let at = |place: Option<usize>| {
            let cell = place.and_then(|place| cells.get(place));
            cell.map_or("", |cell| cell.text.trim())
        };
        question(at(self.qr), at(self.number), at(self.name))
    }
}

/// The question of a row under no header: the text of a code, or a number and a name, beside whatever else stands there. A
/// guess would cost the number one of its wrong names, so what is not clear is not asked.
fn of_row(cells: &[PlainCell]) -> Result<Question, NoQuestion> {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.trim()).collect();
    let is_code = |text: &&&str| is_link(text) && certs::qr::parse_qr_text(text).is_ok();
    if let Some(code) = texts.iter().find(is_code) {
        return question(code, "", "");
    }
    let is_number = |text: &&&str| text.to_uppercase().parse::<CertificateNo>().is_ok();
    if let Some(number) = texts.iter().find(is_number) {
        let others: Vec<&str> = texts
            .iter()
            .copied()
            .filter(|one| !one.is_ascii())
            .collect();
        let mut names = others
            .iter()
            .filter(|one| one.parse::<PersonName>().is_ok());
        return match (names.next(), names.next()) {
            (Some(name), None) => question("", number, name),
            (None, _) => question("", number, others.first().copied().unwrap_or("")),
            (Some(_), Some(_)) => Err((
                "name-unclear",
                Sentence::new(
                    "没有表头,看不出哪一格是姓名;请加上“证书编号”和“姓名”两个表头。",
                    "Without headings it is not clear which cell is the name: add the headings 证书编号 (number) and 姓名 (name).",
                ),
            )),
        };
    }
    // The text of a damaged code is told as one.
    if let Some(link) = texts.iter().find(|text| is_link(text)) {
        return question(link, "", "");
    }
    let [number, name] = typed(&texts.join(" "));
    question("", &number, &name)
}

fn is_link(text: &str) -> bool {
    text.to_ascii_lowercase().starts_with("http")
}

/// A line that somebody typed, as a number, or the text of a code, and a name.
fn typed(line: &str) -> [String; 2] {
    if is_link(line) {
        return [line.to_owned(), String::new()];
    }
    let parts: Vec<&str> = line
        .split(|one: char| one.is_whitespace() || matches!(one, ',' | ';' | '，' | '；' | '、'))
        .filter(|part| !part.is_empty())
        .collect();
    match parts.split_last() {
        Some((name, number)) if !number.is_empty() && !name.is_ascii() => {
            [number.concat(), (*name).to_owned()]
        }
        _ => [parts.concat(), String::new()],
    }
}

fn table(header: Vec<PlainCell>, places: Places, rows: Vec<Vec<PlainCell>>) -> Lines {
    let rows = rows
        .into_iter()
        .map(|cells| {
            let question = places.question(&cells);
            Asked { cells, question }
        })
        .collect();
    Lines {
        above: Vec::new(),
        header,
        rows,
        places,
    }
}

fn question(qr: &str, number: &str, name: &str) -> Result<Question, NoQuestion> {
    if !qr.is_empty() {
        return Ok(Question::Text(qr.to_owned()));
    }
    if is_link(number) {
        return Ok(Question::Text(number.to_owned()));
    }
    if number.is_empty() {
        return Err((
            "empty",
            Sentence::new("这一行没有编号。", "There is no number in this line."),
        ));
    }
    if name.is_empty() {
        return Err((
            "name-missing",
            Sentence::new(
                "只凭编号不能查验,请填写姓名。",
                "A number alone answers nothing; give the name too.",
            ),
        ));
    }
    let number: CertificateNo =
        number
            .to_uppercase()
            .parse()
            .map_err(|bad: domain::identifiers::BadIdentifier| {
                ("number-form", Sentence::new(bad.zh(), bad.en()))
            })?;
    let name: PersonName = name
        .parse()
        .map_err(|bad: domain::identifiers::BadIdentifier| {
            ("name-form", Sentence::new(bad.zh(), bad.en()))
        })?;
    Ok(Question::NumberAndName { number, name })
}

/// Two cells of text.
pub(super) fn texts(cells: [String; 2]) -> Vec<PlainCell> {
    cells.map(PlainCell::from).into()
}

fn typed_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Lines of text: the text of a code, or a number and, last, a name.
fn from_text(text: &str) -> Lines {
    let rows = typed_lines(text).map(|line| texts(typed(line))).collect();
    let places = Places {
        number: Some(0),
        name: Some(1),
        ..Places::default()
    };
    table(texts(["证书编号", "姓名"].map(str::to_owned)), places, rows)
}

/// The lines of photographs, which were read as they came.
fn from_photographs(rows: Vec<Asked>) -> Lines {
    Lines {
        above: Vec::new(),
        header: texts(["照片", "二维码"].map(str::to_owned)),
        rows,
        places: Places {
            qr: Some(1),
            ..Places::default()
        },
    }
}

impl Lines {
    /// The lines as they can be sent again.
    pub(super) fn again(&self) -> String {
        let again = Again {
            above: Few(self.above.iter().cloned().map(Few).collect()),
            header: Few(self.header.clone()),
            places: self.places,
            rows: Few(self.rows.iter().map(|row| Few(row.cells.clone())).collect()),
        };
        serde_json::to_string(&again).unwrap_or_default()
    }
}

impl Asked {
    /// What makes two lines the same question, where no certificate answers them.
    pub(super) fn key(&self) -> Option<String> {
        match self.question.as_ref().ok()? {
            Question::Id(id) => Some(id.to_string()),
            Question::Text(text) => Some(text.to_uppercase()),
            Question::NumberAndName { number, name } => {
                Some(format!("{} {}", number.as_str(), name.expose()))
            }
        }
    }

    /// What stands in the table of the page: short.
    pub(super) fn shown(&self) -> String {
        let first = self
            .cells
            .iter()
            .find(|cell| !cell.text.is_empty())
            .map_or("", |cell| cell.text.as_str());
        let mut short: String = first.chars().take(40).collect();
        if first.chars().count() > 40 {
            short.push('…');
        }
        short
    }
}
