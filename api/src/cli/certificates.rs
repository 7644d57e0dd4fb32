//! `mingzheng cert` on a registry: propose, issue, list, share, pictures, changes.

use std::path::PathBuf;

use certs::qr::Level;
use certs::verdict::State;
use clap::Args;
use domain::PublicId;
use domain::certificate::{CertificateAct, CertificateReason};
use domain::ids::{BatchId, CohortId};
use store::certificates::Certificate;
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use super::written::write_whole;
use crate::access::permissions::{
    ChangeCertificates, CheckByTelephone, IssueCertificates, ProposeCertificates, SeeCertificates,
    ShareCertificates,
};
use crate::border::Source;
use crate::certificates::batches::{self, ProposeBatchRequest};
use crate::certificates::change::{self, ChangeRequest};
use crate::certificates::json::CertificateResponse;
use crate::certificates::share::{self, OfficeShareRequest};
use crate::certificates::telephone::{self, TelephoneCheckRequest};
use crate::certificates::{files, issue};
use crate::problem::Problem;

/// Propose a batch.
#[derive(Args, Debug)]
pub struct ProposeArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 班期编号 / cohort id
    cohort: CohortId,
}

/// Approve a batch.
#[derive(Args, Debug)]
pub struct IssueArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 批次编号 / batch id
    batch: BatchId,
}

/// List certificates.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 只看一个批次 / only this batch
    #[arg(long)]
    batch: Option<BatchId>,
}

/// Write the QR picture.
#[derive(Args, Debug)]
pub struct QrArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 证书上的编号 / id on the paper
    id: PublicId,
    /// 输出文件,.png 或 .svg / file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Make a share link.
#[derive(Args, Debug)]
pub struct ShareArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 证书上的编号 / id on the paper
    id: PublicId,
    /// 有效天数 / days of validity
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// 持证人如何提出 / how the holder asked for it
    #[arg(long)]
    reason: String,
}

/// Check a certificate for a caller.
#[derive(Args, Debug)]
pub struct TelephoneArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 证书编号,或证书上的查验编号 / number of the certificate, or the id on it
    certificate: String,
    /// 对方读出的第二段,6 位数字 / the second part as the caller reads it, six digits
    #[arg(long, value_name = "DIGITS")]
    second: Option<String>,
}

/// Change a certificate.
#[derive(Args, Debug)]
pub struct ChangeArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 证书上的编号 / id on the paper
    id: PublicId,
    /// 原因代码 / reason code: under_review, cleared, issued_in_error, fraud_by_holder, fraud_by_institution, assessment_annulled, key_compromise, correction
    #[arg(long)]
    reason_code: CertificateReason,
    /// 说明 / reason in words
    #[arg(long)]
    reason: Option<String>,
}

/// Runs `cert propose`.
pub async fn propose(
    args: ProposeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<ProposeCertificates>(registry, &args.acting).await?;
    let request = ProposeBatchRequest::default();
    print.receipt(
        &batches::propose(
            &acting.app,
            &acting.actor,
            &acting.key,
            args.cohort,
            &request,
        )
        .await?,
    )
}

/// Runs `cert issue`: the answer has every certificate with its proof.
pub async fn issue(
    args: IssueArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<IssueCertificates>(registry, &args.acting).await?;
    let bar = super::progress::spinner("签发中 / issuing");
    let receipt = issue::approve(&acting.app, &acting.actor, &acting.key, args.batch).await;
    bar.finish_and_clear();
    print.receipt(&receipt?)
}

/// Runs `cert list`.
pub async fn list(
    args: ListArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<SeeCertificates>(registry, &args.acting).await?;
    let rows = store::certificates::list(
        acting.app.store.reader(),
        &Scope::of(&acting.actor),
        args.batch,
        None,
        100_000,
    )
    .await
    .map_err(Problem::from)?;
    let rows: Vec<CertificateResponse> = rows.into_iter().map(Into::into).collect();
    print.show(&rows)
}

/// Runs `cert qr`.
pub async fn qr(
    args: QrArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<SeeCertificates>(registry, &args.acting).await?;
    let found = find(&acting, &args.id).await?;
    crate::privacy::reading::note_read(
        &acting.app,
        &acting.actor,
        found.person,
        domain::privacy::ReadPurpose::CertificateFile,
        &[domain::privacy::PersonalField::Name],
    )
    .await?;
    let text = files::qr_text_of(&acting.app, &found).await?;
    let svg = args
        .out
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("svg"));
    let bytes = if svg {
        certs::qr::svg(&text, Level::Q)
            .map_err(Problem::internal)?
            .into_bytes()
    } else {
        certs::qr::png(&text, Level::Q, 8).map_err(Problem::internal)?
    };
    write_whole(&args.out, &bytes)?;
    print.show(&serde_json::json!({ "id": args.id.to_string(), "file": args.out, "qr_text": text }))
}

/// Runs `cert share`.
pub async fn share(
    args: ShareArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let acting = Acting::begin::<ShareCertificates>(registry, &args.acting).await?;
    let found = find(&acting, &args.id).await?;
    let request = OfficeShareRequest {
        days: args.days,
        reason: args.reason,
    };
    print.receipt(&share::share(&acting.app, &acting.actor, &acting.key, found.id, &request).await?)
}

/// Runs `cert telephone`. Exit code: 1 the second part is wrong or the certificate is not valid, 3 its state could not be
/// told, 0 it is valid (pages.md 7).
pub async fn telephone(
    args: TelephoneArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<u8, CommandError> {
    let acting = Acting::begin::<CheckByTelephone>(registry, &args.acting).await?;
    let request = TelephoneCheckRequest {
        certificate: args.certificate,
        second: args.second,
    };
    let source = Source::of(std::net::Ipv6Addr::UNSPECIFIED.into());
    let answer =
        telephone::check(&acting.app, source, &acting.actor, &acting.key, &request).await?;
    print.show(&answer)?;
    Ok(code_of_call(answer.matches, &answer.state))
}

/// A second part that is not that of the certificate outweighs whatever its state is.
fn code_of_call(matches: Option<bool>, state: &str) -> u8 {
    let is = |one: State| state == one.code();
    match matches {
        Some(false) => 1,
        _ if is(State::Valid) => 0,
        _ if is(State::Indeterminate) || is(State::Recorded) => 3,
        _ => 1,
    }
}

/// Runs `cert revoke`, `suspend`, `resume`, `supersede`.
pub async fn change(
    act: CertificateAct,
    args: ChangeArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let request = ChangeRequest {
        act,
        reason_code: args.reason_code,
        reason: args.reason,
    };
    let acting = Acting::begin::<ChangeCertificates>(registry, &args.acting).await?;
    let found = find(&acting, &args.id).await?;
    let receipt = change::change_certificate(
        &acting.app,
        &acting.actor,
        &acting.key,
        found.id,
        found.revision,
        &request,
    )
    .await?;
    print.receipt(&receipt)
}

async fn find(acting: &Acting, id: &PublicId) -> Result<Certificate, CommandError> {
    let found = store::certificates::find_by_public_id(
        acting.app.store.reader(),
        &Scope::of(&acting.actor),
        id,
    )
    .await
    .map_err(Problem::from)?;
    Ok(found.ok_or_else(Problem::not_found)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_with_the_answer_it_got() {
        for (matches, state, code) in [
            (None, "valid", 0),
            (Some(true), "valid", 0),
            (Some(false), "valid", 1),
            (Some(true), "revoked", 1),
            (None, "suspended", 1),
            (None, "not_genuine", 1),
            (Some(true), "indeterminate", 3),
            (None, "recorded", 3),
            (Some(false), "indeterminate", 1),
        ] {
            assert_eq!(code_of_call(matches, state), code, "{matches:?} {state}");
        }
    }
}
