//! The catalogue as anybody reads it: admitted institutions, published programs, their offers and classes.

mod cursor;
pub(crate) mod downloads;
pub mod json;
pub(crate) mod search;
