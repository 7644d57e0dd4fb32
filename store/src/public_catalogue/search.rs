//! The lists of the catalogue, narrowed by what people look for.

use domain::institution::InstitutionState;
use domain::program::{AccessibleForm, Provision};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};
use uuid::Uuid;

use super::quoted;
use crate::PublicRead;
use crate::StoreError;
use crate::entity::catalogue::{admission, program_version};
use crate::institutions::Admission;
use crate::programs::Version;

/// Words of a search beyond this many are not looked at.
const MOST_WORDS: usize = 6;

/// What a public list is narrowed to; what is empty is no filter, and all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Parts of a name, with blanks between them; or a whole code.
    pub text: String,
    /// A division or federation code; the divisions below it are included.
    pub region: String,
    /// Only this state.
    pub state: String,
    /// Institutions with a site that provides all of these.
    pub provisions: Vec<Provision>,
    /// Programs taught in all of these forms; institutions with an open offer of such a program.
    pub forms: Vec<AccessibleForm>,
    /// Only institutions with a class that takes applications.
    pub enrolling: bool,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the filter finds altogether.
    pub total: u64,
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct CountRow {
    total: i64,
}

/// `LIKE` pattern that takes the text literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// `LIKE` pattern of a JSON list of codes that holds this one.
fn holds(code: &str) -> String {
    like(&format!("\"{code}\""))
}

/// Conditions joined by AND, with the values for their placeholders.
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn new(first: String) -> Self {
        Self {
            sql: first,
            values: Vec::new(),
        }
    }

    /// The placeholder of a value.
    fn place(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// Every word stands in one of the columns, or is a whole code.
    fn words(&mut self, text: &str, columns: &[&str], code: &str) {
        for word in text.split_whitespace().take(MOST_WORDS) {
            let part = self.place(like(&word.to_ascii_lowercase()));
            let whole = self.place(word.to_ascii_uppercase());
            let columns: Vec<String> = columns
                .iter()
                .map(|column| format!("LOWER({column}) LIKE {part} ESCAPE '\\'"))
                .collect();
            self.and(&format!("({} OR {code} = {whole})", columns.join(" OR ")));
        }
    }

    /// The columns hold each of the codes.
    fn all_in(&mut self, column: &str, codes: impl Iterator<Item = &'static str>) -> String {
        let each: Vec<String> = codes
            .map(|code| {
                let place = self.place(holds(code));
                format!("{column} LIKE {place} ESCAPE '\\'")
            })
            .collect();
        each.join(" AND ")
    }
}

async fn page_of_ids(
    db: &impl ConnectionTrait,
    from: &str,
    id: &str,
    order: &str,
    conditions: Conditions,
    page: u64,
    size: u64,
) -> Result<(Vec<Uuid>, u64), StoreError> {
    let backend = db.get_database_backend();
    let Conditions { sql, values } = conditions;
    let count = Statement::from_sql_and_values(
        backend,
        format!("SELECT COUNT(*) AS total FROM {from} WHERE {sql}"),
        values.clone(),
    );
    let total = CountRow::find_by_statement(count)
        .one(db)
        .await?
        .map_or(0, |row| row.total.max(0).cast_unsigned());
    let offset = page.saturating_sub(1).saturating_mul(size);
    if offset >= total {
        return Ok((Vec::new(), total));
    }
    let rows = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT {id} AS id FROM {from} WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {offset}"
        ),
        values,
    );
    let rows = IdRow::find_by_statement(rows).all(db).await?;
    Ok((rows.into_iter().map(|row| row.id).collect(), total))
}

/// Institutions that anybody may see, by name; `page` counts from 1.
pub async fn institutions(
    db: &impl PublicRead,
    filter: &Filter,
    page: u64,
    size: u64,
) -> Result<Page<Admission>, StoreError> {
    let db = db.connection();
    let states = quoted(
        InstitutionState::ALL
            .iter()
            .filter(|state| state.is_public())
            .map(|state| state.as_str()),
    );
    let mut all = Conditions::new(format!("a.state IN ({states})"));
    all.words(&filter.text, &["i.name"], "i.credit_code");
    if !filter.region.is_empty() {
        let region = all.place(filter.region.as_str());
        // A whole province holds so many rows that finding them one by one by their division costs more than passing
        // over the others: the column of an expression has no index. Smaller areas are found by theirs.
        let column = if filter.region.ends_with("0000") {
            "(a.site_region || '')"
        } else {
            "a.site_region"
        };
        all.and(&format!(
            "{column} IN (SELECT area FROM federation_area WHERE federation = {region} AND valid_until IS NULL \
             UNION ALL SELECT {region})"
        ));
    }
    if !filter.state.is_empty() {
        let state = all.place(filter.state.as_str());
        all.and(&format!("a.state = {state}"));
    }
    if !filter.provisions.is_empty() {
        let provided = all.all_in(
            "s.provisions",
            filter.provisions.iter().map(|one| one.as_str()),
        );
        all.and(&format!(
            "EXISTS (SELECT 1 FROM site s WHERE s.institution_id = i.id AND {provided})"
        ));
    }
    if !filter.forms.is_empty() {
        let taught = all.all_in(
            "v.accessible_forms",
            filter.forms.iter().map(|one| one.as_str()),
        );
        all.and(&format!(
            "EXISTS (SELECT 1 FROM offer o JOIN program_version v ON v.id = o.program_version_id \
             WHERE o.admission_id = a.id AND o.state = 'open' AND {taught})"
        ));
    }
    if filter.enrolling {
        all.and("a.state IN ('provisional', 'graded', 'warned', 'rectifying')");
        all.and(
            "EXISTS (SELECT 1 FROM cohort c WHERE c.admission_id = a.id AND c.state = 'enrolling')",
        );
    }
    let (ids, total) = page_of_ids(
        db,
        "admission a JOIN institution i ON i.id = a.institution_id",
        "a.id",
        "i.name, a.id",
        all,
        page,
        size,
    )
    .await?;
    let rows = admission::Entity::find()
        .filter(admission::Column::Id.is_in(ids.clone()))
        .all(db)
        .await?;
    let mut items = crate::institutions::with_institutions(db, rows).await?;
    items.sort_by_key(|row| ids.iter().position(|id| *id == row.id.uuid()));
    Ok(Page { items, total })
}

/// Published programs, by code; `page` counts from 1. The filter's region narrows to programs offered there, its text also
/// finds the occupation.
pub async fn programs(
    db: &impl PublicRead,
    filter: &Filter,
    page: u64,
    size: u64,
) -> Result<Page<Version>, StoreError> {
    let db = db.connection();
    let mut all = Conditions::new("v.state = 'published'".to_owned());
    all.words(&filter.text, &["v.name", "c.name"], "p.code");
    if !filter.region.is_empty() {
        let region = all.place(filter.region.as_str());
        all.and(&format!(
            "EXISTS (SELECT 1 FROM offer o JOIN site s ON s.id = o.site_id WHERE o.program_version_id = v.id AND o.state = 'open' \
             AND (s.region IN (SELECT area FROM federation_area WHERE federation = {region} AND valid_until IS NULL) \
             OR s.region = {region}))"
        ));
    }
    if !filter.forms.is_empty() {
        let taught = all.all_in(
            "v.accessible_forms",
            filter.forms.iter().map(|one| one.as_str()),
        );
        all.and(&taught);
    }
    if filter.enrolling {
        all.and(
            "EXISTS (SELECT 1 FROM cohort k JOIN admission a ON a.id = k.admission_id WHERE k.program_version_id = v.id \
             AND k.state = 'enrolling' AND a.state IN ('provisional', 'graded', 'warned', 'rectifying'))",
        );
    }
    let (ids, total) = page_of_ids(
        db,
        "program_version v JOIN program p ON p.id = v.program_id \
         JOIN occupation c ON c.code = v.occupation_code AND c.edition = v.occupation_edition",
        "v.id",
        "p.code, v.version",
        all,
        page,
        size,
    )
    .await?;
    let rows = program_version::Entity::find()
        .filter(program_version::Column::Id.is_in(ids.clone()))
        .all(db)
        .await?;
    let mut items = crate::programs::with_programs(db, rows).await?;
    items.sort_by_key(|row| ids.iter().position(|id| *id == row.id.uuid()));
    Ok(Page { items, total })
}
