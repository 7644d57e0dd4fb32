//! What the documents promise about the lists and the schema.

use domain::grading::{FaultCode, Reason};
use serde_json::Value;

use crate::build::BASE;

const FORMATS: &str = include_str!("../../../docs/formats.md");
const SCHEMA: &str = include_str!("../../../seed-data/policies/CN-BASE.schema.json");

#[test]
fn every_reason_and_every_fault_is_in_the_document() {
    for reason in Reason::ALL {
        assert!(FORMATS.contains(&format!("`{reason}`")), "{reason}");
        assert!(!reason.zh().is_empty() && !reason.en().is_empty());
    }
    for code in FaultCode::ALL {
        assert!(FORMATS.contains(code.as_str()), "{}", code.as_str());
    }
}

/// Whether every field of an object is in its schema, required, and inside its bounds.
fn fits(schema: &Value, value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            schema["additionalProperties"] == false
                && fields
                    .iter()
                    .all(|(name, value)| fits(&schema["properties"][name], value))
                && schema["required"].as_array().is_some_and(|names| {
                    names
                        .iter()
                        .all(|name| fields.contains_key(name.as_str().unwrap_or_default()))
                })
        }
        Value::Number(_) => {
            schema["type"] == "integer"
                && schema["minimum"].as_u64() <= value.as_u64()
                && value.as_u64() <= schema["maximum"].as_u64()
        }
        _ => schema["type"] == "string",
    }
}

#[test]
fn the_baseline_fits_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let base: Value = serde_json::from_str(BASE).expect("JSON");
    assert!(fits(&schema["oneOf"][0], &base));
    let override_fields = schema["oneOf"][1]["properties"]
        .as_object()
        .expect("fields");
    assert!(
        override_fields
            .keys()
            .eq(["base", "changes", "policy_id", "version"])
    );
}
