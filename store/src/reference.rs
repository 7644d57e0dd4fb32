//! Regions, federations with their areas, occupations, policies, and what was loaded from seed data.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::PublicRead;
use crate::entity::reference::{federation, federation_area, occupation, policy, region, seed};
use crate::{StoreError, time};

/// A division of GB/T 2260 as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Six digits.
    pub code: String,
    /// Name ("西湖区").
    pub name: String,
    /// Name without its kind ("西湖").
    pub short_name: String,
    /// Names from the province down ("浙江省杭州市西湖区").
    pub full_name: String,
    /// `province`, `prefecture`, `county`.
    pub level: String,
    /// The division above.
    pub parent: Option<String>,
    /// The province-level federation that looks after it; none for 71, 81, 82.
    pub federation: Option<String>,
    /// First day.
    pub valid_from: String,
    /// Day after the last one.
    pub valid_until: Option<String>,
}

/// A federation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// Six digits, `000000` national.
    pub code: String,
    /// Name.
    pub name: String,
    /// `national`, `province`, `prefecture`, `county`.
    pub level: String,
    /// The federation above.
    pub parent: Option<String>,
}

/// An occupation of one edition of the classification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupation {
    /// `M-mm-ss-uu`.
    pub code: String,
    /// `2015` or `2022`.
    pub edition: String,
    /// Name without marks.
    pub name: String,
    /// Marked S.
    pub digital: bool,
    /// Marked L.
    pub green: bool,
}

/// SHA-256 of the seed file that was loaded under this name.
pub async fn loaded_seed(
    db: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(seed::Entity::find_by_id(name.to_owned())
        .one(db)
        .await?
        .map(|row| row.sha256))
}

/// Notes which seed file was loaded.
pub async fn note_seed(
    db: &impl ConnectionTrait,
    name: &str,
    sha256: &[u8],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = seed::ActiveModel {
        name: Set(name.to_owned()),
        sha256: Set(sha256.to_vec()),
        loaded_at: Set(time::millis(now)),
    };
    seed::Entity::insert(row)
        .on_conflict(
            OnConflict::column(seed::Column::Name)
                .update_columns([seed::Column::Sha256, seed::Column::LoadedAt])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Loads or renews regions; a code that was there keeps its row.
pub async fn load_regions(db: &impl ConnectionTrait, regions: &[Region]) -> Result<(), StoreError> {
    for chunk in regions.chunks(500) {
        let rows = chunk.iter().map(|r| region::ActiveModel {
            code: Set(r.code.clone()),
            name: Set(r.name.clone()),
            short_name: Set(r.short_name.clone()),
            full_name: Set(r.full_name.clone()),
            level: Set(r.level.clone()),
            parent: Set(r.parent.clone()),
            federation: Set(r.federation.clone()),
            valid_from: Set(r.valid_from.clone()),
            valid_until: Set(r.valid_until.clone()),
        });
        region::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(region::Column::Code)
                    .update_columns([
                        region::Column::Name,
                        region::Column::ShortName,
                        region::Column::FullName,
                        region::Column::Level,
                        region::Column::Parent,
                        region::Column::Federation,
                        region::Column::ValidUntil,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Loads or renews federations.
pub async fn load_federations(
    db: &impl ConnectionTrait,
    federations: &[Federation],
) -> Result<(), StoreError> {
    for chunk in federations.chunks(1000) {
        let rows = chunk.iter().map(|f| federation::ActiveModel {
            code: Set(f.code.clone()),
            name: Set(f.name.clone()),
            level: Set(f.level.clone()),
            parent: Set(f.parent.clone()),
        });
        federation::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(federation::Column::Code)
                    .update_columns([
                        federation::Column::Name,
                        federation::Column::Level,
                        federation::Column::Parent,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Loads which areas each federation looks after: pairs of federation code and area code.
pub async fn load_areas(
    db: &impl ConnectionTrait,
    pairs: &[(String, String)],
    valid_from: &str,
) -> Result<(), StoreError> {
    for chunk in pairs.chunks(2000) {
        let rows = chunk
            .iter()
            .map(|(federation, area)| federation_area::ActiveModel {
                federation: Set(federation.clone()),
                area: Set(area.clone()),
                valid_from: Set(valid_from.to_owned()),
                valid_until: Set(None),
            });
        federation_area::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::columns([
                    federation_area::Column::Federation,
                    federation_area::Column::Area,
                    federation_area::Column::ValidFrom,
                ])
                .do_nothing()
                .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Loads or renews occupations.
pub async fn load_occupations(
    db: &impl ConnectionTrait,
    occupations: &[Occupation],
) -> Result<(), StoreError> {
    for chunk in occupations.chunks(1000) {
        let rows = chunk.iter().map(|o| occupation::ActiveModel {
            code: Set(o.code.clone()),
            edition: Set(o.edition.clone()),
            name: Set(o.name.clone()),
            digital: Set(o.digital),
            green: Set(o.green),
        });
        occupation::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::columns([occupation::Column::Code, occupation::Column::Edition])
                    .update_columns([
                        occupation::Column::Name,
                        occupation::Column::Digital,
                        occupation::Column::Green,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Keeps a policy text; the same version again must have the same bytes.
pub async fn load_policy(
    db: &impl ConnectionTrait,
    id: &str,
    version: &str,
    sha256: &[u8],
    text: &str,
    effective_on: &str,
) -> Result<bool, StoreError> {
    let key = (id.to_owned(), version.to_owned());
    if let Some(row) = policy::Entity::find_by_id(key).one(db).await? {
        return if row.sha256 == sha256 {
            Ok(false)
        } else {
            Err(StoreError::Duplicate("policy version"))
        };
    }
    let row = policy::ActiveModel {
        id: Set(id.to_owned()),
        version: Set(version.to_owned()),
        sha256: Set(sha256.to_vec()),
        text: Set(text.to_owned()),
        effective_on: Set(effective_on.to_owned()),
    };
    policy::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(true)
}

/// The region with this code.
pub async fn region(db: &impl ConnectionTrait, code: &str) -> Result<Option<Region>, StoreError> {
    Ok(region::Entity::find_by_id(code.to_owned())
        .one(db)
        .await?
        .map(Region::from))
}

/// All regions, in order of code; the caller keeps them as a small table in memory.
pub async fn all_regions(db: &impl ConnectionTrait) -> Result<Vec<Region>, StoreError> {
    let rows = region::Entity::find()
        .order_by_asc(region::Column::Code)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Region::from).collect())
}

/// Regions under a parent (provinces for `None`), in order of code.
pub async fn regions_under(
    db: &impl PublicRead,
    parent: Option<&str>,
) -> Result<Vec<Region>, StoreError> {
    let db = db.connection();
    let query = region::Entity::find().order_by_asc(region::Column::Code);
    let query = match parent {
        Some(parent) => query.filter(region::Column::Parent.eq(parent)),
        None => query.filter(region::Column::Parent.is_null()),
    };
    Ok(query.all(db).await?.into_iter().map(Region::from).collect())
}

/// The federation with this code.
pub async fn federation(
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<Federation>, StoreError> {
    Ok(federation::Entity::find_by_id(code.to_owned())
        .one(db)
        .await?
        .map(Federation::from))
}

/// All federations of these levels, in order of code.
pub async fn federations(
    db: &impl PublicRead,
    levels: &[&str],
) -> Result<Vec<Federation>, StoreError> {
    let db = db.connection();
    let rows = federation::Entity::find()
        .filter(federation::Column::Level.is_in(levels.iter().copied()))
        .order_by_asc(federation::Column::Code)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Federation::from).collect())
}

/// The occupation with this code in this edition.
pub async fn occupation(
    db: &impl PublicRead,
    code: &str,
    edition: &str,
) -> Result<Option<Occupation>, StoreError> {
    let db = db.connection();
    let key = (code.to_owned(), edition.to_owned());
    Ok(occupation::Entity::find_by_id(key)
        .one(db)
        .await?
        .map(Occupation::from))
}

/// Occupations whose name or code contains the text, in order of code, after `after`.
pub async fn find_occupations(
    db: &impl PublicRead,
    text: &str,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Occupation>, StoreError> {
    let db = db.connection();
    let mut query = occupation::Entity::find();
    if !text.is_empty() {
        query = query.filter(
            Condition::any()
                .add(occupation::Column::Name.contains(text))
                .add(occupation::Column::Code.starts_with(text)),
        );
    }
    if let Some(after) = after {
        query = query.filter(occupation::Column::Code.gt(after));
    }
    let rows = query
        .order_by_asc(occupation::Column::Code)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Occupation::from).collect())
}

impl From<region::Model> for Region {
    fn from(row: region::Model) -> Self {
        Self {
            code: row.code,
            name: row.name,
            short_name: row.short_name,
            full_name: row.full_name,
            level: row.level,
            parent: row.parent,
            federation: row.federation,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
        }
    }
}

impl From<federation::Model> for Federation {
    fn from(row: federation::Model) -> Self {
        Self {
            code: row.code,
            name: row.name,
            level: row.level,
            parent: row.parent,
        }
    }
}

impl From<occupation::Model> for Occupation {
    fn from(row: occupation::Model) -> Self {
        Self {
            code: row.code,
            edition: row.edition,
            name: row.name,
            digital: row.digital,
            green: row.green,
        }
    }
}

/// Whether a federation of this level looks after a place now.
pub async fn has_level(
    db: &impl ConnectionTrait,
    area: &str,
    level: &str,
) -> Result<bool, StoreError> {
    let codes: Vec<String> = federation_area::Entity::find()
        .select_only()
        .column(federation_area::Column::Federation)
        .filter(federation_area::Column::Area.eq(area))
        .filter(federation_area::Column::ValidUntil.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let found = federation::Entity::find()
        .filter(federation::Column::Code.is_in(codes))
        .filter(federation::Column::Level.eq(level))
        .one(db)
        .await?;
    Ok(found.is_some())
}
