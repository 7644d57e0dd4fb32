//! The mingzheng binary.
fn main() {}
