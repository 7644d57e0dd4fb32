//! A province's override `{base, changes}` inside the bounds of grading.md section 6.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Policy;
use super::read::{FIELDS, SCOPE, parse};
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{Indicator, Scope};
use crate::grading::json::Node;

impl Policy {
    /// The name of the base that an override asks for, or `None` when the text is not an override.
    pub fn base_of(text: &str) -> Option<String> {
        let Ok(Node::Object(fields)) = serde_json::from_str(text) else {
            return None;
        };
        fields.into_iter().find_map(|(name, value)| match value {
            Node::Text(base) if name == "base" => Some(base.into_owned()),
            _ => None,
        })
    }

    /// This policy with the changes of an override `{base, changes}`, optionally with its own `policy_id` and `version`.
    ///
    /// Weights may move within the bounds of the base and must add up to 1000; floors and thresholds may rise; the scope of the
    /// reference table may be the province. Nothing else changes (grading.md sections 4 and 6). The answer names every fault.
    pub fn with_override(&self, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let policy = parse(text, &mut faults).and_then(|node| self.apply(&node, &mut faults));
        faults.or(policy)
    }

    fn apply(&self, node: &Node<'_>, faults: &mut Faults) -> Option<Self> {
        let root = Path::Root;
        let names = ["base", "changes", "policy_id", "version"];
        let [base, changes, id, version] = open(node, &root, names, 2, faults)?;
        if base.text(faults).is_some_and(|base| **base != self.name) {
            faults.hint(base.path(), FaultCode::OtherBase, self.name.clone());
        }
        let mut policy = self.clone();
        let own = match (id.present(), version.present()) {
            (None, None) => None,
            (Some(id), Some(version)) => id.text(faults).zip(version.text(faults)),
            (None, Some(_)) => missing(id, faults),
            (Some(_), None) => missing(version, faults),
        };
        let node = changes.node()?;
        policy.name = match own {
            Some((id, version)) => format!("{id}@{version}"),
            None => format!("{}+{}", self.name, digest(node)),
        };
        policy.change(node, changes.path(), faults)?;
        policy.check(changes.path(), faults);
        policy.check_weights(self, changes.path(), faults);
        Some(policy)
    }

    fn change(&mut self, node: &Node<'_>, path: &Path<'_>, faults: &mut Faults) -> Option<()> {
        // The fields of a policy that an override may touch stand at 10 and 12, and after them the scope.
        let mut names = [""; 17];
        names[..16].copy_from_slice(&FIELDS);
        names[16] = SCOPE;
        let slots = open(node, path, names, 0, faults)?;
        for (at, slot) in slots.iter().enumerate() {
            if ![10, 12, 16].contains(&at) {
                unchangeable(*slot, faults);
            }
        }
        if let Some(slot) = slots[16].present()
            && let Some(scope) = slot.word(Scope::ALL, Scope::as_str, faults)
        {
            self.scope = scope;
        }
        if let Some(slot) = slots[10].present() {
            self.change_indicators(slot, faults);
        }
        if let Some(slot) = slots[12].present() {
            let grades = open(slot.node()?, slot.path(), ["A", "B", "C"], 0, faults)?;
            for (threshold, slot) in self.thresholds.iter_mut().zip(grades) {
                raise(threshold, slot, 100_000, faults);
            }
        }
        Some(())
    }

    fn change_indicators(&mut self, slot: Slot<'_, '_, '_>, faults: &mut Faults) -> Option<()> {
        let mut names = [""; 8];
        for indicator in Indicator::ALL {
            names[indicator.at()] = indicator.as_str();
        }
        let slots = open(slot.node()?, slot.path(), names, 0, faults)?;
        for indicator in Indicator::ALL {
            if let Some(slot) = slots[indicator.at()].present() {
                self.change_indicator(*indicator, slot, faults);
            }
        }
        Some(())
    }

    fn change_indicator(
        &mut self,
        indicator: Indicator,
        slot: Slot<'_, '_, '_>,
        faults: &mut Faults,
    ) -> Option<()> {
        let node = slot.node()?;
        match indicator {
            Indicator::Tpa => {
                let [weight] = open(node, slot.path(), ["weight"], 0, faults)?;
                reweigh(&mut self.tpa_weight, weight, faults);
            }
            Indicator::Sat => {
                let names = [
                    "weight",
                    "floor_milli",
                    "target_milli",
                    "m",
                    "deficit_anchor_milli",
                    "response_target_permille",
                ];
                let [weight, floor, fixed @ ..] = open(node, slot.path(), names, 0, faults)?;
                reweigh(&mut self.sat.weight, weight, faults);
                raise(&mut self.sat.floor_milli, floor, 5_000, faults);
                for slot in fixed {
                    unchangeable(slot, faults);
                }
            }
            rate => {
                let numbers = &mut self.rates[rate.at()];
                let names = ["weight", "floor_ppm", "target_ppm", "m"];
                let [weight, floor, fixed @ ..] = open(node, slot.path(), names, 0, faults)?;
                reweigh(&mut numbers.weight, weight, faults);
                raise(&mut numbers.floor_ppm, floor, 1_000_000, faults);
                for slot in fixed {
                    unchangeable(slot, faults);
                }
            }
        }
        Some(())
    }

    fn check_weights(&self, base: &Self, at: &Path<'_>, faults: &mut Faults) {
        let indicators = at.key("indicators");
        let employment: u32 = Indicator::RATES[..4]
            .iter()
            .map(|&one| self.weight(one))
            .sum();
        let bounds = base.bounds;
        if employment < bounds.employment_weight {
            let hint = format!("EMP + STB >= {}", bounds.employment_weight);
            faults.hint(&indicators, FaultCode::WeightTooSmall, hint);
        }
        if self.sat.weight < bounds.sat_weight {
            let hint = format!("SAT >= {}", bounds.sat_weight);
            let place = indicators.key("SAT");
            faults.hint(&place.key("weight"), FaultCode::WeightTooSmall, hint);
        }
        for &indicator in Indicator::ALL {
            if self.weight(indicator).abs_diff(base.weight(indicator)) > bounds.weight_moved {
                let place = indicators.key(indicator.as_str());
                faults.add(&place.key("weight"), FaultCode::WeightMoved);
            }
        }
    }
}

fn missing<T>(slot: Slot<'_, '_, '_>, faults: &mut Faults) -> Option<T> {
    faults.add(slot.path(), FaultCode::MissingField);
    None
}

fn unchangeable(slot: Slot<'_, '_, '_>, faults: &mut Faults) {
    if slot.present().is_some() {
        faults.add(slot.path(), FaultCode::NotChangeable);
    }
}

fn reweigh(weight: &mut u32, slot: Slot<'_, '_, '_>, faults: &mut Faults) {
    if let Some(changed) = slot.count(1_000, faults) {
        *weight = changed;
    }
}

fn raise(limit: &mut u32, slot: Slot<'_, '_, '_>, most: u32, faults: &mut Faults) {
    match slot.count(most, faults) {
        Some(changed) if changed < *limit => {
            faults.hint(slot.path(), FaultCode::Lowered, format!(">= {limit}"));
        }
        Some(changed) => *limit = changed,
        None => {}
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of the changes' RFC 8785 bytes.
fn digest(changes: &Node<'_>) -> String {
    let mut text = String::new();
    for byte in &Sha256::digest(changes.canonical())[..8] {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
