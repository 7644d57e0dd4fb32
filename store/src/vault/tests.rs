//! A value opens in its own place alone; keys of several versions stand side by side.

use super::sealing::NONCE;
use super::*;

fn vault() -> Vault {
    let counter = std::sync::atomic::AtomicU8::new(1);
    let random: RandomBytes = Arc::new(move |buffer| {
        buffer.fill(counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    });
    Vault::new(1, &[7; 32], [9; 32], random)
}

#[test]
fn a_sealed_value_opens_only_in_its_own_column_and_row() {
    let vault = vault();
    let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (key, wrapped) = vault.new_data_key(owner).expect("a data key");
    let sealed = key
        .seal("person_name.name", row, "张三".as_bytes())
        .expect("sealed");
    let again = vault.open_data_key(owner, &wrapped).expect("opens");
    assert_eq!(
        again
            .open_text("person_name.name", row, &sealed)
            .expect("opens")
            .as_str(),
        "张三"
    );
    assert!(
        again
            .open("person_name.name", Uuid::from_u128(3), &sealed)
            .is_err()
    );
    assert!(again.open("person_identifier.value", row, &sealed).is_err());
    assert!(vault.open_data_key(Uuid::from_u128(9), &wrapped).is_err());
    let mut bent = sealed.clone();
    bent[20] ^= 1;
    assert!(again.open("person_name.name", row, &bent).is_err());
    assert!(again.open("person_name.name", row, &[]).is_err());
}

#[test]
fn no_two_values_share_a_nonce() {
    let next = std::sync::atomic::AtomicU32::new(0);
    let random: RandomBytes = Arc::new(move |buffer| {
        for word in buffer.chunks_mut(4) {
            let number = next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            word.copy_from_slice(&number[..word.len()]);
        }
    });
    let vault = Vault::new(1, &[7; 32], [9; 32], random);
    let (key, _) = vault.new_data_key(Uuid::from_u128(1)).expect("a data key");
    let mut seen = std::collections::HashSet::new();
    for row in 0..2_000 {
        let sealed = key.seal("a.b", Uuid::from_u128(row), b"x").expect("sealed");
        assert!(seen.insert(sealed[..NONCE].to_vec()), "{row}");
    }
}

#[test]
fn a_value_that_does_not_open_is_remembered_for_the_audit() {
    let vault = vault();
    let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (key, _) = vault.new_data_key(owner).expect("a data key");
    let sealed = key.seal("person_name.name", row, b"x").expect("sealed");
    assert!(vault.take_failures().is_empty());
    let moved = Uuid::from_u128(3);
    key.open("person_name.name", moved, &sealed)
        .expect_err("moved to another row");
    let failure = SealFailure {
        label: "person_name.name",
        row: moved,
    };
    assert_eq!(vault.take_failures(), [failure]);
    assert!(vault.take_failures().is_empty(), "told once");
}

#[test]
fn a_new_master_key_wraps_anew_and_the_old_one_still_opens() {
    let vault = vault();
    let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (key, old) = vault.new_data_key(owner).expect("a data key");
    let sealed = key.seal("person_name.name", row, b"x").expect("sealed");
    let secret = vault
        .seal_registry_secret("list", row, b"seed")
        .expect("sealed");
    vault.add(KeyKind::Master, 2, &Zeroizing::new([5; 32]));
    let new = vault.rewrap(owner, &old).expect("wrapped anew");
    assert_eq!((old.version, new.version), (1, 2));
    for wrapped in [&old, &new] {
        let key = vault.open_data_key(owner, wrapped).expect("opens");
        assert_eq!(
            key.open("person_name.name", row, &sealed).expect("opens"),
            b"x"
        );
    }
    let lying = WrappedKey { version: 2, ..old };
    assert!(
        vault.open_data_key(owner, &lying).is_err(),
        "the version is bound in"
    );
    assert_eq!(secret_version(&secret), Some(1));
    assert_eq!(
        vault
            .open_registry_secret("list", row, &secret)
            .expect("opens"),
        b"seed"
    );
}

#[test]
fn a_version_of_another_process_comes_from_the_source() {
    let source: KeySource = Arc::new(|kind, version| {
        (kind == KeyKind::Master && version == 2).then(|| Zeroizing::new([5; 32]))
    });
    let (ours, theirs) = (vault().with_source(source), vault());
    theirs.add(KeyKind::Master, 2, &Zeroizing::new([5; 32]));
    let owner = Uuid::from_u128(1);
    let (_, wrapped) = theirs.new_data_key(owner).expect("a data key");
    assert!(ours.open_data_key(owner, &wrapped).is_ok());
    assert_eq!(ours.version(KeyKind::Master), 2, "and seals from now on");
    assert!(ours.learn(KeyKind::Master, 3).is_err());
}

#[test]
fn blind_indexes_of_different_columns_differ() {
    let vault = vault();
    assert_eq!(
        vault.blind_index("citizen_id", "A"),
        vault.blind_index("citizen_id", "A")
    );
    assert_ne!(
        vault.blind_index("citizen_id", "A"),
        vault.blind_index("disability_card", "A")
    );
}
