//! A takeover excuses what was lost and nothing else: what the old log had before stays as it was signed (docs/formats.md
//! 6.1, trust.md LG-8, LG-11). The logs are files; no registry is asked.

use certs::keys::{KeyState, Signer as _, SoftwareSigner};
use certs::log::{
    Checkpoint, Edge, Hash, LeafEntry, Origin, SignedCheckpoint, bundle_path, vkey, write_bundle,
};
use chrono::DateTime;
use tests::command::{Mingzheng, Ran, built};

use crate::witnesses::alarms;

/// Leaves of the old log at its last checkpoint.
const CLOSED: u64 = 50;
/// Leaves of it that the successor begins with.
const LEFT: u64 = 27;

/// A log of files with its key.
struct Log {
    origin: Origin,
    signer: SoftwareSigner,
}

impl Log {
    fn new(origin: &str, kid: &str, seed: u8) -> Self {
        Self {
            origin: origin.parse().expect("a name"),
            signer: SoftwareSigner::from_seed(kid.parse().expect("a kid"), [seed; 32].into()),
        }
    }

    fn line(&self) -> String {
        vkey(&self.origin, self.signer.public_key())
    }

    fn sign(&self, entries: &[LeafEntry]) -> SignedCheckpoint {
        let hashes: Vec<Hash> = entries.iter().map(LeafEntry::leaf_hash).collect();
        let update = Edge::empty().append(&hashes);
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: update.size,
            root: update.root,
        };
        checkpoint.sign(&self.signer).expect("signed")
    }

    fn key(&self, state: KeyState) -> LeafEntry {
        LeafEntry::KeyState {
            at: DateTime::UNIX_EPOCH,
            key_id: self.signer.key_id().clone(),
            public_key: self.signer.public_key().clone(),
            state,
        }
    }
}

fn leaves(range: std::ops::Range<u64>, salt: u8) -> Vec<LeafEntry> {
    let leaf = |index: u64| LeafEntry::AuditHead {
        at: DateTime::UNIX_EPOCH,
        sha256: [u8::try_from(index).expect("a short log") ^ salt; 32],
    };
    range.map(leaf).collect()
}

/// What a monitor says that sees the successor for the first time, and checkpoints of the old log of these sizes.
fn monitored(rewritten: bool, shown: &[u64]) -> Ran {
    let old = Log::new("log.example", "log", 1);
    let new = Log::new("log.example/2", "log-2", 2);
    let program = Mingzheng::new(built().to_str().expect("a path"));
    let truth = leaves(0..CLOSED, 0);
    let upto = |size: u64| &truth[..usize::try_from(size).expect("a short log")];
    let mut entries = upto(LEFT).to_vec();
    if rewritten {
        entries[10..11].clone_from_slice(&leaves(10..11, 0xff));
    }
    entries.extend([
        new.key(KeyState::Pending),
        new.key(KeyState::Active),
        old.key(KeyState::Retired),
        LeafEntry::Succession {
            at: DateTime::UNIX_EPOCH,
            last: old.sign(&truth).note,
        },
    ]);
    let width = u16::try_from(entries.len()).expect("a short log");
    let file = program.path("log/tile").join(bundle_path(0, width));
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    let encoded: Vec<Vec<u8>> = entries.iter().map(LeafEntry::encode).collect();
    let bundle = write_bundle(encoded.iter().map(Vec::as_slice)).expect("short entries");
    std::fs::write(file, bundle).expect("a bundle");
    program.file("log/checkpoint", new.sign(&entries).note);
    let (line, before) = (new.line(), old.line());
    let mut arguments: Vec<String> = ["log", "monitor", "log", "--state", "state"]
        .map(str::to_owned)
        .into();
    arguments.extend(["--vkey".to_owned(), line, "--before".to_owned(), before]);
    for size in shown {
        let name = format!("{size}.note");
        program.file(&name, old.sign(upto(*size)).note);
        arguments.extend(["--also".to_owned(), name]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    program.json(&arguments)
}

#[test]
fn what_was_lost_at_a_takeover_is_told_as_lost() {
    // The last leaf that is certainly the old log's, the first that is not, and the sizes around the leaf that tells it.
    let told = monitored(false, &[20, LEFT, LEFT + 1, 30, 31, 40, CLOSED]);
    assert_eq!(told.code, 1, "{}", told.err);
    let told = told.json();
    assert_eq!(alarms(&told), ["lost"], "{told}");
    assert_eq!(told["evidence"], serde_json::json!([]));
    assert_eq!(told["takeovers"][0]["whole"], false);
}

#[test]
fn a_leaf_written_anew_below_a_takeover_is_a_fork() {
    for size in [20, LEFT] {
        let told = monitored(true, &[size, CLOSED]);
        assert_eq!(told.code, 1, "{}", told.err);
        let told = told.json();
        assert_eq!(alarms(&told), ["lost", "fork"], "{told}");
        assert_eq!(told["alarms"][1]["size"], size);
        let kept = told["evidence"].as_array().expect("evidence");
        let name = format!("evidence/{size}-");
        assert!(
            kept.len() == 1 && kept[0].as_str().is_some_and(|one| one.starts_with(&name)),
            "{told}"
        );
    }
    // Below the leaf that was written anew nothing has changed.
    assert_eq!(alarms(&monitored(true, &[10]).json()), ["lost"]);
}
