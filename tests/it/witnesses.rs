//! Witnesses: three processes, a quorum of two, one down and one lied to; and the monitor that finds the lie
//! (trust.md LG-9, LG-10, LG-11; C2SP tlog-witness, tlog-cosignature).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::app::App;
use api::clock::{Clock as _, SystemClock};
use api::config::witnesses::{Witness, Witnesses};
use api::log::witnesses::{Asking, WitnessFailure};
use certs::log::{
    Checkpoint, Edge, Hash, SignedCheckpoint, Submission, WitnessPolicy, bundle_path, cosignatures,
    parse_vkey, parse_witness_vkey, read_bundle, write_bundle,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::answer::text;
use tests::command::{Mingzheng, Running, built};
use tests::{Client, Database, Story, TestServer, on_both};

on_both! {
    a_fork_is_refused_by_who_saw_the_truth_and_found_through_who_was_lied_to;
    a_clock_far_before_those_of_the_witnesses_stops_signing_until_it_is_right;
    the_monitor_lists_what_was_issued_in_a_name_and_starts_from_what_it_has;
}

/// A witness of a provincial federation.
pub(crate) struct Federation {
    name: &'static str,
    program: Mingzheng,
    vkey: String,
    running: Option<(Running, String)>,
}

impl Federation {
    /// Made, not yet running.
    pub(crate) fn new(name: &'static str) -> Self {
        let program = Mingzheng::new(built().to_str().expect("a path"));
        let made = program
            .json(&["witness", "create", "--folder", "w", "--name", name])
            .good();
        let vkey = text(&made["vkey"]);
        assert!(parse_witness_vkey(&vkey).is_ok(), "{vkey}");
        Self {
            name,
            program,
            vkey,
            running: None,
        }
    }

    pub(crate) fn watch(&self, log: &str) {
        self.program
            .json(&["witness", "watch", "--folder", "w", log])
            .good();
    }

    pub(crate) fn start(&mut self) {
        let arguments = [
            "--json",
            "witness",
            "serve",
            "--folder",
            "w",
            "--listen",
            "127.0.0.1:0",
        ];
        let (running, line) = self.program.start_logged(&arguments, "witness.log");
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no address: {line}"));
        assert_eq!(told["vkey"], self.vkey);
        self.running = Some((running, text(&told["address"])));
    }

    pub(crate) fn end(&mut self) {
        if let Some((mut running, _)) = self.running.take() {
            assert_eq!(running.end(), Some(0));
        }
    }

    /// Where it answers; nobody is there when it is down.
    fn address(&self) -> String {
        self.running
            .as_ref()
            .map_or("http://127.0.0.1:9".to_owned(), |(_, address)| {
                address.clone()
            })
    }

    pub(crate) fn configured(&self) -> Witness {
        Witness {
            key: parse_witness_vkey(&self.vkey).expect("a witness"),
            url: self.address(),
        }
    }

    /// Where it shows the newest checkpoint that it has cosigned.
    pub(crate) fn shows(&self, origin: &str) -> String {
        let id = data_encoding::HEXLOWER.encode(&Sha256::digest(origin.as_bytes()));
        format!("{}/checkpoint/{id}", self.address())
    }

    async fn submit(&self, submission: &Submission) -> (u16, String) {
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .post(format!("{}/add-checkpoint", self.address()))
            .body(submission.to_text())
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }
}

fn policy(federations: &[Federation]) -> WitnessPolicy {
    let keys = federations.iter().map(|one| one.configured().key).collect();
    WitnessPolicy::new(keys, 2).expect("two of three")
}

/// The registry as it asks the witnesses where they are now.
fn asking(app: &App, federations: &[Federation]) -> App {
    let mut app = app.clone();
    let mut config = (*app.config).clone();
    config.witnesses = Arc::new(Witnesses {
        policy: policy(federations),
        all: federations.iter().map(Federation::configured).collect(),
        ..Witnesses::default()
    });
    app.config = Arc::new(config);
    app
}

async fn state(story: &Story, id: &str) -> (String, String) {
    let path = format!("/api/v1/verifications/{id}");
    let verdict = story.who("anybody").get(&path).await.good();
    let log = verdict["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["name"] == "log_inclusion")
        .expect("the check of the log");
    (text(&verdict["state"]), text(&log["reason"]))
}

/// Another history under the log's own key: the true one up to `size`, then something else.
struct Lie {
    entries: Vec<Vec<u8>>,
    signed: SignedCheckpoint,
}

impl Lie {
    async fn tell(story: &Story, size: u64) -> Self {
        let app = &story.server.app;
        let anybody = story.who("anybody");
        let width = u16::try_from(size).expect("a short log");
        let path = format!("/log/tile/{}", bundle_path(0, width));
        let bundle = anybody.get(&path).await;
        assert_eq!(bundle.status, 200, "{path}");
        let mut entries: Vec<Vec<u8>> = read_bundle(&bundle.bytes)
            .expect("a bundle")
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
        // An issue that nobody approved, in the form of a true one.
        let mut forged = entries
            .iter()
            .rev()
            .find(|entry| certs::log::LeafEntry::decode(entry).is_ok_and(|entry| entry.kind() == 1))
            .expect("an issue")
            .clone();
        let place = forged
            .windows(2)
            .position(|pair| pair == [0x58, 0x20])
            .expect("a hash");
        forged[place + 5] ^= 0xff;
        entries.push(forged);
        let hashes: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        let update = Edge::empty().append(&hashes);
        let signed = Checkpoint {
            origin: app.keyring.log_origin(),
            size: update.size,
            root: update.root,
        }
        .sign(app.keyring.log().signer.as_ref())
        .expect("signed with the key of the log");
        Self { entries, signed }
    }

    fn submission(&self, old: u64, proof: Vec<Hash>) -> Submission {
        Submission {
            old,
            proof,
            note: self.signed.note.clone(),
        }
    }

    /// Lays the lie out as a log of files.
    fn publish(&self, folder: &Path) {
        let width = u16::try_from(self.entries.len()).expect("a short log");
        let file = folder.join("tile").join(bundle_path(0, width));
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        let bundle = write_bundle(self.entries.iter().map(Vec::as_slice)).expect("short entries");
        std::fs::write(file, bundle).expect("a bundle");
        std::fs::write(folder.join("checkpoint"), &self.signed.note).expect("a checkpoint");
    }
}

/// A registry with witnesses configured and one certificate; answers its id and the log's key line.
async fn registry(database: Database, federations: &[Federation]) -> (Story, String, String) {
    let server = TestServer::start_with(database, |settings| {
        settings.config.witnesses = Arc::new(Witnesses {
            policy: policy(federations),
            ..Witnesses::default()
        });
    })
    .await;
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(2).await;
    let issued = story.issue(&cohort).await;
    let vkey = story.who("anybody").get("/log/vkey").await.text();
    (
        story,
        text(&issued["certificates"][0]["id"]),
        vkey.trim_end().to_owned(),
    )
}

async fn a_fork_is_refused_by_who_saw_the_truth_and_found_through_who_was_lied_to(
    database: Database,
) {
    let mut federations = ["zj.example/w", "sd.example/w", "sx.example/w"].map(Federation::new);
    let (story, id, vkey) = registry(database, &federations).await;
    let (origin, key) = parse_vkey(&vkey).expect("the log's key line");
    for federation in &federations {
        federation.watch(&vkey);
    }
    federations[0].start();
    federations[1].start();
    let mut rounds = Asking::new().expect("a client");
    let registry = &story.server.app;

    // Issued and logged, and not fully valid before the witnesses have seen it.
    assert_eq!(
        state(&story, &id).await,
        ("indeterminate".to_owned(), "log_pending".to_owned())
    );

    // The third is down: two of three are a quorum.
    assert!(
        rounds
            .round(&asking(registry, &federations))
            .await
            .expect("a round")
    );
    assert_eq!(
        rounds.failure("sx.example/w"),
        Some(&WitnessFailure::Unreachable)
    );
    assert_eq!(
        state(&story, &id).await,
        ("valid".to_owned(), "logged_witnessed".to_owned())
    );
    let anybody = story.who("anybody");
    let published = anybody.get("/log/checkpoint").await.text();
    let keys = policy(&federations);
    let seen_by = |note: &str| -> Vec<String> {
        let found = cosignatures(note, keys.witnesses()).expect("cosignatures that hold");
        let mut names: Vec<String> = found.iter().map(|one| one.witness.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(seen_by(&published), ["sd.example/w", "zj.example/w"]);
    let proof = anybody
        .get(&format!("/api/v1/certificates/{id}/proof.tlog"))
        .await
        .text();
    let logged = certs::log::verify_tlog_proof(&proof, &origin, &key).expect("a proof");
    assert_eq!(
        seen_by(&logged.checkpoint.note).len(),
        2,
        "the proof carries the witnesses"
    );

    // With two down there is no quorum: the registry goes on, full validity waits, and comes with the second witness.
    federations[1].end();
    let before = anybody.get("/log/checkpoint").await.text();
    story.suspend(&id).await;
    story.resume(&id).await;
    assert!(
        !rounds
            .round(&asking(registry, &federations))
            .await
            .expect("a round")
    );
    assert_eq!(anybody.get("/log/checkpoint").await.text(), before);
    federations[1].start();
    assert!(
        rounds
            .round(&asking(registry, &federations))
            .await
            .expect("a round")
    );
    let size_of = |note: &str| -> u64 {
        note.lines()
            .nth(1)
            .expect("a size")
            .parse()
            .expect("a number")
    };
    let after = anybody.get("/log/checkpoint").await.text();
    assert_eq!(size_of(&after), size_of(&before) + 2);
    assert_eq!(state(&story, &id).await.0, "valid");

    // A monitor of the school takes all of it down and finds nothing wrong.
    let monitor = Mingzheng::new(built().to_str().expect("a path"));
    let log_url = story.server.url("/log");
    let run = |log: &str, more: &[&str]| {
        let mut arguments = vec!["log", "monitor", log, "--vkey", &vkey, "--state", "state"];
        arguments.extend(more);
        monitor.json(&arguments)
    };
    let quorum: Vec<&str> = federations
        .iter()
        .flat_map(|one| ["--witness", one.vkey.as_str()])
        .chain(["--quorum", "2"])
        .collect();
    let report = run(&log_url, &quorum).good();
    let size = report["size"].as_u64().expect("a size");
    assert_eq!(size, story.server.leaves().await);
    assert_eq!(report["alarms"], json!([]));

    // The operator lies: the true history so far, then a certificate that nobody approved, signed with the log's own key.
    let lie = Lie::tell(&story, size).await;
    // Who has never seen the log can be lied to.
    federations[2].start();
    let (status, line) = federations[2].submit(&lie.submission(0, Vec::new())).await;
    assert_eq!(status, 200, "{line}");
    let lied = certs::log::with_lines(&lie.signed.note, [line.as_str()]);
    assert_eq!(seen_by(&lied), ["sx.example/w"]);
    assert_eq!(keys.reached(&lied), Ok(None), "one witness is no quorum");

    // Meanwhile the registry goes on, and the two others see the truth.
    story.suspend(&id).await;
    assert!(
        rounds
            .round(&asking(registry, &federations))
            .await
            .expect("a round")
    );
    let other = WitnessFailure::OtherHistory { size: size + 1 };
    assert_eq!(
        rounds.failure("sx.example/w"),
        Some(&other),
        "the registry hears of it"
    );

    // It compares at once what that witness holds with what it has signed, and signs nothing more: two roots for one size.
    // What was issued before is still checked.
    let behind = registry.standing.behind().expect("a fork");
    assert!(behind.forked && behind.known == size + 1, "{behind:?}");
    let refused = story.try_resume(&id).await;
    refused.problem(503, "log-behind");
    assert_eq!(story.server.leaves().await, size + 1, "nothing was signed");
    assert_eq!(state(&story, &id).await.0, "suspended");
    assert_eq!(anybody.get("/readyz").await.status, 503);

    // Who has seen the truth cosigns no lie: not of the same size, not with a proof that is none.
    for federation in &federations[..2] {
        let (status, told) = federation
            .submit(&lie.submission(size + 1, Vec::new()))
            .await;
        assert_eq!(
            (status, told),
            (409, format!("{}\n", size + 1)),
            "{}",
            federation.name
        );
        let evidence = federation.program.path("w/evidence");
        assert_eq!(std::fs::read_dir(evidence).expect("evidence").count(), 1);
    }

    // The monitor looks at what the witnesses hold, and has the proof in its hands.
    let shown = federations[2].shows(origin.as_str());
    let found = run(&log_url, &["--also", &shown]);
    assert_eq!(found.code, 1, "{}", found.err);
    let found = found.json();
    assert_eq!(found["alarms"][0]["code"], "fork", "{found}");
    assert_eq!(found["alarms"][0]["size"], size + 1);
    let notes: Vec<SignedCheckpoint> = found["evidence"]
        .as_array()
        .expect("evidence")
        .iter()
        .map(|file| {
            let path = monitor.path("state").join(text(file));
            let note = std::fs::read_to_string(path).expect("a note");
            Checkpoint::verify(&note, &origin, &key).expect("signed by the log")
        })
        .collect();
    assert_eq!(notes.len(), 2, "{found}");
    assert_eq!(notes[0].checkpoint.size, notes[1].checkpoint.size);
    assert_ne!(notes[0].checkpoint.root, notes[1].checkpoint.root);

    // Whoever is shown the lie as a whole log finds it by what was kept.
    let folder = monitor.path("lying-log");
    lie.publish(&folder);
    let found = run(folder.to_str().expect("a path"), &[]);
    assert_eq!(found.code, 1, "{}", found.err);
    let codes: Vec<String> = alarms(&found.json());
    assert!(codes.contains(&"fork".to_owned()), "{codes:?}");

    // A second process on the folder of a witness would cosign a history of its own.
    let twice = federations[0].program.run(&[
        "witness",
        "serve",
        "--folder",
        "w",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(twice.code, 2, "{}", twice.err);
    assert!(twice.err.contains("already runs"), "{}", twice.err);

    // A witness that lost what it had seen is not started again with an empty head.
    federations[1].end();
    std::fs::remove_dir_all(federations[1].program.path("w/logs")).expect("removed");
    std::fs::create_dir(federations[1].program.path("w/logs")).expect("an empty folder");
    let refused = federations[1].program.run(&[
        "witness",
        "serve",
        "--folder",
        "w",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(refused.code, 2, "{}", refused.err);
}

/// Trust.md CL-1. The witnesses are processes with the machine's clock.
async fn a_clock_far_before_those_of_the_witnesses_stops_signing_until_it_is_right(
    database: Database,
) {
    let mut federations = ["zj.example/w", "sd.example/w", "sx.example/w"].map(Federation::new);
    let (story, id, vkey) = registry(database, &federations).await;
    for federation in &mut federations {
        federation.watch(&vkey);
        federation.start();
    }
    let mut rounds = Asking::new().expect("a client");
    let registry = &story.server.app;
    let asking = asking(registry, &federations);
    assert!(rounds.round(&asking).await.expect("a round"));
    assert!(!registry.standing.is_ahead());

    // Nobody has cosigned a time yet that tells of it: one more leaf is signed, and then no other.
    let truth = SystemClock.now();
    story.server.clock.set(truth + TimeDelta::seconds(100));
    story.suspend(&id).await;
    let size = story.server.leaves().await;
    assert!(rounds.round(&asking).await.expect("a round"));
    assert!(registry.standing.is_ahead());
    story.try_resume(&id).await.problem(503, "clock");
    assert_eq!(story.server.leaves().await, size);
    let anybody = story.who("anybody");
    assert_eq!(anybody.get("/readyz").await.status, 503);
    assert_eq!(state(&story, &id).await.0, "suspended", "checks go on");

    // Set right, it is noticed without a new checkpoint, and the log goes on when its own time has come.
    story.server.clock.set(SystemClock.now());
    assert!(rounds.round(&asking).await.expect("a round"));
    assert!(!registry.standing.is_ahead());
    story.server.clock.set(truth + TimeDelta::seconds(101));
    story.resume(&id).await;
}

pub(crate) fn alarms(report: &Value) -> Vec<String> {
    let alarms = report["alarms"].as_array().expect("alarms");
    alarms.iter().map(|alarm| text(&alarm["code"])).collect()
}

async fn the_monitor_lists_what_was_issued_in_a_name_and_starts_from_what_it_has(
    database: Database,
) {
    let (mut story, issued) = Story::with_certificates(database, 2).await;
    let vkey = story.who("anybody").get("/log/vkey").await.text();
    let vkey = vkey.trim_end();
    let monitor = Mingzheng::new(built().to_str().expect("a path"));
    let url = story.server.url("/log");
    let run = |more: &[&str]| {
        let mut arguments = vec!["log", "monitor", &url, "--vkey", vkey, "--state", "state"];
        arguments.extend(more);
        monitor.json(&arguments)
    };
    let school = ["--institution", tests::story::CREDIT_CODE];
    let first = run(&school).good();
    let hashes = |report: &Value| -> Vec<String> {
        let issued = report["issued"].as_array().expect("issued");
        issued.iter().map(|one| text(&one["certificate"])).collect()
    };
    let wanted: Vec<String> = issued["certificates"]
        .as_array()
        .expect("certificates")
        .iter()
        .map(|one| text(&one["sha256"]))
        .collect();
    assert_eq!(hashes(&first), wanted);
    assert_eq!(first["downloaded"], first["size"]);

    // The next run takes only what is new, and lists only that.
    let cohort = story.accepted(1).await;
    let again = story.issue(&cohort).await;
    // A run that asks about nobody, or about another name, passes nothing over for this one.
    let second = run(&[]).good();
    let region = ["--region", "330000"];
    assert_eq!(hashes(&run(&region).good()).len(), 3);
    assert_eq!(hashes(&run(&region).good()), Vec::<String>::new());
    let new = [text(&again["certificates"][0]["sha256"])];
    assert_eq!(hashes(&run(&school).good()), new);
    let grown = second["size"].as_u64().unwrap_or(0) - first["size"].as_u64().unwrap_or(0);
    assert_eq!(second["downloaded"], grown);
    let id = text(&issued["certificates"][0]["id"]);
    story.suspend(&id).await;
    let all = run(&["--institution", tests::story::CREDIT_CODE, "--all"]).good();
    assert_eq!(hashes(&all).len(), 3);
    assert_eq!(all["issued"][0]["status"], "suspended");
    assert_eq!(all["issued"][0]["reason"], "under_review");
    assert_eq!(
        hashes(&run(&["--region", "370000", "--all"]).good()),
        Vec::<String>::new()
    );

    // What was kept and changed since is found; so is a log that shows less than before, or nothing.
    let entries: PathBuf = monitor.path("state/entries");
    let mut bytes = std::fs::read(&entries).expect("entries");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&entries, &bytes).expect("changed");
    let found = run(&[]);
    assert_eq!(found.code, 1, "{}", found.out);
    bytes[last] ^= 1;
    std::fs::write(&entries, &bytes).expect("as it was");
    assert_eq!(run(&[]).code, 0);
    let short = monitor.path("short-log");
    std::fs::create_dir(&short).expect("a folder");
    let page = Client::anybody(&story.server)
        .get("/log/checkpoints?limit=1")
        .await
        .good();
    std::fs::write(short.join("checkpoint"), text(&page["checkpoints"][0])).expect("a note");
    let found = monitor.json(&[
        "log",
        "monitor",
        short.to_str().expect("a path"),
        "--vkey",
        vkey,
        "--state",
        "state",
    ]);
    assert_eq!(found.code, 1, "{}", found.err);
    assert_eq!(alarms(&found.json()), ["shrunk"]);
    let nobody = monitor.json(&[
        "log",
        "monitor",
        "http://127.0.0.1:9/log",
        "--vkey",
        vkey,
        "--state",
        "state",
    ]);
    assert_eq!(nobody.code, 3, "{}", nobody.err);
    let wrong = monitor.json(&[
        "log", "monitor", &url, "--vkey", "no-key", "--state", "state",
    ]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    let other = vkey.replacen('/', "x", 1);
    assert_ne!(
        monitor
            .json(&["log", "monitor", &url, "--vkey", &other, "--state", "other"])
            .code,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serving_registry_asks_its_witnesses_by_itself() {
    let mut federation = Federation::new("zj.example/w");
    let program = || Mingzheng::new(built().to_str().expect("a path"));
    let registry = program();
    let made = registry.json(&["--data", "r", "migrate"]).good();
    federation.watch(&text(&made["log_vkey"]));
    federation.start();
    let list = format!("[\"{} {}\"]", federation.vkey, federation.address());
    let settings = |quorum: &str| {
        program()
            .with("MINGZHENG_DATA", registry.path("r"))
            .with("MINGZHENG__WITNESSES__LIST", &list)
            .with("MINGZHENG__WITNESSES__QUORUM", quorum)
    };
    // A quorum that is none is told before anything is served.
    let refused = settings("2").json(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("witnesses"), "{}", refused.err);
    let serving = settings("1");
    let (_running, line) =
        serving.start_logged(&["--json", "serve", "--listen", "127.0.0.1:0"], "serve.log");
    let told: Value = serde_json::from_str(&line).expect("an address");
    let url = format!("{}/log/checkpoint", text(&told["address"]));
    let keys = vec![federation.configured().key];
    let began = std::time::Instant::now();
    loop {
        let http = reqwest::Client::builder().no_proxy().build();
        let note = http
            .expect("a client")
            .get(&url)
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        if !cosignatures(&note, &keys).expect("it holds").is_empty() {
            break;
        }
        assert!(began.elapsed().as_secs() < 30, "nobody cosigned: {note}");
    }
}
