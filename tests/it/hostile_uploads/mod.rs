//! Hostile uploads (trust.md UP-1 to UP-6): each is refused with the right code, or taken without its poison; none
//! makes a 500, none is half written, and the memory of the server and of its readers of old workbooks together stays
//! within two hundred megabytes of where it began.
//!
//! The server is a process of its own, so that its peak of memory can be read.

mod made;
mod memory;
mod tables;

use api::clock::{Clock as _, SystemClock};
use serde_json::Value;
use tests::client::fresh_key;
use tests::{Database, Mingzheng, Story, TestServer};

use made::{PLACE, telling_jpeg, telling_png};
use memory::Memory;
pub(crate) use tables::{evidence_table, rosters_table};

/// Most memory beyond that of the start, of the server and its readers together, in KiB.
pub(crate) const MOST_KIB: u64 = 200 << 10;

/// Where a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// As a roster, to be imported whole or not at all.
    Roster,
    /// As an evidence file.
    Evidence,
}

/// One upload: its name, where it goes, its bytes, status and code that it must get.
pub(crate) struct Upload(
    pub(crate) &'static str,
    pub(crate) To,
    pub(crate) Vec<u8>,
    pub(crate) u16,
    pub(crate) &'static str,
);

/// A running registry of its own process, with a cohort that takes rosters.
pub(crate) struct Desk {
    pub(crate) story: Story,
    pub(crate) url: String,
    http: reqwest::Client,
    process: tests::command::Running,
    _program: Mingzheng,
}

struct Got {
    status: u16,
    body: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let server = TestServer::start(Database::Sqlite).await;
        // The process reads the machine's clock: the story takes place now.
        server
            .clock
            .set(SystemClock.now() - chrono::Duration::days(40));
        let story = Story::ready_on(server).await;
        story.server.clock.set(SystemClock.now());
        let program =
            Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATA", story.server.data());
        let (process, line) = program.start(&[
            "--json",
            "serve",
            "--require-second-factor",
            "false",
            "--listen",
            "127.0.0.1:0",
        ]);
        let told: Value = serde_json::from_str(&line).expect("an address");
        let url = told["address"].as_str().expect("an address").to_owned();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            story,
            url,
            http,
            process,
            _program: program,
        }
    }

    async fn send(&self, path: &str, bytes: Vec<u8>) -> Got {
        let token = self.story.who("school-1").token().await.expect("a token");
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(token)
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/octet-stream")
            .body(bytes);
        Self::read(request.send().await.expect("an answer")).await
    }

    async fn get(&self, path: &str) -> Got {
        let token = self.story.who("school-1").token().await.expect("a token");
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(token);
        Self::read(request.send().await.expect("an answer")).await
    }

    async fn read(answer: reqwest::Response) -> Got {
        Got {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.expect("a body").to_vec(),
        }
    }

    /// What the process and its readers take from now on.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.process.id())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_upload_is_refused_in_its_own_words_and_within_memory() {
    let desk = Desk::open().await;
    let cohort = desk.story.enrolling().await;
    let roster = format!("/api/v1/cohorts/{cohort}/rosters?import=all");
    let memory = desk.memory();
    let (mut wrong, mut count, mut good) = (Vec::new(), 0, 0);
    for Upload(name, to, bytes, status, code) in rosters_table().into_iter().chain(evidence_table())
    {
        let path = if to == To::Roster {
            &roster
        } else {
            "/api/v1/files"
        };
        let got = desk.send(path, bytes).await;
        let told = got.json()["code"].as_str().unwrap_or("").to_owned();
        if (got.status, told.as_str()) != (status, code) {
            wrong.push(format!(
                "{to:?}, {name}: {} {told}, not {status} {code}",
                got.status
            ));
        }
        count += 1;
        good += usize::from(status == 201);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        count >= 90 && good == 7,
        "{count} uploads, {good} of them good"
    );
    let (beyond, readers) = (memory.beyond(), memory.of_readers());
    let told = format!(
        "{} MiB beyond the start, {} of them of readers",
        beyond >> 10,
        readers >> 10
    );
    println!("{told}");
    assert!(readers > 0, "the readers of old workbooks are seen");
    assert!(beyond < MOST_KIB, "{told}");
    // What was refused left nothing; what was good is there, byte for byte.
    let names = names(&desk, &cohort).await;
    for rare in ["𠮷样一", "㐂示例", "𬱖乙", "买买提·样本", "龘虚构"] {
        assert!(names.contains(&rare.to_owned()), "{rare} in {names:?}");
    }
    assert_eq!(
        names.len(),
        3 + 6,
        "three of the old workbook, six with rare names: {names:?}"
    );
    assert_eq!(desk.get("/livez").await.status, 200);
}

/// Names of the trainees as they are sealed in the database.
async fn names(desk: &Desk, cohort: &str) -> Vec<String> {
    let app = &desk.story.server.app;
    let id = cohort.parse().expect("an id");
    let rows = store::enrolments::of_cohort(app.store.reader(), id)
        .await
        .expect("rows");
    let people: Vec<_> = rows.iter().map(|row| row.person).collect();
    let open = store::persons::open(app.store.reader(), app.store.vault(), &people, app.today())
        .await
        .expect("people");
    open.values().map(|person| (*person.name).clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evidence_file_comes_back_as_an_attachment_without_what_its_picture_told() {
    let desk = Desk::open().await;
    for (bytes, start) in [
        (telling_jpeg(), &b"\xff\xd8\xff"[..]),
        (telling_png(), b"\x89PNG"),
    ] {
        assert!(holds(&bytes, b"120.1551E"));
        let kept = desk.send("/api/v1/files", bytes).await.json();
        let path = format!("/api/v1/files/{}", kept["id"].as_str().expect("an id"));
        let back = desk.get(&path).await;
        assert_eq!(back.status, 200);
        assert!(back.body.starts_with(start), "still the picture");
        for told in [PLACE, b"Exif", b"PK\x03\x04", b"tEXt"] {
            assert!(
                !holds(&back.body, told),
                "{}",
                String::from_utf8_lossy(told)
            );
        }
        let header = |name: &str| {
            back.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        assert!(header("content-disposition").starts_with("attachment; filename=\"file-"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").starts_with("sandbox"));
        let picture = image::load_from_memory(&back.body).expect("a picture");
        let turned = start[0] == 0xff;
        assert_eq!(
            (picture.width(), picture.height()),
            if turned { (48, 64) } else { (64, 48) },
            "as the tag turned it"
        );
        // On the disk it is sealed, under a name that tells nothing.
        let mut files = Vec::new();
        for folder in std::fs::read_dir(desk.story.server.data().join("files")).expect("a folder") {
            for file in std::fs::read_dir(folder.expect("a folder").path()).expect("files") {
                files.push(std::fs::read(file.expect("a file").path()).expect("bytes"));
            }
        }
        assert!(
            !files.is_empty() && files.iter().all(|file| !file.starts_with(start)),
            "sealed"
        );
        // Another school does not find it.
        desk.story
            .who("other-school")
            .get(&path)
            .await
            .problem(404, "not-found");
        let seen = desk.story.who("county-1").get(&path).await;
        assert_eq!(
            seen.status,
            200,
            "the county of the school does: {}",
            seen.text()
        );
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
