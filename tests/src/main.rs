//! The `mingzheng` program as the tests run it: the same one call as the program itself, built with the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::cli::run()
}
