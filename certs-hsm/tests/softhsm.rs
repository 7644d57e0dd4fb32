//! A real token of SoftHSM in a folder of its own. The library finds its configuration by an environment variable, so the test
//! runs itself again with it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use certs::keys::{KeyId, SignError, Signer};
use certs_hsm::{Token, TokenFault};
use zeroize::Zeroizing;

const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];
const INSIDE: &str = "MINGZHENG_TEST_TOKEN";
const PIN: &str = "a-pin-of-tests";

fn module() -> Option<&'static Path> {
    MODULES.iter().map(Path::new).find(|path| path.exists())
}

fn util(configuration: &Path, arguments: &[&str]) -> std::io::Result<std::process::ExitStatus> {
    Command::new("softhsm2-util")
        .args(arguments)
        .env("SOFTHSM2_CONF", configuration)
        .stdout(std::process::Stdio::null())
        .status()
}

#[test]
fn a_token_signs_what_the_key_file_signs_and_keeps_its_key() {
    if std::env::var_os(INSIDE).is_some() {
        return on_the_token();
    }
    let found = module().is_some() && util(Path::new("/dev/null"), &["--version"]).is_ok();
    if !found {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "softhsm2 is not installed");
        eprintln!("\n!!!! NOT RUN: no softhsm2 on this machine !!!!\n");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a folder");
    let configuration = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&configuration, text).expect("written");
    for label in ["issuers", "twin", "twin"] {
        let made = util(
            &configuration,
            &[
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                PIN,
                "--so-pin",
                "a-so-pin",
            ],
        );
        assert!(made.expect("softhsm2-util").success(), "{label}");
    }
    let program = std::env::current_exe().expect("this program");
    let inside = Command::new(program)
        .args([
            "--exact",
            "--nocapture",
            "a_token_signs_what_the_key_file_signs_and_keeps_its_key",
        ])
        .env("SOFTHSM2_CONF", &configuration)
        .env(INSIDE, "1")
        .status();
    assert!(inside.expect("run again").success());
}

fn kid(text: &str) -> KeyId {
    text.parse().expect("a kid")
}

fn on_the_token() {
    let module = module().expect("the module");
    let pin = Zeroizing::new(PIN.to_owned());
    let token = Token::open(module, "issuers", &pin).expect("the token");
    let signer = token.generate(&kid("k3726")).expect("a key");
    assert!(token.has(&kid("k3726")).expect("asked"));
    let signature = signer.sign(b"text").expect("signed and checked");
    assert!(signer.public_key().verify(b"text", &signature).is_ok());
    assert!(signer.public_key().verify(b"other", &signature).is_err());

    // Opened anew, from several threads: the same key, and each signature is good.
    let again = Token::open(module, "issuers", &pin).expect("the token");
    let signer: Arc<dyn Signer> = Arc::new(again.signer(&kid("k3726")).expect("the key"));
    assert_eq!(
        signer.sign(b"text").expect("signed"),
        signature,
        "the same key"
    );
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let signer = &signer;
            scope.spawn(move || {
                for number in 0..50_u8 {
                    signer.sign(&[thread, number]).expect("signed");
                }
            });
        }
    });
    let batch: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number]).collect();
    assert_eq!(signer.sign_all(&batch).expect("signed").len(), 20);

    // What is wrong is told apart.
    let fault = |label: &str, pin: &str| {
        Token::open(module, label, &Zeroizing::new(pin.to_owned())).expect_err("refused")
    };
    assert!(matches!(fault("nobody", PIN), TokenFault::NoToken(_)));
    assert!(matches!(fault("twin", PIN), TokenFault::TwoTokens(_)));
    assert!(matches!(
        token.signer(&kid("k9999")),
        Err(TokenFault::NoKey(_))
    ));
    assert!(matches!(
        token.generate(&kid("k3726")),
        Err(TokenFault::TwoKeys(_))
    ));
    let other = token.generate(&kid("k3726-2")).expect("another key");
    assert_ne!(other.public_key(), signer.public_key());
    assert_eq!(format!("{token:?}"), "Token(***)");

    // The whole way: a certificate under a key of the token verifies like any other.
    let claims = certs::certificate::Claims {
        issued_at: "2026-03-08T02:00:00Z".parse().expect("a moment"),
        expires_at: None,
        holder: "虚构学员".parse().expect("a name"),
        certificate_no: domain::CertificateNo::mint("37", 2026, &[1, 2, 3, 4, 5, 6, 7, 8])
            .expect("a number"),
        program: "P3700012".parse().expect("a program"),
        institution: "521101053269910274".parse().expect("a credit code"),
        level: None,
        status_list: 1,
        status_index: 2,
        public_id: domain::PublicId::from_bytes([3; 16]),
    };
    let signed = certs::certificate::sign(&claims, signer.as_ref()).expect("signed");
    let decoded = certs::certificate::decode(signed.as_bytes()).expect("a certificate");
    assert!(decoded.verify_with(signer.public_key()).is_ok());

    // Every session was ended from outside, as when a module is restarted: handles of before are void, the key is found anew.
    cryptoki::context::Pkcs11::new(module)
        .expect("the module")
        .finalize()
        .expect("ended");
    cryptoki::context::Pkcs11::new(module)
        .expect("the module")
        .initialize(cryptoki::context::CInitializeArgs::new(
            cryptoki::context::CInitializeFlags::OS_LOCKING_OK,
        ))
        .expect("begun again");
    for _ in 0..2 {
        assert_eq!(signer.sign(b"text").expect("signed again"), signature);
    }

    // A key that somebody has taken from the token signs no more, and the fault is not a panic.
    std::fs::remove_dir_all(tokens_folder()).expect("removed");
    assert_eq!(signer.sign(b"text"), Err(SignError::Unavailable));
}

fn tokens_folder() -> std::path::PathBuf {
    let configuration = std::env::var_os("SOFTHSM2_CONF").expect("the configuration");
    Path::new(&configuration).with_file_name("tokens")
}
