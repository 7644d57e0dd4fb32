//! Printing with real fonts, looked at with programs that are not ours: poppler and zbar.

use std::path::{Path, PathBuf};
use std::process::Command;

use certs::spoken::SpokenCheck;
use domain::SkillLevel;
use paper::Sheet;
use paper::pdf::{Fonts, PaperFault, Press, Template, TemplateFault};

/// Where `fonts-noto-cjk` lies, or another folder.
fn press() -> Press {
    let folder = std::env::var_os("MINGZHENG_TEST_FONTS").map_or_else(
        || PathBuf::from("/usr/share/fonts/opentype/noto"),
        PathBuf::from,
    );
    Press::new(Fonts::read(&[folder]).expect("the package fonts-noto-cjk"))
}

fn sheet(holder: &str) -> Sheet {
    Sheet {
        title: "职业培训合格证书".to_owned(),
        holder: holder.parse().expect("a name"),
        certificate_no: domain::CertificateNo::mint("33", 2026, &[7; 8]).expect("a number"),
        program: "养老护理".to_owned(),
        occupation: "养老护理员".to_owned(),
        level: Some(SkillLevel::Five),
        hours: 40,
        institution: "虚构职业培训学校".to_owned(),
        issued_on: chrono::NaiveDate::from_ymd_opt(2026, 3, 8).expect("a day"),
        replaces: None,
        last_day: None,
        checked_by: "全国职业培训证书查验".to_owned(),
        checked_by_en: "National Vocational Training Certificate Check".to_owned(),
        host: "mingzheng.example".to_owned(),
        phone: "010-00000000".to_owned(),
        // As long as a real one: the code has the version that a certificate needs.
        qr_text: format!(
            "HTTPS://MINGZHENG.EXAMPLE/V/{}#{}",
            "A7".repeat(13),
            "Q2".repeat(160)
        ),
        spoken: SpokenCheck::of(holder.as_bytes()),
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|_| panic!("{program} is there"));
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn written(folder: &Path, pdf: &[u8]) -> String {
    let path = folder.join("certificate.pdf");
    std::fs::write(&path, pdf).expect("a file is written");
    path.display().to_string()
}

/// What a scanner reads on the pages that have a code.
fn qr_texts(folder: &Path, pdf: &str) -> Vec<String> {
    let root = folder.join("page").display().to_string();
    run("pdftoppm", &["-r", "300", "-gray", pdf, &root]);
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "pgm"))
        .collect();
    pages.sort();
    pages
        .iter()
        .filter_map(|page| {
            let output = Command::new("zbarimg")
                .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
                .arg(page)
                .output()
                .expect("zbarimg");
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            (!text.is_empty()).then_some(text)
        })
        .collect()
}

/// Without the spaces that a layout puts between scripts.
fn bare(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).collect()
}

#[test]
fn a_certificate_is_one_tagged_a4_page_that_a_scanner_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = sheet("王𠮷㐂");
    let printed = press()
        .print(&Template::bundled(), std::slice::from_ref(&one))
        .expect("printed");
    assert_eq!(printed.pages, 1);
    assert!(printed.warnings.is_empty(), "{:?}", printed.warnings);
    let pdf = written(folder.path(), &printed.pdf);
    assert_eq!(
        qr_texts(folder.path(), &pdf),
        std::slice::from_ref(&one.qr_text)
    );
    let info = run("pdfinfo", &[&pdf]);
    let said = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map_or("", |(_, value)| value.trim())
            .to_owned()
    };
    assert_eq!(said("Tagged"), "yes", "{info}");
    assert_eq!(
        said("Title"),
        format!("职业培训合格证书 {}", one.certificate_no.spoken())
    );
    assert!(said("Page size").contains("A4"), "{info}");
    let meta = run("pdfinfo", &["-meta", &pdf]);
    assert!(
        meta.contains("pdfuaid:part") && meta.contains("zh-CN"),
        "{meta}"
    );
    let text = bare(&run("pdftotext", &[&pdf, "-"]));
    for part in [
        "王𠮷㐂",
        "养老护理员",
        "五级(初级工)",
        "2026年3月8日",
        "虚构职业培训学校",
        "mingzheng.example",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Embedded and subset, every one.
    let fonts = run("pdffonts", &[&pdf]);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row.contains("Noto"), "{row}");
        let columns: Vec<&str> = row.split_whitespace().rev().collect();
        // emb sub uni object ID, from the right: generation, number, uni, sub, emb.
        assert_eq!(&columns[2..5], ["yes", "yes", "yes"], "{row}");
    }
    assert!(printed.pdf.len() < 300_000, "{} bytes", printed.pdf.len());
    let tree = run("pdfinfo", &["-struct-text", &pdf]);
    for tag in ["Document", "H1", "Figure", "P"] {
        assert!(
            tree.lines().any(|line| line.trim_start().starts_with(tag)),
            "{tag}: {tree}"
        );
    }
    let order = |part: &str| tree.find(part).unwrap_or_else(|| panic!("{part}: {tree}"));
    assert!(order("职业培训合格证书") < order("王𠮷㐂") && order("王𠮷㐂") < order("养老护理员"));
}

#[test]
fn the_same_certificate_gives_the_same_bytes() {
    let press = press();
    let one = [sheet("阿依古丽·买买提")];
    let first = press.print(&Template::bundled(), &one).expect("printed");
    let again = press.print(&Template::bundled(), &one).expect("printed");
    assert_eq!(first.pdf, again.pdf);
}

#[test]
fn a_batch_is_one_document_with_a_page_for_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sheets: Vec<Sheet> = ["赵一", "钱二", "孙三"].map(sheet).into();
    for (index, one) in sheets.iter_mut().enumerate() {
        one.qr_text.push_str(&"7".repeat(index + 1));
    }
    let printed = press()
        .print(&Template::bundled(), &sheets)
        .expect("printed");
    assert_eq!(printed.pages, 3);
    let pdf = written(folder.path(), &printed.pdf);
    let wanted: Vec<&str> = sheets.iter().map(|one| one.qr_text.as_str()).collect();
    assert_eq!(qr_texts(folder.path(), &pdf), wanted);
    assert_eq!(
        press().print(&Template::bundled(), &[]).expect_err("none"),
        PaperFault::Count
    );
}

#[test]
fn large_print_has_the_same_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = sheet("欧阳𠮷");
    let printed = press()
        .print(&Template::large(), std::slice::from_ref(&one))
        .expect("printed");
    let pdf = written(folder.path(), &printed.pdf);
    let text = bare(&run("pdftotext", &[&pdf, "-"]));
    for line in one.lines() {
        assert!(text.contains(&bare(&line.value)), "{}: {text}", line.zh);
    }
    assert!(qr_texts(folder.path(), &pdf).contains(&one.qr_text));
}

#[test]
fn a_character_without_glyph_is_refused_by_name() {
    let press = press();
    assert!(press.missing("王𠮷㐂·阿").is_empty());
    assert_eq!(press.missing("王𪚥和𰀀𪚥"), ['𪚥', '𰀀']);
    let fault = press
        .print(&Template::bundled(), &[sheet("王𪚥")])
        .expect_err("no glyph");
    assert_eq!(fault, PaperFault::NoGlyph('𪚥'));
    assert!(fault.to_string().contains("U+2A6A5") && fault.to_string().contains('𪚥'));
}

#[test]
fn the_paper_tells_no_disability() {
    let mut one = sheet("张三");
    one.institution = "某市残疾人培训中心".to_owned();
    let fault = press()
        .print(&Template::bundled(), &[one])
        .expect_err("it would tell");
    assert_eq!(fault, PaperFault::Telling("残疾"));
    // A name is not ours to read.
    assert!(
        press()
            .print(&Template::bundled(), &[sheet("聋哑")])
            .is_ok()
    );
}

/// The bundled template with something more in it.
fn with(more: &str) -> Template {
    let text = paper::pdf::BUNDLED.replace("  v(12mm)", more);
    assert!(text.contains(more), "the bundled template has the place");
    Template::new("of-test.typ", &text).expect("short enough")
}

#[test]
fn a_template_reads_nothing_but_what_it_is_given() {
    let press = press();
    let one = [sheet("张三")];
    for attempt in [
        "read(\"/etc/passwd\")",
        "read(\"../../../../etc/passwd\")",
        "read(\"/main.typ\")",
        "image(\"/usr/share/pixmaps/debian-logo.png\")",
        "[#include \"/etc/hostname\"]",
        "{ import \"@preview/cetz:0.3.0\"; [x] }",
        "{ import \"other.typ\"; [x] }",
        "{ let p = plugin(\"x.wasm\"); [x] }",
        "[#datetime.today().display()]",
    ] {
        let fault = press.print(&with(attempt), &one).expect_err(attempt);
        let PaperFault::Template(TemplateFault::Code {
            name,
            line,
            message,
        }) = &fault
        else {
            panic!("{attempt}: {fault:?}");
        };
        assert_eq!(name, "of-test.typ");
        assert!(*line > 0, "{attempt}: {message}");
        assert!(!message.contains("root:"), "{message}");
    }
}

#[test]
fn what_a_template_makes_is_examined() {
    let press = press();
    let one = [sheet("张三")];
    let bundled = paper::pdf::BUNDLED;
    let fault = |text: &str| {
        let template = Template::new("of-test.typ", text).expect("short enough");
        match press.print(&template, &one).expect_err("a fault") {
            PaperFault::Template(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        fault(&bundled.replace("    one.qr,\n", "    [],\n")),
        TemplateFault::Qr
    );
    for small in [
        "scale(90%, one.qr)",
        "scale(y: 20%, one.qr)",
        "skew(ax: 20deg, one.qr)",
        "box(clip: true, width: 20mm, one.qr)",
    ] {
        let text = bundled.replace("    one.qr,\n", &format!("    {small},\n"));
        assert_eq!(fault(&text), TemplateFault::Qr, "{small}");
    }
    // Painted over, by whatever comes after it, or half beyond the paper.
    let after =
        |more: &str| bundled.replace("    one.qr,\n", &format!("    {{ one.qr; {more} }},\n"));
    let page = |more: &str| {
        bundled.replace(
            "    paper: \"a4\",\n",
            &format!("    paper: \"a4\",\n    {more},\n"),
        )
    };
    let square = "rect(width: 8mm, height: 8mm, fill: white)";
    for over in [
        after(&format!("place(bottom + center, dy: -9mm, {square})")),
        after(&format!(
            "place(bottom + center, dy: -9mm, rotate(30deg, {square}))"
        )),
        after("place(bottom + center, dy: -15mm, text(size: 20pt)[样张])"),
        after("place(bottom + left, dy: -15mm, line(length: 40mm, stroke: 2mm + white))"),
        after("place(bottom + left, dy: -9mm, circle(radius: 4mm, stroke: 1mm + white))"),
        page("foreground: rect(width: 100%, height: 100%, fill: luma(250))"),
        page(
            "foreground: move(dx: 65mm, dy: 110mm, rotate(-40deg, text(size: 60pt, fill: luma(230))[SAMPLE]))",
        ),
        bundled.replace("    one.qr,\n", "    move(dx: 40mm, one.qr),\n"),
        bundled.replace("    one.qr,\n", "    move(dy: 40mm, one.qr),\n"),
    ] {
        assert_ne!(over, bundled);
        assert_eq!(fault(&over), TemplateFault::Hidden, "{over}");
    }
    // Under it, around it and beside it there may be whatever the federation likes.
    for beside in [
        bundled.replace(
            "    one.qr,\n",
            "    box(stroke: 1mm + red, fill: luma(240), inset: 1mm, one.qr),\n",
        ),
        page("foreground: pad(8mm, rect(width: 100%, height: 100%, radius: 6mm, stroke: 2pt))"),
        after("place(bottom + center, dy: 4mm, text(size: 8pt)[扫一扫])"),
        after("place(bottom + left, dx: -3mm, line(angle: -90deg, length: 40mm, stroke: 1mm))"),
        bundled.replace(
            "background: pad(12mm",
            "background: rect(width: 100%, height: 100%, fill: luma(250)) + pad(12mm",
        ),
    ] {
        assert_ne!(beside, bundled);
        let template = Template::new("of-test.typ", &beside).expect("short enough");
        let printed = press.print(&template, &one).expect(&beside);
        let found = paper::scan::read_pdf(&printed.pdf).expect("read");
        assert_eq!(found.concat(), [one[0].qr_text.clone()], "{beside}");
    }
    // A code of somebody else in place of ours, or beside it, as large as can be.
    let other = certs::qr::png("HTTPS://EVIL.EXAMPLE/", certs::qr::Level::Q, 3).expect("a code");
    let bytes = other
        .iter()
        .map(u8::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let other =
        format!("image(bytes(({bytes})), format: \"png\", width: 60mm, alt: \"二维码\"),\n");
    for place in [other.clone(), format!("one.qr,\n    {other}")] {
        let text = bundled.replace("    one.qr,\n", &format!("    {place}"));
        assert_ne!(text, bundled);
        assert_eq!(fault(&text), TemplateFault::Picture);
    }
    let drawn = "image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>\"), format: \"svg\", alt: \"x\"),\n";
    let text = bundled.replace("    one.qr,\n", &format!("    one.qr,\n    {drawn}"));
    assert_eq!(fault(&text), TemplateFault::Picture);
    assert_eq!(
        fault(&bundled.replace("paper: \"a4\"", "paper: \"a5\"")),
        TemplateFault::Size
    );
    assert_eq!(
        fault(&bundled.replace(
            "line.value)",
            "if line.key != \"certificate_no\" { line.value } else { [] })"
        )),
        TemplateFault::LeavesOut("证书编号 / the number")
    );
    assert_eq!(
        fault(&bundled.replace("  v(12mm)", "  [残疾人专用]")),
        TemplateFault::Telling("残疾")
    );
    assert!(matches!(
        fault("#let nothing = 1"),
        TemplateFault::Code { .. }
    ));
    assert!(matches!(
        fault("#let certificate(one) = { while true {} }"),
        TemplateFault::Code { .. }
    ));
    assert!(matches!(
        fault("#let f(x) = f(x)\n#let certificate(one) = f(one)"),
        TemplateFault::Code { .. }
    ));
    // PDF/UA asks for a text alternative of every picture.
    let untold = "#let certificate(one) = [#set page(paper: \"a4\")\n= 证书\n#one.holder #one.number #one.host #one.qr\n#image(bytes(one.qr_png), format: \"png\", width: 5mm)]";
    assert!(matches!(fault(untold), TemplateFault::Code { .. }));
}

#[test]
fn a_folder_without_chinese_fonts_is_told() {
    let empty = tempfile::tempdir().expect("a folder");
    let fault = Fonts::read(&[empty.path().to_owned()]).expect_err("no fonts");
    assert!(fault.to_string().contains("fonts-noto-cjk"));
    assert!(Fonts::read(&[empty.path().join("nowhere")]).is_err());
}

#[test]
fn our_own_reader_finds_the_code_on_every_page_that_has_one() {
    let press = press();
    let mut sheets: Vec<Sheet> = ["赵一", "钱二"].map(sheet).into();
    sheets[1].qr_text.push('7');
    let wanted: Vec<Vec<String>> = sheets.iter().map(|one| vec![one.qr_text.clone()]).collect();
    let printed = press.print(&Template::bundled(), &sheets).expect("printed");
    assert_eq!(paper::scan::read_pdf(&printed.pdf), Ok(wanted));
    let large = press
        .print(&Template::large(), &sheets[..1])
        .expect("printed");
    let found: Vec<String> = paper::scan::read_pdf(&large.pdf)
        .expect("read")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(found, std::slice::from_ref(&sheets[0].qr_text));
    // Damaged at any place it gives a fault or another reading, never a panic.
    for cut in (0..printed.pdf.len()).step_by(printed.pdf.len() / 9) {
        let _ = paper::scan::read_pdf(&printed.pdf[..cut]);
    }
}
