//! Trust in keys: their states, each change by two persons and in the public log; the signed list of them; and what follows
//! when one is compromised (trust.md KY-2 to KY-6).

pub mod affected;
pub mod json;
pub mod list;
pub mod own_keys;
pub(crate) mod pages;
pub mod reissue;
pub mod states;
mod succession;
