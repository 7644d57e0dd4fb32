//! One test binary over real servers and real databases; a file for each thing that is promised.

mod answers;
mod api_story;
mod architecture;
mod border;
mod certificates;
mod cli_story;
mod config;
mod demo;
mod idempotency;
mod openapi;
mod refusals;
mod rosters;
mod verification;
