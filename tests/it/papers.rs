//! Certificates on paper: every form says the same, a scanner reads the code, and who may not open a file gets none.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use serde_json::{Value, json};
use tests::answer::text;
use tests::people::Trainee;
use tests::{Database, Mingzheng, Story, on_both, paper};

on_both! {
    a_printed_certificate_is_scanned_and_found_valid;
    files_on_paper_follow_the_rule_of_the_other_files;
    a_batch_is_one_document_or_an_archive;
    a_name_that_no_font_can_print_is_refused_before_issuing;
    a_registry_without_fonts_issues_and_says_why_it_does_not_print;
    a_federation_prints_with_its_own_template;
}

/// Certificates for these names; answers the story and what the approval said.
async fn certified(database: Database, names: &[&'static str]) -> (Story, Value) {
    let story = Story::ready(database).await;
    let people: Vec<Trainee> = names
        .iter()
        .zip(6_001..)
        .map(|(name, number)| Trainee::new(number, name, "43", "13900006001", ""))
        .collect();
    let (issued, _) = story.certified(&people).await;
    (story, issued)
}

fn id(issued: &Value, at: usize) -> String {
    text(&issued["certificates"][at]["id"])
}

async fn file(story: &Story, who: &str, path: &str) -> Vec<u8> {
    let answer = story.who(who).get(path).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    answer.bytes
}

async fn a_printed_certificate_is_scanned_and_found_valid(database: Database) {
    let (story, issued) = certified(database, &["王𠮷㐂", "阿依古丽·买买提"]).await;
    let mut seen = Vec::new();
    for at in 0..2 {
        let id = id(&issued, at);
        let pdf = file(
            &story,
            "school-1",
            &format!("/api/v1/certificates/{id}/certificate.pdf"),
        )
        .await;
        let scanned = paper::scanned(&pdf);
        assert_eq!(scanned, [story.qr_text(&id).await], "one page, one code");
        scans_are_read(&pdf, &scanned[0]);
        let request = json!({ "items": [{ "qr": scanned[0] }] });
        let verdicts = story
            .who("anybody")
            .post("/api/v1/verifications", &request)
            .await
            .good();
        assert_eq!(verdicts["items"][0]["state"], "valid", "{verdicts}");
        let holder = text(&verdicts["items"][0]["certificate"]["holder"]);
        let printed = paper::text(&pdf);
        let number = text(&issued["certificates"][at]["certificate_no"]);
        for part in [
            holder.as_str(),
            number.as_str(),
            "养老护理基础",
            "mingzheng.example",
            "全国职业培训证书查验",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
        for word in ["残疾", "残联", "isab", "3301061905"] {
            assert!(!printed.contains(word), "{word}: {printed}");
        }
        let info = paper::info(&pdf);
        let said = |name: &str| {
            info.iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(said("Tagged").as_deref(), Some("yes"), "{info:?}");
        assert!(
            said("Title").is_some_and(|title| title.contains("职业培训合格证书")),
            "{info:?}"
        );
        seen.push(holder);
        // The same content in the other forms.
        let plain = file(
            &story,
            "school-1",
            &format!("/api/v1/certificates/{id}/certificate.txt"),
        )
        .await;
        let plain = String::from_utf8(plain).expect("UTF-8");
        let large = file(
            &story,
            "school-1",
            &format!("/api/v1/certificates/{id}/certificate-large.pdf"),
        )
        .await;
        let large = paper::text(&large);
        for line in plain
            .lines()
            .filter(|line| line.contains("):") && !line.starts_with("  "))
            .take(10)
        {
            let value: String = line
                .rsplit_once("):")
                .map_or("", |(_, value)| value)
                .split_whitespace()
                .collect();
            assert!(large.contains(&value), "{value}: {large}");
            assert!(printed.contains(&value), "{value}: {printed}");
        }
        assert!(plain.contains(&scanned[0]));
        let braille = story
            .who("school-1")
            .get(&format!("/api/v1/certificates/{id}/certificate.brf"))
            .await;
        let braille = braille_of(&braille);
        // 33 in the certificate number: number sign, c, c.
        assert!(braille.contains("MZ#CC"), "{braille}");
        assert!(
            at == 1 || braille.contains(",U\"6#BJ"),
            "the rare character is spelt: {braille}"
        );
    }
    seen.sort();
    assert_eq!(seen, ["王𠮷㐂", "阿依古丽·买买提"]);
}

/// Cells of a BRF file, checked for their form.
fn braille_of(answer: &tests::Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    let text = answer.text();
    assert!(text.ends_with('\x0c') && text.len() > 100, "{text}");
    for row in text.split(['\x0c']).flat_map(|page| page.split("\r\n")) {
        assert!(row.len() <= 40, "{row}");
        assert!(
            row.bytes().all(|byte| (0x20..0x60).contains(&byte)),
            "{row}"
        );
    }
    text
}

async fn files_on_paper_follow_the_rule_of_the_other_files(database: Database) {
    let (story, issued) = certified(database, &["虚构甲"]).await;
    let id = id(&issued, 0);
    let certificate = story.certificate(&id).await;
    let shares = format!("/api/v1/certificates/{}/shares", text(&certificate["id"]));
    let share = story
        .who("province-1")
        .post(
            &shares,
            &json!({ "days": 3, "reason": "持证人在窗口要求。" }),
        )
        .await
        .good();
    let token = text(&share["token"]);
    for name in [
        "certificate.pdf",
        "certificate-large.pdf",
        "certificate.txt",
        "certificate.brf",
    ] {
        let path = format!("/api/v1/certificates/{id}/{name}");
        story
            .who("anybody")
            .get(&path)
            .await
            .problem(401, "unauthenticated");
        story
            .who("other-province")
            .get(&path)
            .await
            .problem(404, "not-found");
        let wrong = format!("{path}?share=nonsense");
        story
            .who("anybody")
            .get(&wrong)
            .await
            .problem(404, "not-found");
        file(&story, "county-1", &path).await;
        file(&story, "anybody", &format!("{path}?share={token}")).await;
    }
    let batch = text(&issued["batch"]);
    for name in ["certificates.pdf", "certificates.zip"] {
        let path = format!("/api/v1/certificate-batches/{batch}/{name}");
        story
            .who("anybody")
            .get(&path)
            .await
            .problem(401, "unauthenticated");
        story
            .who("other-province")
            .get(&path)
            .await
            .problem(404, "not-found");
    }
}

async fn a_batch_is_one_document_or_an_archive(database: Database) {
    let (story, issued) = Story::with_certificates(database, 12).await;
    let batch = text(&issued["batch"]);
    let at = |name: &str| format!("/api/v1/certificate-batches/{batch}/{name}");
    let mut wanted = Vec::new();
    for index in 0..12 {
        wanted.push(story.qr_text(&id(&issued, index)).await);
    }
    let document = file(&story, "school-1", &at("certificates.pdf")).await;
    assert_eq!(paper::scanned(&document), wanted);
    let answer = story.who("school-1").get(&at("certificates.zip")).await;
    assert_eq!(answer.header("mingzheng-certificates"), "12");
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.bytes)).expect("an archive");
    assert_eq!(archive.len(), 12);
    for index in [0, 11] {
        let number = text(&issued["certificates"][index]["certificate_no"]);
        let mut entry = archive
            .by_name(&format!("{number}.pdf"))
            .expect("named by its number");
        let mut pdf = Vec::new();
        entry.read_to_end(&mut pdf).expect("whole");
        assert_eq!(paper::scanned(&pdf), [wanted[index].as_str()]);
    }
    let texts = file(&story, "school-1", &at("certificates.zip?form=txt")).await;
    assert_eq!(
        zip::ZipArchive::new(Cursor::new(texts))
            .expect("an archive")
            .len(),
        12
    );
    story
        .who("school-1")
        .get(&at("certificates.pdf?form=txt"))
        .await
        .problem(422, "invalid-request");
    story
        .who("school-1")
        .get(&at("certificates.zip?form=doc"))
        .await
        .problem(422, "invalid-request");
    // Each holder sees that the file was opened; the audit has it once for each time.
    let printed = story
        .who("auditor")
        .get("/api/v1/audit?act=print")
        .await
        .good();
    assert_eq!(
        printed["items"].as_array().map(Vec::len),
        Some(3),
        "{printed}"
    );
}

async fn a_name_that_no_font_can_print_is_refused_before_issuing(database: Database) {
    let story = Story::ready(database).await;
    let people = [
        Trainee::new(6_011, "王𪚥", "43", "13900006011", ""),
        Trainee::new(6_012, "王𠮷", "43", "13900006012", ""),
    ];
    let (cohort, members) = story.class_of(&people).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let leaves = story.server.leaves().await;
    let all: Vec<String> = members
        .iter()
        .map(|(enrolment, _)| enrolment.to_string())
        .collect();
    let refused = story
        .who("school-1")
        .post(
            &format!("/api/v1/cohorts/{cohort}/certificate-batches"),
            &json!({ "enrolments": all }),
        )
        .await;
    let body = refused.problem(409, "gates-failed");
    let faults = refused.faults();
    assert_eq!(faults.len(), 1, "{body}");
    assert_eq!(faults[0].1, "name-not-printable");
    let detail = text(&body["errors"][0]["detail"]);
    assert!(
        detail.contains('𪚥') && detail.contains("U+2A6A5"),
        "{detail}"
    );
    // Without naming them, the others are proposed.
    let proposed = story
        .who("school-1")
        .post(
            &format!("/api/v1/cohorts/{cohort}/certificate-batches"),
            &json!({}),
        )
        .await
        .good();
    assert_eq!(proposed["count"], 1, "{proposed}");
    assert_eq!(
        proposed["not_eligible"][0]["reasons"],
        json!(["name-not-printable"])
    );
    // A name that every certificate of the class carries is asked too, by whoever approves.
    let named = "UPDATE institution SET name = name || '𪚥'";
    store::tampering::plainly(&story.server.app.store, named)
        .await
        .expect("set");
    let batch = text(&proposed["batch"]);
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    let refused = story.who("province-1").post(&path, &json!({})).await;
    let body = refused.problem(409, "gates-failed");
    assert_eq!(refused.faults()[0].1, "class-not-printable");
    assert!(
        text(&body["errors"][0]["detail"]).contains("U+2A6A5"),
        "{body}"
    );
    assert_eq!(story.server.leaves().await, leaves, "nothing was issued");
}

async fn a_registry_without_fonts_issues_and_says_why_it_does_not_print(database: Database) {
    let nothing = tempfile::tempdir().expect("a folder");
    let fonts = vec![nothing.path().to_owned()];
    let server = tests::TestServer::start_with(database, |settings| {
        settings.config.paper = Arc::new(api::config::file::Paper {
            fonts,
            braille_program: "no-such-program".to_owned(),
            ..api::config::file::Paper::default()
        });
    });
    let mut story = Story::ready_on(server.await).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let id = id(&issued, 0);
    let at = |name: &str| format!("/api/v1/certificates/{id}/{name}");
    let refused = story.who("school-1").get(&at("certificate.pdf")).await;
    let body = refused.problem(503, "paper-unavailable");
    assert!(text(&body["detail"]).contains("fonts-noto-cjk"), "{body}");
    let refused = story.who("school-1").get(&at("certificate.brf")).await;
    let body = refused.problem(503, "paper-unavailable");
    assert!(text(&body["detail"]).contains("liblouis-bin"), "{body}");
    file(&story, "school-1", &at("certificate.txt")).await;
    file(&story, "school-1", &at("qr.png")).await;
    let batch = text(&issued["batch"]);
    for name in ["certificates.pdf", "certificates.zip"] {
        let path = format!("/api/v1/certificate-batches/{batch}/{name}");
        story
            .who("school-1")
            .get(&path)
            .await
            .problem(503, "paper-unavailable");
    }
}

async fn a_federation_prints_with_its_own_template(database: Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let own = ::paper::TEMPLATE.replace("  v(12mm)", "  align(center)[浙江专用版式]\n  v(12mm)");
    std::fs::write(folder.path().join("CARE.330000.typ"), own).expect("written");
    std::fs::write(
        folder.path().join("CARE.typ"),
        "#let certificate(one) = nothing",
    )
    .expect("written");
    let templates = folder.path().to_owned();
    let server = tests::TestServer::start_with(database, |settings| {
        settings.config.paper = Arc::new(api::config::file::Paper {
            templates: Some(templates),
            ..api::config::file::Paper::default()
        });
    });
    let mut story = Story::ready_on(server.await).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let path = format!("/api/v1/certificates/{}/certificate.pdf", id(&issued, 0));
    assert!(paper::text(&file(&story, "school-1", &path).await).contains("浙江专用版式"));
    // Without it the one of the kind is taken, and its fault is told with the line.
    std::fs::remove_file(folder.path().join("CARE.330000.typ")).expect("removed");
    let body = story
        .who("school-1")
        .get(&path)
        .await
        .problem(503, "paper-unavailable");
    let detail = text(&body["detail"]);
    assert!(
        detail.contains("CARE.typ") && detail.contains("nothing"),
        "{detail}"
    );
    std::fs::remove_file(folder.path().join("CARE.typ")).expect("removed");
    assert!(!paper::text(&file(&story, "school-1", &path).await).contains("浙江专用版式"));
}

#[test]
fn a_template_is_previewed_without_a_registry() {
    let program = Mingzheng::new(&tests::command::built().display().to_string());
    let bundled = program.run(&["paper", "template"]);
    assert_eq!(bundled.code, 0, "{}", bundled.err);
    let own = bundled.out.replace("  v(12mm)", "  [某省版式]\n  v(12mm)");
    program.file("own.typ", &own);
    let shown = program
        .json(&["paper", "preview", "own.typ", "--out", "own.pdf"])
        .good();
    assert_eq!(shown["pages"], 1, "{shown}");
    let pdf = std::fs::read(program.path("own.pdf")).expect("the preview");
    assert!(paper::text(&pdf).contains("某省版式"));
    assert_eq!(paper::scanned(&pdf).len(), 1);
    program.file(
        "spy.typ",
        bundled.out.replace("  v(12mm)", "  read(\"/etc/passwd\")"),
    );
    let refused = program.run(&["paper", "preview", "spy.typ", "--out", "spy.pdf"]);
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert!(
        refused.err.contains("spy.typ") && !refused.err.contains("root:"),
        "{}",
        refused.err
    );
    assert!(!program.path("spy.pdf").exists());
}

/// What scanners and telephones make of the paper, read by ours: pages at several resolutions, as pictures with and without
/// loss, laid crookedly, paler and a little out of focus.
fn scans_are_read(pdf: &[u8], text: &str) {
    for dots in [110, 150, 200, 300, 400] {
        for page in paper::scans(pdf, dots) {
            assert_eq!(certs::qr::read_one(&page).as_deref(), Ok(text), "{dots}");
        }
    }
    let page = paper::scans(pdf, 200).swap_remove(0);
    for turned in [0.7, -1.6, 3.0, 180.4] {
        let page = paper::laid_crookedly(&page, turned);
        assert_eq!(certs::qr::read_one(&page).as_deref(), Ok(text), "{turned}");
    }
}
