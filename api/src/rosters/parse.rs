//! A table to trainees and faults: all rows, all faults, every row counted.

use std::collections::HashMap;
use std::sync::Arc;

use domain::CitizenId;
use domain::enrolment::age_on;

use super::cause::Cause;
use super::fault::{Fault, Place};
use super::fields::{self, Identity};
use super::parsed::{Context, IgnoredColumn, Notice, ParsedRoster};
use super::row::{Contact, Hidden, RosterRow};
use super::sheet::{Cell, Row};
use super::template::{SAMPLE_ID, SAMPLE_MARK};
use super::{Field, Kind, Sheet};

/// Checks every row of a sheet and gives all faults of all rows at once.
pub fn parse(sheet: &Sheet, context: &Context<'_>) -> ParsedRoster {
    let mut parser = Parser::new(sheet, context);
    let mut filled = 0;
    for row in sheet
        .table
        .rows()
        .filter(|row| row.number > sheet.header_row)
    {
        if row.cells().next().is_some() {
            filled += 1;
            parser.row(row);
        }
    }
    let blank = sheet.row_count().saturating_sub(filled);
    parser.finish(blank)
}

struct Parser<'a> {
    sheet: &'a Sheet,
    context: &'a Context<'a>,
    places: [Place; Field::ALL.len()],
    good: Vec<RosterRow>,
    faults: Vec<Fault>,
    /// Rows of each person, where the identity could be told.
    seen: HashMap<CitizenId, Vec<u32>>,
    formulas: u32,
    first_formula: u32,
    sample: u32,
}

impl<'a> Parser<'a> {
    fn new(sheet: &'a Sheet, context: &'a Context<'a>) -> Self {
        let places = Field::ALL.map(|field| {
            let column = sheet
                .columns
                .iter()
                .find(|column| column.field == Some(field));
            Place {
                index: column.map(|column| column.index),
                header: Arc::from(column.map_or(field.header(), |column| column.header.as_str())),
            }
        });
        Self {
            sheet,
            context,
            places,
            good: Vec::new(),
            faults: Vec::new(),
            seen: HashMap::new(),
            formulas: 0,
            first_formula: 0,
            sample: 0,
        }
    }

    fn place(&self, field: Field) -> &Place {
        &self.places[field as usize]
    }

    fn fault(&mut self, row: Row<'_>, field: Field, cause: Cause) {
        let place = self.place(field).clone();
        let text = place
            .index
            .and_then(|column| row.cell(column))
            .map_or("", |cell| cell.text);
        self.faults
            .push(Fault::new(row.number, field, &place, text, cause));
    }

    /// The cell's text if it may be used as one; a fault is noted otherwise.
    fn text<'r>(&mut self, row: Row<'r>, field: Field) -> Option<&'r str> {
        let Cell { text, kind } = self
            .place(field)
            .index
            .and_then(|column| row.cell(column))?;
        let identity = matches!(
            field,
            Field::Name | Field::CitizenId | Field::DisabilityCard | Field::Phone
        );
        let cause = match kind {
            Kind::Error => Cause::CellError,
            Kind::LostPrecision => Cause::IdLostPrecision,
            Kind::Formula if identity || text.is_empty() => Cause::Formula,
            Kind::Formula => {
                self.formulas += 1;
                if self.first_formula == 0 {
                    self.first_formula = row.number;
                }
                return Some(text);
            }
            Kind::Text if identity && text.starts_with('=') => Cause::Formula,
            _ => return Some(text),
        };
        self.fault(row, field, cause);
        None
    }

    fn required<'r>(&mut self, row: Row<'r>, field: Field) -> Option<&'r str> {
        let empty = self
            .place(field)
            .index
            .and_then(|column| row.cell(column))
            .is_none();
        if empty {
            self.fault(row, field, Cause::Required);
        }
        self.text(row, field)
    }

    fn checked<T>(
        &mut self,
        row: Row<'_>,
        field: Field,
        value: Option<Result<T, Cause>>,
    ) -> Option<T> {
        match value? {
            Ok(value) => Some(value),
            Err(cause) => {
                self.fault(row, field, cause);
                None
            }
        }
    }

    fn is_sample(&mut self, row: Row<'_>) -> bool {
        let plain = |field| {
            self.place(field)
                .index
                .and_then(|column| row.cell(column))
                .map_or("", |cell| cell.text)
        };
        let (name, id, note) = (
            plain(Field::Name),
            plain(Field::CitizenId),
            plain(Field::Note),
        );
        let marked = name.starts_with(SAMPLE_MARK) || note.starts_with(SAMPLE_MARK);
        if marked && (id.is_empty() || id == SAMPLE_ID) {
            return true;
        }
        if marked {
            let field = if note.starts_with(SAMPLE_MARK) {
                Field::Note
            } else {
                Field::Name
            };
            self.fault(row, field, Cause::SampleMark);
        } else if id == SAMPLE_ID {
            self.fault(row, Field::CitizenId, Cause::SampleId);
        }
        false
    }

    fn row(&mut self, row: Row<'_>) {
        if self.is_sample(row) {
            self.sample += 1;
            return;
        }
        let today = self.context.today;
        let before = self.faults.len();

        let name = self.required(row, Field::Name).map(fields::name);
        let name = self.checked(row, Field::Name, name);
        let citizen_id = self.citizen_id(row);
        let card = self
            .text(row, Field::DisabilityCard)
            .map(fields::disability_card);
        let disability_card = self.checked(row, Field::DisabilityCard, card);
        if let (Some(card), Some(id)) = (&disability_card, &citizen_id)
            && card.citizen_id() != id
        {
            self.fault(row, Field::DisabilityCard, Cause::CardOtherPerson);
        }
        let phone = self.text(row, Field::Phone).map(fields::phone);
        let has_phone = phone.is_some();
        let phone = self.checked(row, Field::Phone, phone);
        let contact = self.text(row, Field::Contact).map(fields::contact);
        let contact = self
            .checked(row, Field::Contact, contact)
            .unwrap_or(Contact::Own);
        if contact != Contact::Own && !has_phone {
            self.fault(row, Field::Phone, Cause::ContactWithoutPhone);
        }
        let region = self
            .required(row, Field::HukouRegion)
            .map(|text| fields::region(text, self.context.region_lookup));
        let hukou_region = self.checked(row, Field::HukouRegion, region);
        let employed = if self.place(Field::EmployedAtEnrolment).index.is_some() {
            let employed = self
                .required(row, Field::EmployedAtEnrolment)
                .map(fields::employed);
            self.checked(row, Field::EmployedAtEnrolment, employed)
        } else {
            Some(false)
        };
        let needs = self.text(row, Field::Needs).map(fields::needs);
        let (needs, needs_other) = self.checked(row, Field::Needs, needs).unwrap_or_default();
        let consent = self
            .required(row, Field::Consent)
            .map(|text| fields::consent(text, today));
        let consent_on = self.checked(row, Field::Consent, consent);
        let note = self.text(row, Field::Note).map(fields::note);
        let note = self
            .checked(row, Field::Note, note)
            .map(|text| Hidden(text.into()));

        if let (
            true,
            Some(name),
            Some(citizen_id),
            Some(hukou_region),
            Some(employed_at_enrolment),
            Some(consent_on),
        ) = (
            self.faults.len() == before,
            name,
            citizen_id,
            hukou_region,
            employed,
            consent_on,
        ) {
            self.good.push(RosterRow {
                row: row.number,
                name,
                citizen_id,
                disability_card,
                phone,
                contact,
                hukou_region,
                employed_at_enrolment,
                needs,
                needs_other: needs_other.map(|text| Hidden(text.into())),
                consent_on,
                note,
            });
        }
    }

    fn citizen_id(&mut self, row: Row<'_>) -> Option<CitizenId> {
        let text = self.required(row, Field::CitizenId)?;
        let Identity { id, cause } = fields::citizen_id(text, self.context.today);
        if let Some(cause) = cause {
            self.fault(row, Field::CitizenId, cause);
        }
        let id = id?;
        if age_on(id.birth_on(), self.context.start_on) < Some(self.context.min_age) {
            self.fault(
                row,
                Field::CitizenId,
                Cause::BelowAge {
                    min_age: self.context.min_age,
                },
            );
        }
        self.seen.entry(id.clone()).or_default().push(row.number);
        Some(id)
    }

    fn finish(mut self, blank: u32) -> ParsedRoster {
        self.duplicates();
        self.places();
        self.faults
            .sort_by_key(|fault| (fault.row, fault.column_index(), fault.field));
        let mut faulty = 0;
        let mut last = 0;
        for fault in &self.faults {
            faulty += u32::from(fault.row != last);
            last = fault.row;
        }
        let mut notices = Vec::new();
        if self.place(Field::EmployedAtEnrolment).index.is_none() {
            notices.push(Notice::NobodyEmployed);
        }
        if self.formulas > 0 {
            notices.push(Notice::FormulaValues {
                cells: self.formulas,
                first_row: self.first_formula,
            });
        }
        ParsedRoster {
            rows: self.good,
            faults: self.faults,
            ignored_columns: ignored(self.sheet),
            notices,
            row_count: self.sheet.row_count(),
            faulty,
            sample: self.sample,
            blank,
        }
    }

    /// Each row of a person who stands in several names the others; none of them is good.
    fn duplicates(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        let mut twice: HashMap<u32, Vec<u32>> = HashMap::new();
        for rows in seen.into_values().filter(|rows| rows.len() > 1) {
            for row in &rows {
                twice.insert(
                    *row,
                    rows.iter()
                        .copied()
                        .filter(|other| other != row)
                        .take(MOST_TWINS)
                        .collect(),
                );
            }
        }
        if twice.is_empty() {
            return;
        }
        self.good.retain(|row| !twice.contains_key(&row.row));
        let sheet = self.sheet;
        for row in sheet.table.rows() {
            if let Some(others) = twice.remove(&row.number) {
                self.fault(
                    row,
                    Field::CitizenId,
                    Cause::Duplicate {
                        rows: others.into(),
                    },
                );
            }
        }
    }

    /// Good rows beyond the places of the class.
    fn places(&mut self) {
        let most = self.context.max_trainees;
        if self.good.len() <= most {
            return;
        }
        let beyond: Vec<u32> = self
            .good
            .split_off(most)
            .iter()
            .map(|row| row.row)
            .collect();
        let cause = Cause::NoPlaces {
            most: u32::try_from(most).unwrap_or(u32::MAX),
        };
        let sheet = self.sheet;
        for row in sheet
            .table
            .rows()
            .filter(|row| beyond.binary_search(&row.number).is_ok())
        {
            self.fault(row, Field::Name, cause.clone());
        }
    }
}

/// How many of the other rows of a person are named.
const MOST_TWINS: usize = 5;

fn ignored(sheet: &Sheet) -> Vec<IgnoredColumn> {
    let mut ignored: Vec<IgnoredColumn> = sheet
        .columns
        .iter()
        .filter(|column| column.field.is_none())
        .map(|column| IgnoredColumn {
            index: column.index,
            header: column.header.clone(),
        })
        .collect();
    let mut with_content = vec![false; usize::from(u16::MAX) + 1];
    for row in sheet
        .table
        .rows()
        .filter(|row| row.number > sheet.header_row)
    {
        for (column, _) in row.cells() {
            with_content[usize::from(column)] = true;
        }
    }
    for column in &sheet.columns {
        with_content[usize::from(column.index)] = false;
    }
    let headless = (0..=u16::MAX).filter(|index| with_content[usize::from(*index)]);
    ignored.extend(headless.map(|index| IgnoredColumn {
        index,
        header: String::new(),
    }));
    ignored.sort_by_key(|column| column.index);
    ignored
}
