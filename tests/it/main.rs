//! One test binary over real servers and real databases; a file for each thing that is promised.

mod access;
mod answers;
mod api_story;
mod architecture;
mod audit;
mod border;
mod certificates;
mod cli_story;
mod config;
mod demo;
mod desk;
mod exports;
mod grades;
mod hostile_uploads;
mod idempotency;
mod openapi;
mod pages;
mod personal_data;
mod privacy;
mod refusals;
mod rosters;
mod supply_chain;
mod tokens;
mod verification;
mod walk;
