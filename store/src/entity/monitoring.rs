//! Counts of the monitoring.

entity! {
    monitoring_outcome = "monitoring_outcome" {
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        admission_id: Uuid, stratum: i32, outcome: String, look_on: Option<String>,
    }
    monitoring_count = "monitoring_count" {
        #[sea_orm(primary_key, auto_increment = false)] admission_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] indicator: String,
        #[sea_orm(primary_key, auto_increment = false)] stratum: i32,
        n: i64, observed: i64,
    }
}
