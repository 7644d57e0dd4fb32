//! The press of this process: fonts are looked through once, templates are read when they are used.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use paper::Sheet;
use paper::pdf::{Fonts, PaperFault, Press, Template, code_point};

use super::{Form, Printable, unavailable};
use crate::app::App;
use crate::config::file::Paper;
use crate::problem::{Code, Problem};

/// Presses by their folders: one in a service, several in tests.
static PRESSES: Mutex<Vec<(Vec<PathBuf>, Press)>> = Mutex::new(Vec::new());

/// The press whose fonts were looked through already.
fn kept(paper: &Paper) -> Option<Press> {
    let presses = PRESSES.lock().unwrap_or_else(PoisonError::into_inner);
    let found = presses.iter().find(|(folders, _)| *folders == paper.fonts);
    found.map(|(_, press)| press.clone())
}

fn press(paper: &Paper) -> Result<Press, Problem> {
    if let Some(press) = kept(paper) {
        return Ok(press);
    }
    // A failure is not kept: the operator installs fonts, and the next request has them.
    let fonts = Fonts::read(&paper.fonts).map_err(|fault| {
        tracing::warn!("no certificate can be printed: {fault}");
        unavailable(
            "这台服务器没有中文字体,请管理员安装软件包 fonts-noto-cjk,或用 paper.fonts 指定字体目录。",
            "This server has no Chinese font: install the package fonts-noto-cjk, or name a folder in paper.fonts.",
        )
    })?;
    let press = Press::new(fonts);
    let mut presses = PRESSES.lock().unwrap_or_else(PoisonError::into_inner);
    presses.push((paper.fonts.clone(), press.clone()));
    Ok(press)
}

/// The first character of a name that could not be printed. Without fonts nothing is printed here, and nothing is asked.
pub fn missing_glyph(app: &App, name: &str) -> Option<char> {
    kept(&app.config.paper)?.missing(name).first().copied()
}

/// Looks through the fonts before a transaction begins: inside it no file is read.
pub async fn warm(app: &App) {
    let paper = app.config.paper.clone();
    if kept(&paper).is_none() {
        let _ = tokio::task::spawn_blocking(move || press(&paper).map(|_| ())).await;
    }
}

/// The template of a certificate: for its kind and province, its kind, its province, or the bundled one.
fn template(paper: &Paper, printable: &Printable, form: Form) -> Result<Template, Problem> {
    if form == Form::Large {
        return Ok(Template::large());
    }
    let Some(folder) = &paper.templates else {
        return Ok(Template::bundled());
    };
    let plain = |text: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (!text.is_empty() && text.bytes().all(good)).then(|| text.to_owned())
    };
    let kind = printable.type_code.as_deref().and_then(plain);
    let province = plain(&printable.federation);
    let names = [
        kind.as_ref()
            .zip(province.as_ref())
            .map(|(kind, province)| format!("{kind}.{province}.typ")),
        kind.as_ref().map(|kind| format!("{kind}.typ")),
        province.as_ref().map(|province| format!("{province}.typ")),
    ];
    for name in names.into_iter().flatten() {
        match std::fs::read_to_string(folder.join(&name)) {
            Ok(text) => {
                return Template::new(&name, &text)
                    .map_err(|fault| problem(&PaperFault::Template(fault)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!("template {name}: {error}");
                return Err(unavailable(
                    format!("证书模板 {name} 无法读取,请联系管理员。"),
                    format!("The template {name} cannot be read; tell the operator."),
                ));
            }
        }
    }
    Ok(Template::bundled())
}

fn problem(fault: &PaperFault) -> Problem {
    match fault {
        PaperFault::NoGlyph(one) => Problem::new(Code::NoGlyph).with_detail(
            format!(
                "证书字体中没有“{one}”({}),请联系平台补装字体。",
                code_point(*one)
            ),
            format!(
                "No font of the paper has {one} ({}); ask the registry to install one that has it.",
                code_point(*one)
            ),
        ),
        PaperFault::Count => Problem::new(Code::TooLarge).with_detail(
            "一份文件最多 500 张证书;更多的请下载 certificates.zip。",
            "One document holds at most 500 certificates; take certificates.zip for more.",
        ),
        PaperFault::Template(fault) => {
            tracing::error!("certificate template: {fault}");
            unavailable(
                format!("证书模板有误,请联系管理员。{fault}"),
                format!("The template of the certificate is at fault; tell the operator. {fault}"),
            )
        }
        PaperFault::Telling(_) | PaperFault::Qr(_) | PaperFault::Layout(_) => {
            Problem::internal(fault)
        }
    }
}

/// Prints certificates of one kind and province into one document.
pub(super) fn print(
    paper: &Paper,
    printables: &[Printable],
    form: Form,
) -> Result<Vec<u8>, Problem> {
    let first = printables.first().ok_or_else(Problem::not_found)?;
    let template = template(paper, first, form)?;
    let sheets: Vec<Sheet> = printables.iter().map(|one| one.sheet.clone()).collect();
    let printed = press(paper)?
        .print(&template, &sheets)
        .map_err(|fault| problem(&fault))?;
    Ok(printed.pdf)
}

/// Whether all of them can be printed, before any is.
pub(super) fn ready(paper: &Paper, printables: &[Printable]) -> Result<(), Problem> {
    let press = press(paper)?;
    for one in printables {
        for line in one.sheet.lines() {
            if let Some(one) = press.missing(&line.value).first() {
                return Err(problem(&PaperFault::NoGlyph(*one)));
            }
        }
    }
    Ok(())
}

/// A template printed with an invented certificate, for who writes templates.
pub fn preview(
    paper: &Paper,
    file: Option<&Path>,
    large: bool,
) -> Result<paper::pdf::Printed, String> {
    let fonts = Fonts::read(&paper.fonts).map_err(|fault| fault.to_string())?;
    let template = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("模板无法读取 / the template cannot be read: {error}"))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            Template::new(&name, &text).map_err(|fault| fault.to_string())?
        }
        None if large => Template::large(),
        None => Template::bundled(),
    };
    Press::new(fonts)
        .print(&template, &[Sheet::sample()])
        .map_err(|fault| fault.to_string())
}
