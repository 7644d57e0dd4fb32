//! One function for each decoder; the targets call it, and so does a test of the registry with the corpus.

pub mod badge;
pub mod bundle;
pub mod bundle_delta;
pub mod certificate;
pub mod checkpoint;
pub mod embedded;
pub mod key_file;
pub mod log_entry;
pub mod pdf;
pub mod public_keys;
pub mod qr_image;
pub mod qr_text;
pub mod roots;
pub mod sd_jwt;
pub mod status_list;
pub mod tlog_proof;
pub mod trust_bundle;
pub mod trust_list;
pub mod witness;
