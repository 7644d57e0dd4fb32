//! Persons with their dated identifiers and names; every value is sealed.

entity! {
    person = "person" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        data_key: Vec<u8>, data_key_version: i32, created_at: i64, erased_at: Option<i64>,
    }
    person_identifier = "person_identifier" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        person_id: Uuid, kind: String, value_enc: Vec<u8>, blind_index: Vec<u8>,
        valid_from: String, valid_until: Option<String>, proof: Option<String>, blind_version: i32,
    }
    person_name = "person_name" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        person_id: Uuid, name_enc: Vec<u8>,
        valid_from: String, valid_until: Option<String>, proof: Option<String>,
    }
}
