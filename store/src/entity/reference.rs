//! Regions, federations, occupations, policies.

entity! {
    region = "region" {
        #[sea_orm(primary_key, auto_increment = false)] code: String,
        name: String, short_name: String, full_name: String, level: String, parent: Option<String>,
        federation: Option<String>, valid_from: String, valid_until: Option<String>,
    }
    federation = "federation" {
        #[sea_orm(primary_key, auto_increment = false)] code: String,
        name: String, level: String, parent: Option<String>,
    }
    federation_area = "federation_area" {
        #[sea_orm(primary_key, auto_increment = false)] federation: String,
        #[sea_orm(primary_key, auto_increment = false)] area: String,
        #[sea_orm(primary_key, auto_increment = false)] valid_from: String,
        valid_until: Option<String>,
    }
    occupation = "occupation" {
        #[sea_orm(primary_key, auto_increment = false)] code: String,
        #[sea_orm(primary_key, auto_increment = false)] edition: String,
        name: String, digital: bool, green: bool,
    }
    policy = "policy" {
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        #[sea_orm(primary_key, auto_increment = false)] version: String,
        sha256: Vec<u8>, text: String, effective_on: String,
    }
    seed = "seed" {
        #[sea_orm(primary_key, auto_increment = false)] name: String,
        sha256: Vec<u8>, loaded_at: i64,
    }
}
