//! Loads `seed-data/`, which the binary carries, into the database; a file that was loaded before is skipped.

use std::collections::{HashMap, HashSet};

use certs::log::LeafEntry;
use domain::policy::{EvidencePolicy, WorkflowPolicy};
use domain::privacy::PrivacyPolicy;
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
pub const WORKFLOW_POLICY: &str =
    include_str!("../../../seed-data/policies/CN-BASE-2026.1.workflow.json");
/// Numbers of grading of the national baseline.
pub const GRADING_POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE-2026.1.json");
/// Deadlines and retention of personal data.
pub const PRIVACY_POLICY: &str =
    include_str!("../../../seed-data/policies/CN-BASE-2026.1.privacy.json");
/// Numbers of employment evidence and of the survey.
pub const EVIDENCE_POLICY: &str =
    include_str!("../../../seed-data/policies/CN-BASE-2026.1.evidence.json");

/// Loads what is new; answers the policy leaf that the caller must log when the policy was not known.
pub async fn load(
    tx: &WriteTx,
    workflow_policy: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<LeafEntry>, Problem> {
    let mut leaves = Vec::new();
    let digest = digest(&[REGIONS, FEDERATIONS, OCCUPATIONS]);
    if store::reference::loaded_seed(tx, "reference")
        .await?
        .as_deref()
        != Some(&digest[..])
    {
        let regions = regions()?;
        let federations = federations()?;
        store::reference::load_federations(tx, &federations).await?;
        store::reference::load_areas(tx, &areas(&federations, &regions), "1949-10-01").await?;
        store::reference::load_regions(tx, &regions).await?;
        store::reference::load_occupations(tx, &occupations()?).await?;
        store::reference::note_seed(tx, "reference", &digest, now).await?;
    }
    let workflow = WorkflowPolicy::from_json(workflow_policy).map_err(Problem::internal)?;
    let privacy = PrivacyPolicy::from_json(PRIVACY_POLICY).map_err(Problem::internal)?;
    let evidence = EvidencePolicy::from_json(EVIDENCE_POLICY).map_err(Problem::internal)?;
    for (id, version, text) in [
        ("CN-BASE".to_owned(), "2026.1", GRADING_POLICY),
        (
            format!("{}-WORKFLOW", workflow.id()),
            workflow.version(),
            workflow_policy,
        ),
        (
            format!("{}-PRIVACY", privacy.id()),
            privacy.version(),
            PRIVACY_POLICY,
        ),
        (
            format!("{}-EVIDENCE", evidence.id()),
            evidence.version(),
            EVIDENCE_POLICY,
        ),
    ] {
        let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if store::reference::load_policy(tx, &id, version, &sha256, text, "2026-01-01").await? {
            leaves.push(LeafEntry::Policy {
                at: now,
                policy: format!("{id}@{version}")
                    .parse()
                    .map_err(Problem::internal)?,
                sha256,
            });
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
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(text.as_bytes())
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
    let mut rows = rows(REGIONS)
        .into_deserialize::<Row>()
        .collect::<Result<Vec<_>, _>>()
        .map_err(Problem::internal)?;
    // Parents first, so that a full name finds its beginning.
    rows.sort_by_key(|row| match row.level.as_str() {
        "province" => 0,
        "prefecture" => 1,
        _ => 2,
    });
    for row in rows {
        let full_name = format!(
            "{}{}",
            names.get(&row.parent).map_or("", String::as_str),
            row.name
        );
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

/// The codes of all divisions that ever were, without a database: for a doubtful number at a desk.
pub fn division_codes() -> Result<HashSet<String>, Problem> {
    Ok(regions()?.into_iter().map(|region| region.code).collect())
}

/// The codes of all occupations, without a database.
pub fn occupation_codes() -> Result<HashSet<String>, Problem> {
    Ok(occupations()?.into_iter().map(|row| row.code).collect())
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
            Ok(Federation {
                code: row.code,
                name: row.name,
                level: row.level,
                parent: optional(&row.parent),
            })
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
    let parents: HashMap<&str, &str> = federations
        .iter()
        .filter_map(|f| Some((f.code.as_str(), f.parent.as_deref()?)))
        .collect();
    let mut pairs = Vec::with_capacity(federations.len() * 3);
    let mut add_chain = |area: &str, first: &str| {
        let mut federation = Some(first);
        while let Some(code) = federation {
            pairs.push((code.to_owned(), area.to_owned()));
            federation = parents.get(code).copied();
        }
    };
    let known: std::collections::HashSet<&str> =
        federations.iter().map(|f| f.code.as_str()).collect();
    for federation in federations {
        add_chain(&federation.code, &federation.code);
    }
    for region in regions
        .iter()
        .filter(|region| !known.contains(region.code.as_str()))
    {
        // A division without a federation of its own belongs to the one that looks after it.
        if let Some(federation) = &region.federation {
            add_chain(&region.code, federation);
        }
    }
    pairs.sort();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use domain::calendar::WorkingCalendar;
    use domain::{CreditCode, FederationCode, OccupationCode, PersonName, Phone, RegionCode};

    use super::*;

    const README: &str = include_str!("../../../seed-data/README.md");
    const COUNTRY: &str = include_str!("../../../seed-data/demo/country.json");

    fn level(regions: &[Region], level: &str) -> usize {
        regions
            .iter()
            .filter(|region| region.level == level)
            .count()
    }

    #[test]
    fn divisions_hang_together() {
        let regions = regions().expect("regions");
        let codes: HashSet<&str> = regions.iter().map(|region| region.code.as_str()).collect();
        assert_eq!(codes.len(), regions.len(), "a code stands twice");
        let known: HashSet<String> = federations()
            .expect("federations")
            .into_iter()
            .map(|one| one.code)
            .collect();
        assert_eq!(level(&regions, "province"), 34);
        let mut names = HashSet::new();
        for region in &regions {
            let code: RegionCode = region.code.parse().expect("a division code");
            assert_eq!(code.level().as_str(), region.level, "{}", region.code);
            match &region.parent {
                Some(parent) => {
                    assert!(
                        codes.contains(parent.as_str()),
                        "{} has no parent",
                        region.code
                    );
                    assert_eq!(parent[..2], region.code[..2]);
                }
                None => assert_eq!(region.level, "province"),
            }
            let abroad = matches!(code.province_part(), "71" | "81" | "82");
            assert_eq!(region.federation.is_none(), abroad, "{}", region.code);
            assert!(
                region
                    .federation
                    .as_ref()
                    .is_none_or(|federation| known.contains(federation))
            );
            assert!(
                !region.short_name.is_empty() && region.name.starts_with(&region.short_name[..3])
            );
            if region.valid_until.is_none() {
                assert!(
                    names.insert((region.parent.clone(), region.name.clone())),
                    "{} twice",
                    region.full_name
                );
            }
        }
        for grouping in ["110100", "110200", "310100", "500200", "419000", "659000"] {
            assert!(
                !codes.contains(grouping),
                "{grouping} is a grouping, not a place"
            );
        }
        for city in ["441900", "442000", "460400"] {
            assert!(codes.contains(city));
            assert!(
                regions
                    .iter()
                    .all(|region| region.parent.as_deref() != Some(city))
            );
        }
    }

    #[test]
    fn full_names_run_from_the_province_down() {
        let regions = regions().expect("regions");
        let names: HashMap<&str, (&str, &str)> = regions
            .iter()
            .map(|r| {
                (
                    r.code.as_str(),
                    (r.full_name.as_str(), r.short_name.as_str()),
                )
            })
            .collect();
        for (code, full, short) in [
            ("330106", "浙江省杭州市西湖区", "西湖"),
            ("110101", "北京市东城区", "东城"),
            ("500230", "重庆市丰都县", "丰都"),
            ("441900", "广东省东莞市", "东莞"),
            ("460400", "海南省儋州市", "儋州"),
            ("419001", "河南省济源市", "济源"),
            ("429021", "湖北省神农架林区", "神农架"),
            ("140109", "山西省太原市万柏林区", "万柏林"),
            ("410104", "河南省郑州市管城回族区", "管城"),
            ("422801", "湖北省恩施土家族苗族自治州恩施市", "恩施"),
            (
                "622927",
                "甘肃省临夏回族自治州积石山保安族东乡族撒拉族自治县",
                "积石山",
            ),
            ("659012", "新疆维吾尔自治区白杨市", "白杨"),
            ("810001", "香港特别行政区中西区", "中西"),
        ] {
            assert_eq!(names.get(code), Some(&(full, short)));
        }
    }

    #[test]
    fn the_cities_of_the_corps_belong_to_its_federation() {
        let regions = regions().expect("regions");
        let federations = federations().expect("federations");
        let areas = areas(&federations, &regions);
        let cities: Vec<&Region> = regions
            .iter()
            .filter(|region| region.code.starts_with("6590"))
            .collect();
        assert_eq!(cities.len(), 12);
        for city in cities {
            assert_eq!(city.federation.as_deref(), Some("660000"));
            let sees =
                |federation: &str| areas.contains(&(federation.to_owned(), city.code.clone()));
            assert!(sees("000000") && sees("660000") && sees(&city.code));
            assert!(
                !sees("650000"),
                "{} is geographically in Xinjiang, and not looked after by it",
                city.code
            );
        }
    }

    #[test]
    fn federations_answer_to_one_another_up_to_the_nation() {
        let federations = federations().expect("federations");
        let parents: HashMap<&str, Option<&str>> = federations
            .iter()
            .map(|one| (one.code.as_str(), one.parent.as_deref()))
            .collect();
        assert_eq!(parents.len(), federations.len(), "a code stands twice");
        let names: HashSet<(&Option<String>, &str)> = federations
            .iter()
            .map(|one| (&one.parent, one.name.as_str()))
            .collect();
        assert_eq!(
            names.len(),
            federations.len(),
            "two federations cannot be told apart"
        );
        assert_eq!(
            federations
                .iter()
                .filter(|one| one.level == "province")
                .count(),
            32
        );
        for one in &federations {
            one.code
                .parse::<FederationCode>()
                .expect("a federation code");
            let chain = std::iter::successors(Some(one.code.as_str()), |code| parents[code])
                .take(5)
                .last();
            assert_eq!(chain, Some("000000"), "{}", one.code);
        }
    }

    #[test]
    fn occupations_are_codes_of_one_edition_without_marks_in_names() {
        let occupations = occupations().expect("occupations");
        let mut codes = HashSet::new();
        for one in &occupations {
            one.code
                .parse::<OccupationCode>()
                .expect("an occupation code");
            assert_eq!(one.edition, "2022");
            assert!(codes.insert(one.code.as_str()), "{} stands twice", one.code);
            assert!(
                !one.name.is_empty() && !one.name.bytes().any(|byte| byte.is_ascii_alphanumeric()),
                "{}",
                one.code
            );
        }
        let find = |code| {
            occupations
                .iter()
                .find(|one| one.code == code)
                .expect("a known code")
        };
        assert_eq!(find("2-05-10-00").name, "盲人医疗按摩人员");
        assert_eq!(
            (find("4-01-06-02").name.as_str(), find("4-01-06-02").digital),
            ("互联网营销师", true)
        );
        assert!(
            !codes.contains("5-03-00-00"),
            "a group is not an occupation"
        );
    }

    #[test]
    fn the_readme_names_the_counts() {
        let regions = regions().expect("regions");
        let federations = federations().expect("federations");
        let occupations = occupations().expect("occupations");
        let at = |level: &str| federations.iter().filter(|one| one.level == level).count();
        for count in [
            format!(
                "{} = 34 + {} + {}",
                regions.len(),
                level(&regions, "prefecture"),
                level(&regions, "county")
            ),
            format!(
                "{} = 1 + 32 + {} + {}",
                federations.len(),
                at("prefecture"),
                at("county")
            ),
            format!("{} 个职业", occupations.len()),
            format!("{} S", occupations.iter().filter(|one| one.digital).count()),
            format!("{} L", occupations.iter().filter(|one| one.green).count()),
        ] {
            assert!(
                README.contains(&count),
                "seed-data/README.md does not say {count:?}"
            );
        }
    }

    #[test]
    fn make_up_days_are_weekends_and_belong_to_their_year() {
        let calendar = WorkingCalendar::from_json(CALENDAR).expect("a calendar");
        assert!(
            [2024, 2025, 2026]
                .into_iter()
                .all(|year| calendar.has_year(year))
                && !calendar.has_year(2027)
        );
        let file: serde_json::Value = serde_json::from_str(CALENDAR).expect("JSON");
        for (year, days) in file["years"].as_object().expect("years") {
            for (kind, working) in [("holidays", false), ("working", true)] {
                for day in days[kind].as_array().expect("days") {
                    let text = day.as_str().expect("a date");
                    assert!(
                        text.starts_with(year.as_str()),
                        "{text} stands under {year}"
                    );
                    let day: chrono::NaiveDate = text.parse().expect("a date");
                    assert_eq!(calendar.is_working_day(day), working, "{text} stands twice");
                    let weekend = matches!(
                        chrono::Datelike::weekday(&day),
                        chrono::Weekday::Sat | chrono::Weekday::Sun
                    );
                    assert!(!working || weekend, "{text} is a working day anyhow");
                }
            }
        }
    }

    #[test]
    fn the_invented_country_stands_on_the_tables() {
        let country: serde_json::Value = serde_json::from_str(COUNTRY).expect("JSON");
        let regions = regions().expect("regions");
        let occupations = occupations().expect("occupations");
        let list = |key: &str| country[key].as_array().expect("a list").clone();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        for institution in list("institutions") {
            let code = text(&institution["credit_code"]);
            assert!(
                code[8..].starts_with("XX0000"),
                "{code} could be somebody's"
            );
            code.parse::<CreditCode>().expect("a credit code");
            Phone::parse_organisation(&text(&institution["phone"])).expect("a number");
            let region = regions
                .iter()
                .find(|region| region.code == institution["site_region"])
                .expect("a division");
            assert_eq!(
                (region.level.as_str(), &region.valid_until),
                ("county", &None)
            );
            assert_eq!(
                region.federation.as_deref(),
                institution["federation"].as_str()
            );
        }
        for program in list("programs") {
            assert!(
                occupations
                    .iter()
                    .any(|one| one.code == program["occupation_code"])
            );
            let units: u64 = program["content"]
                .as_array()
                .expect("units")
                .iter()
                .filter_map(|u| u["hours"].as_u64())
                .sum();
            assert_eq!(Some(units), program["hours"].as_u64());
        }
        for name in list("special_names") {
            text(&name).parse::<PersonName>().expect("a name");
        }
        for surname in list("surnames") {
            for given in list("given_names") {
                format!("{}{}", text(&surname), text(&given))
                    .parse::<PersonName>()
                    .expect("a name");
            }
        }
        assert_eq!(
            (list("institutions").len(), list("programs").len()),
            (12, 8)
        );
    }
}
