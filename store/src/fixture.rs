//! A small registry for the tests of this crate: one institution, one open offer, classes on demand.
//!
//! With `MINGZHENG_TEST_POSTGRES` set to the address of a throw-away server (`postgres://user@host:port`), each test
//! makes a database of its own there instead of a SQLite file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use domain::cohort::{CohortState, Track};
use domain::ids::{CohortId, EnrolmentId, PersonId};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

use crate::cohorts::Cohort;
use crate::enrolments::{self, Details};
use crate::persons::{self, NewPerson};
use crate::vault::{DataKey, RandomBytes, Vault};
use crate::{DatabaseUrl, Durability, Store, WriteTx};

/// A store with its folder, removed at the end.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    _folder: tempfile::TempDir,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id that no other test of this run has.
pub(crate) fn id() -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(
        NEXT.fetch_add(1, Ordering::Relaxed),
        &std::process::id().to_be_bytes().repeat(3)[..10]
            .try_into()
            .expect("ten bytes"),
    )
    .into_uuid()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-04-01T02:00:00Z".parse().expect("an instant")
}

async fn new_database(server: &str) -> DatabaseUrl {
    let name = format!(
        "store_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let admin = sea_orm::Database::connect(format!("{server}/postgres"))
        .await
        .expect("the server answers");
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .expect("a new database");
    format!("{server}/{name}")
        .parse()
        .expect("a database address")
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let counter = AtomicU64::new(u64::from(std::process::id()) << 20);
        let random: RandomBytes = Arc::new(move |buffer| {
            for chunk in buffer.chunks_mut(8) {
                let n = counter
                    .fetch_add(1, Ordering::Relaxed)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15);
                chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
            }
        });
        let vault = Arc::new(Vault::new(1, &[1; 32], [2; 32], random));
        let url = match std::env::var("MINGZHENG_TEST_POSTGRES") {
            Ok(server) => new_database(&server).await,
            Err(_) => DatabaseUrl::sqlite_file(&folder.path().join("store.sqlite")),
        };
        let store = Store::open(&url, vault, Durability::Full)
            .await
            .expect("the store opens");
        Self {
            store,
            _folder: folder,
        }
    }

    /// A class of an institution of its own, at a county of its own province federation.
    pub(crate) async fn class(&self, state: CohortState, start_on: &str, end_on: &str) -> Cohort {
        let ids: [Uuid; 6] = std::array::from_fn(|_| id());
        let [institution, admission, site, program, version, offer] = ids;
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let tx = self.store.write().await.expect("a transaction");
        let hex = |id: Uuid| match tx.get_database_backend() {
            sea_orm::DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.simple()),
        };
        let pid = std::process::id();
        let sql = format!(
            "INSERT INTO region VALUES ('330000', '浙江省', '浙江', '浙江省', 'province', NULL, '330000', '1980-01-01', NULL), \
               ('330106', '西湖区', '西湖', '浙江省杭州市西湖区', 'county', '330100', '330000', '1980-01-01', NULL) ON CONFLICT DO NOTHING; \
             INSERT INTO federation VALUES ('330000', '浙江省残联', 'province', '000000'), ('330106', '西湖区残联', 'county', '330000') ON CONFLICT DO NOTHING; \
             INSERT INTO federation_area VALUES ('330000', '330106', '1980-01-01', NULL), ('330106', '330106', '1980-01-01', NULL) ON CONFLICT DO NOTHING; \
             INSERT INTO occupation VALUES ('4-14-01-02', '2022', '医疗护理员', FALSE, FALSE) ON CONFLICT DO NOTHING; \
             INSERT INTO certificate_type VALUES ('T1', '培训证书', 'Training certificate', '', '330000', NULL, 0) ON CONFLICT DO NOTHING; \
             INSERT INTO institution VALUES ({i}, '学校', 'xuexiao', 'C{pid}-{n}', 0); \
             INSERT INTO admission (id, institution_id, federation, site_region, address, phone, state, origin, applied_at, state_since, returned_count, revision) \
               VALUES ({a}, {i}, '330000', '330106', '', '', 'graded', 'native', 0, 0, 0, 1); \
             INSERT INTO site VALUES ({s}, {i}, '教学点', '330106', '', '[]', 0); \
             INSERT INTO program VALUES ({p}, 'P{pid}-{n}', '330000', NULL, NULL, 0); \
             INSERT INTO program_version (id, program_id, version, state, name, spellings, purpose, occupation_code, occupation_edition, skill_level, hours, content, \
               entry_conditions, assessment_rule, certificate_type, accessible_forms, suited_needs, published_on, state_since, revision) \
               VALUES ({v}, {p}, 1, 'published', '护理', 'huli', 'employment', '4-14-01-02', '2022', 5, 100, '[]', '', '', 'T1', '[]', '[]', '2026-01-01', 0, 1); \
             INSERT INTO offer VALUES ({o}, {v}, {a}, {s}, 'open', 0, 1);",
            i = hex(institution),
            a = hex(admission),
            s = hex(site),
            p = hex(program),
            v = hex(version),
            o = hex(offer),
        );
        tx.execute_unprepared(&sql).await.expect("rows");
        let cohort = Cohort {
            id: id().into(),
            code: format!("B{pid}-{n}"),
            offer: offer.into(),
            admission: admission.into(),
            institution: institution.into(),
            program_version: version.into(),
            site_region: "330106".to_owned(),
            name: "一班".to_owned(),
            track: Track::Full,
            state,
            start_on: day(start_on),
            end_on: day(end_on),
            planned_hours: 100,
            hours_taught: 0,
            places: 30,
            price_fen: 200_000,
            teachers: vec!["王某".to_owned()],
            confirmed_on: None,
            due_on: None,
            sent_back: 0,
            state_since: now(),
            revision: 1,
        };
        crate::cohorts::insert(&tx, &cohort).await.expect("a class");
        crate::commit(tx).await.expect("committed");
        cohort
    }

    /// Makes a person and enrols them; answers person and enrolment.
    pub(crate) async fn enrol(
        &self,
        cohort: CohortId,
        citizen_id: &str,
        name: &str,
    ) -> (PersonId, EnrolmentId) {
        let tx = self.store.write().await.expect("a transaction");
        let (person, key) = self
            .person(&tx, citizen_id, name)
            .await
            .expect("a new person");
        let enrolment = EnrolmentId::new(id());
        let details = details(enrolment, person, &key);
        enrolments::insert_all(&tx, cohort, &[details], now())
            .await
            .expect("enrolled");
        crate::commit(tx).await.expect("committed");
        (person, enrolment)
    }

    pub(crate) async fn person(
        &self,
        tx: &WriteTx,
        citizen_id: &str,
        name: &str,
    ) -> Option<(PersonId, DataKey)> {
        let people = [NewPerson { citizen_id, name }];
        let mut made = persons::make(
            tx,
            self.store.vault(),
            &people,
            now(),
            day("2026-04-01"),
            id,
        )
        .await
        .expect("made or found");
        made.remove(0)
    }
}

pub(crate) fn details(enrolment: EnrolmentId, person: PersonId, key: &DataKey) -> Details<'_> {
    Details {
        id: enrolment,
        person,
        key,
        hukou_region: "330106",
        phone: Some("13800000000"),
        contact: "self",
        needs: &[],
        note: None,
        employed_at_enrolment: false,
        consent_on: day("2026-03-01"),
        row_digest: [7; 32],
    }
}

/// The whole suite once more, on PostgreSQL: this test runs the test program again with the address of a private
/// server, so that every test of this crate is a test on both databases.
#[test]
fn the_whole_suite_on_postgres() {
    const ADDRESS: &str = "MINGZHENG_TEST_POSTGRES";
    if std::env::var_os(ADDRESS).is_some() {
        return;
    }
    let Some(cluster) = private_postgres::cluster() else {
        return;
    };
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .env(ADDRESS, cluster.server())
        .args(["--skip", "the_whole_suite_on_postgres"])
        .output()
        .expect("the suite runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "on PostgreSQL:\n{report}");
    assert!(
        !report.contains("running 0 tests"),
        "the suite ran nothing:\n{report}"
    );
}
