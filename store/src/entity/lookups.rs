//! Wrong facts by number and day; numbers of rosters under other names by account and day.

entity! {
    /// Wrong facts by number and day.
    lookup_miss = "lookup_miss" {
        #[sea_orm(primary_key, auto_increment = false)] number_index: Vec<u8>,
        #[sea_orm(primary_key, auto_increment = false)] day: String,
        wrong: i64,
    }
}

entity! {
    /// Numbers of rosters that are registered under another name, by account and day.
    roster_mismatch = "roster_mismatch" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] day: String,
        #[sea_orm(primary_key, auto_increment = false)] number_index: Vec<u8>,
    }
}
