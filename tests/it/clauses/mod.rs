//! Clauses of trust.md that no other test shows, each by its number (the whole table: docs/security.md).

mod accounts;
mod border;
mod catalogue;
mod reading;
mod timing;
