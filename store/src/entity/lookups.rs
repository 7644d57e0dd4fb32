//! Wrong facts by number and day.

entity! {
    /// Wrong facts by number and day.
    lookup_miss = "lookup_miss" {
        #[sea_orm(primary_key, auto_increment = false)] number_index: Vec<u8>,
        #[sea_orm(primary_key, auto_increment = false)] day: String,
        wrong: i64,
    }
}
