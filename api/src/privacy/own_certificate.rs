//! `/me/certificates/{id}`: a certificate of one's own with its files, share links and checks (pages.md 4.2).

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use certs::credential::Disclosable;
use domain::PublicId;
use domain::access::Actor;

use super::me::{self, OwnCertificate};
use super::own_files::{Offered, offered};
use super::pages::{frame, request_key};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ManageOwnConsent, SeeOwnRecord};
use crate::app::App;
use crate::certificates::own_shares::{self, DAYS, OwnShare, WithdrawShareRequest};
use crate::certificates::share::{ShareReceipt, ShareRequest};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, assets};
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "me_certificate.html")]
struct CertificatePage {
    f: Frame,
    one: OwnCertificate,
    /// Icon and words of its state.
    state: (&'static str, &'static str),
    forms: Vec<Offered>,
    /// Claims that an SD-JWT may show: name, label.
    claims: Vec<(&'static str, &'static str)>,
    shares: Vec<(OwnShare, String)>,
    days: [u32; 3],
    /// What the browser reads to the holder (languages and words as JSON), and the script that lets it.
    spoken: String,
    script: &'static str,
    /// The link that was made just now; it is shown this once.
    made: Option<String>,
    form: String,
    key: String,
}

async fn page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: &FormToken,
    (id, made): (PublicId, Option<String>),
) -> Result<Response, Problem> {
    let shares = own_shares::list(app, actor, &id).await?;
    let id = id.to_string();
    let record = me::record(app, actor).await?;
    let one = record
        .certificates
        .into_iter()
        .find(|one| one.id == id)
        .ok_or_else(Problem::not_found)?;
    let number = &one.certificate_no;
    let f = frame(
        app,
        visit,
        (
            &format!("我的证书 {number}"),
            &format!("My certificate {number}"),
        ),
    );
    let lang = f.lang();
    let ended = one
        .expires_at
        .as_deref()
        .and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok())
        .is_some_and(|at| at <= app.now());
    let state = match one.status.as_str() {
        "revoked" => ("✖", lang.pick("证书已撤销", "Revoked")),
        "superseded" => ("↻", lang.pick("已换发新证", "Replaced")),
        "suspended" => ("‖", lang.pick("证书暂停使用", "On hold")),
        _ if ended => ("⏱", lang.pick("证书已过有效期", "Expired")),
        _ => ("✔", lang.pick("登记状态:有效", "On record: valid")),
    };
    let view = CertificatePage {
        spoken: spoken(&f, &one, state.1)?,
        script: assets::READ.path(),
        state,
        forms: offered(app, lang),
        claims: Disclosable::ALL
            .iter()
            .map(|claim| {
                let (zh, en) = claim.label();
                (claim.as_str(), lang.pick(zh, en))
            })
            .collect(),
        shares: shares
            .into_iter()
            .map(|share| (share, request_key(app)))
            .collect(),
        days: DAYS,
        made,
        form: form.text.clone(),
        key: request_key(app),
        one,
        f,
    };
    assets::with_scripts(staff_page(app, StatusCode::OK, &view, Some(form))?)
}

/// The facts as sentences, each with its language: the number character by character, as it is told on the telephone; the name
/// of a program stays Chinese on an English page.
fn spoken(f: &Frame, one: &OwnCertificate, state: &str) -> Result<String, Problem> {
    let number: Vec<String> = one
        .certificate_no
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(String::from)
        .collect();
    let (number, issued) = (number.join(" "), f.day_of(&one.issued_at));
    let stop = f.t("。", ". ");
    let mut facts = [
        (f.t("证书编号:", "Number: "), number),
        (f.t("签发日期:", "Issued: "), issued),
    ]
    .map(|(label, words)| [label, &words, stop].concat())
    .concat();
    if let Some(end) = &one.expires_at {
        facts += &[f.t("有效期至:", "Ends: "), &f.last_day(end), stop].concat();
    }
    let here = f.html_lang();
    let of_program = if f.lang_of(&one.program).is_empty() {
        here
    } else {
        "zh-CN"
    };
    let parts = [
        (here, format!("{state}{stop}")),
        (of_program, format!("{}。", one.program)),
        (here, facts),
    ];
    serde_json::to_string(&parts).map_err(Problem::internal)
}

fn parsed(id: &str) -> Result<PublicId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
    Path(id): Path<String>,
    form: FormToken,
) -> Result<Response, Problem> {
    let asked = (parsed(&id)?, None);
    page(&app, &visit, &by.actor, &form, asked).await
}

pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnConsent>,
    Path(id): Path<String>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let key: IdempotencyKey = form.text("key").parse()?;
    if form.text("act") == "withdraw" {
        let link = form.text("link").to_owned();
        let request = WithdrawShareRequest { link };
        own_shares::withdraw(&app, &by.actor, &key, &id, &request).await?;
        let to = visit.lang.pick("/me/certificates/", "/en/me/certificates/");
        return Ok(Redirect::to(&format!("{to}{id}")).into_response());
    }
    // What is no number is no choice of the form either.
    let days = form.text("days").parse().unwrap_or(0);
    let request = ShareRequest { days };
    let receipt = own_shares::share(&app, &by.actor, &key, &id, &request).await?;
    let made: ShareReceipt = receipt.parse()?;
    let file = if cfg!(feature = "paper") {
        "certificate.pdf"
    } else {
        "certificate.txt"
    };
    let link = format!(
        "{}/api/v1/certificates/{id}/{file}?share={}",
        app.config.public_url, made.token
    );
    page(&app, &visit, &by.actor, &token, (id, Some(link))).await
}
