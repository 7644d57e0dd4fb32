//! Staff, accounts, posts.

entity! {
    staff_person = "staff_person" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        name: String, created_at: i64,
    }
    account = "account" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        staff_person_id: Uuid, name: String, password_hash: String, state: String, token_epoch: i32, created_at: i64,
    }
    post = "post" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        staff_person_id: Uuid, role: String, federation: Option<String>, institution_id: Option<Uuid>,
        valid_from: String, valid_until: Option<String>,
    }
}
