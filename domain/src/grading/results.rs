//! Results R (design.md, "Open evidence format") in RFC 8785 bytes.
//!
//! The structs declare their fields in the order of RFC 8785, so that serde writes canonical bytes at once; a test compares
//! them with another implementation.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::day::Day;
use super::engine::{
    Assessment, Outcome, RateFigures, Reference as Table, Run, STRATA, Stable, stratum_name,
};
use super::evidence::NONE;
use super::indicator::{Indicator, RATES};
use super::json::utf16_order;

impl Run<'_> {
    /// The RFC 8785 bytes of R; with `explain`, also what each enrolment counted as.
    pub fn to_json(&self, explain: bool) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&File { run: self, explain })
    }

    /// The RFC 8785 bytes of one institution's entry in R, or `None` when the evidence has no such institution.
    pub fn institution_json(&self, id: &str) -> Option<Result<Vec<u8>, serde_json::Error>> {
        let row = self.evidence.institution(id)?;
        Some(serde_json::to_vec(&InstitutionEntry::of(self, row)))
    }

    /// Numbers of institutions by grade A, B, C, D, P.
    pub fn grades(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for assessment in &self.assessments {
            counts[assessment.grade as usize] += 1;
        }
        counts
    }
}

struct File<'r, 'e> {
    run: &'r Run<'e>,
    explain: bool,
}

impl Serialize for File<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let run = self.run;
        let mut map = serializer.serialize_map(None)?;
        if self.explain {
            map.serialize_entry("enrolments", &Enrolments(run))?;
        }
        map.serialize_entry(
            "evidence_sha256",
            &data_encoding::HEXLOWER.encode(run.evidence.sha256()),
        )?;
        map.serialize_entry("format", &1)?;
        map.serialize_entry("institutions", &Institutions(run))?;
        map.serialize_entry("overall_ppm", &Overall(run.reference.overall))?;
        map.serialize_entry("policy", run.policy.name())?;
        if !run.provinces.is_empty() {
            map.serialize_entry("provinces", &Provinces(run))?;
        }
        map.serialize_entry("reference", &Reference(&run.reference))?;
        map.serialize_entry("sat_mean_milli", &run.reference.sat_mean_milli)?;
        map.serialize_entry("window_exit_after", &run.window.after)?;
        map.serialize_entry("window_exit_until", &run.window.until)?;
        map.end()
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The rates in the order of their names.
const BY_NAME: [Indicator; RATES] = [
    Indicator::Cmp,
    Indicator::Crt,
    Indicator::Emp,
    Indicator::Stb12,
    Indicator::Stb3,
    Indicator::Stb6,
];

struct Overall([Option<u32>; RATES]);

impl Serialize for Overall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(BY_NAME.map(|one| (one.as_str(), self.0[one.at()])))
    }
}

struct Reference<'r>(&'r Table);

#[derive(Serialize)]
struct Cell {
    from: &'static str,
    ppm: Option<u32>,
}

impl Serialize for Reference<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for indicator in BY_NAME {
            // Of each category the moderate band comes first: M before S.
            for stratum in (0..STRATA).map(|at| at ^ 1) {
                let (ppm, from) = self.0.cells[indicator.at()][stratum];
                let name = format!("{indicator}/{}", stratum_name(stratum));
                let from = from.as_str();
                map.serialize_entry(&name, &Cell { from, ppm })?;
            }
        }
        map.end()
    }
}

/// The tables of the provinces by code, where each is measured by its own trainees.
struct Provinces<'r, 'e>(&'r Run<'e>);

#[derive(Serialize)]
struct ProvinceEntry<'r> {
    overall_ppm: Overall,
    reference: Reference<'r>,
    sat_mean_milli: Option<u32>,
}

impl Serialize for Provinces<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let federations = &self.0.evidence.federations;
        let mut tables: Vec<(&str, &Table)> = self
            .0
            .provinces
            .iter()
            .enumerate()
            .map(|(at, table)| (federations.of(at), table))
            .collect();
        tables.sort_by(|(one, _), (two, _)| utf16_order(one, two));
        serializer.collect_map(tables.into_iter().map(|(code, table)| {
            let entry = ProvinceEntry {
                overall_ppm: Overall(table.overall),
                reference: Reference(table),
                sat_mean_milli: table.sat_mean_milli,
            };
            (code, entry)
        }))
    }
}

struct Institutions<'r, 'e>(&'r Run<'e>);

impl Serialize for Institutions<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = 0..self.0.assessments.len();
        serializer.collect_seq(rows.map(|row| InstitutionEntry::of(self.0, row)))
    }
}

#[derive(Serialize)]
struct InstitutionEntry<'r> {
    composite_milli: Option<u32>,
    federation: &'r str,
    grade: &'static str,
    grade_before_guards: Option<&'static str>,
    id: &'r str,
    indicators: Indicators,
    previous_grade: Option<&'static str>,
    rank: Option<u32>,
    rank_of: u32,
    reasons: Vec<&'static str>,
    weight_available: u32,
}

impl<'r> InstitutionEntry<'r> {
    fn of(run: &'r Run<'_>, row: usize) -> Self {
        let assessment = &run.assessments[row];
        let institution = &run.evidence.institutions[row];
        Self {
            composite_milli: assessment.composite,
            federation: run.evidence.federations.of(institution.federation as usize),
            grade: assessment.grade.as_str(),
            grade_before_guards: assessment.before_guards.map(super::Grade::as_str),
            id: run.evidence.institution_ids.of(row),
            indicators: Indicators::of(assessment),
            previous_grade: assessment.previous.map(super::Grade::as_str),
            rank: assessment.rank,
            rank_of: assessment.rank_of,
            reasons: assessment.reasons.iter().map(|one| one.as_str()).collect(),
            weight_available: assessment.weight_available,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Indicators {
    cmp: RateEntry,
    crt: RateEntry,
    emp: RateEntry,
    sat: SatEntry,
    stb12: RateEntry,
    stb3: RateEntry,
    stb6: RateEntry,
    tpa: TpaEntry,
}

#[derive(Serialize)]
struct RateEntry {
    adjusted_ppm: Option<i128>,
    available: bool,
    expected_ppm_persons: i128,
    n: u32,
    observed: u32,
    oe_ppm: Option<i128>,
    points_milli: Option<i128>,
    raw_ppm: Option<i128>,
    shrunk_ratio_ppm: Option<i128>,
    sig: &'static str,
}

#[derive(Serialize)]
struct SatEntry {
    adjusted_milli: Option<i128>,
    available: bool,
    deficit: u32,
    invited: u32,
    mean_milli: Option<i128>,
    n: u32,
    points_milli: Option<i128>,
    sum_items: u64,
}

#[derive(Serialize)]
struct TpaEntry {
    available: bool,
    points_milli: Option<u32>,
}

impl Indicators {
    fn of(assessment: &Assessment) -> Self {
        let rate = |indicator| RateEntry::from(assessment.rate(indicator));
        let sat = &assessment.sat;
        Self {
            cmp: rate(Indicator::Cmp),
            crt: rate(Indicator::Crt),
            emp: rate(Indicator::Emp),
            sat: SatEntry {
                adjusted_milli: sat.adjusted,
                available: sat.available,
                deficit: sat.deficit,
                invited: sat.invited,
                mean_milli: sat.mean,
                n: sat.n,
                points_milli: sat.points,
                sum_items: sat.sum_items,
            },
            stb12: rate(Indicator::Stb12),
            stb3: rate(Indicator::Stb3),
            stb6: rate(Indicator::Stb6),
            tpa: TpaEntry {
                available: assessment.tpa_milli.is_some(),
                points_milli: assessment.tpa_milli,
            },
        }
    }
}

impl From<&RateFigures> for RateEntry {
    fn from(figures: &RateFigures) -> Self {
        Self {
            adjusted_ppm: figures.adjusted,
            available: figures.available,
            expected_ppm_persons: figures.expected,
            n: figures.n,
            observed: figures.observed,
            oe_ppm: figures.oe,
            points_milli: figures.points,
            raw_ppm: figures.raw,
            shrunk_ratio_ppm: figures.ratio,
            sig: figures.sig.as_str(),
        }
    }
}

struct Enrolments<'r, 'e>(&'r Run<'e>);

#[derive(Serialize)]
struct EnrolmentEntry<'r> {
    #[serde(rename = "STB12")]
    stb12: Option<bool>,
    #[serde(rename = "STB3")]
    stb3: Option<bool>,
    #[serde(rename = "STB6")]
    stb6: Option<bool>,
    attached: bool,
    converted: bool,
    episode: Option<&'r str>,
    exclusion: Option<&'static str>,
    in_window: bool,
}

impl Serialize for Enrolments<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let evidence = self.0.evidence;
        let id = |row: u32| evidence.enrolment_ids.of(row as usize);
        // Rows are in the order of bytes; names of fields are in that of UTF-16.
        let mut rows: Vec<u32> = (0..NONE).take(self.0.outcomes.len()).collect();
        rows.sort_by(|&one, &two| utf16_order(id(one), id(two)));
        let mut map = serializer.serialize_map(None)?;
        for row in rows {
            let outcome = &self.0.outcomes[row as usize];
            map.serialize_entry(id(row), &entry(outcome, self.0))?;
        }
        map.end()
    }
}

fn entry<'r>(outcome: &Outcome, run: &'r Run<'_>) -> EnrolmentEntry<'r> {
    let [stb3, stb6, stb12] = outcome.stable.map(|stable| match stable {
        Stable::NotCounted => None,
        Stable::Yes => Some(true),
        Stable::No => Some(false),
    });
    EnrolmentEntry {
        stb12,
        stb3,
        stb6,
        attached: outcome.attached,
        converted: outcome.converted(),
        episode: outcome
            .converted()
            .then(|| run.evidence.episode_ids.of(outcome.episode as usize)),
        exclusion: outcome.exclusion.map(super::Exclusion::as_str),
        in_window: outcome.in_window,
    }
}
