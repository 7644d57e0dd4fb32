//! Institutions, their admissions, and their sites.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AdmissionId, InstitutionId, SiteId};
use domain::institution::{Grade, InstitutionState, InstitutionTransition};
use domain::spelling::spellings;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::PublicRead;
use crate::entity::catalogue::{admission, institution, institution_history, site};
use crate::scope::Scope;
use crate::{StoreError, time};

/// An institution, whoever admitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    /// Its id: never its credit code, which may change (field.md 2).
    pub id: InstitutionId,
    /// Name today.
    pub name: String,
    /// Unified social credit code today.
    pub credit_code: String,
}

/// An institution's standing with one federation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Its id.
    pub id: AdmissionId,
    /// The institution.
    pub institution: Institution,
    /// The federation that admits, six digits.
    pub federation: String,
    /// Division of the main site.
    pub site_region: String,
    /// Address.
    pub address: String,
    /// Telephone of the office.
    pub phone: String,
    /// State.
    pub state: InstitutionState,
    /// State before a suspension.
    pub state_before: Option<InstitutionState>,
    /// State before an exit was proposed.
    pub exit_before: Option<InstitutionState>,
    /// The act whose effect an appeal stays now.
    pub stayed: Option<InstitutionTransition>,
    /// Whether an appeal stays the annual grade; `stayed` may name a stay of the state beside it.
    pub grade_stayed: bool,
    /// Grade, `P` when provisional.
    pub grade: Option<Grade>,
    /// When it applied.
    pub applied_at: DateTime<Utc>,
    /// Since when it is in this state.
    pub state_since: DateTime<Utc>,
    /// Until when the present state waits.
    pub due_on: Option<NaiveDate>,
    /// How often completion was asked for.
    pub returned_count: u32,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Last day of a suspension.
    pub suspended_until: Option<NaiveDate>,
    /// From which day it may apply again.
    pub bar_until: Option<NaiveDate>,
    /// The admission before this one.
    pub previous: Option<AdmissionId>,
    /// Raised by every change.
    pub revision: i32,
}

impl Admission {
    /// Whether new classes and offers may start.
    pub fn may_open(&self) -> bool {
        self.state.may_open(self.grade)
    }
}

/// A training site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Whose.
    pub institution: InstitutionId,
    /// Name.
    pub name: String,
    /// Division.
    pub region: String,
    /// Address.
    pub address: String,
    /// What it provides, as a JSON list of codes.
    pub provisions: String,
}

/// What a list may be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// State.
    pub state: Option<InstitutionState>,
}

/// The institution with this credit code.
pub async fn by_credit_code(
    db: &impl ConnectionTrait,
    credit_code: &str,
) -> Result<Option<Institution>, StoreError> {
    Ok(institution::Entity::find()
        .filter(institution::Column::CreditCode.eq(credit_code))
        .one(db)
        .await?
        .map(Institution::from))
}

/// The institution with this id.
pub async fn institution(
    db: &impl ConnectionTrait,
    id: InstitutionId,
) -> Result<Option<Institution>, StoreError> {
    Ok(institution::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Institution::from))
}

/// Writes a new institution with the first lines of its history; `history_ids` name them.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &Institution,
    history_ids: [Uuid; 2],
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<(), StoreError> {
    let row = institution::ActiveModel {
        id: Set(new.id.uuid()),
        name: Set(new.name.clone()),
        spellings: Set(spellings(&new.name)),
        credit_code: Set(new.credit_code.clone()),
        created_at: Set(time::millis(now)),
    };
    institution::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    let values = [("name", &new.name), ("credit_code", &new.credit_code)];
    let rows = history_ids
        .into_iter()
        .zip(values)
        .map(|(id, (kind, value))| institution_history::ActiveModel {
            id: Set(id),
            institution_id: Set(new.id.uuid()),
            kind: Set(kind.to_owned()),
            value: Set(value.clone()),
            valid_from: Set(today.to_string()),
            valid_until: Set(None),
            proof: Set(None),
        });
    institution_history::Entity::insert_many(rows)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes a new admission.
pub async fn insert_admission(
    db: &impl ConnectionTrait,
    new: &Admission,
) -> Result<(), StoreError> {
    let row = admission::ActiveModel {
        id: Set(new.id.uuid()),
        institution_id: Set(new.institution.id.uuid()),
        federation: Set(new.federation.clone()),
        site_region: Set(new.site_region.clone()),
        address: Set(new.address.clone()),
        phone: Set(new.phone.clone()),
        state: Set(new.state.as_str().to_owned()),
        state_before: Set(None),
        exit_before: Set(None),
        stayed: Set(None),
        grade_stayed: Set(false),
        grade: Set(new.grade.map(|grade| grade.as_str().to_owned())),
        origin: Set("native".to_owned()),
        applied_at: Set(time::millis(new.applied_at)),
        state_since: Set(time::millis(new.state_since)),
        due_on: Set(new.due_on.map(|day| day.to_string())),
        returned_count: Set(0),
        notice_until: Set(None),
        suspended_until: Set(None),
        bar_until: Set(None),
        previous_admission_id: Set(new.previous.map(AdmissionId::uuid)),
        revision: Set(new.revision),
    };
    admission::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what may change and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Admission) -> Result<i32, StoreError> {
    let text = |day: Option<NaiveDate>| Expr::value(day.map(|day| day.to_string()));
    let done = admission::Entity::update_many()
        .col_expr(
            admission::Column::Address,
            Expr::value(row.address.as_str()),
        )
        .col_expr(admission::Column::Phone, Expr::value(row.phone.as_str()))
        .col_expr(admission::Column::State, Expr::value(row.state.as_str()))
        .col_expr(
            admission::Column::StateBefore,
            Expr::value(row.state_before.map(|state| state.as_str().to_owned())),
        )
        .col_expr(
            admission::Column::ExitBefore,
            Expr::value(row.exit_before.map(|state| state.as_str().to_owned())),
        )
        .col_expr(
            admission::Column::Stayed,
            Expr::value(row.stayed.map(|act| act.as_str().to_owned())),
        )
        .col_expr(
            admission::Column::GradeStayed,
            Expr::value(row.grade_stayed),
        )
        .col_expr(
            admission::Column::Grade,
            Expr::value(row.grade.map(|grade| grade.as_str().to_owned())),
        )
        .col_expr(
            admission::Column::StateSince,
            Expr::value(time::millis(row.state_since)),
        )
        .col_expr(admission::Column::DueOn, text(row.due_on))
        .col_expr(
            admission::Column::ReturnedCount,
            Expr::value(row.returned_count.cast_signed()),
        )
        .col_expr(admission::Column::NoticeUntil, text(row.notice_until))
        .col_expr(admission::Column::SuspendedUntil, text(row.suspended_until))
        .col_expr(admission::Column::BarUntil, text(row.bar_until))
        .col_expr(admission::Column::Revision, Expr::value(row.revision + 1))
        .filter(admission::Column::Id.eq(row.id.uuid()))
        .filter(admission::Column::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

fn scoped(scope: &Scope) -> sea_orm::Select<admission::Entity> {
    admission::Entity::find().filter(scope.condition(
        admission::Column::SiteRegion,
        admission::Column::InstitutionId,
    ))
}

pub(crate) async fn with_institutions(
    db: &impl ConnectionTrait,
    rows: Vec<admission::Model>,
) -> Result<Vec<Admission>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.institution_id).collect();
    let institutions: std::collections::HashMap<Uuid, Institution> = institution::Entity::find()
        .filter(institution::Column::Id.is_in(ids))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.id, row.into()))
        .collect();
    rows.into_iter()
        .map(|row| {
            let institution = institutions
                .get(&row.institution_id)
                .cloned()
                .ok_or_else(|| StoreError::inconsistent("admission", row.id))?;
            admission_of(row, institution)
        })
        .collect()
}

/// The admission with this id inside the scope.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: AdmissionId,
) -> Result<Option<Admission>, StoreError> {
    let rows = scoped(scope)
        .filter(admission::Column::Id.eq(id.uuid()))
        .all(db)
        .await?;
    Ok(with_institutions(db, rows).await?.pop())
}

/// The newest admission of the institution with this credit code inside the scope.
pub async fn newest_of_code(
    db: &impl ConnectionTrait,
    scope: &Scope,
    credit_code: &str,
) -> Result<Option<AdmissionId>, StoreError> {
    let Some(found) = by_credit_code(db, credit_code).await? else {
        return Ok(None);
    };
    let row = scoped(scope)
        .filter(admission::Column::InstitutionId.eq(found.id.uuid()))
        .order_by_desc(admission::Column::Id)
        .limit(1)
        .one(db)
        .await?;
    Ok(row.map(|row| row.id.into()))
}

/// The same, locked until the transaction ends.
pub async fn lock(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: AdmissionId,
) -> Result<Option<Admission>, StoreError> {
    let rows = scoped(scope)
        .filter(admission::Column::Id.eq(id.uuid()))
        .lock_exclusive()
        .all(db)
        .await?;
    Ok(with_institutions(db, rows).await?.pop())
}

/// The admission with this id wherever it lies, locked: for the registry's own work.
pub async fn lock_any(
    db: &impl ConnectionTrait,
    id: AdmissionId,
) -> Result<Option<Admission>, StoreError> {
    let rows = admission::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .all(db)
        .await?;
    Ok(with_institutions(db, rows).await?.pop())
}

/// Whether a prefecture federation looks after the site of an admission.
pub async fn has_prefecture(
    db: &impl ConnectionTrait,
    id: AdmissionId,
) -> Result<bool, StoreError> {
    match admission::Entity::find_by_id(id.uuid()).one(db).await? {
        Some(row) => crate::reference::has_level(db, &row.site_region, "prefecture").await,
        None => Ok(false),
    }
}

/// Admissions in one state whose term was over before this day, oldest first: for the registry's own work.
pub async fn overdue(
    db: &impl ConnectionTrait,
    state: InstitutionState,
    before: NaiveDate,
) -> Result<Vec<AdmissionId>, StoreError> {
    let ids: Vec<Uuid> = admission::Entity::find()
        .select_only()
        .column(admission::Column::Id)
        .filter(admission::Column::State.eq(state.as_str()))
        .filter(admission::Column::DueOn.lt(before.to_string()))
        .order_by_asc(admission::Column::Id)
        .limit(1_000)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AdmissionId::new).collect())
}

/// Other admissions of an institution that are live, in other federations.
pub async fn live_elsewhere(
    db: &impl ConnectionTrait,
    institution: InstitutionId,
    besides: AdmissionId,
) -> Result<Vec<Admission>, StoreError> {
    let rows = admission::Entity::find()
        .filter(admission::Column::InstitutionId.eq(institution.uuid()))
        .filter(admission::Column::Id.ne(besides.uuid()))
        .order_by_asc(admission::Column::Id)
        .all(db)
        .await?;
    let mut rows = with_institutions(db, rows).await?;
    rows.retain(|row| row.state.is_admitted());
    Ok(rows)
}

/// The newest admission of an institution by a federation.
pub async fn newest(
    db: &impl ConnectionTrait,
    institution: InstitutionId,
    federation: &str,
) -> Result<Option<Admission>, StoreError> {
    let rows = admission::Entity::find()
        .filter(admission::Column::InstitutionId.eq(institution.uuid()))
        .filter(admission::Column::Federation.eq(federation))
        .order_by_desc(admission::Column::Id)
        .limit(1)
        .all(db)
        .await?;
    Ok(with_institutions(db, rows).await?.pop())
}

/// Admissions inside the scope, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    filter: &Filter,
    before: Option<AdmissionId>,
    limit: u64,
) -> Result<Vec<Admission>, StoreError> {
    let mut query = scoped(scope);
    if let Some(state) = filter.state {
        query = query.filter(admission::Column::State.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(admission::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(admission::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    with_institutions(db, rows).await
}

/// Writes a new site.
pub async fn insert_site(
    db: &impl ConnectionTrait,
    new: &Site,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = site::ActiveModel {
        id: Set(new.id.uuid()),
        institution_id: Set(new.institution.uuid()),
        name: Set(new.name.clone()),
        region: Set(new.region.clone()),
        address: Set(new.address.clone()),
        provisions: Set(new.provisions.clone()),
        created_at: Set(time::millis(now)),
    };
    site::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Sites of an institution, oldest first.
pub async fn sites(
    db: &impl PublicRead,
    institution: InstitutionId,
) -> Result<Vec<Site>, StoreError> {
    let db = db.connection();
    let rows = site::Entity::find()
        .filter(site::Column::InstitutionId.eq(institution.uuid()))
        .order_by_asc(site::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Site::from).collect())
}

/// How many sites an institution has.
pub async fn count_sites(
    db: &impl ConnectionTrait,
    institution: InstitutionId,
) -> Result<u64, StoreError> {
    Ok(site::Entity::find()
        .filter(site::Column::InstitutionId.eq(institution.uuid()))
        .count(db)
        .await?)
}

/// The site with this id.
pub async fn site(db: &impl ConnectionTrait, id: SiteId) -> Result<Option<Site>, StoreError> {
    Ok(site::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Site::from))
}

impl From<institution::Model> for Institution {
    fn from(row: institution::Model) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            credit_code: row.credit_code,
        }
    }
}

impl From<site::Model> for Site {
    fn from(row: site::Model) -> Self {
        Self {
            id: row.id.into(),
            institution: row.institution_id.into(),
            name: row.name,
            region: row.region,
            address: row.address,
            provisions: row.provisions,
        }
    }
}

fn admission_of(row: admission::Model, institution: Institution) -> Result<Admission, StoreError> {
    let bad = || StoreError::inconsistent("admission", row.id);
    Ok(Admission {
        id: row.id.into(),
        institution,
        state: row.state.parse().map_err(|_| bad())?,
        state_before: row
            .state_before
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| bad())?,
        exit_before: row
            .exit_before
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| bad())?,
        grade_stayed: row.grade_stayed,
        stayed: row
            .stayed
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| bad())?,
        grade: row
            .grade
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| bad())?,
        applied_at: time::instant(row.applied_at)?,
        state_since: time::instant(row.state_since)?,
        due_on: time::optional_date(row.due_on.as_deref())?,
        returned_count: row.returned_count.try_into().map_err(|_| bad())?,
        notice_until: time::optional_date(row.notice_until.as_deref())?,
        suspended_until: time::optional_date(row.suspended_until.as_deref())?,
        bar_until: time::optional_date(row.bar_until.as_deref())?,
        previous: row.previous_admission_id.map(Into::into),
        revision: row.revision,
        federation: row.federation,
        site_region: row.site_region,
        address: row.address,
        phone: row.phone,
    })
}
