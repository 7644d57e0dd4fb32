//! The story without a network, from the school's counter to an employer's desk: certificates and a bundle are taken along, the
//! server is cut off, and what the program says and does with its exit code, today and months later.

use api::bundles;
use api::clock::{Clock as _, SystemClock};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::answer::text;
use tests::command::{Ran, built};
use tests::{Database, Mingzheng, Story, on_both};

on_both! {
    what_is_taken_along_answers_without_a_server_and_never_says_more_than_it_knows;
}

/// An employer: a folder of files, the program, and the line of the root key that came on paper.
struct Employer {
    program: Mingzheng,
    root: String,
}

impl Employer {
    fn with(root: &str) -> Self {
        Self {
            program: Mingzheng::new(&built().display().to_string()),
            root: root.to_owned(),
        }
    }

    fn verify(&self, bundle: &str, files: &[&str]) -> Ran {
        let given = ["cert", "verify", "--bundle", bundle, "--root", &self.root];
        self.program.json(&[&given[..], files].concat())
    }

    /// Exit code and the word for each certificate.
    #[track_caller]
    fn says(&self, bundle: &str, files: &[&str]) -> (i32, Vec<String>) {
        let ran = self.verify(bundle, files);
        let rows = ran.json();
        let words = rows.as_array().expect("rows").iter();
        (ran.code, words.map(|row| text(&row["state"])).collect())
    }

    /// The bundle is not used: no answer about any certificate, and the reason.
    #[track_caller]
    fn refuses(&self, bundle: &str, reason: &str) {
        let ran = self.verify(bundle, &["certificate.png"]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
        assert!(ran.err.contains(reason), "{}", ran.err);
    }
}

/// What the holders and the employers take along.
struct Taken {
    picture: Vec<u8>,
    paper: Vec<u8>,
    text: String,
    revoked: String,
    /// Bundles: of the spring, of yesterday, of today.
    spring: Vec<u8>,
    yesterday: Vec<u8>,
    today: Vec<u8>,
    root: String,
}

async fn bundle(story: &Story) -> Vec<u8> {
    bundles::build(&story.server.app).await.expect("a bundle");
    let answer = story.who("anybody").get("/trust/bundle").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.bytes
}

async fn taken_along(database: Database) -> Taken {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let id = |at: usize| text(&issued["certificates"][at]["id"]);
    let school = story.who("school-1");
    let file = async |name: &str| {
        let path = format!("/api/v1/certificates/{}/{name}", id(0));
        let answer = school.get(&path).await;
        assert!(answer.status.is_success(), "{name}: {}", answer.text());
        answer.bytes
    };
    let (picture, paper) = (file("qr.png").await, file("certificate.pdf").await);
    let (first, second) = (story.qr_text(&id(0)).await, story.qr_text(&id(1)).await);
    let revoke = json!({ "act": "revoke", "reason_code": "issued_in_error" });
    let row = text(&story.certificate(&id(1)).await["id"]);
    let path = format!("/api/v1/certificates/{row}");
    let proposed = story.who("province-1").act(&path, "changes", &revoke).await;
    // The holder is told first, and may appeal.
    story.server.days_pass(14);
    story.approve("province-2", &proposed.good()).await;

    // Whoever goes to the mountains in spring, and who asks again in the days before the line is cut. The program that is run
    // later reads the clock of this machine, and nobody can set that one.
    let spring = bundle(&story).await;
    let now = SystemClock.now();
    story.server.clock.set(now - TimeDelta::days(1));
    let yesterday = bundle(&story).await;
    story.server.clock.set(now - TimeDelta::hours(1));
    let today = bundle(&story).await;
    let root = api::trust::list::line_of_root(&story.server.app)
        .await
        .expect("the line of the root key");
    Taken {
        picture,
        paper,
        text: first,
        revoked: second,
        spring,
        yesterday,
        today,
        root,
    }
    // Here the server ends, and its folder goes.
}

fn last_bit(bytes: &[u8]) -> Vec<u8> {
    let mut altered = bytes.to_vec();
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    altered
}

async fn what_is_taken_along_answers_without_a_server_and_never_says_more_than_it_knows(
    database: Database,
) {
    let taken = taken_along(database).await;
    tokio::task::spawn_blocking(move || {
        today(&taken);
        months_later(&taken);
    })
    .await
    .expect("the story ends");
}

fn today(taken: &Taken) {
    let employer = Employer::with(&taken.root);
    let put = |name: &str, content: &[u8]| employer.program.file(name, content);
    put("certificate.png", &taken.picture);
    put("certificate.pdf", &taken.paper);
    put("certificate.txt", taken.text.as_bytes());
    put("revoked.txt", taken.revoked.as_bytes());
    put("yesterday", &taken.yesterday);
    put("today", &taken.today);

    // One certificate in three forms: the same answer, and every form is valid.
    let forms = ["certificate.png", "certificate.pdf", "certificate.txt"];
    let valid = "valid".to_owned();
    assert_eq!(
        employer.says("yesterday", &forms),
        (0, vec![valid.clone(); 3])
    );
    assert_eq!(employer.says("today", &forms), (0, vec![valid; 3]));
    // It says itself what it did not look at.
    let row = employer.verify("today", &["certificate.png"]).json()[0].clone();
    let check = |name: &str| {
        let checks = row["checks"].as_array().expect("checks");
        let one = checks.iter().find(|one| one["name"] == name);
        one.map(|one| (text(&one["outcome"]), text(&one["reason"])))
    };
    let said = |outcome: &str, reason: &str| Some((outcome.to_owned(), reason.to_owned()));
    assert_eq!(check("status"), said("passed", "in_force"));
    assert_eq!(check("log_inclusion"), said("not_run", "log_not_checked"));

    // Revoked, forged, altered: a negative answer each.
    assert_eq!(
        employer.says("today", &["revoked.txt"]),
        (1, vec!["revoked".to_owned()])
    );
    let mut letters = taken.text.clone().into_bytes();
    let place = letters.len() - 30;
    letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
    put("altered.txt", &letters);
    assert_eq!(
        employer.says("today", &["altered.txt"]),
        (1, vec!["not_genuine".to_owned()])
    );
    let all = employer.says("today", &["certificate.png", "revoked.txt"]);
    assert_eq!(all, (1, vec!["valid".to_owned(), "revoked".to_owned()]));

    // Whoever has used today's takes none that is older, under whatever name it comes, and none that is forged.
    let remembered = employer.program.path("today.seen.json");
    let kept = std::fs::read(&remembered).expect("what was seen is remembered");
    put("today", &taken.yesterday);
    employer.refuses("today", "bundle_older");
    put("today", &last_bit(&taken.today));
    employer.refuses("today", "bundle_signature");
    put("today", b"not a bundle");
    employer.refuses("today", "bundle_encoding");
    let stranger = tests::offline::PaperRegistry::new(SystemClock.now());
    let foreign = stranger.signed(&stranger.bundle(9_999, TimeDelta::hours(1)));
    put("today", &foreign);
    employer.refuses("today", "bundle_trust_list");
    let still = std::fs::read(&remembered).expect("what was seen is remembered");
    assert_eq!(still, kept, "nothing is learnt from what is refused");
    put("today", &taken.today);
    assert_eq!(employer.says("today", &["certificate.png"]).0, 0);
}

/// Somebody who took the bundle in spring and asks now.
fn months_later(taken: &Taken) {
    let employer = Employer::with(&taken.root);
    employer.program.file("spring", &taken.spring);
    employer.program.file("certificate.png", &taken.picture);
    employer.program.file("certificate.pdf", &taken.paper);
    employer.program.file("revoked.txt", &taken.revoked);
    let open = "indeterminate".to_owned();
    let forms = ["certificate.png", "certificate.pdf"];
    assert_eq!(employer.says("spring", &forms), (3, vec![open; 2]));
    let row = employer.verify("spring", &["certificate.png"]).json()[0].clone();
    let sentence = |lang: &str| text(&row["sentence"][lang]);
    assert!(
        sentence("zh").starts_with("签名真实,撤销状态截至 2026"),
        "{}",
        sentence("zh")
    );
    let told: Value = row["checks"].clone();
    assert!(told.to_string().contains("status_stale"), "{told}");
    // At a terminal the word for valid is not there at all.
    let plain = employer.program.run(&[
        "--lang",
        "zh",
        "cert",
        "verify",
        "--bundle",
        "spring",
        "--root",
        &employer.root,
        "certificate.png",
    ]);
    assert!(!plain.out.contains("有效 ["), "{}", plain.out);
    // What is for good holds, however old the bundle is.
    assert_eq!(
        employer.says("spring", &["revoked.txt"]),
        (1, vec!["revoked".to_owned()])
    );
    // A newer one brings the full answer back, and then the old one is not taken again.
    employer.program.file("spring", &taken.today);
    assert_eq!(
        employer.says("spring", &["certificate.png"]),
        (0, vec!["valid".to_owned()])
    );
    employer.program.file("spring", &taken.spring);
    // Its trust list is older too; what there is to do is told: take the newer one.
    employer.refuses("spring", "bundle_older");
}
