//! A bundle of a whole country out of its database: `cargo run --release -p benches --bin bundle [CERTIFICATES]`. Goals: ten
//! million certificates in at most 60 s, opened by the verifier in at most 200 ms, the status part at most 1.5 MB.
//!
//! The rows are copies of what a story made, with other ids: 20,000 institutions with their timelines, 20,000 programs, and
//! certificates of which one in two hundred is revoked, in places of status lists as they are given out. The limit is reading
//! the same rows and nothing else.

// The whole story lies in one future.
#![recursion_limit = "256"]

use std::time::{Duration, Instant};

use api::bundles::build;
use api::certificates::status_place;
use benches::{Stretch, percent};
use certs::bundle::Bundle;
use domain::CreditCode;
use sea_orm::{
    ConnectionTrait, Database as Sea, DatabaseConnection, DbBackend, Statement, TransactionTrait,
};
use store::certificates::StatusList;
use tests::{Database, Story};

/// Institutions, and as many programs.
const CODES: u32 = 20_000;
/// Places of a list, and those of them that certificates get.
const LIST: u32 = 131_072;
const PLACES: u32 = LIST - LIST / 64;
/// Of so many certificates this one is revoked.
const REVOKED: (u32, u32) = (200, 7);

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let count: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 10_000_000,
    };
    let (story, _) = Story::with_certificates(Database::Sqlite, 1).await;
    let app = &story.server.app;
    let made = Instant::now();
    let lists = count.div_ceil(PLACES);
    let tx = app.store.write().await?;
    let mut places = Vec::new();
    for number in 1..=lists {
        let list = StatusList {
            // The story's own list is the first.
            id: number + 1,
            size: LIST,
            used: PLACES.min(count - (number - 1) * PLACES),
            seed: app.random.bytes(),
        };
        store::certificates::insert_status_list(&tx, app.store.vault(), &list, app.now()).await?;
        let first = (number - 1) * PLACES;
        let revoked = (first..first + list.used).filter(|at| at % REVOKED.0 == REVOKED.1);
        places.extend(revoked.filter_map(|at| Some((at, status_place(&list, at - first)?))));
    }
    store::commit(tx).await?;
    let file = story.server.data().join("registry.sqlite");
    let size = fill(&file, count, &places).await?;
    println!("certificates               {count} in {lists} lists");
    println!(
        "rows made in               {} s, {} MB",
        made.elapsed().as_secs(),
        size >> 20
    );
    let limit = stream(&file).await?;
    let begun = Stretch::begin();
    let built = build(app).await?;
    let ours = begun.end();
    println!(
        "limit: read the rows       {} ms of wall, {} of processor",
        limit[0].as_millis(),
        limit[1].as_millis()
    );
    println!(
        "ours: built and kept       {} ms of wall, {} of processor (goal: at most 60,000)",
        ours[0].as_millis(),
        ours[1].as_millis()
    );
    println!(
        "ours against the limit     {} %",
        percent(ours[0], limit[0])
    );
    println!(
        "bytes                      {}, of which status {} (goal: at most 1,500,000)",
        built.bytes, built.status_bytes
    );
    let bytes = store::bundles::bytes(app.store.public(), built.number)
        .await?
        .ok_or("the bundle")?;
    let roots = api::trust::list::roots(app.store.reader()).await?;
    let opened: Vec<Duration> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            Bundle::open(&bytes, &roots).map(|_| begun.elapsed())
        })
        .collect::<Result<_, _>>()?;
    println!(
        "opened in                  {} ms (goal: at most 200)",
        benches::median(opened).as_millis()
    );
    Ok(())
}

/// Columns of a table with what each is in a copy: its own value, or the expression given.
async fn copied(
    db: &impl ConnectionTrait,
    table: &str,
    other: &[(&str, &str)],
) -> Result<(String, String), Error> {
    let rows = db
        .query_all_raw(Statement::from_string(
            DbBackend::Sqlite,
            format!("SELECT name FROM pragma_table_info('{table}')"),
        ))
        .await?;
    let names: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;
    let values: Vec<String> = names
        .iter()
        .map(|name| {
            other
                .iter()
                .find(|(column, _)| column == name)
                .map_or_else(|| format!("t.{name}"), |(_, value)| (*value).to_owned())
        })
        .collect();
    Ok((names.join(", "), values.join(", ")))
}

/// An id that only copies have.
fn id(kind: u8, number: &str) -> String {
    format!("unhex(printf('{kind:02x}%030x', {number}))")
}

/// Makes the rows; answers the bytes of the database.
async fn fill(file: &std::path::Path, count: u32, places: &[(u32, u32)]) -> Result<u64, Error> {
    // One connection: the settings below are of a connection.
    let mut options = sea_orm::ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(1);
    let db = Sea::connect(options).await?;
    for pragma in [
        "synchronous=OFF",
        "cache_size=-2000000",
        "foreign_keys=OFF",
        "temp_store=MEMORY",
    ] {
        db.execute_unprepared(&format!("PRAGMA {pragma}")).await?;
    }
    let tx = db.begin().await?;
    codes(&tx).await?;
    let (institution, admission, program) = (id(1, "n.i"), id(2, "n.i"), id(3, "n.i"));
    let (version, step) = (id(4, "n.i"), id(5, "n.i * 64 + t.rowid % 64"));
    // The story's certificate stays the only one of its kind.
    let from_one = "FROM codes n, (SELECT * FROM";
    for (table, one, other) in [
        (
            "institution",
            "LIMIT 1",
            vec![
                ("id", institution.as_str()),
                ("credit_code", "n.credit_code"),
                ("name", "'虚构第' || n.i || '职业培训学校'"),
            ],
        ),
        (
            "admission",
            "LIMIT 1",
            vec![
                ("id", admission.as_str()),
                ("institution_id", institution.as_str()),
            ],
        ),
        (
            "program",
            "LIMIT 1",
            vec![("id", program.as_str()), ("code", "n.program")],
        ),
        (
            "program_version",
            "WHERE published_on IS NOT NULL LIMIT 1",
            vec![
                ("id", version.as_str()),
                ("program_id", program.as_str()),
                ("name", "'虚构技能培训之' || n.i"),
            ],
        ),
    ] {
        let (names, values) = copied(&tx, table, &other).await?;
        let sql =
            format!("INSERT INTO {table} ({names}) SELECT {values} {from_one} {table} {one}) t");
        tx.execute_unprepared(&sql).await?;
    }
    let other = [("id", step.as_str()), ("object_id", admission.as_str())];
    let (names, values) = copied(&tx, "timeline", &other).await?;
    tx.execute_unprepared(
        "CREATE TEMP TABLE steps AS SELECT * FROM timeline WHERE object_kind = 'admission'",
    )
    .await?;
    tx.execute_unprepared(&format!(
        "INSERT INTO timeline ({names}) SELECT {values} FROM codes n, steps t"
    ))
    .await?;
    tx.execute_unprepared("CREATE TEMP TABLE places (i INTEGER PRIMARY KEY, place INTEGER)")
        .await?;
    for chunk in places.chunks(1_000) {
        let rows: Vec<String> = chunk
            .iter()
            .map(|(at, place)| format!("({at},{place})"))
            .collect();
        tx.execute_unprepared(&format!("INSERT INTO places VALUES {}", rows.join(",")))
            .await?;
    }
    certificates(&tx, count).await?;
    tx.commit().await?;
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
        .await?;
    db.close().await?;
    Ok(std::fs::metadata(file)?.len())
}

/// Codes with their check characters, in a table for the copies.
async fn codes(db: &impl ConnectionTrait) -> Result<(), Error> {
    db.execute_unprepared(
        "CREATE TEMP TABLE codes (i INTEGER PRIMARY KEY, credit_code TEXT, program TEXT)",
    )
    .await?;
    for number in 0..CODES {
        let code = "0123456789ABCDEFGHJKLMNPQRTUWXY"
            .chars()
            .map(|check| format!("52370000{number:09}{check}"))
            .find(|text| CreditCode::parse_allowing_organisation_checksum(text).is_ok())
            .ok_or("no check character fits")?;
        db.execute_unprepared(&format!(
            "INSERT INTO codes VALUES ({number}, '{code}', 'P37{number:05}')"
        ))
        .await?;
    }
    Ok(())
}

/// The certificates. Indexes are made afterwards: sorted once, not kept in order row by row.
async fn certificates(db: &impl ConnectionTrait, count: u32) -> Result<(), Error> {
    let rows = db
        .query_all_raw(Statement::from_string(
            DbBackend::Sqlite,
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'certificate' AND sql IS NOT NULL",
        ))
        .await?;
    let mut indexes = Vec::new();
    for row in rows {
        let (name, sql): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        indexes.push(sql);
    }
    // Whose place is not told by a bundle may stand anywhere.
    let place = "COALESCE((SELECT place FROM places WHERE i = n.i), 0)".to_owned();
    let status = format!(
        "CASE WHEN n.i % {} = {} THEN 'revoked' ELSE 'issued' END",
        REVOKED.0, REVOKED.1
    );
    let list = format!("n.i / {PLACES} + 2");
    let certificate = id(6, "n.i");
    let other = [
        ("id", certificate.as_str()),
        ("public_id", "randomblob(16)"),
        ("certificate_no", "printf('B%016d', n.i)"),
        ("enrolment_id", "randomblob(16)"),
        ("person_id", "randomblob(16)"),
        ("status", status.as_str()),
        ("status_list", list.as_str()),
        ("status_index", place.as_str()),
        ("leaf_index", "n.i + 1000"),
        ("holder_index", "randomblob(32)"),
        ("cose_sha256", "randomblob(32)"),
    ];
    let (names, values) = copied(db, "certificate", &other).await?;
    db.execute_unprepared(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count}) \
         INSERT INTO certificate ({names}) SELECT {values} FROM n, (SELECT * FROM certificate LIMIT 1) t"
    ))
    .await?;
    for sql in indexes {
        db.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// The rows that a bundle tells of, read in one go and dropped.
async fn stream(file: &std::path::Path) -> Result<[Duration; 2], Error> {
    let db: DatabaseConnection =
        Sea::connect(format!("sqlite://{}?mode=ro", file.display())).await?;
    let begun = Stretch::begin();
    for (sql, columns) in [
        (
            "SELECT status_list, status_index FROM certificate WHERE status <> 'issued' ORDER BY status_list, status_index",
            false,
        ),
        (
            "SELECT i.credit_code, h.to_state FROM institution i JOIN admission a ON a.institution_id = i.id \
             JOIN timeline h ON h.object_id = a.id WHERE h.to_state IS NOT NULL ORDER BY i.credit_code, h.at, h.id",
            true,
        ),
        (
            "SELECT p.code, v.name FROM program p JOIN program_version v ON v.program_id = p.id ORDER BY p.code",
            true,
        ),
    ] {
        let rows = db
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await?;
        for row in &rows {
            // Every value is taken out of the row, as anybody who wants it must.
            if columns {
                let pair: (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                std::hint::black_box(pair);
            } else {
                let pair: (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                std::hint::black_box(pair);
            }
        }
    }
    Ok(begun.end())
}
