//! The lists of the catalogue, narrowed by what people look for.

use chrono::NaiveDate;
use domain::institution::InstitutionState;
use domain::program::{AccessibleForm, Provision};
use domain::text_enum;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult,
    Statement, Value,
};
use uuid::Uuid;

use super::place::{Begin, Order, Place, Slice};
use super::quoted;
use crate::PublicRead;
use crate::StoreError;
use crate::entity::catalogue::{admission, program_version};
use crate::institutions::Admission;
use crate::programs::Version;
use crate::scope::NATIONAL;

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
    /// Only institutions with this grade.
    pub grade: String,
    /// Programs for occupations whose code begins so; institutions with an open offer of such a program.
    pub occupation: String,
    /// Only with a class that takes applications.
    pub enrolling: bool,
    /// Only with such a class that begins on this day or later.
    pub starts_from: Option<NaiveDate>,
    /// Only with such a class that costs its trainees nothing.
    pub free: bool,
    /// Order of the rows.
    pub sort: Sort,
}

text_enum! {
    /// Order of a public list.
    #[derive(Default)]
    Sort("sort") {
        /// By name, as in a dictionary of pinyin.
        #[default]
        Name = "name",
        /// By grade, A first, those without one last.
        Grade = "grade",
        /// By region.
        Region = "region",
        /// By code.
        Code = "code",
    }
}

impl Filter {
    /// Conditions on a class `k` of an institution that may enrol; nothing where no class is asked for.
    fn class(&self, all: &mut Conditions, of: &str) {
        if !self.enrolling && self.starts_from.is_none() && !self.free {
            return;
        }
        let states = if self.enrolling {
            "'enrolling'"
        } else {
            "'announced', 'enrolling'"
        };
        let mut class = format!(
            "EXISTS (SELECT 1 FROM cohort k JOIN admission h ON h.id = k.admission_id WHERE {of} AND k.state IN ({states}) \
             AND h.state IN ('provisional', 'graded', 'warned', 'rectifying')"
        );
        if let Some(day) = self.starts_from {
            let day = all.place(day.to_string());
            class.push_str(&format!(" AND k.start_on >= {day}"));
        }
        if self.free {
            class.push_str(" AND k.price_fen = 0");
        }
        class.push(')');
        all.and(&class);
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the filter finds altogether.
    pub total: u64,
    /// The place of the first row, where rows stand before it.
    pub before: Option<Place>,
    /// The place of the last row, where rows stand behind it.
    pub after: Option<Place>,
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

/// `LIKE` pattern of what begins with the text.
fn begins(text: &str) -> String {
    like(text).split_off(1)
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
                // A spelling is sought in Latin letters alone.
                .filter(|column| word.is_ascii() || !column.ends_with("spellings"))
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

/// The ids of a slice, with what the filter finds altogether and the places at both ends.
async fn page_of_ids(
    db: &impl ConnectionTrait,
    from: &str,
    id: &str,
    order: Order,
    mut conditions: Conditions,
    slice: &Slice,
) -> Result<Page<Uuid>, StoreError> {
    let backend = db.get_database_backend();
    let count = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT COUNT(*) AS total FROM {from} WHERE {}",
            conditions.sql
        ),
        conditions.values.clone(),
    );
    let total = CountRow::find_by_statement(count)
        .one(db)
        .await?
        .map_or(0, |row| row.total.max(0).cast_unsigned());
    let (place, back) = match &slice.begin {
        Begin::Start => (None, false),
        Begin::After(place) => (Some(place), false),
        Begin::Before(place) => (Some(place), true),
    };
    if let Some(place) = place {
        let values: Vec<String> = place
            .keys()
            .iter()
            .map(|key| conditions.place(key.clone()))
            .collect();
        let way = if back { '<' } else { '>' };
        let row = order.row();
        conditions.and(&format!("{row} {way} ({})", values.join(", ")));
    }
    let Conditions { sql, values } = conditions;
    // One more tells whether there is one.
    let rows = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT {id} AS id, {} FROM {from} WHERE {sql} ORDER BY {} LIMIT {}",
            order.columns(),
            order.by(back),
            slice.size.saturating_add(1)
        ),
        values,
    );
    let mut rows = db.query_all_raw(rows).await?;
    let size = usize::try_from(slice.size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    if back {
        rows.reverse();
    }
    let at = |row: Option<&QueryResult>, there: bool| {
        row.filter(|_| there).map(|row| order.read(row)).transpose()
    };
    Ok(Page {
        before: at(rows.first(), if back { more } else { place.is_some() })?,
        after: at(rows.last(), back || more)?,
        items: rows
            .iter()
            .map(|row| row.try_get("", "id"))
            .collect::<Result<_, _>>()?,
        total,
    })
}

impl Page<Uuid> {
    /// The same page with the rows of its ids, in their order.
    fn with<T>(self, mut items: Vec<T>, id: impl Fn(&T) -> Uuid) -> Page<T> {
        items.sort_by_key(|row| self.items.iter().position(|one| *one == id(row)));
        Page {
            items,
            total: self.total,
            before: self.before,
            after: self.after,
        }
    }
}

/// Institutions that anybody may see.
pub async fn institutions(
    db: &impl PublicRead,
    filter: &Filter,
    slice: &Slice,
) -> Result<Page<Admission>, StoreError> {
    let db = db.connection();
    let states = quoted(
        InstitutionState::ALL
            .iter()
            .filter(|state| state.is_public())
            .map(|state| state.as_str()),
    );
    let mut all = Conditions::new(format!("a.state IN ({states})"));
    all.words(&filter.text, &["i.name", "i.spellings"], "i.credit_code");
    if !filter.region.is_empty() {
        let region = all.place(filter.region.as_str());
        // Each admission names the province-level federation of its site: one comparison a row. A whole province holds so
        // many rows that finding them one by one costs more than passing over the others: no index serves `COALESCE`.
        if filter.region.ends_with("0000") && filter.region != NATIONAL {
            all.and(&format!("COALESCE(a.federation, '') = {region}"));
        } else {
            all.and(&format!(
                "a.site_region IN (SELECT area FROM federation_area WHERE federation = {region} AND valid_until IS NULL \
                 UNION ALL SELECT {region})"
            ));
        }
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
    if !filter.grade.is_empty() {
        let grade = all.place(filter.grade.as_str());
        all.and(&format!("a.grade = {grade}"));
    }
    if !filter.occupation.is_empty() {
        let occupation = all.place(begins(&filter.occupation));
        all.and(&format!(
            "EXISTS (SELECT 1 FROM offer o JOIN program_version v ON v.id = o.program_version_id \
             WHERE o.admission_id = a.id AND o.state = 'open' AND v.occupation_code LIKE {occupation} ESCAPE '\\')"
        ));
    }
    filter.class(&mut all, "k.admission_id = a.id");
    let ids = page_of_ids(
        db,
        "admission a JOIN institution i ON i.id = a.institution_id",
        "a.id",
        filter.sort.of_institutions(),
        all,
        slice,
    )
    .await?;
    let rows = admission::Entity::find()
        .filter(admission::Column::Id.is_in(ids.items.clone()))
        .all(db)
        .await?;
    let items = crate::institutions::with_institutions(db, rows).await?;
    Ok(ids.with(items, |row| row.id.uuid()))
}

/// Published programs. The filter's region narrows to programs offered there, its text also
/// finds the occupation.
pub async fn programs(
    db: &impl PublicRead,
    filter: &Filter,
    slice: &Slice,
) -> Result<Page<Version>, StoreError> {
    let db = db.connection();
    let mut all = Conditions::new("v.state = 'published'".to_owned());
    all.words(&filter.text, &["v.name", "c.name", "v.spellings"], "p.code");
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
    if !filter.occupation.is_empty() {
        let occupation = all.place(begins(&filter.occupation));
        all.and(&format!("v.occupation_code LIKE {occupation} ESCAPE '\\'"));
    }
    filter.class(&mut all, "k.program_version_id = v.id");
    let ids = page_of_ids(
        db,
        "program_version v JOIN program p ON p.id = v.program_id \
         JOIN occupation c ON c.code = v.occupation_code AND c.edition = v.occupation_edition",
        "v.id",
        filter.sort.of_programs(),
        all,
        slice,
    )
    .await?;
    let rows = program_version::Entity::find()
        .filter(program_version::Column::Id.is_in(ids.items.clone()))
        .all(db)
        .await?;
    let items = crate::programs::with_programs(db, rows).await?;
    Ok(ids.with(items, |row| row.id.uuid()))
}
