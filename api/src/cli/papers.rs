//! `mingzheng cert print` and `mingzheng paper`.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use domain::PublicId;
use domain::ids::BatchId;
use domain::privacy::{PersonalField, ReadPurpose};
use store::scope::Scope;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs};
use super::written::write_whole;
use crate::access::permissions::{PrintBatches, SeeCertificates};
use crate::papers::{self, Form};
use crate::problem::Problem;

/// Print certificates.
#[derive(Args, Debug)]
pub struct PrintArgs {
    /// Who acts.
    #[command(flatten)]
    acting: ActingArgs,
    /// 证书上的编号 / id on the paper
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    id: Option<PublicId>,
    /// 整批打印 / all certificates of a batch
    #[arg(long)]
    batch: Option<BatchId>,
    /// 形式 / form: pdf, large, txt, brf
    #[arg(long, default_value = "pdf")]
    form: Form,
    /// 输出文件;整批可为 .pdf 或 .zip / file to write; a batch goes into a .pdf or a .zip
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Commands about templates.
#[derive(Subcommand, Debug)]
pub enum PaperCommand {
    /// 用样例数据预览模板 / print a template with an invented certificate
    Preview(PreviewArgs),
    /// 输出内置模板,供修改 / print the bundled template, to be changed
    Template,
}

/// Preview a template.
#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// 模板文件,缺省为内置模板 / template; the bundled one when not given
    template: Option<PathBuf>,
    /// 内置大字模板 / the bundled large print
    #[arg(long, conflicts_with = "template")]
    large: bool,
    /// 输出文件 / file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Runs `cert print`.
pub async fn print(
    args: PrintArgs,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let count = match (args.id, args.batch) {
        (Some(id), _) => one(&args, &id, registry).await?,
        (None, Some(batch)) => all(&args, batch, registry).await?,
        (None, None) => {
            return Err(CommandError::Usage(
                "请给出证书或批次 / name a certificate or a batch".to_owned(),
            ));
        }
    };
    print.show(
        &serde_json::json!({ "file": args.out, "form": args.form.as_str(), "certificates": count }),
    )
}

async fn one(
    args: &PrintArgs,
    id: &PublicId,
    registry: &RegistryArgs,
) -> Result<usize, CommandError> {
    let acting = Acting::begin::<SeeCertificates>(registry, &args.acting).await?;
    let scope = Scope::of(&acting.actor);
    let found = store::certificates::find_by_public_id(acting.app.store.reader(), &scope, id)
        .await
        .map_err(Problem::from)?
        .ok_or_else(Problem::not_found)?;
    crate::privacy::reading::note_read(
        &acting.app,
        &acting.actor,
        found.person,
        ReadPurpose::CertificateFile,
        &[PersonalField::Name],
    )
    .await?;
    let bytes = papers::one(&acting.app, &found, args.form).await?;
    write_whole(&args.out, &bytes)?;
    Ok(1)
}

async fn all(
    args: &PrintArgs,
    batch: BatchId,
    registry: &RegistryArgs,
) -> Result<usize, CommandError> {
    let archive = ends(&args.out, "zip");
    let document = ends(&args.out, "pdf") && matches!(args.form, Form::Pdf | Form::Large);
    if !archive && !document {
        return Err(CommandError::Usage(
            "整批写入 .zip;pdf 和 large 也可写入一个 .pdf / a batch goes into a .zip; pdf and large also into one .pdf".to_owned(),
        ));
    }
    let acting = Acting::begin::<PrintBatches>(registry, &args.acting).await?;
    let printables = papers::of_batch(&acting.app, &acting.actor, batch).await?;
    let count = printables.len();
    if document {
        let spinner = super::progress::spinner("排版中 / printing");
        let bytes = papers::document(&acting.app, printables, args.form).await;
        spinner.finish_and_clear();
        write_whole(&args.out, &bytes?)?;
        return Ok(count);
    }
    let (paper, form) = (acting.app.config.paper.clone(), args.form);
    papers::ready(&paper, &printables, form)?;
    // Beside the file it will be: what was broken off leaves no archive that looks whole.
    let folder = args
        .out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let bar = super::progress::bar(count as u64, "打印中 / printing");
    let told = bar.clone();
    let printed = tokio::task::spawn_blocking(move || {
        let out = BufWriter::new(file.as_file_mut());
        papers::archive(&paper, &printables, form, out, || told.inc(1)).map(|()| file)
    })
    .await
    .map_err(Problem::internal)?;
    bar.finish_and_clear();
    printed?.persist(&args.out).map_err(|error| error.error)?;
    Ok(count)
}

/// Runs `mingzheng paper`.
pub fn run(
    command: PaperCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    match command {
        PaperCommand::Template => print.text(::paper::TEMPLATE),
        PaperCommand::Preview(args) => {
            let paper = registry.sound(Vec::new())?.paper;
            let printed = papers::preview(&paper, args.template.as_deref(), args.large)
                .map_err(CommandError::Usage)?;
            write_whole(&args.out, &printed.pdf)?;
            for warning in &printed.warnings {
                eprintln!("mingzheng: {warning}");
            }
            print.show(&serde_json::json!({ "file": args.out, "pages": printed.pages }))
        }
    }
}
