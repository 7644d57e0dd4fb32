//! A trainee's own certificates as files: paper, large print, plain text, Braille where it is installed, the QR code.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use certs::qr::Level;
use domain::PublicId;

use crate::access::browser::OnPage;
use crate::access::permissions::SeeOwnRecord;
use crate::app::App;
use crate::certificates::credentials;
use crate::certificates::files::{file, own, qr_text_of};
use crate::extract::{Locale, Path};
use crate::papers::{self, Form};
use crate::problem::{Code, Problem};

/// A form that the page offers.
pub(super) struct Offered {
    /// Last part of the address.
    pub(super) file: &'static str,
    /// What it is.
    pub(super) words: &'static str,
}

/// What a last part of an address means.
enum Asked {
    /// The certificate on paper of some kind.
    Paper(Form),
    /// Its QR code alone, for a screen.
    Code,
    /// What a wallet takes, as a VC-JWT.
    Jwt,
    /// The same with an embedded proof.
    Json,
    /// The same of which a part may be shown.
    SdJwt,
}

fn asked(name: &str) -> Option<Asked> {
    match name {
        "certificate.pdf" => Some(Asked::Paper(Form::Pdf)),
        "certificate-large.pdf" => Some(Asked::Paper(Form::Large)),
        "certificate.txt" => Some(Asked::Paper(Form::Text)),
        "certificate.brf" => Some(Asked::Paper(Form::Braille)),
        "qr.png" => Some(Asked::Code),
        "credential.jwt" => Some(Asked::Jwt),
        "credential.json" => Some(Asked::Json),
        "credential.sdjwt" => Some(Asked::SdJwt),
        _ => None,
    }
}

/// What this server is set up to make; a form that it lacks after all is told when it is asked for.
pub(super) fn offered(app: &App, lang: Locale) -> Vec<Offered> {
    let all = [
        ("certificate.pdf", "证书 PDF", "certificate (PDF)"),
        ("certificate-large.pdf", "大字版 PDF", "large print (PDF)"),
        ("certificate.txt", "纯文本", "plain text"),
        ("certificate.brf", "盲文", "Braille"),
        ("qr.png", "二维码图片", "QR code"),
        ("credential.jwt", "电子钱包 VC-JWT", "for wallets: VC-JWT"),
        (
            "credential.json",
            "电子钱包 JSON",
            "for wallets: JSON with proof",
        ),
        (
            "credential.sdjwt",
            "电子钱包 SD-JWT(全部内容)",
            "for wallets: SD-JWT, everything",
        ),
    ];
    all.into_iter()
        .filter(|(file, ..)| match asked(file) {
            Some(Asked::Paper(Form::Pdf | Form::Large)) => cfg!(feature = "paper"),
            Some(Asked::Paper(Form::Braille)) => !app.config.paper.braille_program.is_empty(),
            Some(_) | None => true,
        })
        .map(|(file, zh, en)| Offered {
            file,
            words: lang.pick(zh, en),
        })
        .collect()
}

/// Claims to show, as a form of check boxes sends them: one `show` for each, none of them when nothing was ticked.
fn shown(query: &str) -> Result<Option<String>, Problem> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| Problem::new(Code::MalformedRequest))?;
    // A misspelt name would show everything: it is refused.
    if pairs.iter().any(|(name, _)| name != "show") {
        return Err(Problem::new(Code::MalformedRequest));
    }
    let claims: Vec<String> = pairs.into_iter().map(|(_, claim)| claim).collect();
    Ok((!claims.is_empty()).then(|| claims.join(",")))
}

/// One of them; another person's certificate is not found.
pub(super) async fn open(
    State(app): State<App>,
    by: OnPage<SeeOwnRecord>,
    Path((id, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let id: PublicId = id.parse().map_err(|_| Problem::not_found())?;
    let asked = asked(&name).ok_or_else(Problem::not_found)?;
    let certificate = own(&app, &by.actor, &id).await?;
    let number = &certificate.certificate_no;
    match asked {
        Asked::Jwt => return credentials::jwt_of(&app, &certificate).await,
        Asked::Json => return credentials::json_of(&app, &certificate).await,
        Asked::SdJwt => {
            let show = shown(query.as_deref().unwrap_or_default())?;
            return credentials::sd_jwt_of(&app, &certificate, show.as_deref()).await;
        }
        Asked::Paper(_) | Asked::Code => {}
    }
    if let Asked::Paper(form) = asked {
        let bytes = papers::one(&app, &certificate, form).await?;
        let name = format!("{number}{}", form.ending());
        return Ok(file(form.media_type(), &name, bytes));
    }
    let text = qr_text_of(&app, &certificate).await?;
    let png = crate::cores::off_thread(move || certs::qr::png(&text, Level::M, 6))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    Ok(file("image/png", &format!("{number}.png"), png))
}
