//! Where a page of a public list begins: not at a number, which counts past rows that came or went meanwhile, but beside a
//! row, by the values that it is sorted by (trust.md EN-4).

use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::search::Sort;
use crate::StoreError;

/// Longest text of a place in bytes: a name with its spellings.
const LONGEST: usize = 2_000;

/// One of the values that a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A name, a code.
    Text(String),
    /// A rank, a version.
    Number(i64),
    /// The row itself.
    Id(Uuid),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Text(text) => text.into(),
            Key::Number(number) => number.into(),
            Key::Id(id) => id.into(),
        }
    }
}

/// A place in a list: what its row is sorted by, down to what no other row has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Vec<Key>);

impl Place {
    /// The values, in the order of the list.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

/// The rows of a list from where on, and how many at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Where.
    pub begin: Begin,
    /// How many.
    pub size: u64,
}

impl Slice {
    /// The first rows.
    pub const fn first(size: u64) -> Self {
        Self {
            begin: Begin::Start,
            size,
        }
    }

    /// The rows after a place.
    pub const fn after(place: Place, size: u64) -> Self {
        Self {
            begin: Begin::After(place),
            size,
        }
    }
}

/// Where a slice begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// At the first row.
    #[default]
    Start,
    /// Behind this place.
    After(Place),
    /// It ends before this place.
    Before(Place),
}

/// What a column of the order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Id,
}

/// An order of rows: its columns, the last of which tells rows apart.
#[derive(Clone, Copy, Debug)]
pub struct Order(&'static [(&'static str, Kind)]);

const RANK: &str = "CAST(CASE a.grade WHEN 'A' THEN 1 WHEN 'B' THEN 2 WHEN 'C' THEN 3 WHEN 'D' THEN 4 ELSE 5 END AS BIGINT)";
const VERSION: &str = "CAST(v.version AS BIGINT)";

impl Sort {
    /// The order of institutions.
    pub const fn of_institutions(self) -> Order {
        Order(match self {
            Self::Name => &[
                ("i.spellings", Kind::Text),
                ("i.name", Kind::Text),
                ("a.id", Kind::Id),
            ],
            Self::Grade => &[
                (RANK, Kind::Number),
                ("i.spellings", Kind::Text),
                ("i.name", Kind::Text),
                ("a.id", Kind::Id),
            ],
            Self::Region => &[
                ("a.site_region", Kind::Text),
                ("i.spellings", Kind::Text),
                ("i.name", Kind::Text),
                ("a.id", Kind::Id),
            ],
            Self::Code => &[("i.credit_code", Kind::Text), ("a.id", Kind::Id)],
        })
    }

    /// The order of programs, which have neither grade nor region.
    pub const fn of_programs(self) -> Order {
        Order(match self {
            Self::Name => &[
                ("v.spellings", Kind::Text),
                ("v.name", Kind::Text),
                ("p.code", Kind::Text),
                (VERSION, Kind::Number),
            ],
            Self::Grade | Self::Region | Self::Code => {
                &[("p.code", Kind::Text), (VERSION, Kind::Number)]
            }
        })
    }
}

impl Order {
    /// A place of this order; `None` when the values are those of another.
    pub fn place(self, keys: Vec<Key>) -> Option<Place> {
        let fits = |key: &Key, kind: Kind| match (key, kind) {
            (Key::Text(text), Kind::Text) => text.len() <= LONGEST && !text.contains('\0'),
            (Key::Number(_), Kind::Number) | (Key::Id(_), Kind::Id) => true,
            _ => false,
        };
        let all = keys.len() == self.0.len()
            && keys
                .iter()
                .zip(self.0)
                .all(|(key, (_, kind))| fits(key, *kind));
        all.then_some(Place(keys))
    }

    /// The columns as they are read.
    pub(super) fn columns(self) -> String {
        let columns = self.0.iter().enumerate();
        let columns = columns.map(|(at, (column, _))| format!("{column} AS k{at}"));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// `ORDER BY`, from the first row on or from the last one back.
    pub(super) fn by(self, back: bool) -> String {
        let way = if back { " DESC" } else { "" };
        let columns = self.0.iter().map(|(column, _)| format!("{column}{way}"));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The columns as a row to be compared.
    pub(super) fn row(self) -> String {
        let columns: Vec<&str> = self.0.iter().map(|(column, _)| *column).collect();
        format!("({})", columns.join(", "))
    }

    /// The place of a row that was read.
    pub(super) fn read(self, row: &QueryResult) -> Result<Place, StoreError> {
        let keys = self.0.iter().enumerate().map(|(at, (_, kind))| {
            let column = format!("k{at}");
            Ok(match kind {
                Kind::Text => Key::Text(row.try_get("", &column)?),
                Kind::Number => Key::Number(row.try_get("", &column)?),
                Kind::Id => Key::Id(row.try_get("", &column)?),
            })
        });
        keys.collect::<Result<_, StoreError>>().map(Place)
    }
}
