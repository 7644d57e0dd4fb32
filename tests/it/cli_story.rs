//! The whole story by the command line, on both databases: what a county with a terminal and no web site does.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{COUNTY, CREDIT_CODE, PASSWORD, PROVINCE};
use tests::{Database, Mingzheng, on_both, rosters};

on_both! {
    from_migrate_to_verify;
}

/// A registry whose notices last no day, so that the whole story fits into one.
struct Desk {
    program: Mingzheng,
    password: String,
}

impl Desk {
    fn new(database: Database) -> Self {
        let policy = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
        let policy = std::fs::read_to_string(policy).expect("the policy");
        let mut policy: Value = serde_json::from_str(&policy).expect("JSON");
        policy["policy_id"] = json!("TEST-ONE-DAY");
        for notice in ["admission_notice_wd", "program_notice_wd"] {
            policy["workflow"][notice] = json!(0);
        }
        let mut program = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
        let policy = program.file("policy.json", policy.to_string());
        let data = program.path("registry");
        program = program
            .with("MINGZHENG_POLICY_FILE", policy)
            .with("MINGZHENG_DATA", data);
        if let Some(address) = database.new_address() {
            program = program.with("MINGZHENG_DATABASE", address);
        }
        let password = program.secret("password", PASSWORD).display().to_string();
        Self { program, password }
    }

    /// Runs a command under an account; answers its JSON.
    #[track_caller]
    fn run(&self, account: &str, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--as", account, "--password-file", &self.password]);
        self.program.json(&all).good()
    }

    #[track_caller]
    fn by_two(&self, first: &str, second: &str, arguments: &[&str]) -> Value {
        let proposed = self.run(first, arguments);
        self.run(
            second,
            &["proposal", "approve", &text(&proposed["proposal_id"])],
        )
    }

    #[track_caller]
    fn account(&self, name: &str, role: &str, place: &[&str]) {
        let mut all = vec![
            "account",
            "create",
            name,
            "--person-name",
            "虚构人员",
            "--new-password-file",
            &self.password,
        ];
        all.extend(["--role", role]);
        all.extend(place);
        self.run("national-1", &all);
    }

    /// From an empty folder to an open offer; answers its id.
    fn prepare(&self) -> String {
        let made = self.program.json(&["migrate"]).good();
        assert_eq!(made["created"], true);
        assert!(made["regions"].as_u64() > Some(3_300), "{made}");
        let again = self.program.json(&["migrate"]).good();
        assert_eq!(
            again["created"], false,
            "a second migrate keeps what is there"
        );
        let first = [
            "account",
            "create",
            "national-1",
            "--person-name",
            "全国甲",
            "--new-password-file",
            &self.password,
        ];
        self.program.json(&first).good();
        let refused = self.program.json(&first);
        assert_ne!(refused.code, 0, "only the first account needs no superior");
        for (name, role, federation) in [
            ("national-2", "national_officer", "000000"),
            ("province-1", "province_officer", PROVINCE),
            ("province-2", "province_officer", PROVINCE),
            ("county-1", "county_officer", COUNTY),
            ("county-2", "county_officer", COUNTY),
        ] {
            self.account(name, role, &["--federation", federation]);
        }
        self.account("school-1", "institution_operator", &[]);

        let legal = self
            .program
            .secret("legal.txt", &tests::rosters::citizen_id(90_001));
        let applied = self.run(
            "school-1",
            &[
                "institution",
                "apply",
                "--name",
                "浙江虚构职业培训学校",
                "--credit-code",
                CREDIT_CODE,
                "--site-region",
                COUNTY,
                "--address",
                "虚构路1号",
                "--phone",
                "0571-00000001",
                "--legal-representative-file",
                legal.to_str().expect("a path"),
            ],
        );
        let admission = text(&applied["id"]);
        self.account(
            "school-2",
            "institution_operator",
            &["--institution", &text(&applied["institution"])],
        );
        let site = self.run(
            "school-1",
            &[
                "institution",
                "add-site",
                "--name",
                "西湖教学点",
                "--region",
                COUNTY,
                "--address",
                "虚构路1号",
                "--provision",
                "step_free_entrance",
            ],
        );
        self.run("county-1", &["institution", "act", &admission, "T04"]);
        self.by_two(
            "province-1",
            "province-2",
            &["institution", "act", &admission, "T06"],
        );
        let admitted = self.by_two(
            "province-1",
            "province-2",
            &[
                "institution",
                "act",
                &admission,
                "T08",
                "--document-number",
                "虚构残联发〔2026〕1号",
                "--document-issuer",
                "虚构省残联",
            ],
        );
        assert_eq!(admitted["outcome"]["state"], "provisional", "{admitted}");

        self.run(
            "national-1",
            &[
                "certificate-type",
                "create",
                "CARE",
                "--name",
                "职业培训合格证书",
                "--name-en",
                "Certificate",
            ],
        );
        let mut content = tests::story::program_content();
        // Ten hours fit into one day.
        content["hours"] = json!(10);
        content["content"] = json!([{ "title": "基础", "hours": 10 }]);
        let file = self.program.file("program.json", content.to_string());
        let drafted = self.run(
            "national-1",
            &["program", "create", &file.display().to_string()],
        );
        let code = text(&drafted["code"]);
        self.run("national-1", &["program", "act", &code, "1", "file"]);
        self.run(
            "national-1",
            &[
                "program",
                "act",
                &code,
                "1",
                "review",
                "--opinion",
                "内容完整。",
                "--opinion",
                "市场有需求。",
            ],
        );
        self.by_two(
            "national-1",
            "national-2",
            &["program", "act", &code, "1", "publish"],
        );

        let offer = self.run(
            "school-1",
            &[
                "offer",
                "propose",
                "--institution",
                &admission,
                "--program",
                &code,
                "--site",
                &text(&site["id"]),
            ],
        );
        let offer = text(&offer["id"]);
        self.run("province-1", &["offer", "act", &offer, "approve"]);
        self.run("school-1", &["offer", "act", &offer, "open"]);
        let year =
            chrono::Datelike::year(&api::clock::Clock::now(&api::clock::SystemClock)).to_string();
        let made = self.run("national-1", &["key", "create", PROVINCE, &year]);
        assert_eq!(made["state"], "pending");
        let kid = text(&made["kid"]);
        self.by_two(
            "national-1",
            "national-2",
            &["key", "propose", &kid, "active"],
        );
        offer
    }

    /// A class of a day with trainees from a file; answers the ids of its certificates.
    fn teach(&self, offer: &str) -> Vec<String> {
        let today =
            domain::calendar::today(api::clock::Clock::now(&api::clock::SystemClock)).to_string();
        let opened = self.run(
            "school-1",
            &[
                "cohort",
                "open",
                "--offer",
                offer,
                "--name",
                "第一班",
                "--start-on",
                &today,
                "--end-on",
                &today,
                "--places",
                "40",
                "--teacher",
                "虚构教师",
            ],
        );
        let cohort = text(&opened["cohort"]);
        let act = |who: &str, act: &[&str]| {
            let mut all = vec!["cohort", "act", &cohort];
            all.extend(act);
            self.run(who, &all)
        };
        act("school-1", &["announce"]);
        act("county-1", &["confirm"]);
        act("school-1", &["open_enrolment"]);
        let roster = self
            .program
            .file("roster.csv", rosters::file("good-gb18030.csv"))
            .display()
            .to_string();
        let checked = self.run("school-1", &["cohort", "import", &cohort, &roster]);
        assert_eq!(
            (&checked["imported"], &checked["faulty"]),
            (&json!(false), &json!(0)),
            "{checked}"
        );
        let imported = self.run(
            "school-1",
            &["cohort", "import", &cohort, &roster, "--import", "all"],
        );
        assert_eq!(imported["added"], checked["added"], "{imported}");
        self.run("school-1", &["cohort", "admit", &cohort]);
        act("school-1", &["start"]);
        let enrolments = self.run("school-1", &["cohort", "enrolments", &cohort]);
        let enrolments = enrolments.as_array().expect("enrolments").clone();
        let items = |one: fn(&Value, &str) -> Value| -> Vec<Value> {
            enrolments
                .iter()
                .map(|row| one(&row["id"], &today))
                .collect()
        };
        let attendance = json!({ "hours_taught": 10, "items": items(|id, _| json!({ "enrolment": id, "minutes": 600 })) });
        let results = json!({ "items": items(|id, day| json!({ "enrolment": id, "passed": true, "held_on": day })) });
        let attendance = self
            .program
            .file("attendance.json", attendance.to_string())
            .display()
            .to_string();
        let results = self
            .program
            .file("results.json", results.to_string())
            .display()
            .to_string();
        self.run("school-1", &["cohort", "attendance", &cohort, &attendance]);
        act("school-1", &["finish", "--hours-taught", "10"]);
        self.run("school-1", &["cohort", "results", &cohort, &results]);
        self.run("school-2", &["cohort", "results", &cohort]);
        self.run("school-1", &["cohort", "attendance", &cohort]);
        self.by_two(
            "county-1",
            "county-2",
            &["cohort", "act", &cohort, "accept", "--sample-called", "10"],
        );
        let proposed = self.run("school-1", &["cert", "propose", &cohort]);
        let batch = text(&proposed["batch"]);
        let tried = self.run("province-1", &["cert", "issue", &batch, "--dry-run"]);
        assert!(
            tried["tree_size"].is_u64(),
            "a dry run says what would be: {tried}"
        );
        let issued = self.run("province-1", &["cert", "issue", &batch]);
        let ids: Vec<String> = issued["certificates"]
            .as_array()
            .expect("certificates")
            .iter()
            .map(|one| text(&one["id"]))
            .collect();
        assert_eq!(ids.len(), enrolments.len());
        self.print(&batch, &ids);
        ids
    }
}

impl Desk {
    /// One certificate in every form, and the batch as a document and as an archive.
    fn print(&self, batch: &str, ids: &[String]) {
        let path = |name: &str| self.program.path(name);
        for (form, ending) in [
            ("pdf", "pdf"),
            ("large", "pdf"),
            ("txt", "txt"),
            ("brf", "brf"),
        ] {
            let out = path(&format!("{form}.{ending}")).display().to_string();
            let told = self.run(
                "province-1",
                &["cert", "print", &ids[0], "--form", form, "--out", &out],
            );
            assert_eq!(
                (told["certificates"].as_u64(), told["form"].as_str()),
                (Some(1), Some(form))
            );
        }
        // In words, too: the code among them is what is checked.
        let words = self.program.json(&["cert", "verify", "txt.txt"]);
        let rows = words.json();
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
        assert_eq!(
            (words.code, text(&rows[0]["state"])),
            (0, "valid".to_owned())
        );
        let pdf = std::fs::read(path("pdf.pdf")).expect("the certificate");
        assert!(tests::paper::scanned(&pdf)[0].contains(&ids[0]));
        let all = path("all.pdf").display().to_string();
        let told = self.run(
            "province-1",
            &["cert", "print", "--batch", batch, "--out", &all],
        );
        assert_eq!(told["certificates"].as_u64(), Some(ids.len() as u64));
        let scanned = tests::paper::scanned(&std::fs::read(&all).expect("the document"));
        assert!(scanned.iter().zip(ids).all(|(text, id)| text.contains(id)));
        let archive = path("all.zip").display().to_string();
        self.run(
            "province-1",
            &[
                "cert", "print", "--batch", batch, "--form", "txt", "--out", &archive,
            ],
        );
        // Names stand in them: nobody else on the machine reads them.
        for name in [
            "pdf.pdf",
            "large.pdf",
            "txt.txt",
            "brf.brf",
            "all.pdf",
            "all.zip",
        ] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path(name)).expect("a file").permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
        }
        let file = std::fs::File::open(&archive).expect("the archive");
        assert_eq!(
            zip::ZipArchive::new(file).expect("an archive").len(),
            ids.len()
        );
    }
}

async fn from_migrate_to_verify(database: Database) {
    tokio::task::spawn_blocking(move || story(database))
        .await
        .expect("the story ends");
}

fn story(database: Database) {
    let desk = Desk::new(database);
    let program = &desk.program;
    let missing = program.json(&["log", "check"]);
    assert_eq!(missing.code, 2, "no registry yet: {}", missing.err);
    let offer = desk.prepare();
    let ids = desk.teach(&offer);

    // Pictures and a key file are all that an employer needs: no registry, no network.
    let pictures: Vec<String> = ids
        .iter()
        .take(3)
        .map(|id| program.path(&format!("{id}.png")).display().to_string())
        .collect();
    for (id, picture) in ids.iter().zip(&pictures) {
        desk.run("province-1", &["cert", "qr", id, "--out", picture]);
    }
    let keys = program.path("keys.json").display().to_string();
    program.json(&["key", "export", &keys]).good();
    let mut offline = vec!["cert", "verify", "--keys", &keys];
    offline.extend(pictures.iter().map(String::as_str));
    let alone = Mingzheng::new(env!("CARGO_BIN_EXE_tests")).json(&offline);
    let rows = alone.json();
    assert_eq!(rows.as_array().map(Vec::len), Some(3), "{rows}");
    for row in rows.as_array().expect("rows") {
        assert!(row["signed"]["holder"].is_string(), "{row}");
        let check = |name: &str| {
            row["checks"]
                .as_array()
                .and_then(|all| all.iter().find(|one| one["name"] == name).cloned())
        };
        assert_eq!(
            check("signature").expect("a check")["outcome"],
            "passed",
            "{row}"
        );
        assert_eq!(
            check("status").expect("a check")["outcome"],
            "not_run",
            "said plainly: {row}"
        );
    }
    assert_eq!(
        alone.code, 3,
        "without the registry a status cannot be told"
    );
    let mut online = vec!["cert", "verify"];
    online.extend(pictures.iter().map(String::as_str));
    let verdicts = program.json(&online);
    assert_eq!(verdicts.code, 0, "{} {}", verdicts.out, verdicts.err);
    assert!(
        verdicts
            .json()
            .as_array()
            .expect("rows")
            .iter()
            .all(|row| row["state"] == "valid")
    );

    // Suspend, resume, revoke: the verdict follows at once.
    let verify = |picture: &str| {
        let ran = program.json(&["cert", "verify", picture]);
        (ran.code, text(&ran.json()[0]["state"]))
    };
    desk.run(
        "province-1",
        &["cert", "suspend", &ids[0], "--reason-code", "under_review"],
    );
    assert_eq!(verify(&pictures[0]), (1, "suspended".to_owned()));
    desk.run(
        "province-1",
        &["cert", "resume", &ids[0], "--reason-code", "cleared"],
    );
    assert_eq!(verify(&pictures[0]), (0, "valid".to_owned()));
    desk.by_two(
        "province-1",
        "province-2",
        &[
            "cert",
            "revoke",
            &ids[0],
            "--reason-code",
            // Any other reason waits until the holder was told.
            "key_compromise",
        ],
    );
    assert_eq!(verify(&pictures[0]), (1, "revoked".to_owned()));

    let checked = program.json(&["log", "check"]);
    assert_eq!(checked.code, 0, "{} {}", checked.out, checked.err);
    wrong_use_has_its_code(&desk, &pictures[0]);
}

fn wrong_use_has_its_code(desk: &Desk, picture: &str) {
    let program = &desk.program;
    let wrong_password = program
        .secret("wrong", "not-the-password-at-all")
        .display()
        .to_string();
    for (arguments, code) in [
        (vec!["no-such-command"], 2),
        (vec!["cert", "verify", "no-such-file.png"], 2),
        (
            vec![
                "institution",
                "list",
                "--as",
                "national-1",
                "--password-file",
                &wrong_password,
            ],
            4,
        ),
        (
            vec![
                "institution",
                "list",
                "--as",
                "nobody",
                "--password-file",
                &desk.password,
            ],
            4,
        ),
        // An institution does not approve certificates.
        (
            vec![
                "cert",
                "issue",
                "019cac46-1500-7814-84eb-03943fab72a3",
                "--as",
                "school-1",
                "--password-file",
                &desk.password,
            ],
            4,
        ),
        (
            vec![
                "cert",
                "issue",
                "019cac46-1500-7814-84eb-03943fab72a3",
                "--as",
                "province-1",
                "--password-file",
                &desk.password,
            ],
            1,
        ),
        (vec!["id", "check", "resident_id", "11010519040229798X"], 0),
        (vec!["id", "check", "resident_id", "650102190410110904"], 1),
    ] {
        let ran = program.run(&arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
    }
    let open = program.open_file("open", PASSWORD).display().to_string();
    let refused = program.run(&[
        "institution",
        "list",
        "--as",
        "national-1",
        "--password-file",
        &open,
    ]);
    assert_eq!(
        refused.code, 2,
        "a password file that others can read: {}",
        refused.err
    );
    let plain = program.run(&["cert", "verify", picture]);
    assert!(plain.out.contains("已撤销"), "{}", plain.out);
    let english = program.run(&["--lang", "en", "cert", "verify", picture]);
    assert!(
        english.out.contains("Revoked") && !english.out.contains("已撤销"),
        "{}",
        english.out
    );
    let completions = program.run(&["completions", "bash"]);
    assert!(completions.out.contains("mingzheng"), "completions");
}
