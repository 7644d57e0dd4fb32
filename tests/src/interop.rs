//! Software that is not ours, where the machine has it: `zbarimg`, and Python with `cwt` or `pycose`.
//!
//! Where it is missing the test says loudly that this part did not run; with `CI=true` that is a failure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn missing(what: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "CI=true, but {what} is not there"
    );
    // Past the capture of the test harness: nobody may believe that this ran.
    let _ = writeln!(
        std::io::stderr().lock(),
        "\n!!!! NOT RUN: no {what} on this machine !!!!\n"
    );
}

/// Where a program is, if it is in the search path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        missing(name);
    }
    found
}

/// The text of the QR code in a picture, read by `zbarimg`.
pub fn zbarimg(picture: &Path) -> Option<String> {
    let output = Command::new(program("zbarimg")?)
        .args(["--raw", "--quiet", "-Sdisable", "-Sqrcode.enable"])
        .arg(picture)
        .output()
        .expect("zbarimg runs");
    assert!(
        output.status.success(),
        "zbarimg reads {}",
        picture.display()
    );
    Some(
        String::from_utf8(output.stdout)
            .expect("text")
            .trim_end()
            .to_owned(),
    )
}

/// Python with the packages `cwt` and `pycose`: `MINGZHENG_PYTHON`, or `python3`.
fn python() -> Option<PathBuf> {
    let python = match std::env::var_os("MINGZHENG_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => program("python3")?,
    };
    let ready = Command::new(&python)
        .args(["-c", "import cwt, pycose"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !ready {
        missing("Python with cwt and pycose (name it in MINGZHENG_PYTHON)");
        return None;
    }
    Some(python)
}

/// What COSE libraries that are not ours say of a QR text under a public key in hexadecimal: the payload, or why not.
pub fn foreign_cose(qr_text: &str, public_key: &str) -> Option<Result<Value, String>> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(python()?)
        .arg(crate::root().join("tests/interop/verify_cose.py"))
        .args([qr_text, public_key])
        .output()
        .expect("python runs");
    match status.code() {
        Some(0) => Some(Ok(
            serde_json::from_slice(&stdout).expect("JSON of the script")
        )),
        Some(1) => Some(Err(String::from_utf8_lossy(&stderr).into_owned())),
        code => panic!(
            "the script ended with {code:?}: {}",
            String::from_utf8_lossy(&stderr)
        ),
    }
}

/// What a program that shares no code with ours says of a public log and a proof: size, root, number of checkpoints.
pub fn foreign_log(url: &str, vkey: &str, proof: &str) -> Option<Value> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("proof.tlog");
    std::fs::write(&file, proof).expect("a file");
    let output = Command::new(python()?)
        .arg(crate::root().join("tests/interop/python/log_tree.py"))
        .args([url, vkey])
        .arg(&file)
        .output()
        .expect("python runs");
    assert!(
        output.status.success(),
        "the log is refused: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).expect("JSON of the script"))
}
