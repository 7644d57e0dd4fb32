//! From certificates of the registry to what stands on their paper.

use std::collections::HashMap;

use certs::spoken::SpokenCheck;
use chrono::Days;
use domain::CreditCode;
use paper::Sheet;
use paper::sheet::Names;
use store::certificates::{Certificate, CohortForIssue, PublicCertificate};

use crate::app::App;
use crate::problem::Problem;

/// Certificates read at a time.
const STEP: usize = 500;

/// A sheet, and what chooses its template.
#[derive(Clone, Debug)]
pub struct Printable {
    /// What stands on it.
    pub sheet: Sheet,
    /// Code of the kind of certificate; without the feature `paper` there are no templates to choose.
    #[cfg_attr(
        not(feature = "paper"),
        expect(dead_code, reason = "only templates ask for it")
    )]
    pub(super) type_code: Option<String>,
    /// Issuing federation.
    #[cfg_attr(
        not(feature = "paper"),
        expect(dead_code, reason = "only templates ask for it")
    )]
    pub(super) federation: String,
}

/// The first character that could not be printed of the names which every certificate of a class carries.
pub(crate) fn missing_in_names(app: &App, class: &CohortForIssue) -> Option<char> {
    let names = Names {
        certificate_type: &class.type_name,
        program: &class.program_name,
        occupation: &class.occupation_name,
        institution: &class.institution_name,
        credit_code: &class.credit_code,
    }
    .neutral();
    let printed = [
        names.title,
        names.program,
        names.occupation,
        names.institution,
    ];
    printed
        .iter()
        .find_map(|name| super::missing_glyph(app, name))
}

/// Sheets in the order of the certificates; one whose holder was erased is not found.
pub(super) async fn of(app: &App, certificates: &[Certificate]) -> Result<Vec<Printable>, Problem> {
    let reader = app.store.reader();
    let mut printables = Vec::with_capacity(certificates.len());
    for chunk in certificates.chunks(STEP) {
        let ids: Vec<_> = chunk.iter().map(|one| one.id).collect();
        let public_ids: Vec<_> = chunk.iter().map(|one| one.public_id).collect();
        let known: HashMap<_, _> = store::certificates::public_by_public_ids(reader, &public_ids)
            .await?
            .into_iter()
            .map(|known| (known.id, known))
            .collect();
        let signed: HashMap<_, _> =
            store::certificates::signed_bytes_of(reader, app.store.vault(), &ids)
                .await?
                .into_iter()
                .collect();
        for certificate in chunk {
            let known = known.get(&certificate.id).ok_or_else(Problem::not_found)?;
            let cose = signed.get(&certificate.id).ok_or_else(Problem::not_found)?;
            printables.push(printable(app, known, cose)?);
        }
    }
    Ok(printables)
}

fn printable(app: &App, known: &PublicCertificate, cose: &[u8]) -> Result<Printable, Problem> {
    // Our own row: what is signed is what is printed.
    let decoded = certs::certificate::decode(cose).map_err(Problem::internal)?;
    let claims = decoded.unverified_claims();
    let host = app.config.host.parse().map_err(Problem::internal)?;
    let credit_code: CreditCode = known.credit_code.parse().map_err(Problem::internal)?;
    let names = Names {
        certificate_type: &known.certificate_type,
        program: &known.program_name,
        occupation: &known.occupation_name,
        institution: &known.institution_name,
        credit_code: &credit_code,
    }
    .neutral();
    let sheet = Sheet {
        title: names.title,
        holder: claims.holder.clone(),
        certificate_no: claims.certificate_no.clone(),
        program: names.program,
        occupation: names.occupation,
        level: claims.level,
        hours: u32::try_from(known.hours).unwrap_or(0),
        institution: names.institution,
        replaces: known.replaces.clone(),
        issued_on: domain::calendar::today(claims.issued_at),
        last_day: claims.expires_at.map(|end| {
            // The end is exclusive: the last day is the one before.
            let end = domain::calendar::today(end);
            end.checked_sub_days(Days::new(1)).unwrap_or(end)
        }),
        checked_by: app.config.verify_name.clone(),
        checked_by_en: app.config.verify_name_en.clone(),
        host: app.config.host.clone(),
        phone: app.config.phone.clone(),
        qr_text: certs::qr::qr_text(&host, &claims.public_id, cose),
        spoken: SpokenCheck::of(cose),
    };
    Ok(Printable {
        sheet,
        type_code: known.certificate_type_code.clone(),
        federation: known.federation.clone(),
    })
}
