//! `mingzheng cert verify` with a trust bundle: no registry, no network; pictures, PDFs, texts, folders, lists.

use api::clock::{Clock as _, SystemClock};
use certs::qr::{Level, png};
use chrono::TimeDelta;
use paper::pdf::{Fonts, Press, Template};
use serde_json::Value;
use tests::command::{Mingzheng, Ran, built};
use tests::offline::PaperRegistry;

struct Desk {
    program: Mingzheng,
    registry: PaperRegistry,
    root: String,
}

impl Desk {
    fn new() -> Self {
        // The clock of the program that is run.
        let registry = PaperRegistry::new(SystemClock.now());
        Self {
            program: Mingzheng::new(&built().display().to_string()),
            root: registry.root(),
            registry,
        }
    }

    fn bundle(&self, name: &str, number: u64, age: TimeDelta) {
        let content = self.registry.bundle(number, age);
        self.program.file(name, self.registry.signed(&content));
    }

    /// With the root key, as the first time.
    fn verify(&self, bundle: &str, files: &[&str]) -> Ran {
        let given = ["cert", "verify", "--bundle", bundle, "--root", &self.root];
        self.program.json(&[&given[..], files].concat())
    }
}

fn states(ran: &Ran) -> Vec<String> {
    let rows = ran.json();
    let word = |row: &Value| {
        let fault = row["error"]["code"].as_str();
        fault.or(row["state"].as_str()).unwrap_or("?").to_owned()
    };
    rows.as_array().expect("rows").iter().map(word).collect()
}

fn check(row: &Value, name: &str) -> String {
    let checks = row["checks"].as_array().expect("checks");
    let found = checks
        .iter()
        .find(|one| one["name"] == name)
        .expect("the check");
    format!(
        "{}: {}",
        found["outcome"].as_str().expect("a word"),
        found["reason"].as_str().expect("a word")
    )
}

#[test]
fn a_fresh_bundle_answers_without_registry_or_network() {
    let desk = Desk::new();
    desk.bundle("b", 5, TimeDelta::hours(1));
    desk.program.file("good.txt", desk.registry.text(3));
    let ran = desk.verify("b", &["good.txt"]);
    assert_eq!(
        (ran.code, states(&ran)),
        (0, vec!["valid".to_owned()]),
        "{}",
        ran.err
    );
    let row = &ran.json()[0];
    assert_eq!(
        check(row, "log_inclusion"),
        "not_run: log_not_checked",
        "said plainly"
    );
    assert_eq!(check(row, "status"), "passed: in_force");
    assert_eq!(check(row, "institution"), "passed: institution_authorised");
    assert_eq!(row["named"]["program"], "面点制作");
    assert_eq!(row["named"]["institution"], "济南虚构职业培训学校");
    assert_eq!(row["named"]["issued_by"], "山东省");
    for (place, state, code) in [(7, "revoked", 1), (8, "suspended", 1)] {
        desk.program.file("one.txt", desk.registry.text(place));
        let ran = desk.verify("b", &["one.txt"]);
        assert_eq!((ran.code, states(&ran)), (code, vec![state.to_owned()]));
    }
    desk.program.file("forged.txt", desk.registry.forged(3));
    let ran = desk.verify("b", &["forged.txt"]);
    assert_eq!(
        (ran.code, states(&ran)),
        (1, vec!["not_genuine".to_owned()])
    );
    assert!(
        ran.json()[0]["named"].is_null(),
        "a forgery is not lent a name"
    );
}

#[test]
fn an_old_bundle_says_genuine_and_as_of_when_never_valid() {
    let desk = Desk::new();
    desk.bundle("b", 5, TimeDelta::days(8));
    desk.program.file("good.txt", desk.registry.text(3));
    let ran = desk.verify("b", &["good.txt"]);
    assert_eq!(
        (ran.code, states(&ran)),
        (3, vec!["indeterminate".to_owned()])
    );
    let row = &ran.json()[0];
    assert_eq!(check(row, "signature"), "passed: signature_holds");
    assert_eq!(check(row, "status"), "not_run: status_stale");
    let sentence = row["sentence"]["zh"].as_str().expect("a sentence");
    assert!(sentence.starts_with("签名真实,撤销状态截至"), "{sentence}");
    desk.program.file("revoked.txt", desk.registry.text(7));
    assert_eq!(
        states(&desk.verify("b", &["revoked.txt"])),
        ["revoked"],
        "revoked is for good"
    );
}

#[test]
fn who_used_a_bundle_takes_no_older_one_and_needs_the_root_key_once() {
    let desk = Desk::new();
    desk.program.file("good.txt", desk.registry.text(3));
    desk.bundle("b", 5, TimeDelta::hours(1));
    let without = desk
        .program
        .json(&["cert", "verify", "--bundle", "b", "good.txt"]);
    assert_eq!(without.code, 2, "{}", without.err);
    assert!(without.err.contains("--root"), "{}", without.err);
    assert_eq!(desk.verify("b", &["good.txt"]).code, 0);
    let again = desk
        .program
        .json(&["cert", "verify", "--bundle", "b", "good.txt"]);
    assert_eq!(again.code, 0, "the root key is remembered: {}", again.err);
    desk.bundle("b", 4, TimeDelta::hours(1));
    let older = desk.verify("b", &["good.txt"]);
    assert_eq!(older.code, 3, "{}", older.out);
    assert!(
        older.err.contains("bundle_older") && older.out.is_empty(),
        "{}",
        older.err
    );
    // Another bundle of the number that was used.
    desk.bundle("b", 5, TimeDelta::hours(2));
    let forked = desk.verify("b", &["good.txt"]);
    assert!(
        forked.code == 3 && forked.err.contains("bundle_forked"),
        "{}",
        forked.err
    );
    desk.bundle("b", 6, TimeDelta::hours(1));
    assert_eq!(desk.verify("b", &["good.txt"]).code, 0);
    // A damaged memory is not taken for none.
    desk.program.file("b.seen.json", "{}");
    assert_eq!(desk.verify("b", &["good.txt"]).code, 3);
    // Another name for the bundle, the same memory.
    desk.bundle("c", 2, TimeDelta::hours(1));
    desk.bundle("d", 1, TimeDelta::hours(1));
    let with = |bundle: &str| {
        let given = [
            "cert", "verify", "--bundle", bundle, "--root", &desk.root, "--seen", "memory",
            "good.txt",
        ];
        desk.program.json(&given).code
    };
    assert_eq!((with("c"), with("d"), with("c")), (0, 3, 0));
}

#[test]
fn an_older_bundle_is_known_under_another_name_without_a_file_that_remembers() {
    let mut desk = Desk::new();
    let home = desk.program.path("home");
    desk.program = desk.program.with("HOME", home);
    desk.program.file("good.txt", desk.registry.text(3));
    desk.bundle("new.cbor", 5, TimeDelta::hours(1));
    desk.bundle("old.cbor", 4, TimeDelta::hours(1));
    assert_eq!(desk.verify("new.cbor", &["good.txt"]).code, 0);
    let older = desk.verify("old.cbor", &["good.txt"]);
    assert!(
        older.code == 3 && older.err.contains("bundle_older"),
        "{} {}",
        older.code,
        older.err
    );
    // Without the root key it is found by what the bundle's own list is signed with.
    let bare = |bundle| {
        let ran = desk
            .program
            .json(&["cert", "verify", "--bundle", bundle, "good.txt"]);
        ran.code
    };
    assert_eq!((bare("new.cbor"), bare("old.cbor")), (0, 3));
    assert!(!desk.program.path("new.cbor.seen.json").exists());

    // The same for a trust list.
    desk.program.file("root.txt", &desk.root);
    for (name, version) in [("new.list", 7), ("old.list", 6)] {
        let list = desk.registry.trust_list(|list| list.version = version);
        desk.program.file(name, list);
    }
    let list = |file| {
        let given = [
            "cert",
            "verify",
            "--trust-list",
            file,
            "--root",
            "root.txt",
            "good.txt",
        ];
        desk.program.json(&given)
    };
    assert_eq!(list("new.list").code, 3, "genuine, its status is not known");
    let older = list("old.list");
    assert!(older.out.is_empty() && older.code == 3, "{}", older.out);
    assert_eq!(
        desk.program
            .json(&["trust", "verify", "old.list", "--root", "root.txt"])
            .code,
        1
    );
}

#[test]
fn what_is_no_bundle_of_this_registry_is_not_used() {
    let desk = Desk::new();
    desk.program.file("good.txt", desk.registry.text(3));
    let good = desk
        .registry
        .signed(&desk.registry.bundle(5, TimeDelta::hours(1)));
    let mut altered = good.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for (bytes, code) in [
        (good[..good.len() - 1].to_vec(), "bundle_encoding"),
        ([&good[..], b"\0"].concat(), "bundle_encoding"),
        (b"hello".to_vec(), "bundle_encoding"),
        (altered, "bundle_"),
    ] {
        desk.program.file("b", bytes);
        let ran = desk.verify("b", &["good.txt"]);
        assert!(
            ran.code == 3 && ran.err.contains(code),
            "{code}: {} {}",
            ran.code,
            ran.err
        );
        assert!(
            !desk.program.path("b.seen.json").exists(),
            "nothing is remembered of it"
        );
    }
    desk.program.file("b", &good);
    let other = desk.root.replace("root+", "other+");
    let ran = desk.program.json(&[
        "cert", "verify", "--bundle", "b", "--root", &other, "good.txt",
    ]);
    assert_ne!(ran.code, 0);
    let missing = desk.verify("no-such-bundle", &["good.txt"]);
    assert_eq!(missing.code, 2, "{}", missing.err);
}

#[test]
fn pictures_say_what_is_wrong_with_them() {
    let desk = Desk::new();
    desk.bundle("b", 5, TimeDelta::hours(1));
    let one = png(&desk.registry.text(3), Level::M, 4).expect("drawn");
    let two = png(&desk.registry.text(7), Level::M, 4).expect("drawn");
    let picture = |bytes: &[u8]| {
        image::load_from_memory(bytes)
            .expect("a picture")
            .into_luma8()
    };
    let (left, right) = (picture(&one), picture(&two));
    let mut both = image::GrayImage::from_pixel(
        left.width() + right.width(),
        left.height().max(right.height()),
        image::Luma([255]),
    );
    image::imageops::overlay(&mut both, &left, 0, 0);
    image::imageops::overlay(&mut both, &right, left.width().into(), 0);
    both.save(desk.program.path("two.png")).expect("saved");
    let mut twice =
        image::GrayImage::from_pixel(left.width() * 2, left.height(), image::Luma([255]));
    image::imageops::overlay(&mut twice, &left, 0, 0);
    image::imageops::overlay(&mut twice, &left, left.width().into(), 0);
    twice.save(desk.program.path("twice.png")).expect("saved");
    image::GrayImage::from_pixel(300, 300, image::Luma([255]))
        .save(desk.program.path("none.jpg"))
        .expect("saved");
    desk.program.file("one.png", &one);
    desk.program.file("broken.png", &one[..one.len() / 2]);
    desk.program.file("empty.txt", "\n\n");
    desk.program.file("binary", [0xff, 0xfe, 0, 1]);
    desk.program.file("broken.pdf", "%PDF-1.7\nhello");
    let names = [
        "one.png",
        "two.png",
        "twice.png",
        "none.jpg",
        "broken.png",
        "empty.txt",
        "binary",
        "broken.pdf",
        "missing.png",
    ];
    let ran = desk.verify("b", &names);
    assert_eq!(
        states(&ran),
        [
            "valid",
            "two_codes",
            "valid",
            "no_code",
            "image_damaged",
            "no_code",
            "file_format",
            "pdf_damaged",
            "unreadable"
        ]
    );
    assert_eq!(ran.code, 3, "what could not be read is not passed over");
    assert_eq!(desk.verify("b", &["one.png", "twice.png"]).code, 0);
}

#[test]
fn a_pdf_of_two_certificates_is_read_page_by_page() {
    let desk = Desk::new();
    desk.bundle("b", 5, TimeDelta::hours(1));
    let fonts = Fonts::read(&[std::path::PathBuf::from("/usr/share/fonts/opentype/noto")]);
    let sheet = |place: u32| paper::Sheet {
        title: "职业培训合格证书".to_owned(),
        holder: "买买提·艾力".parse().expect("a name"),
        certificate_no: domain::CertificateNo::mint("33", 2026, &[7; 8]).expect("a number"),
        program: "面点制作".to_owned(),
        occupation: "中式面点师".to_owned(),
        level: None,
        hours: 40,
        institution: "虚构职业培训学校".to_owned(),
        replaces: None,
        issued_on: chrono::NaiveDate::from_ymd_opt(2026, 3, 8).expect("a day"),
        last_day: None,
        checked_by: "全国职业培训证书查验".to_owned(),
        checked_by_en: "National Vocational Training Certificate Check".to_owned(),
        host: "verify.example.cn".to_owned(),
        phone: "010-00000000".to_owned(),
        qr_text: desk.registry.text(place),
        spoken: certs::spoken::SpokenCheck::of(b"one"),
    };
    let press = Press::new(fonts.expect("the package fonts-noto-cjk"));
    let printed = press
        .print(&Template::bundled(), &[sheet(3), sheet(7)])
        .expect("printed");
    desk.program.file("two.pdf", printed.pdf);
    let ran = desk.verify("b", &["two.pdf"]);
    assert_eq!(
        (ran.code, states(&ran)),
        (1, vec!["valid".to_owned(), "revoked".to_owned()])
    );
    assert_eq!(ran.json()[1]["position"], 2);
    assert!(!ran.err.contains("续页"), "{}", ran.err);
    // A form of two pages: the second one is told on the side, and is no certificate that failed.
    let front = paper::TEMPLATE.replace("#let certificate(one)", "#let front(one)");
    let form = format!(
        "{front}\n#let certificate(one) = {{\n  set page(paper: \"a4\")\n  front(one)\n  pagebreak(weak: true)\n  [培训说明]\n}}\n"
    );
    let form = Template::new("own.typ", &form).expect("a form");
    let printed = press.print(&form, &[sheet(3), sheet(4)]).expect("printed");
    desk.program.file("form.pdf", printed.pdf);
    let ran = desk.verify("b", &["form.pdf"]);
    assert_eq!((ran.code, states(&ran)), (0, vec!["valid".to_owned(); 2]));
    assert!(ran.err.contains("有 2 页没有二维码"), "{}", ran.err);
}

#[test]
fn folders_and_lists_are_read_whole_and_in_order() {
    let desk = Desk::new();
    desk.bundle("b", 5, TimeDelta::hours(1));
    std::fs::create_dir_all(desk.program.path("in/deeper")).expect("folders");
    for (name, place) in [
        ("in/a.txt", 3),
        ("in/b.txt", 7),
        ("in/deeper/c.txt", 4),
        ("in/.hidden", 7),
    ] {
        desk.program.file(name, desk.registry.text(place));
    }
    let ran = desk.verify("b", &["in"]);
    let files: Vec<Value> = ran
        .json()
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["file"].clone())
        .collect();
    assert_eq!(files, ["in/a.txt", "in/b.txt", "in/deeper/c.txt"]);
    assert_eq!(
        (ran.code, states(&ran)),
        (1, ["valid", "revoked", "valid"].map(str::to_owned).to_vec())
    );
    desk.program.file("in/list", "deeper/c.txt\n\na.txt\n");
    let ran = desk.verify("b", &["--list", "in/list"]);
    assert_eq!((ran.code, states(&ran)), (0, vec!["valid".to_owned(); 2]));
    // One text of many lines.
    let texts: Vec<String> = (10..60).map(|place| desk.registry.text(place)).collect();
    desk.program.file("many.txt", texts.join("\n"));
    assert_eq!(states(&desk.verify("b", &["many.txt"])), vec!["valid"; 50]);
    // As a table each is a line, with a sum at the end.
    let table = desk.program.run(&[
        "--lang", "en", "cert", "verify", "--bundle", "b", "in/a.txt", "in/b.txt",
    ]);
    let lines: Vec<&str> = table.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", table.out);
    assert!(
        lines[0].starts_with("✔ Valid") && lines[1].contains("Revoked"),
        "{}",
        table.out
    );
    assert!(lines[2].starts_with("in all 2"), "{}", table.out);
}

#[test]
fn a_bundle_is_brought_up_to_date_by_a_delta() {
    let desk = Desk::new();
    let old = desk.registry.bundle(5, TimeDelta::days(2));
    let mut new = desk.registry.bundle(6, TimeDelta::hours(1));
    new.lists.get_mut(&1).expect("list 1").revoked = certs::bundle::Places::new([3, 7]);
    desk.program.file("old", desk.registry.signed(&old));
    desk.program.file("new", desk.registry.signed(&new));
    let run = |arguments: &[&str]| {
        desk.program
            .json(&[arguments, &["--root", &desk.root]].concat())
    };
    assert_eq!(run(&["bundle", "verify", "old"]).good()["number"], 5);
    run(&["bundle", "delta", "old", "new", "--out", "step"]).good();
    assert_eq!(
        run(&["bundle", "delta", "new", "old", "--out", "back"]).code,
        2
    );
    let wrong = run(&["bundle", "apply", "new", "step", "--out", "result"]);
    assert_eq!(wrong.code, 3, "{}", wrong.err);
    run(&["bundle", "apply", "old", "step", "--out", "result"]).good();
    let read = |name: &str| std::fs::read(desk.program.path(name)).expect("a file");
    assert_eq!(read("result"), read("new"), "byte for byte");
    assert_eq!(run(&["bundle", "show", "result"]).good()["revoked"], 2);
    desk.program.file("good.txt", desk.registry.text(3));
    assert_eq!(states(&desk.verify("result", &["good.txt"])), ["revoked"]);
}
