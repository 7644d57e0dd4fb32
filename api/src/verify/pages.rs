//! `/verify` and `/v/{id}`: the answer to a scan, under the neutral name, without JavaScript (pages.md 3.5).

use askama::Template;
use axum::Router;
use axum::extract::{Path, RawForm, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use certs::verdict::{Lang, Outcome, Standing};
use chrono::Days;
use domain::{CertificateNo, PersonName, PublicId};

use super::{Answer, budget, by_id, by_text, past};
use crate::app::App;
use crate::border::Source;
use crate::extract::Locale;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::Problem;

/// Longest form that is read, in bytes.
const FORM_LIMIT: usize = 16 * 1024;

/// Routes of this feature; the QR code's own address is in capitals.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/verify", get(form).post(submit));
    let router = both(router, "/v/{id}", get(show).post(compare));
    both(router, "/V/{id}", get(show).post(compare))
        .merge(super::offline::routes())
        .merge(super::batch::routes())
}

/// What was typed, with what is wrong about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormView {
    pub(crate) number: String,
    pub(crate) number_fault: Option<String>,
    pub(crate) name: String,
    pub(crate) name_fault: Option<String>,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    f: Frame,
    form: FormView,
    faults: Vec<(&'static str, String)>,
}

struct CheckRow {
    name: &'static str,
    outcome: &'static str,
    icon: &'static str,
    class: &'static str,
    detail: String,
}

struct CertificateView {
    /// Address of the certificate that replaces it, where its holder lets it be linked.
    replaced_by: Option<String>,
    replaces: Option<String>,
    area: String,
    under_appeal: bool,
    address: String,
    holder: String,
    kind: String,
    institution: String,
    issued_on: String,
    number: String,
    program: String,
    occupation: String,
    hours: i32,
    level: Option<String>,
    expires_on: String,
    leaf_index: u64,
    kid: String,
    key_print: Option<String>,
}

/// What somebody did on the page of a verdict besides looking at it.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// Whether the typed name is the holder's.
    name_matches: Option<bool>,
    name_fault: Option<String>,
    name_typed: String,
    /// The past day that was asked for, and what is wrong about it.
    on: String,
    on_fault: Option<String>,
    /// Number and name under which nothing was found, to be mended.
    form: Option<FormView>,
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPage {
    f: Frame,
    state: &'static str,
    heading: &'static str,
    sentence: String,
    next_step: String,
    checked_at: String,
    freshness: Option<String>,
    institution_line: Option<String>,
    certificate: Option<CertificateView>,
    withheld: bool,
    checks: Vec<CheckRow>,
    name_answer: Option<bool>,
    name_fault: Option<String>,
    name_typed: String,
    on: String,
    on_fault: Option<String>,
    past_line: Option<String>,
    today: String,
    form: Option<FormView>,
    /// What the script says of the signed part of the address, which only the browser sees.
    signed_words: [(&'static str, &'static str); 5],
    /// With it the script sees whether what the paper carries is what the registry issued under this id.
    registered: Option<String>,
}

/// The script of the answer to a scan, and its question for the keys; nothing inline (trust.md WEB-3).
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

fn signed_words(lang: Locale) -> [(&'static str, &'static str); 5] {
    use certs::verdict::State;
    let forged = State::NotGenuine;
    [
        ("forged", lang.pick(forged.zh(), forged.en())),
        (
            "forged-sentence",
            lang.pick(
                "二维码里的签名数据不是这张证书的,纸面内容可能被改动。请不要采信,并向我们反映。",
                "The signed data in the code is not that of this certificate; the paper may be altered. Do not accept it, and report it.",
            ),
        ),
        ("signed-name", lang.pick("二维码签名真实,签名中的姓名:", "The code is signed; the name in it: ")),
        ("signed-next", lang.pick("请与本人证件核对。", "Compare it with the person's document.")),
        ("unknown", lang.pick("二维码中的签名现在无法核对。", "The signature in the code cannot be checked now.")),
    ]
}

async fn form(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let f = frame(&app, &visit);
    page(
        StatusCode::OK,
        &VerifyPage {
            f,
            form: FormView::default(),
            faults: Vec::new(),
        },
        Caching::Minute,
    )
}

fn frame(app: &App, visit: &Visit) -> Frame {
    Frame::new(
        app,
        visit,
        Brand::Verify,
        visit.lang.pick("证书查验", "Check a certificate"),
    )
}

/// Fields of a form, each given once, as in every form.
fn fields(body: &[u8]) -> Result<std::collections::HashMap<String, String>, Problem> {
    if body.len() > FORM_LIMIT {
        return Err(Problem::new(crate::problem::Code::TooLarge));
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| Problem::new(crate::problem::Code::MalformedRequest))?;
    let mut fields = std::collections::HashMap::new();
    for (name, value) in pairs {
        if fields.insert(name, value).is_some() {
            return Err(Problem::new(crate::problem::Code::MalformedRequest));
        }
    }
    Ok(fields)
}

async fn submit(
    State(app): State<App>,
    source: Source,
    visit: Visit,
    RawForm(body): RawForm,
) -> Result<Response, Problem> {
    let fields = fields(&body)?;
    let text = |name: &str| {
        fields
            .get(name)
            .map(|value| value.trim().to_owned())
            .unwrap_or_default()
    };
    let mut form = FormView {
        number: text("number"),
        name: text("name"),
        ..FormView::default()
    };
    if form.number.to_ascii_lowercase().starts_with("http") {
        let answer = by_text(&app, &form.number).await?;
        return verdict(&app, &visit, &answer, Asked::default());
    }
    let number: Result<CertificateNo, _> = form.number.to_uppercase().parse();
    let name: Result<PersonName, _> = form.name.parse();
    let say = |zh: String, en: String| visit.lang.pick(&zh, &en).to_owned();
    if form.number.is_empty() {
        form.number_fault = Some(say(
            "请输入证书编号。".to_owned(),
            "Type the certificate number.".to_owned(),
        ));
    } else if let Err(bad) = &number {
        form.number_fault = Some(say(bad.zh(), bad.en()));
    }
    if form.name.is_empty() {
        form.name_fault = Some(say(
            "请输入持证人姓名。".to_owned(),
            "Type the full name of the holder.".to_owned(),
        ));
    } else if let Err(bad) = &name {
        form.name_fault = Some(say(bad.zh(), bad.en()));
    }
    if let (Ok(number), Ok(name), None, None) = (number, name, &form.number_fault, &form.name_fault)
    {
        let answer = budget::by_number_and_name(&app, source, number, name).await?;
        if let Some(id) = answer.public_id() {
            let address = format!("/v/{id}");
            return Ok(Redirect::to(&frame(&app, &visit).href(&address)).into_response());
        }
        let asked = Asked {
            form: Some(form),
            ..Asked::default()
        };
        return verdict(&app, &visit, &answer, asked);
    }
    let faults: Vec<(&'static str, String)> =
        [("number", &form.number_fault), ("name", &form.name_fault)]
            .into_iter()
            .filter_map(|(id, fault)| fault.clone().map(|fault| (id, fault)))
            .collect();
    let title = visit
        .lang
        .pick("错误:证书查验", "Error: check a certificate");
    let f = Frame::new(&app, &visit, Brand::Verify, title);
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &VerifyPage { f, form, faults },
        Caching::Never,
    )
}

async fn answer_of(app: &App, id: &str) -> Result<Answer, Problem> {
    match id.to_uppercase().parse::<PublicId>() {
        Ok(id) => by_id(app, &id, None).await,
        // An address that cannot be is answered like one that nobody issued.
        Err(_) => by_text(app, id).await,
    }
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut answer = answer_of(&app, &id).await?;
    let mut asked = Asked {
        on: asked_day(&visit),
        ..Asked::default()
    };
    if !asked.on.is_empty()
        && let Err(problem) = past::add_to(&app, &mut answer, &asked.on).await
    {
        let Some(fault) = problem.errors().first() else {
            return Err(problem);
        };
        let fault = visit.lang.pick(&fault.detail.zh, &fault.detail.en);
        asked.on_fault = Some(fault.to_owned());
    }
    verdict(&app, &visit, &answer, asked)
}

/// The day in the query; nothing when there is none.
fn asked_day(visit: &Visit) -> String {
    let query = visit.query.trim_start_matches('?');
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let found = pairs.into_iter().find(|(name, _)| name == "on");
    found.map_or_else(String::new, |(_, day)| day.trim().to_owned())
}

/// Compares a full name: answers match or no match, nothing else.
async fn compare(
    State(app): State<App>,
    source: Source,
    visit: Visit,
    Path(id): Path<String>,
    RawForm(body): RawForm,
) -> Result<Response, Problem> {
    let fields = fields(&body)?;
    let answer = answer_of(&app, &id).await?;
    let Some(known) = &answer.certificate else {
        return verdict(&app, &visit, &answer, Asked::default());
    };
    let typed = fields
        .get("name")
        .map(|name| name.trim().to_owned())
        .unwrap_or_default();
    let parsed: Result<PersonName, _> = typed.parse();
    let mut asked = Asked::default();
    match parsed {
        Ok(name) => {
            let id = &known.public_id;
            let matches = budget::compare(&app, source, &known.certificate_no, id, &name).await?;
            asked.name_matches = Some(matches);
        }
        Err(_) if typed.is_empty() => {
            let fault = visit.lang.pick("请输入完整姓名。", "Type the full name.");
            asked.name_fault = Some(fault.to_owned());
        }
        Err(bad) => asked.name_fault = Some(visit.lang.pick(&bad.zh(), &bad.en()).to_owned()),
    }
    asked.name_typed = typed;
    verdict(&app, &visit, &answer, asked)
}

fn verdict(app: &App, visit: &Visit, answer: &Answer, asked: Asked) -> Result<Response, Problem> {
    let Asked {
        name_matches,
        name_fault,
        name_typed,
        on,
        on_fault,
        form,
    } = asked;
    let wrong = name_fault.is_some() || on_fault.is_some();
    let lang = match visit.lang {
        Locale::Zh => Lang::Zh,
        Locale::En => Lang::En,
    };
    let heading = answer.heading(lang);
    let word = visit.lang.pick("证书查验", "Certificate check");
    let title = match (visit.lang, wrong) {
        (Locale::Zh, true) => format!("错误:{heading}:{word}"),
        (Locale::En, true) => format!("Error: {heading}: {word}"),
        (Locale::Zh, false) => format!("{heading}:{word}"),
        (Locale::En, false) => format!("{heading}: {word}"),
    };
    let f = Frame::new(app, visit, Brand::Verify, title);
    let checks = answer
        .checks()
        .iter()
        .map(|check| check_row(check, lang, visit.lang))
        .collect();
    let freshness = answer
        .as_of()
        .filter(|as_of| answer.checked_at() - *as_of > chrono::Duration::minutes(1))
        .map(|as_of| {
            let at = f.moment(as_of);
            visit
                .lang
                .pick(
                    &format!("撤销状态截至 {at}。"),
                    &format!("Revocation status as of {at}."),
                )
                .to_owned()
        });
    let certificate = answer
        .certificate
        .as_ref()
        .map(|known| view(&f, visit.lang, answer, known));
    let institution_line = answer
        .certificate
        .as_ref()
        .and_then(|known| institution_line(&f, known));
    let past_line = answer.past().map(|past| {
        let day = f.date(past.on);
        visit
            .lang
            .pick(
                &format!("{day}当日:{};现在:{heading}。", past.state.zh()),
                &format!("On {day}: {}; now: {heading}.", past.state.en()),
            )
            .to_owned()
    });
    let status = match (answer.certificate.is_some(), wrong) {
        (_, true) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, _) if answer.state() == certs::verdict::State::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    let view = VerdictPage {
        state: answer.state().code(),
        heading,
        sentence: answer.sentence(lang),
        next_step: answer.next_step(lang),
        checked_at: f.moment(answer.checked_at()),
        freshness,
        institution_line,
        certificate,
        withheld: answer.is_withheld(),
        checks,
        name_answer: name_matches,
        name_fault,
        name_typed,
        on,
        on_fault,
        past_line,
        today: app.today().to_string(),
        form,
        signed_words: signed_words(visit.lang),
        registered: answer
            .registered
            .map(|digest| data_encoding::HEXLOWER.encode(&digest)),
        f,
    };
    let mut response = page(status, &view, Caching::Never)?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    Ok(response)
}

fn check_row(check: &certs::verdict::Check, lang: Lang, locale: Locale) -> CheckRow {
    let (icon, class) = match check.outcome {
        Outcome::Passed => ("✔", "good"),
        Outcome::Failed => ("✖", "bad"),
        Outcome::NotRun => ("–", "quiet"),
    };
    CheckRow {
        name: locale.pick(check.name.zh(), check.name.en()),
        outcome: locale.pick(check.outcome.zh(), check.outcome.en()),
        icon,
        class,
        detail: check.sentence(lang).to_owned(),
    }
}

fn view(
    f: &Frame,
    lang: Locale,
    answer: &Answer,
    known: &super::KnownCertificate,
) -> CertificateView {
    let full = answer.holder_full().filter(|_| known.name_consent);
    let day = |at| f.date(domain::calendar::today(at));
    CertificateView {
        address: format!("/v/{}", known.public_id),
        holder: full.map_or_else(
            || known.holder_masked.clone(),
            |name| name.expose().to_owned(),
        ),
        replaced_by: known.replaced_by.map(|id| format!("/v/{id}")),
        replaces: known
            .replaces
            .as_ref()
            .map(|number| number.as_str().to_owned()),
        area: known.issuing_area.clone(),
        under_appeal: known.under_appeal,
        kind: known.certificate_type.clone(),
        institution: known.institution_name.clone(),
        issued_on: day(known.issued_at),
        number: known.certificate_no.as_str().to_owned(),
        program: known.program_name.clone(),
        occupation: known.occupation_name.clone(),
        hours: known.hours,
        level: (known.skill_level > 0).then(|| match lang {
            Locale::Zh => format!("{} 级", known.skill_level),
            Locale::En => format!("level {}", known.skill_level),
        }),
        expires_on: match known.expires_at {
            // The end is exclusive: the last day is the one before.
            Some(end) => {
                let last = domain::calendar::today(end);
                f.date(last.checked_sub_days(Days::new(1)).unwrap_or(last))
            }
            None => lang.pick("长期", "no end").to_owned(),
        },
        leaf_index: known.leaf_index,
        kid: known.kid.clone(),
        key_print: known.key_print.clone(),
    }
}

/// One line when the institution has left or stands still: the certificate stays what it is.
fn institution_line(f: &Frame, known: &super::KnownCertificate) -> Option<String> {
    let day = f.date(domain::calendar::today(known.institution_since));
    let (zh, en) = match known.institution_today {
        Standing::Authorised => return None,
        Standing::Suspended => (
            format!("培训机构自 {day} 起暂停;已签发的证书不因此失效。"),
            format!(
                "The institution is suspended since {day}; certificates issued before are not affected."
            ),
        ),
        Standing::Exited | Standing::NotAdmitted => (
            format!("培训机构已于 {day} 退出目录;已签发的证书不因此失效。"),
            format!(
                "The institution left the catalogue on {day}; certificates issued before are not affected."
            ),
        ),
    };
    Some(f.t(&zh, &en).to_owned())
}
