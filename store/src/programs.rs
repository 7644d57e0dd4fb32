//! Certificate types, and programs with their versions.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{InstitutionId, ProgramId, ProgramVersionId};
use domain::program::{ProgramState, Purpose};
use domain::spelling::spellings;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::PublicRead;
use crate::entity::catalogue::{certificate_type, program, program_version};
use crate::entity::reference::federation;
use crate::scope::Scope;
use crate::{StoreError, time};

/// A kind of certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateType {
    /// Its code.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// What it certifies.
    pub description: String,
    /// The federation that keeps it.
    pub federation: String,
    /// How long it is valid; `None` for ever.
    pub validity_months: Option<u32>,
}

/// A catalogue entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its id.
    pub id: ProgramId,
    /// Its code.
    pub code: String,
    /// Whose list it stands in; `000000` is the national one.
    pub federation: String,
    /// The institution that wrote it.
    pub institution: Option<InstitutionId>,
    /// The federation that wrote it.
    pub origin_federation: Option<String>,
}

/// What a version says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Name.
    pub name: String,
    /// Purpose.
    pub purpose: Purpose,
    /// Occupation.
    pub occupation_code: String,
    /// Edition of the classification.
    pub occupation_edition: String,
    /// Skill level 1 (highest) to 5.
    pub skill_level: u8,
    /// Hours.
    pub hours: u32,
    /// Units of content, as JSON.
    pub content: String,
    /// Entry conditions.
    pub entry_conditions: String,
    /// How it is assessed.
    pub assessment_rule: String,
    /// Certificate type; `None` where no certificate follows.
    pub certificate_type: Option<String>,
    /// Accessible forms, a JSON list of codes.
    pub accessible_forms: String,
    /// Needs it suits, a JSON list of codes.
    pub suited_needs: String,
    /// Market demand.
    pub market_demand: Option<String>,
}

/// One version of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: ProgramVersionId,
    /// Its program.
    pub program: Program,
    /// 1, 2, ...
    pub version: u32,
    /// State.
    pub state: ProgramState,
    /// What it says.
    pub content: Content,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Day of publication.
    pub published_on: Option<NaiveDate>,
    /// Day on which a newer version took its place.
    pub superseded_on: Option<NaiveDate>,
    /// Day on which it left the catalogue.
    pub retired_on: Option<NaiveDate>,
    /// Since when it is in this state.
    pub state_since: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

/// Writes a certificate type; a taken code is a duplicate.
pub async fn insert_type(
    db: &impl ConnectionTrait,
    new: &CertificateType,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = certificate_type::ActiveModel {
        code: Set(new.code.clone()),
        name: Set(new.name.clone()),
        name_en: Set(new.name_en.clone()),
        description: Set(new.description.clone()),
        federation: Set(new.federation.clone()),
        validity_months: Set(new.validity_months.map(u32::cast_signed)),
        created_at: Set(time::millis(now)),
    };
    certificate_type::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// All certificate types, by code.
pub async fn types(db: &impl PublicRead) -> Result<Vec<CertificateType>, StoreError> {
    let db = db.connection();
    let rows = certificate_type::Entity::find()
        .order_by_asc(certificate_type::Column::Code)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(CertificateType::from).collect())
}

/// The certificate type with this code.
pub async fn certificate_type(
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<CertificateType>, StoreError> {
    Ok(certificate_type::Entity::find_by_id(code.to_owned())
        .one(db)
        .await?
        .map(CertificateType::from))
}

/// The next serial of program codes with this prefix (`P33`); other writers of the list wait until the transaction ends.
pub async fn next_serial(
    db: &impl ConnectionTrait,
    list: &str,
    prefix: &str,
) -> Result<u32, StoreError> {
    if db.get_database_backend() == DbBackend::Postgres {
        federation::Entity::find_by_id(list.to_owned())
            .lock_exclusive()
            .one(db)
            .await?;
    }
    let last: Option<String> = program::Entity::find()
        .select_only()
        .column(program::Column::Code)
        .filter(program::Column::Code.starts_with(prefix))
        .order_by_desc(program::Column::Code)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    let last = last
        .and_then(|code| code.get(prefix.len()..).and_then(|rest| rest.parse().ok()))
        .unwrap_or(0_u32);
    Ok(last + 1)
}

/// Writes a program.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &Program,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = program::ActiveModel {
        id: Set(new.id.uuid()),
        code: Set(new.code.clone()),
        federation: Set(new.federation.clone()),
        institution_id: Set(new.institution.map(InstitutionId::uuid)),
        origin_federation: Set(new.origin_federation.clone()),
        created_at: Set(time::millis(now)),
    };
    program::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes a version.
pub async fn insert_version(db: &impl ConnectionTrait, new: &Version) -> Result<(), StoreError> {
    let content = &new.content;
    let row = program_version::ActiveModel {
        id: Set(new.id.uuid()),
        program_id: Set(new.program.id.uuid()),
        version: Set(new.version.cast_signed()),
        state: Set(new.state.as_str().to_owned()),
        name: Set(content.name.clone()),
        spellings: Set(spellings(&content.name)),
        purpose: Set(content.purpose.as_str().to_owned()),
        occupation_code: Set(content.occupation_code.clone()),
        occupation_edition: Set(content.occupation_edition.clone()),
        skill_level: Set(i32::from(content.skill_level)),
        hours: Set(content.hours.cast_signed()),
        content: Set(content.content.clone()),
        entry_conditions: Set(content.entry_conditions.clone()),
        assessment_rule: Set(content.assessment_rule.clone()),
        certificate_type: Set(content.certificate_type.clone()),
        accessible_forms: Set(content.accessible_forms.clone()),
        suited_needs: Set(content.suited_needs.clone()),
        market_demand: Set(content.market_demand.clone()),
        notice_until: Set(None),
        published_on: Set(None),
        superseded_on: Set(None),
        retired_on: Set(None),
        state_since: Set(time::millis(new.state_since)),
        revision: Set(new.revision),
    };
    program_version::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes content (of a draft), state and dates; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Version) -> Result<i32, StoreError> {
    use program_version::Column as C;
    let text = |day: Option<NaiveDate>| Expr::value(day.map(|day| day.to_string()));
    let content = &row.content;
    let done = program_version::Entity::update_many()
        .col_expr(C::State, Expr::value(row.state.as_str()))
        .col_expr(C::Name, Expr::value(content.name.as_str()))
        .col_expr(C::Spellings, Expr::value(spellings(&content.name)))
        .col_expr(C::Purpose, Expr::value(content.purpose.as_str()))
        .col_expr(
            C::OccupationCode,
            Expr::value(content.occupation_code.as_str()),
        )
        .col_expr(
            C::OccupationEdition,
            Expr::value(content.occupation_edition.as_str()),
        )
        .col_expr(C::SkillLevel, Expr::value(i32::from(content.skill_level)))
        .col_expr(C::Hours, Expr::value(content.hours.cast_signed()))
        .col_expr(C::Content, Expr::value(content.content.as_str()))
        .col_expr(
            C::EntryConditions,
            Expr::value(content.entry_conditions.as_str()),
        )
        .col_expr(
            C::AssessmentRule,
            Expr::value(content.assessment_rule.as_str()),
        )
        .col_expr(
            C::CertificateType,
            Expr::value(content.certificate_type.clone()),
        )
        .col_expr(
            C::AccessibleForms,
            Expr::value(content.accessible_forms.as_str()),
        )
        .col_expr(C::SuitedNeeds, Expr::value(content.suited_needs.as_str()))
        .col_expr(C::MarketDemand, Expr::value(content.market_demand.clone()))
        .col_expr(C::NoticeUntil, text(row.notice_until))
        .col_expr(C::PublishedOn, text(row.published_on))
        .col_expr(C::SupersededOn, text(row.superseded_on))
        .col_expr(C::RetiredOn, text(row.retired_on))
        .col_expr(C::StateSince, Expr::value(time::millis(row.state_since)))
        .col_expr(C::Revision, Expr::value(row.revision + 1))
        .filter(C::Id.eq(row.id.uuid()))
        .filter(C::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// Which programs an actor sees before publication: those of the lists of its area, its own, and those that federations
/// of its area wrote: a superior level sees below it (workflow.md, rules).
fn visible(scope: &Scope) -> Condition {
    let mut condition = Condition::any().add(scope.condition(
        (program::Entity, program::Column::Federation),
        (program::Entity, program::Column::InstitutionId),
    ));
    if let Scope::Federation { code, .. } = scope {
        condition = condition.add(crate::scope::in_area(
            Expr::col((program::Entity, program::Column::OriginFederation)),
            code,
        ));
    }
    condition
}

/// Any version inside the scope, by program code and number; `lock` holds it until the transaction ends.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    code: &str,
    version: u32,
    lock: bool,
) -> Result<Option<Version>, StoreError> {
    let Some(program) = program::Entity::find()
        .filter(program::Column::Code.eq(code))
        .filter(visible(scope))
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    let mut query = program_version::Entity::find()
        .filter(program_version::Column::ProgramId.eq(program.id))
        .filter(program_version::Column::Version.eq(version.cast_signed()));
    if lock {
        query = query.lock_exclusive();
    }
    query
        .one(db)
        .await?
        .map(|row| version_of(row, program.into()))
        .transpose()
}

/// The version with this id.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: ProgramVersionId,
    lock: bool,
) -> Result<Option<Version>, StoreError> {
    let mut query = program_version::Entity::find_by_id(id.uuid());
    if lock {
        query = query.lock_exclusive();
    }
    let rows = query.all(db).await?;
    Ok(with_programs(db, rows).await?.pop())
}

/// All versions of a program inside the scope, oldest first.
pub async fn versions(
    db: &impl ConnectionTrait,
    scope: &Scope,
    code: &str,
) -> Result<Vec<Version>, StoreError> {
    let Some(program) = program::Entity::find()
        .filter(program::Column::Code.eq(code))
        .filter(visible(scope))
        .one(db)
        .await?
    else {
        return Ok(Vec::new());
    };
    versions_of(db, program).await
}

async fn versions_of(
    db: &impl ConnectionTrait,
    program: program::Model,
) -> Result<Vec<Version>, StoreError> {
    let rows = program_version::Entity::find()
        .filter(program_version::Column::ProgramId.eq(program.id))
        .order_by_asc(program_version::Column::Version)
        .all(db)
        .await?;
    let program = Program::from(program);
    rows.into_iter()
        .map(|row| version_of(row, program.clone()))
        .collect()
}

/// All versions of a program, whoever asks; the caller drops what is not public.
pub(crate) async fn versions_anywhere(
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Vec<Version>, StoreError> {
    match program::Entity::find()
        .filter(program::Column::Code.eq(code))
        .one(db)
        .await?
    {
        Some(program) => versions_of(db, program).await,
        None => Ok(Vec::new()),
    }
}

/// The published version of a program, if there is one.
pub async fn published(
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<Version>, StoreError> {
    Ok(versions_anywhere(db, code)
        .await?
        .into_iter()
        .find(|version| version.state == ProgramState::Published))
}

/// Versions inside the scope, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    state: Option<ProgramState>,
    before: Option<ProgramVersionId>,
    limit: u64,
) -> Result<Vec<Version>, StoreError> {
    let programs = sea_orm::sea_query::Query::select()
        .column((program::Entity, program::Column::Id))
        .from(program::Entity)
        .cond_where(visible(scope))
        .to_owned();
    let mut query = program_version::Entity::find()
        .filter(program_version::Column::ProgramId.in_subquery(programs));
    if let Some(state) = state {
        query = query.filter(program_version::Column::State.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(program_version::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(program_version::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    with_programs(db, rows).await
}

pub(crate) async fn with_programs(
    db: &impl ConnectionTrait,
    rows: Vec<program_version::Model>,
) -> Result<Vec<Version>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.program_id).collect();
    let programs: std::collections::HashMap<Uuid, Program> = program::Entity::find()
        .filter(program::Column::Id.is_in(ids))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.id, row.into()))
        .collect();
    rows.into_iter()
        .map(|row| {
            let program = programs
                .get(&row.program_id)
                .cloned()
                .ok_or_else(|| StoreError::inconsistent("program_version", row.id))?;
            version_of(row, program)
        })
        .collect()
}

impl From<certificate_type::Model> for CertificateType {
    fn from(row: certificate_type::Model) -> Self {
        Self {
            code: row.code,
            name: row.name,
            name_en: row.name_en,
            description: row.description,
            federation: row.federation,
            validity_months: row.validity_months.map(i32::cast_unsigned),
        }
    }
}

impl From<program::Model> for Program {
    fn from(row: program::Model) -> Self {
        Self {
            id: row.id.into(),
            code: row.code,
            federation: row.federation,
            institution: row.institution_id.map(Into::into),
            origin_federation: row.origin_federation,
        }
    }
}

fn version_of(row: program_version::Model, program: Program) -> Result<Version, StoreError> {
    let bad = || StoreError::inconsistent("program_version", row.id);
    Ok(Version {
        id: row.id.into(),
        program,
        version: row.version.try_into().map_err(|_| bad())?,
        state: row.state.parse().map_err(|_| bad())?,
        notice_until: time::optional_date(row.notice_until.as_deref())?,
        published_on: time::optional_date(row.published_on.as_deref())?,
        superseded_on: time::optional_date(row.superseded_on.as_deref())?,
        retired_on: time::optional_date(row.retired_on.as_deref())?,
        state_since: time::instant(row.state_since)?,
        revision: row.revision,
        content: Content {
            purpose: row.purpose.parse().map_err(|_| bad())?,
            skill_level: row.skill_level.try_into().map_err(|_| bad())?,
            hours: row.hours.try_into().map_err(|_| bad())?,
            name: row.name,
            occupation_code: row.occupation_code,
            occupation_edition: row.occupation_edition,
            content: row.content,
            entry_conditions: row.entry_conditions,
            assessment_rule: row.assessment_rule,
            certificate_type: row.certificate_type,
            accessible_forms: row.accessible_forms,
            suited_needs: row.suited_needs,
            market_demand: row.market_demand,
        },
    })
}
