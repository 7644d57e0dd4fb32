//! Two witnesses that are asked by a registry under test.

use std::sync::Arc;

use api::app::App;
use api::clock::{Clock, SetClock};
use api::config::witnesses::{Witness, Witnesses};
use api::log::witnesses::Asking;
use api::witness::{Folder, Watch, router};
use certs::log::{WitnessPolicy, parse_witness_vkey};
use tests::server::FIRST_MORNING;
use tests::{Database, Story, TestServer};

/// Two witnesses, each a real one with its folder, by the clock of the test.
pub(super) struct Pair {
    clock: Arc<SetClock>,
    folder: tempfile::TempDir,
    vkeys: Vec<String>,
    urls: Vec<String>,
}

/// A story whose registry asks two witnesses for both of their lines, and the clock of these.
pub(super) async fn watched(database: Database, names: [&str; 2]) -> (Story, Pair, Arc<SetClock>) {
    let clock = Arc::new(SetClock::new(FIRST_MORNING.parse().expect("a moment")));
    let mut witnesses = Pair::new(clock.clone(), names);
    let policy = witnesses.policy();
    let server = TestServer::start_with(database, |settings| {
        settings.config.witnesses = Arc::new(Witnesses {
            policy,
            ..Witnesses::default()
        });
    })
    .await;
    let story = Story::ready_on(server).await;
    let vkey = story.who("anybody").get("/log/vkey").await.text();
    witnesses.start(vkey.trim_end()).await;
    (story, witnesses, clock)
}

impl Pair {
    pub(super) fn new(clock: Arc<SetClock>, names: [&str; 2]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let random = api::clock::Random::system();
        let vkeys = names.iter().enumerate().map(|(number, name)| {
            let place = folder.path().join(number.to_string());
            let passphrase = folder.path().join("passphrase");
            let name = name.parse().expect("a name");
            let made = Folder::create(&place, &name, &passphrase, &random).expect("a witness");
            made.vkey(&passphrase).expect("a key line")
        });
        Self {
            clock,
            vkeys: vkeys.collect(),
            folder,
            urls: Vec::new(),
        }
    }

    pub(super) fn policy(&self) -> WitnessPolicy {
        let keys = self.vkeys.iter();
        let keys = keys.map(|line| parse_witness_vkey(line).expect("a witness"));
        WitnessPolicy::new(keys.collect(), 2).expect("two of two")
    }

    pub(super) async fn start(&mut self, log: &str) {
        for number in 0..self.vkeys.len() {
            let folder = Folder::at(&self.folder.path().join(number.to_string()));
            folder.watch(log).expect("watched");
            let passphrase = self.folder.path().join("passphrase");
            let clock: Arc<dyn Clock> = self.clock.clone();
            let watch = Watch::open(folder, &passphrase, clock).expect("a witness");
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            self.urls.push(format!("http://{address}"));
            tokio::spawn(async move { axum::serve(listener, router(Arc::new(watch))).await });
        }
    }

    /// The registry asks them, as its worker does.
    pub(super) async fn round(&self, app: &App) {
        let mut app = app.clone();
        let mut config = (*app.config).clone();
        let all = self
            .vkeys
            .iter()
            .zip(&self.urls)
            .map(|(line, url)| Witness {
                key: parse_witness_vkey(line).expect("a witness"),
                url: url.clone(),
            });
        config.witnesses = Arc::new(Witnesses {
            policy: self.policy(),
            all: all.collect(),
            ..Witnesses::default()
        });
        app.config = Arc::new(config);
        let mut asking = Asking::new().expect("a client");
        assert!(asking.round(&app).await.expect("a round"), "a quorum");
    }
}
