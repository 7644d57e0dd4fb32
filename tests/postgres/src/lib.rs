//! A private PostgreSQL cluster for one run of tests: made in a temporary folder, reachable on loopback only, ended
//! and removed when the process that asked for it ends, however it ends.
//!
//! PostgreSQL refuses to run as root; then the cluster runs as `postgres` or `nobody`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    programs: PathBuf,
    // Its standard input is the leash: when this process ends, the keeper reads the end of it and stops the server.
    _keeper: Child,
}

impl Cluster {
    /// Address without a database: `postgres://mingzheng@127.0.0.1:PORT`. Append `/postgres` for administration.
    pub fn server(&self) -> String {
        format!("postgres://mingzheng@127.0.0.1:{}", self.port)
    }

    /// Makes an empty database; answers its address.
    pub fn new_database(&self, name: &str) -> std::io::Result<String> {
        self.create(name, &[])
    }

    /// Makes a copy of a database that nobody is connected to; answers its address.
    pub fn copy_of(&self, template: &str, name: &str) -> std::io::Result<String> {
        self.create(name, &["-T", template])
    }

    fn create(&self, name: &str, from: &[&str]) -> std::io::Result<String> {
        // A folder of links to the server programs may lack the client ones.
        let beside = self.programs.join("createdb");
        let createdb = if beside.is_file() {
            beside
        } else {
            PathBuf::from("createdb")
        };
        let made = Command::new(createdb)
            .args(["-h", "127.0.0.1", "-U", "mingzheng", "-p"])
            .arg(self.port.to_string())
            .args(from)
            .arg(name)
            .stdin(Stdio::null())
            .output()?;
        if made.status.success() {
            Ok(format!("{}/{name}", self.server()))
        } else {
            Err(std::io::Error::other(
                String::from_utf8_lossy(&made.stderr).into_owned(),
            ))
        }
    }
}

impl Cluster {
    /// Makes a database with all that another one holds at this moment, as a restored backup; answers its address.
    pub fn copy_database(&self, address: &str, name: &str) -> std::io::Result<String> {
        let copy = self.new_database(name)?;
        let program = |name: &str| {
            let beside = self.programs.join(name);
            if beside.is_file() {
                beside
            } else {
                PathBuf::from(name)
            }
        };
        let dump = Command::new(program("pg_dump"))
            .args(["--no-owner", "-d", address])
            .stdin(Stdio::null())
            .output()?;
        let mut load = Command::new(program("psql"))
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", &copy])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = load.stdin.take() {
            input.write_all(&dump.stdout)?;
        }
        let loaded = load.wait_with_output()?;
        if dump.status.success() && loaded.status.success() {
            Ok(copy)
        } else {
            let told = [dump.stderr, loaded.stderr].concat();
            Err(std::io::Error::other(
                String::from_utf8_lossy(&told).into_owned(),
            ))
        }
    }
}

/// The cluster of this process, started at the first call.
///
/// `None` where no PostgreSQL server program is found: it has then said so on standard error. Panics instead when
/// `CI=true`: there the tests on PostgreSQL have to run.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| {
            let found = programs();
            if found.is_none() {
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "CI=true, but no PostgreSQL server program was found: install the package postgresql"
                );
                // Past the capture of the test harness: nobody may believe that these tests ran.
                let _ = writeln!(
                    std::io::stderr().lock(),
                    "\n!!!! NOT RUN on PostgreSQL: no server program found (package postgresql). SQLite only. !!!!\n"
                );
            }
            found.map(|programs| start(&programs).expect("a private PostgreSQL cluster"))
        })
        .as_ref()
}

/// Folder with `initdb` and `postgres`: that of `PATH`, or the newest of the usual places.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = [
        "/usr/lib/postgresql",
        "/usr/local/pgsql",
        "/opt/homebrew/opt",
    ]
    .iter()
    .filter_map(|root| std::fs::read_dir(root).ok())
    .flat_map(|entries| entries.flatten().map(|entry| entry.path().join("bin")))
    .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// User and group to run as when this process is root.
fn other_user() -> Option<(u32, u32)> {
    let own = std::fs::metadata("/proc/self").ok()?;
    if own.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|name| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn start(programs: &Path) -> std::io::Result<Cluster> {
    let folder = tempfile::Builder::new()
        .prefix("mingzheng-postgres-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()?
        .keep();
    let user = other_user();
    let as_user = |command: &mut Command| {
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        command.current_dir("/").env_remove("PGDATA");
    };
    if let Some((uid, gid)) = user {
        chown(&folder, Some(uid), Some(gid))?;
    }
    let data = folder.join("data");
    let mut initdb = Command::new(programs.join("initdb"));
    initdb
        .args([
            "--auth=trust",
            "--username=mingzheng",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ])
        .arg(&data)
        .stdin(Stdio::null());
    as_user(&mut initdb);
    let made = initdb.output()?;
    if !made.status.success() {
        return Err(std::io::Error::other(
            String::from_utf8_lossy(&made.stderr).into_owned(),
        ));
    }

    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut keeper = Command::new("sh");
    keeper
        // `cat` ends with the leash; INT is PostgreSQL's fast shutdown.
        .args([
            "-c",
            r#""$1/postgres" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
               -c fsync=off -c full_page_writes=off -c max_wal_size=128MB -c max_connections=300 -c shared_buffers=64MB \
               >"$2/server.log" 2>&1 </dev/null &
               server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$2""#,
            "keeper",
        ])
        .arg(programs)
        .arg(&folder)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C at the terminal ends the tests; the leash ends the server.
        .process_group(0);
    as_user(&mut keeper);
    let keeper = keeper.spawn()?;
    for _ in 0..1_200 {
        if answers(port) {
            return Ok(Cluster {
                port,
                programs: programs.to_owned(),
                _keeper: keeper,
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    Err(std::io::Error::other(format!(
        "PostgreSQL did not start: {log}"
    )))
}

/// Whether the server takes sessions: it answers an SSL request with one byte, once it is ready to.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(answer[0])
    };
    matches!(ask(), Ok(b'N' | b'S'))
}
