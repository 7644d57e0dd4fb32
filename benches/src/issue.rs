//! Batch issue of 10,000 certificates on SQLite with full durability, against the sum of raw signing and raw multi-row
//! insert of the same bytes: `cargo run --release -p benches --bin issue`.
//!
//! The story before (an institution, ten classes of a thousand, their attendance and results) is not measured. What is
//! measured is the approval: gates for every trainee, signatures, rows, leaves, tiles, checkpoint, commit.

// The whole story lies in one future.
#![recursion_limit = "256"]

use std::path::Path;
use std::time::Duration;

use api::certificates::issue::approve_stored;
use benches::{Stretch, add, percent};
use certs::keys::Signer;
use domain::access::Actor;
use sea_orm::{
    ConnectionTrait, Database as Sea, DatabaseConnection, DbBackend, Statement, TransactionTrait,
    Value,
};
use tests::{Database, Story, TestServer};

const CLASSES: u32 = 10;
const TRAINEES: u32 = 1_000;
/// Bind variables that SQLite takes in one statement.
const VARIABLES: usize = 32_766;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, large_institution()?)?;
    let server = TestServer::start_with(Database::Sqlite, |settings| {
        settings.policy_file = Some(policy);
    })
    .await;
    eprintln!("preparing {CLASSES} classes of {TRAINEES} trainees");
    let mut story = Story::ready_on(server).await;
    story.places = TRAINEES;
    let mut batches = Vec::new();
    for class in 1..=CLASSES {
        let cohort = story.accepted(TRAINEES).await;
        batches.push(story.propose(&cohort).await);
        eprintln!("  class {class} of {CLASSES} is accepted");
    }
    let app = story.server.app.clone();
    let officer = actor(&story, "province-1").await?;
    let first_leaf = story.server.leaves().await;

    let mut ours = [Duration::ZERO; 2];
    for batch in &batches {
        let key = tests::client::fresh_key().parse()?;
        let begun = Stretch::begin();
        approve_stored(&app, &officer, &key, batch.parse()?).await?;
        ours = add(ours, begun.end());
    }
    let issued = story.server.leaves().await - first_leaf;
    assert_eq!(
        issued,
        u64::from(CLASSES * TRAINEES),
        "a leaf for each certificate"
    );

    let file = story.server.data().join("registry.sqlite");
    let source = Sea::connect(format!("sqlite://{}?mode=ro", file.display())).await?;
    let signing = raw_signing(&story, &source, first_leaf).await?;
    let (inserting, rows, bytes) = raw_insert(&source, folder.path(), first_leaf).await?;
    let limit = add(signing, inserting);
    let row = |name: &str, [wall, processor]: [Duration; 2]| {
        println!(
            "{name:<27}{:>8} ms{:>8} ms",
            wall.as_millis(),
            processor.as_millis()
        );
    };
    println!("certificates issued        {issued} in {CLASSES} batches");
    println!("rows of the same bytes     {rows} ({} KiB)", bytes / 1024);
    println!("{:<27}{:>8}   {:>8}", "", "wall", "processor");
    row("limit: raw signing", signing);
    row("limit: raw insert, commit", inserting);
    row("limit: sum", limit);
    row("ours", ours);
    println!(
        "ours against the limit     {:>8} % {:>8} %   (goal: at least 50 %)",
        percent(limit[0], ours[0]),
        percent(limit[1], ours[1])
    );
    Ok(())
}

/// The national policy, but for the caps of a provisional institution.
fn large_institution() -> Result<String, Error> {
    let file = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
    let mut policy: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    policy["policy_id"] = "BENCH".into();
    policy["workflow"]["provisional_max_cohorts"] = 1_000.into();
    policy["workflow"]["provisional_max_trainees"] = 1_000_000.into();
    // A benchmark issues more than any institution: no batch is held for it.
    policy["workflow"]["issue_burst_certificates"] = 1_000_000.into();
    Ok(policy.to_string())
}

async fn actor(story: &Story, name: &str) -> Result<Actor, Error> {
    let signed =
        api::access::accounts::sign_in(&story.server.app, name, tests::story::PASSWORD).await?;
    Ok(signed.actor)
}

/// Signs the same certificates again with the bare library, on as many threads as we use.
async fn raw_signing(
    story: &Story,
    source: &DatabaseConnection,
    first_leaf: u64,
) -> Result<[Duration; 2], Error> {
    let kid = source
        .query_one_raw(statement(&format!(
            "SELECT kid FROM certificate WHERE leaf_index = {first_leaf}"
        )))
        .await?
        .ok_or("a certificate")?
        .try_get_by_index::<String>(0)?
        .parse()?;
    let signer = story.server.app.keyring.issuer(&kid)?;
    let rows = source
        .query_all_raw(statement(&format!(
            "SELECT entry FROM log_leaf WHERE leaf_index >= {first_leaf}"
        )))
        .await?;
    // The signed structure is about this long; its content makes no difference to the time.
    let messages: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| {
            row.try_get_by_index::<Vec<u8>>(0)
                .map(|entry| entry.repeat(2))
        })
        .collect::<Result<_, _>>()?;
    let threads = std::thread::available_parallelism()?.get();
    let begun = Stretch::begin();
    std::thread::scope(|scope| {
        for share in messages.chunks(messages.len().div_ceil(threads)) {
            let signer: &dyn Signer = signer.as_ref();
            scope.spawn(move || {
                for message in share {
                    let _ = std::hint::black_box(signer.sign(message));
                }
            });
        }
    });
    Ok(begun.end())
}

/// Inserts the rows that the issue wrote into a new file with the same tables, indexes and durability.
async fn raw_insert(
    source: &DatabaseConnection,
    folder: &Path,
    first_leaf: u64,
) -> Result<([Duration; 2], usize, usize), Error> {
    let target = Sea::connect(format!(
        "sqlite://{}?mode=rwc",
        folder.join("raw.sqlite").display()
    ))
    .await?;
    for pragma in [
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=OFF",
        "cache_size=-16384",
        "temp_store=MEMORY",
    ] {
        target
            .execute_unprepared(&format!("PRAGMA {pragma}"))
            .await?;
    }
    let schema = source
        .query_all_raw(statement(
            "SELECT sql FROM sqlite_master WHERE tbl_name IN ('certificate', 'log_leaf') AND sql IS NOT NULL ORDER BY type DESC",
        ))
        .await?;
    for row in schema {
        target
            .execute_unprepared(&row.try_get_by_index::<String>(0)?)
            .await?;
    }
    let mut tables = Vec::new();
    let mut bytes = 0;
    for table in ["certificate", "log_leaf"] {
        tables.push((table, rows_of(source, table, first_leaf, &mut bytes).await?));
    }
    let count: usize = tables.iter().map(|(_, rows)| rows.len()).sum();
    let begun = Stretch::begin();
    let share = usize::try_from(TRAINEES)?;
    for batch in 0..usize::try_from(CLASSES)? {
        let tx = target.begin().await?;
        for (table, rows) in &tables {
            let rows = &rows[batch * share..(batch + 1) * share];
            let width = rows[0].len();
            for chunk in rows.chunks(VARIABLES / width) {
                let places =
                    vec![format!("({})", vec!["?"; width].join(",")); chunk.len()].join(",");
                let sql = format!("INSERT INTO {table} VALUES {places}");
                let values: Vec<Value> = chunk.iter().flatten().cloned().collect();
                tx.execute_raw(Statement::from_sql_and_values(
                    DbBackend::Sqlite,
                    sql,
                    values,
                ))
                .await?;
            }
        }
        tx.commit().await?;
    }
    Ok((begun.end(), count, bytes))
}

async fn rows_of(
    source: &DatabaseConnection,
    table: &str,
    first_leaf: u64,
    bytes: &mut usize,
) -> Result<Vec<Vec<Value>>, Error> {
    let mut columns = Vec::new();
    for row in source
        .query_all_raw(statement(&format!("PRAGMA table_info({table})")))
        .await?
    {
        columns.push((
            row.try_get::<String>("", "name")?,
            row.try_get::<String>("", "type")?,
        ));
    }
    let sql = format!("SELECT * FROM {table} WHERE leaf_index >= {first_leaf} ORDER BY leaf_index");
    let mut rows = Vec::new();
    for row in source.query_all_raw(statement(&sql)).await? {
        let mut values = Vec::with_capacity(columns.len());
        for (name, kind) in &columns {
            values.push(match kind.to_uppercase().as_str() {
                "BLOB" => {
                    let value: Option<Vec<u8>> = row.try_get("", name)?;
                    *bytes += value.as_ref().map_or(0, Vec::len);
                    value.into()
                }
                "TEXT" => {
                    let value: Option<String> = row.try_get("", name)?;
                    *bytes += value.as_ref().map_or(0, String::len);
                    value.into()
                }
                _ => {
                    *bytes += 8;
                    row.try_get::<Option<i64>>("", name)?.into()
                }
            });
        }
        rows.push(values);
    }
    Ok(rows)
}

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}
