//! Sealing and indexing the people of 50,000 roster rows against inserting the same rows in clear, in the same run and
//! with the same durability: `cargo run --release -p benches --bin vault [ROWS]`. Goal: at most twice the time.
//!
//! Ours: a data key for each person, wrapped; name, identity number, disability card and telephone sealed; two blind
//! indexes. In clear: the same rows of the same tables with the same indexes, the values as they are.

// The whole story lies in one future.
#![recursion_limit = "256"]

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database as Sea, DbBackend, Statement, TransactionTrait, Value};
use store::persons::{Card, NewPerson};
use tests::{Database, TestServer, rosters};
use uuid::Uuid;

/// Bind variables that SQLite takes in one statement.
const VARIABLES: usize = 32_766;

type Error = Box<dyn std::error::Error>;

struct Row {
    citizen_id: String,
    card: String,
    name: String,
    phone: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let count: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 50_000,
    };
    let rows: Vec<Row> = (1..=count)
        .map(|number| {
            let citizen_id = rosters::citizen_id(number);
            Row {
                card: format!("{citizen_id}43"),
                name: format!("虚构样{}", rosters::chinese(number)),
                phone: format!("139{number:08}"),
                citizen_id,
            }
        })
        .collect();
    let server = TestServer::start(Database::Sqlite).await;
    let ours = sealed(&server, &rows).await?;
    let file = server.data().join("registry.sqlite");
    let clear = in_clear(&file, &server.data().join("clear.sqlite"), &rows).await?;
    let permille = ours.as_micros() * 1_000 / clear.as_micros().max(1);
    println!("people                     {count}");
    println!("limit: insert in clear     {} ms", clear.as_millis());
    println!("ours: sealed and indexed   {} ms", ours.as_millis());
    println!(
        "ours against the limit     {}.{:03} times (goal: at most 2)",
        permille / 1_000,
        permille % 1_000
    );
    Ok(())
}

/// What an import does with the people of its rows, in one transaction.
async fn sealed(server: &TestServer, rows: &[Row]) -> Result<Duration, Error> {
    let app = &server.app;
    let (now, today, vault) = (app.now(), app.today(), app.store.vault());
    let people: Vec<NewPerson<'_>> = rows
        .iter()
        .map(|row| NewPerson {
            citizen_id: &row.citizen_id,
            name: &row.name,
        })
        .collect();
    let begun = Instant::now();
    let tx = app.store.write().await?;
    let new_id = || app.random.id(now);
    let made = store::persons::make(&tx, vault, &people, now, today, new_id).await?;
    let mut cards = Vec::with_capacity(rows.len());
    for (row, made) in rows.iter().zip(&made) {
        let (person, key) = made.as_ref().ok_or("a person made twice")?;
        // The telephone goes into the row of the enrolment; here its sealing alone is measured.
        std::hint::black_box(key.seal("enrolment.phone", person.uuid(), row.phone.as_bytes())?);
        cards.push(Card {
            person: *person,
            key,
            number: &row.card,
        });
    }
    store::persons::keep_cards(&tx, vault, &cards, today, new_id).await?;
    store::commit(tx).await?;
    Ok(begun.elapsed())
}

/// The same rows of the same tables, with what is sealed or indexed put in as it is.
async fn in_clear(source: &Path, target: &Path, rows: &[Row]) -> Result<Duration, Error> {
    let source = Sea::connect(format!("sqlite://{}?mode=ro", source.display())).await?;
    let target = Sea::connect(format!("sqlite://{}?mode=rwc", target.display())).await?;
    for pragma in [
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16384",
        "temp_store=MEMORY",
        "secure_delete=ON",
    ] {
        target
            .execute_unprepared(&format!("PRAGMA {pragma}"))
            .await?;
    }
    let schema = source
        .query_all_raw(Statement::from_string(
            DbBackend::Sqlite,
            "SELECT sql FROM sqlite_master WHERE tbl_name IN ('person', 'person_identifier', 'person_name')
               AND sql IS NOT NULL ORDER BY type DESC, rowid",
        ))
        .await?;
    for row in schema {
        target
            .execute_unprepared(&row.try_get_by_index::<String>(0)?)
            .await?;
    }
    let begun = Instant::now();
    let tx = target.begin().await?;
    let id = |kind: u128, at: usize| Value::from(Uuid::from_u128((kind << 64) | at as u128));
    let text = |text: &str| Value::from(text.as_bytes().to_vec());
    let mut tables: [(&str, Vec<Vec<Value>>); 3] = [
        (
            "person (id, data_key, data_key_version, created_at)",
            Vec::with_capacity(rows.len()),
        ),
        (
            "person_identifier (id, person_id, kind, value_enc, blind_index, valid_from)",
            Vec::with_capacity(rows.len() * 2),
        ),
        (
            "person_name (id, person_id, name_enc, valid_from)",
            Vec::with_capacity(rows.len()),
        ),
    ];
    for (at, row) in rows.iter().enumerate() {
        tables[0]
            .1
            .push(vec![id(1, at), text(""), 1_i32.into(), 0_i64.into()]);
        for (kind, name, value) in [
            (2, "citizen_id", &row.citizen_id),
            (3, "disability_card", &row.card),
        ] {
            tables[1].1.push(vec![
                id(kind, at),
                id(1, at),
                name.into(),
                text(value),
                text(value),
                "2026-03-02".into(),
            ]);
        }
        tables[2].1.push(vec![
            id(4, at),
            id(1, at),
            text(&row.name),
            "2026-03-02".into(),
        ]);
        std::hint::black_box(row.phone.clone());
    }
    for (table, rows) in tables {
        let width = rows[0].len();
        for chunk in rows.chunks(VARIABLES / width) {
            let places = vec![format!("({})", vec!["?"; width].join(",")); chunk.len()].join(",");
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
    Ok(begun.elapsed())
}
