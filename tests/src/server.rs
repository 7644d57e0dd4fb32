//! A registry on a socket, with a clock that the test moves.

use std::net::SocketAddr;
use std::sync::Arc;

use api::app::App;
use api::boot::{self, Settings};
use api::clock::SetClock;
use api::config::Config;
use api::config::border::Border;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Database;
use crate::database::Backup;
use crate::kept::Kept;

/// The first morning of every story: a Monday, ten o'clock in China.
pub const FIRST_MORNING: &str = "2026-03-02T02:00:00Z";

/// A running registry. It ends with the test.
pub struct TestServer {
    /// The application behind the socket, to look into the database.
    pub app: App,
    /// The clock.
    pub clock: Arc<SetClock>,
    address: SocketAddr,
    database: Database,
    settings: Settings,
    /// Where the database is; none for the file in the data folder.
    at: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    data: tempfile::TempDir,
}

impl TestServer {
    /// A new, empty registry.
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| ()).await
    }

    /// A new, empty registry with other settings.
    pub async fn start_with(database: Database, change: impl FnOnce(&mut Settings)) -> Self {
        let first: DateTime<Utc> = FIRST_MORNING.parse().expect("an instant");
        let data = tempfile::tempdir().expect("a temporary folder");
        Self::open(data, (database, database.new_address()), first, change).await
    }

    /// A copy of a registry that was made before, at the moment at which it was left.
    pub(crate) async fn copied(database: Database, kept: &Kept) -> Self {
        let address = database.copy_of(kept.address.as_deref());
        Self::open(kept.folder(), (database, address), kept.now, |_| ()).await
    }

    async fn open(
        data: tempfile::TempDir,
        (database, at): (Database, Option<String>),
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let clock = Arc::new(SetClock::new(now));
        let mut settings = Settings {
            data: data.path().to_owned(),
            database: at
                .as_deref()
                .map(|url| url.parse().expect("a database address")),
            passphrase_file: None,
            policy_file: None,
            config: Config::for_public_url("https://mingzheng.example").expect("an address"),
            clock: clock.clone(),
            create: true,
            durability: store::Durability::Full,
        };
        // Tests of the second factor switch it on; the others tell another story.
        settings.config.require_second_factor = false;
        // How full the disk of this machine is decides about no test but that of the disk.
        settings.config.disk_free_percent = 0;
        // Nor does how busy it is; tests of times set their own.
        let mut border = Border::default();
        border.timeouts.handler_ms = 120_000;
        settings.config.border = Arc::new(border);
        settings.config.program = Some(crate::command::built());
        change(&mut settings);
        let app = boot::open(&settings).await.expect("the registry opens");
        settings.create = false;
        let (address, stop) = serve(&app).await;
        Self {
            app,
            clock,
            address,
            database,
            at,
            settings,
            stop: Some(stop),
            data,
        }
    }

    /// Ends, with nobody connected to its database any more: its data folder, the address of its database, the moment.
    pub(crate) async fn end(mut self) -> (tempfile::TempDir, Option<String>, DateTime<Utc>) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let closed = self.app.store.clone().close().await;
        closed.expect("the store closes");
        let empty = tempfile::tempdir().expect("a temporary folder");
        let data = std::mem::replace(&mut self.data, empty);
        (data, self.at.take(), self.app.now())
    }

    /// The same registry under another configuration, on another socket.
    pub async fn again(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.app.config).clone();
        change(&mut config);
        let mut app = self.app.clone();
        app.config = Arc::new(config);
        let (address, stop) = serve(&app).await;
        if let Some(stop) = self.stop.replace(stop) {
            let _ = stop.send(());
        }
        self.address = address;
        self.app = app;
        self
    }

    /// Keeps what the database holds now.
    pub async fn backup(&self) -> Backup {
        self.database
            .backup(&self.app.store, self.at.as_deref())
            .await
    }

    /// The registry ends, its database is replaced by a backup (or left alone), and it starts again as `serve` starts.
    pub async fn restart(&mut self, backup: Option<&Backup>, change: impl FnOnce(&mut Config)) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.app.store.clone().close().await.expect("it is closed");
        match backup {
            Some(Backup::Sqlite(folder)) => {
                let file = self.data.path().join("registry.sqlite");
                for end in ["-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", file.display()));
                }
                std::fs::copy(folder.path().join("backup.sqlite"), file).expect("put back");
            }
            Some(Backup::Postgres(address)) => {
                self.settings.database = Some(address.parse().expect("a database address"));
                self.at = Some(address.clone());
            }
            None => {}
        }
        change(&mut self.settings.config);
        self.app = boot::open(&self.settings).await.expect("it opens again");
        self.app.standing.ensure(&self.app).await.expect("compared");
        let (address, stop) = serve(&self.app).await;
        self.address = address;
        self.stop = Some(stop);
    }

    /// An address of the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Moves the clock by days.
    pub fn days_pass(&self, days: i64) {
        self.clock.advance_seconds(days * 86_400);
    }

    /// Today in China.
    pub fn today(&self) -> NaiveDate {
        self.app.today()
    }

    /// Moves the clock to the next day on which an annual run may freeze, unless that is today.
    pub fn annual_freeze(&self) -> NaiveDate {
        self.next(|day| (day.month(), day.day()) == (3, 31))
    }

    /// Moves the clock to the last day of the quarter.
    pub fn quarter_end(&self) -> NaiveDate {
        self.next(|day| day.month() % 3 == 0 && (day + Days::new(1)).day() == 1)
    }

    fn next(&self, wanted: impl Fn(NaiveDate) -> bool) -> NaiveDate {
        while !wanted(self.today()) {
            self.days_pass(1);
        }
        self.today()
    }

    /// The annual freeze date that has passed last.
    pub fn last_annual_freeze(&self) -> NaiveDate {
        let mut day = self.today();
        while (day.month(), day.day()) != (3, 31) {
            day = day - Days::new(1);
        }
        day
    }

    /// How many leaves the public log has.
    pub async fn leaves(&self) -> u64 {
        store::log::head(self.app.store.reader())
            .await
            .expect("the head is read")
            .size
    }
}

async fn serve(app: &App) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let serving = api::server::serve(app.clone(), listener, async {
        let _ = stopped.await;
    });
    tokio::spawn(serving);
    (address, stop)
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestServer({})", self.address)
    }
}
