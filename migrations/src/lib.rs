//! Schema changes, oldest first, for SQLite and PostgreSQL alike.
//!
//! Each migration is SQL text in which a few words stand for the types that the two databases name
//! differently (`UUID`, `BYTES`, `INSTANT`, `INT8`, `BOOL`). Instants are Unix milliseconds in UTC, civil dates
//! ISO text, so that both databases hold and compare the same values. See README.md for the rules.

pub use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod m20260301_000001_reference;
mod m20260301_000002_people;
mod m20260301_000003_catalogue;
mod m20260301_000004_cohorts;
mod m20260301_000005_certificates;
mod m20260301_000006_journal;
mod m20260301_000007_access;
mod m20260301_000008_lookups;
mod m20260301_000009_privacy;
mod m20260301_000010_audit;
mod m20260301_000011_transparency;
mod m20260301_000015_sign_in_and_exports;
mod m20260301_000016_trust_lists;
mod m20260301_000017_bundles;
mod m20260301_000018_passkeys;
mod m20260301_000021_cases;
mod m20260301_000031_evidence;
mod m20260301_000032_runs;
mod m20260301_000041_assessments;
mod m20260301_000042_second_factors;
mod m20260301_000043_succession;
mod m20260301_000044_visits;
mod m20260301_000045_calls_and_bars;
mod m20260301_000046_related_parties;
mod m20260301_000047_verified_contacts;
mod m20260301_000048_withdrawals;
mod m20260301_000049_bulletins;
mod m20260301_000050_roster_mismatches;
mod m20260301_000051_grievances;
mod m20260301_000052_follow_up_messages;
mod m20260301_000053_transfers;
mod m20260301_000054_register_drafts;
mod m20260301_000055_assessment_supplements;
mod m20260301_000056_identifier_order;
mod m20260301_000057_sealed_files;
mod m20260301_000058_erased_files;
mod m20260301_000059_counted_reads;
mod m20260301_000062_cut_terms;
mod m20260301_000063_last_attended;
mod m20260301_000064_monitoring_days;
mod m20260301_000065_admission_reports;
mod m20260301_000069_own_numbers;
mod m20260301_000070_keyed_digests;
mod m20260301_000071_two_for_a_person;
mod m20260301_000073_survey_urns;
mod m20260301_000074_vouched_requests;
mod m20260301_000075_ended_plans;
mod m20260301_000076_lost_places;
mod m20260301_000077_admission_institution;
mod m20260301_000078_recorded_consents;
mod m20260301_000079_enrolment_household;

/// All migrations of the registry.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20260301_000001_reference::Migration),
            Box::new(m20260301_000002_people::Migration),
            Box::new(m20260301_000003_catalogue::Migration),
            Box::new(m20260301_000004_cohorts::Migration),
            Box::new(m20260301_000005_certificates::Migration),
            Box::new(m20260301_000006_journal::Migration),
            Box::new(m20260301_000007_access::Migration),
            Box::new(m20260301_000008_lookups::Migration),
            Box::new(m20260301_000009_privacy::Migration),
            Box::new(m20260301_000010_audit::Migration),
            Box::new(m20260301_000011_transparency::Migration),
            Box::new(m20260301_000015_sign_in_and_exports::Migration),
            Box::new(m20260301_000016_trust_lists::Migration),
            Box::new(m20260301_000017_bundles::Migration),
            Box::new(m20260301_000018_passkeys::Migration),
            Box::new(m20260301_000021_cases::Migration),
            Box::new(m20260301_000031_evidence::Migration),
            Box::new(m20260301_000032_runs::Migration),
            Box::new(m20260301_000041_assessments::Migration),
            Box::new(m20260301_000042_second_factors::Migration),
            Box::new(m20260301_000043_succession::Migration),
            Box::new(m20260301_000044_visits::Migration),
            Box::new(m20260301_000045_calls_and_bars::Migration),
            Box::new(m20260301_000046_related_parties::Migration),
            Box::new(m20260301_000047_verified_contacts::Migration),
            Box::new(m20260301_000048_withdrawals::Migration),
            Box::new(m20260301_000049_bulletins::Migration),
            Box::new(m20260301_000050_roster_mismatches::Migration),
            Box::new(m20260301_000051_grievances::Migration),
            Box::new(m20260301_000052_follow_up_messages::Migration),
            Box::new(m20260301_000053_transfers::Migration),
            Box::new(m20260301_000054_register_drafts::Migration),
            Box::new(m20260301_000055_assessment_supplements::Migration),
            Box::new(m20260301_000056_identifier_order::Migration),
            Box::new(m20260301_000057_sealed_files::Migration),
            Box::new(m20260301_000058_erased_files::Migration),
            Box::new(m20260301_000059_counted_reads::Migration),
            Box::new(m20260301_000062_cut_terms::Migration),
            Box::new(m20260301_000063_last_attended::Migration),
            Box::new(m20260301_000064_monitoring_days::Migration),
            Box::new(m20260301_000065_admission_reports::Migration),
            Box::new(m20260301_000069_own_numbers::Migration),
            Box::new(m20260301_000070_keyed_digests::Migration),
            Box::new(m20260301_000071_two_for_a_person::Migration),
            Box::new(m20260301_000073_survey_urns::Migration),
            Box::new(m20260301_000074_vouched_requests::Migration),
            Box::new(m20260301_000075_ended_plans::Migration),
            Box::new(m20260301_000076_lost_places::Migration),
            Box::new(m20260301_000077_admission_institution::Migration),
            Box::new(m20260301_000078_recorded_consents::Migration),
            Box::new(m20260301_000079_enrolment_household::Migration),
        ]
    }
}

/// Runs SQL text after putting in the words of the connected database.
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let words: [(&str, &str, &str); 5] = [
        ("UUID", "BLOB", "UUID"),
        ("BYTES", "BLOB", "BYTEA"),
        ("INSTANT", "BIGINT", "BIGINT"),
        ("INT8", "BIGINT", "BIGINT"),
        ("BOOL", "BOOLEAN", "BOOLEAN"),
    ];
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let mut text = String::with_capacity(sql.len());
    for part in sql.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let (word, rest) = part.split_at(
            part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .len(),
        );
        match words.iter().find(|(name, _, _)| *name == word) {
            Some((_, sqlite, pg)) => text.push_str(if postgres { pg } else { sqlite }),
            None => text.push_str(word),
        }
        text.push_str(rest);
    }
    connection.execute_unprepared(&text).await.map(|_| ())
}

/// Declares a migration from its name and SQL text. There is no way down: a registry does not forget.
macro_rules! migration {
    ($sql:expr) => {
        /// See the SQL below.
        #[derive(Debug, sea_orm_migration::prelude::DeriveMigrationName)]
        pub(crate) struct Migration;

        #[async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                crate::run(manager, $sql).await
            }
        }
    };
}
use migration;
