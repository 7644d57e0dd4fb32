//! Loads `seed-data/`, which the binary carries, into the database; a file that was loaded before is skipped.

use std::collections::HashMap;

use certs::log::LeafEntry;
use domain::policy::WorkflowPolicy;
use sha2::{Digest, Sha256};
use store::WriteTx;
use store::reference::{Federation, Occupation, Region};

use crate::problem::Problem;

const REGIONS: &str = include_str!("../../../seed-data/regions.csv");
const FEDERATIONS: &str = include_str!("../../../seed-data/federations.csv");
const OCCUPATIONS: &str = include_str!("../../../seed-data/occupations.csv");
/// Working days.
pub const CALENDAR: &str = include_str!("../../../seed-data/calendar.json");
/// Deadlines and limits of the national baseline.
pub const WORKFLOW_POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE-2026.1.workflow.json");
const GRADING_POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE-2026.1.json");

/// Loads what is new; answers the policy leaf that the caller must log when the policy was not known.
pub async fn load(
    tx: &WriteTx,
    workflow_policy: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<LeafEntry>, Problem> {
    let mut leaves = Vec::new();
    let digest = digest(&[REGIONS, FEDERATIONS, OCCUPATIONS]);
    if store::reference::loaded_seed(tx, "reference").await?.as_deref() != Some(&digest[..]) {
        let regions = regions()?;
        let federations = federations()?;
        store::reference::load_federations(tx, &federations).await?;
        store::reference::load_areas(tx, &areas(&federations, &regions), "1949-10-01").await?;
        store::reference::load_regions(tx, &regions).await?;
        store::reference::load_occupations(tx, &occupations()?).await?;
        store::reference::note_seed(tx, "reference", &digest, now).await?;
    }
    for (id_suffix, text) in [("", GRADING_POLICY), ("-WORKFLOW", workflow_policy)] {
        let (id, version) = if id_suffix.is_empty() {
            ("CN-BASE".to_owned(), "2026.1".to_owned())
        } else {
            let policy = WorkflowPolicy::from_json(text).map_err(Problem::internal)?;
            (format!("{}{id_suffix}", policy.id()), policy.version().to_owned())
        };
        let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if store::reference::load_policy(tx, &id, &version, &sha256, text, "2026-01-01").await? {
            leaves.push(LeafEntry::Policy { at: now, policy: format!("{id}@{version}").parse().map_err(Problem::internal)?, sha256 });
        }
    }
    Ok(leaves)
}

fn digest(files: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for file in files {
        hash.update((file.len() as u64).to_be_bytes());
        hash.update(file.as_bytes());
    }
    hash.finalize().into()
}

fn rows(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes())
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn regions() -> Result<Vec<Region>, Problem> {
    #[derive(serde::Deserialize)]
    struct Row {
        code: String,
        name: String,
        level: String,
        parent: String,
        federation: String,
        valid_from: String,
        valid_to: String,
        short_name: String,
    }
    let mut names: HashMap<String, String> = HashMap::new();
    let mut regions = Vec::new();
    let mut rows = rows(REGIONS).into_deserialize::<Row>().collect::<Result<Vec<_>, _>>().map_err(Problem::internal)?;
    // Parents first, so that a full name finds its beginning.
    rows.sort_by_key(|row| match row.level.as_str() {
        "province" => 0,
        "prefecture" => 1,
        _ => 2,
    });
    for row in rows {
        let full_name = format!("{}{}", names.get(&row.parent).map_or("", String::as_str), row.name);
        names.insert(row.code.clone(), full_name.clone());
        regions.push(Region {
            full_name,
            name: row.name,
            short_name: row.short_name,
            level: row.level,
            parent: optional(&row.parent),
            federation: optional(&row.federation),
            valid_from: row.valid_from,
            valid_until: optional(&row.valid_to),
            code: row.code,
        });
    }
    Ok(regions)
}

fn federations() -> Result<Vec<Federation>, Problem> {
    #[derive(serde::Deserialize)]
    struct Row {
        code: String,
        name: String,
        level: String,
        parent: String,
    }
    rows(FEDERATIONS)
        .into_deserialize::<Row>()
        .map(|row| {
            let row = row.map_err(Problem::internal)?;
            Ok(Federation { code: row.code, name: row.name, level: row.level, parent: optional(&row.parent) })
        })
        .collect()
}

fn occupations() -> Result<Vec<Occupation>, Problem> {
    #[derive(serde::Deserialize)]
    struct Row {
        code: String,
        edition: String,
        name: String,
        digital: u8,
        green: u8,
    }
    rows(OCCUPATIONS)
        .into_deserialize::<Row>()
        .map(|row| {
            let row = row.map_err(Problem::internal)?;
            Ok(Occupation {
                code: row.code,
                edition: row.edition,
                name: row.name,
                digital: row.digital == 1,
                green: row.green == 1,
            })
        })
        .collect()
}

/// Each federation looks after its own code and after all below it.
fn areas(federations: &[Federation], regions: &[Region]) -> Vec<(String, String)> {
    let parents: HashMap<&str, &str> =
        federations.iter().filter_map(|f| Some((f.code.as_str(), f.parent.as_deref()?))).collect();
    let mut pairs = Vec::with_capacity(federations.len() * 3);
    let mut add_chain = |area: &str, first: &str| {
        let mut federation = Some(first);
        while let Some(code) = federation {
            pairs.push((code.to_owned(), area.to_owned()));
            federation = parents.get(code).copied();
        }
    };
    let known: std::collections::HashSet<&str> = federations.iter().map(|f| f.code.as_str()).collect();
    for federation in federations {
        add_chain(&federation.code, &federation.code);
    }
    for region in regions.iter().filter(|region| !known.contains(region.code.as_str())) {
        // A division without a federation of its own belongs to the one that looks after it.
        if let Some(federation) = &region.federation {
            add_chain(&region.code, federation);
        }
    }
    pairs.sort();
    pairs.dedup();
    pairs
}
