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
    session = "session" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        account_id: Uuid, kind: String, token_epoch: i32, device: String, enrolled: bool, proved_at: Option<i64>,
        created_at: i64, last_used_at: i64, ends_at: i64, ended_at: Option<i64>, end_reason: Option<String>,
        post_id: Option<Uuid>,
    }
    session_token = "session_token" {
        #[sea_orm(primary_key, auto_increment = false)] token_mac: Vec<u8>,
        session_id: Uuid, ends_at: i64, used_at: Option<i64>,
    }
    known_device = "known_device" {
        #[sea_orm(primary_key, auto_increment = false)] token_mac: Vec<u8>,
        account_id: Uuid, device: String, first_seen_at: i64, last_seen_at: i64,
    }
    sign_in_failure = "sign_in_failure" {
        #[sea_orm(primary_key, auto_increment = false)] subject: Vec<u8>,
        failures: i32, last_at: i64, wait_until: i64,
    }
    totp = "totp" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        secret_enc: Vec<u8>, confirmed_at: Option<i64>, last_step: i64, name: String,
    }
    recovery_code = "recovery_code" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] code_mac: Vec<u8>,
        used_at: Option<i64>,
    }
    passkey = "passkey" {
        #[sea_orm(primary_key, auto_increment = false)] credential_id: Vec<u8>,
        account_id: Uuid, public_key: Vec<u8>, counter: i64, transports: String, added_at: i64, used_at: Option<i64>,
        name: String,
    }
    passkey_challenge = "passkey_challenge" {
        #[sea_orm(primary_key, auto_increment = false)] session_id: Uuid,
        purpose: String, challenge: Vec<u8>, ends_at: i64,
    }
    one_time_token = "one_time_token" {
        #[sea_orm(primary_key, auto_increment = false)] token_mac: Vec<u8>,
        purpose: String, account_id: Uuid, created_by: Option<Uuid>, created_at: i64, ends_at: i64,
        used_at: Option<i64>,
    }
    account_contact = "account_contact" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        kind: String, value_enc: Vec<u8>,
    }
    account_person = "account_person" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        person_id: Uuid,
    }
}

entity! {
    /// Rows with personal data that left in files, by account and day.
    export_total = "export_total" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] day: String,
        row_count: i32,
    }
}
