//! The invented country of `seed-data/demo/country.json`.

use serde::Deserialize;

use crate::problem::Problem;
use crate::programs::drafts::ProgramContent;
use crate::programs::types::CreateTypeRequest;

const TEXT: &str = include_str!("../../../seed-data/demo/country.json");

/// Institutions, programs, certificate types and names, all invented.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Country {
    #[serde(rename = "comment")]
    _comment: String,
    pub(super) institutions: Vec<Institution>,
    pub(super) certificate_types: Vec<CreateTypeRequest>,
    pub(super) programs: Vec<ProgramContent>,
    pub(super) surnames: Vec<String>,
    pub(super) given_names: Vec<String>,
    pub(super) special_names: Vec<String>,
}

/// An institution that will apply.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Institution {
    pub(super) name: String,
    pub(super) credit_code: String,
    pub(super) federation: String,
    pub(super) site_region: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) site: String,
    pub(super) provisions: Vec<domain::program::Provision>,
}

impl Country {
    /// Reads the file that the binary carries.
    pub(super) fn read() -> Result<Self, Problem> {
        serde_json::from_str(TEXT).map_err(Problem::internal)
    }

    /// The province-level federations, each once.
    pub(super) fn federations(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self
            .institutions
            .iter()
            .map(|one| one.federation.as_str())
            .collect();
        codes.dedup();
        codes
    }
}
