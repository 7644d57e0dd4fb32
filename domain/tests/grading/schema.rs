//! The JSON Schemas of evidence and policy take what the engine takes, and refuse what is another shape.

use domain::grading::{Evidence, Exclusion, Grade, Policy};
use serde_json::{Value, json};

use crate::build::{BASE, File};
use crate::random::{evidence, leagues};

const EVIDENCE: &str = include_str!("../../../seed-data/policies/evidence.schema.json");
const POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE.schema.json");

fn schema(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The words that the schemas use. One that is not here fails the test, so that none is passed over.
const WORDS: [&str; 20] = [
    "$schema",
    "title",
    "description",
    "type",
    "additionalProperties",
    "required",
    "properties",
    "items",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "pattern",
    "enum",
    "oneOf",
    "minProperties",
    "dependentRequired",
    "const",
    "default",
];

/// Whether a value is valid, by what draft 2020-12 says of these words.
fn takes(schema: &Value, value: &Value) -> bool {
    let words = schema.as_object().expect("a schema is an object");
    words.iter().all(|(word, said)| match word.as_str() {
        "$schema" | "title" | "description" | "default" => true,
        "type" => match said.as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("null") => value.is_null(),
            other => panic!("an unknown type {other:?}"),
        },
        "properties" => value.as_object().is_none_or(|fields| {
            fields
                .iter()
                .filter_map(|(name, value)| Some((said.get(name)?, value)))
                .all(|(schema, value)| takes(schema, value))
        }),
        "additionalProperties" => {
            assert_eq!(said, false);
            let known = &schema["properties"];
            value
                .as_object()
                .is_none_or(|fields| fields.keys().all(|name| known.get(name).is_some()))
        }
        "required" => value.as_object().is_none_or(|fields| {
            let names = said.as_array().expect("names");
            names
                .iter()
                .all(|name| fields.contains_key(name.as_str().expect("a name")))
        }),
        "dependentRequired" => value.as_object().is_none_or(|fields| {
            let pairs = said.as_object().expect("pairs");
            let held = pairs.iter().filter(|(name, _)| fields.contains_key(*name));
            held.flat_map(|(_, with)| with.as_array().expect("names"))
                .all(|name| fields.contains_key(name.as_str().expect("a name")))
        }),
        "minProperties" => value
            .as_object()
            .is_none_or(|fields| Some(fields.len() as u64) >= said.as_u64()),
        "items" => value
            .as_array()
            .is_none_or(|all| all.iter().all(|one| takes(said, one))),
        "minItems" => value
            .as_array()
            .is_none_or(|all| Some(all.len() as u64) >= said.as_u64()),
        "maxItems" => value
            .as_array()
            .is_none_or(|all| Some(all.len() as u64) <= said.as_u64()),
        "minimum" => value
            .as_i64()
            .is_none_or(|number| Some(number) >= said.as_i64()),
        "maximum" => value
            .as_i64()
            .is_none_or(|number| Some(number) <= said.as_i64()),
        "minLength" => value
            .as_str()
            .is_none_or(|text| Some(text.chars().count() as u64) >= said.as_u64()),
        "pattern" => {
            assert_eq!(said, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
            value.as_str().is_none_or(|text| {
                text.len() == 10
                    && text.bytes().enumerate().all(|(at, byte)| match at {
                        4 | 7 => byte == b'-',
                        _ => byte.is_ascii_digit(),
                    })
            })
        }
        "enum" => said.as_array().expect("a list").contains(value),
        "const" => said == value,
        "oneOf" => {
            let all = said.as_array().expect("a list");
            all.iter().filter(|one| takes(one, value)).count() == 1
        }
        other => panic!("{other} is none of {WORDS:?}"),
    })
}

#[test]
fn what_the_engine_takes_the_schema_takes() {
    let of_evidence = schema(EVIDENCE);
    let mut files = vec![File::new().0];
    files.extend([3, 150, 500].map(|size| evidence(size as u64, size).0));
    files.extend([0, 1].map(|seed| leagues(seed).0));
    for file in files {
        assert!(Evidence::from_json(&file.to_string()).is_ok());
        assert!(takes(&of_evidence, &file), "{file}");
    }
    let of_policy = schema(POLICY);
    let whole: Value = serde_json::from_str(BASE).expect("JSON");
    assert!(takes(&of_policy, &whole));
    let mut told = whole.clone();
    told["scope"] = "province".into();
    told["override_bounds"] =
        json!({"weight_moved": 40, "employment_weight": 500, "sat_weight": 160});
    assert!(Policy::from_json(&told.to_string()).is_ok());
    assert!(takes(&of_policy, &told));
    let change = json!({"base": "CN-BASE@2026.1", "changes": { "scope": "province",
        "indicators": {"EMP": {"weight": 400}, "SAT": {"weight": 150}}, "grades": {"A": 82_000}}});
    let base = Policy::from_json(BASE).expect("the baseline");
    assert!(base.with_override(&change.to_string()).is_ok());
    assert!(takes(&of_policy, &change));
}

/// Every field of a file, changed in turn: the schema refuses what the engine refuses for its shape.
#[test]
fn another_shape_is_refused_by_both() {
    let of_evidence = schema(EVIDENCE);
    let mut file = File::new();
    file.enrolment(
        "e",
        json!({"exclusion": {"code": "X1", "date": "2024-07-13"}}),
    )
    .episode("w", "p-e", json!({}))
    .survey("e", json!({}))
    .outage(json!({"from": "2024-01-01", "until": "2024-01-02"}));
    let good = file.0;
    assert!(takes(&of_evidence, &good));
    let mut tried = 0;
    for table in [
        "outages",
        "institutions",
        "cohorts",
        "enrolments",
        "episodes",
        "surveys",
    ] {
        let row = good[table][0].as_object().expect("a row").clone();
        for name in row.keys() {
            for wrong in [json!({"a": 1}), json!(1.5), json!(-1), json!("")] {
                let mut bad = good.clone();
                bad[table][0][name] = wrong.clone();
                assert!(!takes(&of_evidence, &bad), "{table} {name} {wrong}");
                assert!(Evidence::from_json(&bad.to_string()).is_err());
                tried += 1;
            }
            let mut fewer = good.clone();
            fewer[table][0].as_object_mut().expect("a row").remove(name);
            let optional = takes(&of_evidence, &fewer);
            let shapeless = Evidence::from_json(&fewer.to_string())
                .err()
                .is_some_and(|faults| {
                    let codes = faults.as_slice().iter();
                    codes
                        .map(|one| one.code.as_str())
                        .any(|code| code == "missing_field")
                });
            assert_eq!(!optional, shapeless, "{table} without {name}");
        }
        let mut more = good.clone();
        more[table][0]["weather"] = json!("fine");
        assert!(!takes(&of_evidence, &more), "{table}");
        assert!(Evidence::from_json(&more.to_string()).is_err());
    }
    assert!(tried > 150, "{tried}");
    let mut policy: Value = serde_json::from_str(BASE).expect("JSON");
    policy["hysteresis"] = json!("2000");
    assert!(!takes(&schema(POLICY), &policy));
    assert!(Policy::from_json(&policy.to_string()).is_err());
}

/// The words of the schema are those of the types.
#[test]
fn the_lists_of_the_schema_are_those_of_the_types() {
    use domain::grading::{Contest, SurveyBy, SurveyMode, Tier, WorkType};
    use domain::program::Purpose;
    let all = schema(EVIDENCE);
    let list = |table: &str, path: &str| -> Vec<String> {
        let row = &all["properties"][table]["items"];
        let found = row
            .pointer(path)
            .expect("a list")
            .as_array()
            .expect("a list");
        found
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let words =
        |all: &[&'static str]| -> Vec<String> { all.iter().map(|one| (*one).to_owned()).collect() };
    macro_rules! same {
        ($table:literal, $path:literal, $type:ty) => {
            let of_type: Vec<&'static str> = <$type>::ALL.iter().map(|one| one.as_str()).collect();
            assert_eq!(list($table, $path), words(&of_type), "{}", $path);
        };
    }
    same!("institutions", "/properties/previous_grade/enum", Grade);
    same!("cohorts", "/properties/purpose/enum", Purpose);
    same!("episodes", "/properties/type/enum", WorkType);
    same!("episodes", "/properties/contest/enum", Contest);
    same!(
        "episodes",
        "/properties/evidence/items/properties/tier/enum",
        Tier
    );
    same!("surveys", "/properties/mode/enum", SurveyMode);
    same!("surveys", "/properties/by/enum", SurveyBy);
    let given: Vec<&'static str> = Exclusion::GIVEN.iter().map(|one| one.as_str()).collect();
    assert_eq!(
        list(
            "enrolments",
            "/properties/exclusion/oneOf/1/properties/code/enum"
        ),
        words(&given)
    );
}
