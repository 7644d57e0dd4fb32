//! One test binary over real servers and real databases; a file for each thing that is promised.

mod api_story;
mod architecture;
mod audit;
mod certificates;
mod cli_story;
mod demo;
mod exports;
mod hostile_uploads;
mod idempotency;
mod openapi;
mod refusals;
mod rosters;
mod supply_chain;
mod verification;
