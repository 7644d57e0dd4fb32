//! The `mingzheng` program, run as a person at a terminal runs it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// How to run the program on one registry.
#[derive(Debug)]
pub struct Mingzheng {
    binary: PathBuf,
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

/// The program as it was built beside the running test.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let folder = test.ancestors().nth(2).expect("the folder of the build");
    folder.join("tests")
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// The JSON of a run that went well.
    #[track_caller]
    pub fn good(&self) -> Value {
        assert_eq!(self.code, 0, "{} {}", self.out, self.err);
        self.json()
    }

    /// The JSON that was printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }
}

impl Mingzheng {
    /// The program, with a folder of its own; `binary` is the path that Cargo gives to the test.
    pub fn new(binary: &str) -> Self {
        Self {
            binary: PathBuf::from(binary),
            folder: tempfile::tempdir().expect("a temporary folder"),
            settings: Vec::new(),
        }
    }

    /// Sets an environment variable for every run.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.settings
            .push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file is written");
        path
    }

    /// Writes a file that only its owner may read.
    pub fn secret(&self, name: &str, content: &str) -> PathBuf {
        self.with_mode(name, content, 0o600)
    }

    /// Writes a file that others may read, whatever mask the process has.
    pub fn open_file(&self, name: &str, content: &str) -> PathBuf {
        self.with_mode(name, content, 0o644)
    }

    fn with_mode(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.file(name, content);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program runs");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["--json"];
        all.extend(arguments);
        self.run(&all)
    }

    /// Starts a command that serves; answers it with the first line that it printed.
    pub fn start(&self, arguments: &[&str]) -> (Running, String) {
        self.start_with(arguments, Stdio::inherit())
    }

    /// The same, with what it logs written to a file of the folder.
    pub fn start_logged(&self, arguments: &[&str], log: &str) -> (Running, String) {
        let file = std::fs::File::create(self.path(log)).expect("a log file");
        self.start_with(arguments, file.into())
    }

    fn start_with(&self, arguments: &[&str], log: Stdio) -> (Running, String) {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a first line");
        (Running { child, _out: out }, line)
    }
}

/// A serving program; it is ended with the test.
#[derive(Debug)]
pub struct Running {
    child: Child,
    _out: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end as an operator does, and waits; answers its exit code.
    pub fn end(&mut self) -> Option<i32> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(
            asked.is_ok_and(|status| status.success()),
            "it was still running"
        );
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
