//! Divisions, federations, occupations and policies: loaded from `seed-data/` into the database, looked up from there.

pub mod json;
pub mod seed;

use std::collections::HashMap;

use domain::RegionCode;
use store::reference::Region;

/// All divisions in memory: codes and full names are looked up for every row of a roster.
#[derive(Debug, Default)]
pub struct RegionTable {
    by_code: HashMap<String, Region>,
    by_name: HashMap<String, String>,
}

impl RegionTable {
    /// Takes the rows of the database.
    pub fn new(regions: Vec<Region>) -> Self {
        let mut by_name = HashMap::with_capacity(regions.len() * 2);
        let mut by_code = HashMap::with_capacity(regions.len());
        for region in regions {
            if region.valid_until.is_none() {
                by_name.insert(region.full_name.clone(), region.code.clone());
            }
            by_code.insert(region.code.clone(), region);
        }
        Self { by_code, by_name }
    }

    /// The division with this code.
    pub fn find(&self, code: &str) -> Option<&Region> {
        self.by_code.get(code)
    }

    /// Name from the province down, or the code itself when it is unknown.
    pub fn full_name<'a>(&'a self, code: &'a str) -> &'a str {
        self.by_code
            .get(code)
            .map_or(code, |region| region.full_name.as_str())
    }

    /// The division that a clerk means by a code or by a full name.
    pub fn look_up(&self, text: &str) -> Option<RegionCode> {
        let text = text.trim();
        let code = if self.by_code.contains_key(text) {
            text
        } else {
            self.by_name.get(text)?
        };
        code.parse().ok()
    }

    /// Divisions under which people are registered or taught: counties, and cities without counties.
    pub fn is_lowest(&self, code: &str) -> bool {
        self.by_code.get(code).is_some_and(|region| {
            region.level == "county"
                || (region.level == "prefecture"
                    && !self
                        .by_code
                        .values()
                        .any(|other| other.parent.as_deref() == Some(code)))
        })
    }

    /// How many divisions there are.
    pub fn len(&self) -> usize {
        self.by_code.len()
    }

    /// Whether nothing was loaded.
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// The province-level federation that looks after a division.
    pub fn federation(&self, code: &str) -> Option<&str> {
        self.by_code.get(code)?.federation.as_deref()
    }

    /// Provinces in order of code, as code and name.
    pub fn provinces(&self) -> Vec<(String, String)> {
        let mut provinces: Vec<_> = self
            .by_code
            .values()
            .filter(|region| region.level == "province")
            .map(|region| (region.code.clone(), region.name.clone()))
            .collect();
        provinces.sort();
        provinces
    }
}
