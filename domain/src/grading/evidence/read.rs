//! Reads an evidence file table by table, row by row: no tree of the whole file is ever built.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::canonical::{Tables, digest};
use super::rows::{self, Context, Words};
use super::surveys::surveys;
use super::work;
use super::{Evidence, Ids, Institution, NONE};
use crate::grading::day::Day;
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::Slot;
use crate::grading::json::{Key, Node};

/// The fields of the file: tables, then the freeze date, then the version, which alone may be left out.
pub(super) const FIELDS: [&str; 8] = [
    "outages",
    "institutions",
    "cohorts",
    "enrolments",
    "episodes",
    "surveys",
    "freeze",
    "format",
];

impl Evidence {
    /// Reads an evidence file. Unknown fields, ids that stand twice, references to nothing and impossible dates are
    /// refused; the answer names every fault with its place and never repeats a value.
    pub fn from_json(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let evidence = read(text, &mut faults);
        faults.or(evidence)
    }
}

/// The fields of the outermost object as they stand in the text.
struct Top<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Top<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopVisitor;
        impl<'de> Visitor<'de> for TopVisitor {
            type Value = Top<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Key(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Top(fields))
            }
        }
        deserializer.deserialize_map(TopVisitor)
    }
}

fn read(text: &str, faults: &mut Faults) -> Option<Evidence> {
    let root = Path::Root;
    let Top(fields) = match serde_json::from_str(text) {
        Ok(top) => top,
        Err(error) if error.is_data() => {
            faults.hint(&root, FaultCode::WrongType, "object".to_owned());
            return None;
        }
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.hint(&root, FaultCode::NotJson, place);
            return None;
        }
    };
    let mut raw: [Option<&RawValue>; 8] = [None; 8];
    for (name, value) in fields {
        match FIELDS.iter().position(|known| *known == name) {
            None => faults.add(&root.key(&name), FaultCode::UnknownField),
            Some(at) if raw[at].is_some() => {
                faults.add(&root.key(&name), FaultCode::DuplicateField);
            }
            Some(at) => raw[at] = Some(value),
        }
    }
    for (name, value) in FIELDS.iter().zip(&raw).take(7) {
        if value.is_none() {
            faults.add(&root.key(name), FaultCode::MissingField);
        }
    }
    let format = scalar(raw[7], &root.key("format"), faults, |slot, faults| {
        let version = slot.integer(i64::MIN..=i64::MAX, faults)?;
        if version != 1 {
            faults.hint(slot.path(), FaultCode::UnknownFormat, "1".to_owned());
        }
        Some(version)
    });
    let freeze = scalar(raw[6], &root.key("freeze"), faults, |slot, faults| {
        slot.date(faults)
    });
    let mut tables = Tables {
        rows: [const { Vec::new() }; 6],
        freeze,
        format,
    };
    for at in 0..6 {
        tables.rows[at] = table(raw[at], &root.key(FIELDS[at]), faults);
    }
    evidence(&tables, freeze.unwrap_or(Day::LATEST), faults)
}

/// A field that is no table.
fn scalar<T>(
    raw: Option<&RawValue>,
    path: &Path<'_>,
    faults: &mut Faults,
    read: impl FnOnce(Slot<'_, '_, '_>, &mut Faults) -> Option<T>,
) -> Option<T> {
    let node = row_node(raw?, path, faults)?;
    read(Slot::of(&node, *path), faults)
}

/// The rows of a table as they stand in the text.
fn table<'a>(raw: Option<&'a RawValue>, path: &Path<'_>, faults: &mut Faults) -> Vec<&'a RawValue> {
    let Some(raw) = raw else {
        return Vec::new();
    };
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        // Row numbers are 32 bits, and one of them means "none".
        Ok(rows) if rows.len() < NONE as usize => rows,
        Ok(_) => {
            faults.hint(path, FaultCode::OutOfRange, "rows < 2^32 - 1".to_owned());
            Vec::new()
        }
        Err(_) => {
            faults.hint(path, FaultCode::WrongType, "array".to_owned());
            Vec::new()
        }
    }
}

pub(super) fn row_node<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    faults: &mut Faults,
) -> Option<Node<'a>> {
    // The text was checked as a whole; what can still fail is nesting beyond the limit of the reader, or half a surrogate pair.
    let node = serde_json::from_str(raw.get()).ok();
    if node.is_none() {
        faults.add(path, FaultCode::NotJson);
    }
    node
}

fn evidence(tables: &Tables<'_>, freeze: Day, faults: &mut Faults) -> Option<Evidence> {
    let [
        outage_rows,
        institution_rows,
        cohort_rows,
        enrolment_rows,
        episode_rows,
        survey_rows,
    ] = &tables.rows;
    let place = FIELDS.map(|name| Path::Key(&Path::Root, name));

    let mut federations = Words::default();
    let (institution_ids, institutions, institution_order) =
        sorted(institution_rows, &place[1], faults, |node, path, faults| {
            let (row, federation) = rows::institution(node, path, faults)?;
            let federation = federations.number(federation);
            Some(Institution { federation, ..row })
        });
    let institution_numbers = numbers(&institution_ids);
    let (cohort_ids, cohorts, cohort_order) =
        sorted(cohort_rows, &place[2], faults, |node, path, faults| {
            rows::cohort(node, path, &institution_numbers, faults)
        });

    let mut context = Context {
        freeze,
        institutions: institution_numbers,
        cohort_rows: numbers(&cohort_ids),
        cohorts: &cohorts,
        words: Words::default(),
        persons: Words::default(),
        sources: Vec::new(),
    };
    let mut outages = Vec::new();
    for (at, raw) in outage_rows.iter().enumerate() {
        let path = place[0].index(at);
        if let Some(node) = row_node(raw, &path, faults) {
            outages.extend(rows::outage(&node, &path, &mut context, faults));
        }
    }
    let (enrolment_ids, enrolments, enrolment_order) =
        sorted(enrolment_rows, &place[3], faults, |node, path, faults| {
            rows::enrolment(node, path, &mut context, faults)
        });
    let (episode_ids, episodes, episode_order) =
        sorted(episode_rows, &place[4], faults, |node, path, faults| {
            work::episode(node, path, &mut context, faults)
        });
    let Context {
        persons, sources, ..
    } = context;
    let (responses, survey_order) = surveys(survey_rows, &place[5], &enrolment_ids, freeze, faults);
    if !faults.is_empty() {
        return None;
    }
    let orders = [
        Vec::new(),
        institution_order,
        cohort_order,
        enrolment_order,
        episode_order,
        survey_order,
    ];
    Some(Evidence {
        freeze,
        sha256: digest(tables, &orders)?,
        outages,
        federations: federations.into_ids(),
        institution_ids,
        institutions: whole(institutions)?,
        persons: u32::try_from(persons.0.len()).ok()?,
        sources,
        cohorts: whole(cohorts)?,
        enrolment_ids,
        enrolments: whole(enrolments)?,
        episode_ids,
        episodes: whole(episodes)?,
        responses,
    })
}

/// The rows of a table in the order of their ids, and which row of the file each was. A faulty row keeps its id and its
/// place, so that what refers to it is not called dangling.
fn sorted<'a, T: Copy>(
    raws: &[&'a RawValue],
    place: &Path<'_>,
    faults: &mut Faults,
    mut read: impl FnMut(&Node<'a>, &Path<'_>, &mut Faults) -> Option<T>,
) -> (Ids, Vec<Option<T>>, Vec<u32>) {
    let mut ids = Vec::with_capacity(raws.len());
    let mut rows = Vec::with_capacity(raws.len());
    for (at, raw) in raws.iter().enumerate() {
        let path = place.index(at);
        let node = row_node(raw, &path, faults);
        ids.push(
            node.as_ref()
                .and_then(|node| id_of(node, &path, faults))
                .unwrap_or_default(),
        );
        rows.push(node.and_then(|node| read(&node, &path, faults)));
    }
    let mut order: Vec<u32> = (0..NONE).take(raws.len()).collect();
    order.sort_unstable_by(|&one, &two| (&ids[one as usize], one).cmp(&(&ids[two as usize], two)));
    for pair in order.windows(2) {
        let (one, two) = (&ids[pair[0] as usize], &ids[pair[1] as usize]);
        if one == two && !one.is_empty() {
            let path = place.index(pair[1] as usize);
            faults.add(&path.key("id"), FaultCode::DuplicateId);
        }
    }
    let mut sorted_ids = Ids::default();
    for &row in &order {
        sorted_ids.push(&ids[row as usize]);
    }
    let rows = order.iter().map(|&row| rows[row as usize]).collect();
    (sorted_ids, rows, order)
}

fn id_of<'a>(node: &Node<'a>, path: &Path<'_>, faults: &mut Faults) -> Option<Cow<'a, str>> {
    let Node::Object(fields) = node else {
        return None;
    };
    let (_, id) = fields.iter().find(|(name, _)| name == "id")?;
    Slot::of(id, path.key("id")).text(faults).cloned()
}

/// Row numbers by id.
fn numbers(ids: &Ids) -> HashMap<&str, u32> {
    (0..ids.len()).map(|row| ids.of(row)).zip(0..).collect()
}

fn whole<T>(rows: Vec<Option<T>>) -> Option<Vec<T>> {
    rows.into_iter().collect()
}
