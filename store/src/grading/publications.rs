//! Publication of the results of a run in one federation, and bulletins.

use chrono::{DateTime, NaiveDate, Utc};
use domain::bulletin::{BulletinKind, BulletinState};
use domain::ids::{BulletinId, GradingRunId, LeafIndex};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::entity::grading::{
    bulletin, grade_publication, grading_freeze, grading_result, grading_run,
};
use crate::entity::reference::federation_area;
use crate::scope::{NATIONAL, Scope, in_area};
use crate::{StoreError, time};

domain::text_enum! {
    /// State of a publication.
    PublicationState("state of a publication") {
        /// Institutions see their figures and may correct data.
        Figures = "figures",
        /// Open for objections.
        Notice = "notice",
        /// Grades stand.
        Published = "published",
    }
}

/// Results of a run in one federation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its id.
    pub id: Uuid,
    /// The run.
    pub run: GradingRunId,
    /// The federation.
    pub federation: String,
    /// Freeze date.
    pub freeze_on: NaiveDate,
    /// State.
    pub state: PublicationState,
    /// Last day on which figures may be corrected.
    pub figures_until: NaiveDate,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Since when the grades stand.
    pub published_on: Option<NaiveDate>,
    /// The moment.
    pub published_at: Option<DateTime<Utc>>,
    /// Raised by every change.
    pub revision: i32,
}

impl TryFrom<grade_publication::Model> for Publication {
    type Error = StoreError;

    fn try_from(row: grade_publication::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            run: row.run_id.into(),
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::inconsistent("grade_publication", row.id))?,
            freeze_on: time::date(&row.freeze_on)?,
            figures_until: time::date(&row.figures_until)?,
            notice_until: row.notice_until.as_deref().map(time::date).transpose()?,
            published_on: row.published_on.as_deref().map(time::date).transpose()?,
            published_at: time::optional_instant(row.published_at)?,
            federation: row.federation,
            revision: row.revision,
        })
    }
}

/// Writes a new publication; another one of the same run and federation is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &Publication) -> Result<(), StoreError> {
    grade_publication::Entity::insert(model(new).into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn model(one: &Publication) -> grade_publication::Model {
    grade_publication::Model {
        id: one.id,
        run_id: one.run.uuid(),
        federation: one.federation.clone(),
        freeze_on: one.freeze_on.to_string(),
        state: one.state.as_str().to_owned(),
        figures_until: one.figures_until.to_string(),
        notice_until: one.notice_until.map(|day| day.to_string()),
        published_on: one.published_on.map(|day| day.to_string()),
        published_at: one.published_at.map(time::millis),
        revision: one.revision,
    }
}

/// Writes what changed, and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Publication) -> Result<i32, StoreError> {
    use grade_publication::Column as C;
    let new = model(row);
    let done = grade_publication::Entity::update_many()
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::NoticeUntil, Expr::value(new.notice_until))
        .col_expr(C::PublishedOn, Expr::value(new.published_on))
        .col_expr(C::PublishedAt, Expr::value(new.published_at))
        .col_expr(C::Revision, Expr::value(row.revision + 1))
        .filter(C::Id.eq(row.id))
        .filter(C::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// A publication.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Publication>, StoreError> {
    grade_publication::Entity::find_by_id(id)
        .one(db)
        .await?
        .map(Publication::try_from)
        .transpose()
}

/// The condition that a publication concerns an asker: its federation lies in their area, or looks after it; an
/// institution is told by the federations that it asked for admission.
fn concerns(scope: &Scope) -> Condition {
    use crate::entity::catalogue::admission;
    use grade_publication::Column as C;
    match scope {
        _ if scope.sees_all() => Condition::all(),
        Scope::Federation { code, .. } => {
            let above = federation_area::Entity::find()
                .select_only()
                .column(federation_area::Column::Federation)
                .filter(federation_area::Column::Area.eq(code))
                .filter(federation_area::Column::ValidUntil.is_null());
            Condition::any()
                .add(in_area(Expr::col(C::Federation), code))
                .add(C::Federation.in_subquery(above.into_query()))
        }
        Scope::Institution(id) => {
            let asked = admission::Entity::find()
                .select_only()
                .column(admission::Column::Federation)
                .filter(admission::Column::InstitutionId.eq(id.uuid()));
            Condition::all().add(C::Federation.in_subquery(asked.into_query()))
        }
        Scope::Nothing => Condition::all().add(Expr::val(1).eq(0)),
    }
}

/// A publication, if it concerns the asker.
pub async fn seen(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<Publication>, StoreError> {
    grade_publication::Entity::find_by_id(id)
        .filter(concerns(scope))
        .one(db)
        .await?
        .map(Publication::try_from)
        .transpose()
}

/// Publications of a run that concern the asker, by federation.
pub async fn of_run(
    db: &impl ConnectionTrait,
    scope: &Scope,
    run: GradingRunId,
) -> Result<Vec<Publication>, StoreError> {
    grade_publication::Entity::find()
        .filter(grade_publication::Column::RunId.eq(run.uuid()))
        .filter(concerns(scope))
        .order_by_asc(grade_publication::Column::Federation)
        .all(db)
        .await?
        .into_iter()
        .map(Publication::try_from)
        .collect()
}

/// Publications of a federation, or of all; newest freeze first.
pub async fn list(
    db: &impl ConnectionTrait,
    federation: Option<&str>,
    state: Option<PublicationState>,
) -> Result<Vec<Publication>, StoreError> {
    use grade_publication::Column as C;
    let mut query = grade_publication::Entity::find();
    if let Some(federation) = federation.filter(|code| *code != NATIONAL) {
        query = query.filter(C::Federation.eq(federation));
    }
    if let Some(state) = state {
        query = query.filter(C::State.eq(state.as_str()));
    }
    query
        .order_by_desc(C::FreezeOn)
        .order_by_desc(C::Id)
        .limit(500)
        .all(db)
        .await?
        .into_iter()
        .map(Publication::try_from)
        .collect()
}

/// Publications of one federation on one freeze date, newest first. Whoever is about to open another one holds the freezes
/// of that date until the transaction ends, so that two never open at once.
pub async fn of_period(
    db: &impl ConnectionTrait,
    federation: &str,
    freeze_on: NaiveDate,
    opens: bool,
) -> Result<Vec<Publication>, StoreError> {
    use grade_publication::Column as C;
    if opens {
        grading_freeze::Entity::find()
            .filter(grading_freeze::Column::FreezeOn.eq(freeze_on.to_string()))
            .order_by_asc(grading_freeze::Column::Id)
            .lock_exclusive()
            .all(db)
            .await?;
    }
    grade_publication::Entity::find()
        .filter(C::Federation.eq(federation))
        .filter(C::FreezeOn.eq(freeze_on.to_string()))
        .order_by_desc(C::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Publication::try_from)
        .collect()
}

/// Whether anybody has published grades of a freeze date.
pub async fn has_published(
    db: &impl ConnectionTrait,
    freeze_on: NaiveDate,
) -> Result<bool, StoreError> {
    use grade_publication::Column as C;
    published(db, C::FreezeOn.eq(freeze_on.to_string())).await
}

/// Whether a federation has published grades of a later freeze date.
pub async fn has_published_later(
    db: &impl ConnectionTrait,
    federation: &str,
    freeze_on: NaiveDate,
) -> Result<bool, StoreError> {
    use grade_publication::Column as C;
    let later = C::FreezeOn
        .gt(freeze_on.to_string())
        .and(C::Federation.eq(federation));
    published(db, later).await
}

async fn published(db: &impl ConnectionTrait, which: Expr) -> Result<bool, StoreError> {
    let found = grade_publication::Entity::find()
        .filter(which)
        .filter(grade_publication::Column::State.eq(PublicationState::Published.as_str()))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Whether a run knows this federation at all.
pub async fn has_results(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    federation: &str,
) -> Result<bool, StoreError> {
    let found = grading_result::Entity::find()
        .filter(grading_result::Column::RunId.eq(run.uuid()))
        .filter(grading_result::Column::Federation.eq(federation))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// A bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    /// Its id.
    pub id: BulletinId,
    /// Its number, from its notice on.
    pub number: Option<String>,
    /// What it tells.
    pub kind: BulletinKind,
    /// Who speaks.
    pub federation: String,
    /// The frozen run that it is built from.
    pub run: Option<GradingRunId>,
    /// The decision that it is built from, by its leaf of the public log.
    pub decision: Option<LeafIndex>,
    /// Title.
    pub title: String,
    /// Rows and sentences as JSON, made from the run or the decision.
    pub body: String,
    /// SHA-256 of the body.
    pub sha256: [u8; 32],
    /// State.
    pub state: BulletinState,
    /// The bulletin that this one corrects.
    pub corrects: Option<BulletinId>,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// When it was published.
    pub published_on: Option<NaiveDate>,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub changed_at: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

impl TryFrom<bulletin::Model> for Bulletin {
    type Error = StoreError;

    fn try_from(row: bulletin::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("bulletin", row.id);
        Ok(Self {
            id: row.id.into(),
            kind: row.kind.parse().map_err(|_| bad())?,
            state: row.state.parse().map_err(|_| bad())?,
            sha256: row.sha256.as_slice().try_into().map_err(|_| bad())?,
            notice_until: row.notice_until.as_deref().map(time::date).transpose()?,
            published_on: row.published_on.as_deref().map(time::date).transpose()?,
            created_at: time::instant(row.created_at)?,
            changed_at: time::instant(row.changed_at)?,
            run: row.run_id.map(Into::into),
            decision: row
                .decision_leaf
                .map(|leaf| LeafIndex(leaf.cast_unsigned())),
            corrects: row.corrects.map(Into::into),
            number: row.number,
            federation: row.federation,
            title: row.title,
            body: row.body,
            reason: row.reason,
            revision: row.revision,
        })
    }
}

fn bulletin_model(one: &Bulletin) -> bulletin::Model {
    bulletin::Model {
        id: one.id.uuid(),
        number: one.number.clone(),
        kind: one.kind.as_str().to_owned(),
        federation: one.federation.clone(),
        run_id: one.run.map(GradingRunId::uuid),
        decision_leaf: one.decision.map(|leaf| leaf.0.cast_signed()),
        title: one.title.clone(),
        body: one.body.clone(),
        sha256: one.sha256.to_vec(),
        state: one.state.as_str().to_owned(),
        corrects: one.corrects.map(BulletinId::uuid),
        notice_until: one.notice_until.map(|day| day.to_string()),
        published_on: one.published_on.map(|day| day.to_string()),
        reason: one.reason.clone(),
        created_at: time::millis(one.created_at),
        changed_at: time::millis(one.changed_at),
        revision: one.revision,
    }
}

/// Writes a new bulletin.
pub async fn insert_bulletin(db: &impl ConnectionTrait, new: &Bulletin) -> Result<(), StoreError> {
    bulletin::Entity::insert(bulletin_model(new).into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what changed of a bulletin; its text never does.
pub async fn update_bulletin(db: &impl ConnectionTrait, row: &Bulletin) -> Result<i32, StoreError> {
    use bulletin::Column as C;
    let new = bulletin_model(row);
    let done = bulletin::Entity::update_many()
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::Number, Expr::value(new.number))
        .col_expr(C::NoticeUntil, Expr::value(new.notice_until))
        .col_expr(C::PublishedOn, Expr::value(new.published_on))
        .col_expr(C::Reason, Expr::value(new.reason))
        .col_expr(C::ChangedAt, Expr::value(new.changed_at))
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

/// A bulletin.
pub async fn bulletin(
    db: &impl ConnectionTrait,
    id: BulletinId,
) -> Result<Option<Bulletin>, StoreError> {
    bulletin::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Bulletin::try_from)
        .transpose()
}

/// A bulletin by its number.
pub async fn bulletin_by_number(
    db: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<Bulletin>, StoreError> {
    bulletin::Entity::find()
        .filter(bulletin::Column::Number.eq(number))
        .one(db)
        .await?
        .map(Bulletin::try_from)
        .transpose()
}

/// Bulletins of a federation, or of all; those that everybody may read, or all of them; newest first.
pub async fn bulletins(
    db: &impl ConnectionTrait,
    federation: Option<&str>,
    public: bool,
    limit: u64,
) -> Result<Vec<Bulletin>, StoreError> {
    use bulletin::Column as C;
    let mut query = bulletin::Entity::find();
    if let Some(federation) = federation {
        query = query.filter(C::Federation.eq(federation));
    }
    if public {
        query = query.filter(C::State.is_not_in(["draft", "reviewed"]));
    }
    query
        .order_by_desc(C::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Bulletin::try_from)
        .collect()
}

/// Bulletins of a federation on a run that are published and not corrected.
pub async fn standing_bulletins(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    federation: &str,
) -> Result<u64, StoreError> {
    use bulletin::Column as C;
    use sea_orm::PaginatorTrait as _;
    Ok(bulletin::Entity::find()
        .filter(C::RunId.eq(run.uuid()))
        .filter(C::Federation.eq(federation))
        .filter(C::State.eq(BulletinState::Published.as_str()))
        .count(db)
        .await?)
}

/// The newest bulletin of a kind in one of these states.
pub async fn newest_of_kind(
    db: &impl ConnectionTrait,
    kind: BulletinKind,
    states: &[BulletinState],
) -> Result<Option<Bulletin>, StoreError> {
    use bulletin::Column as C;
    bulletin::Entity::find()
        .filter(C::Kind.eq(kind.as_str()))
        .filter(C::State.is_in(states.iter().map(|state| state.as_str())))
        .order_by_desc(C::Id)
        .limit(1)
        .one(db)
        .await?
        .map(Bulletin::try_from)
        .transpose()
}

/// Bulletins of a kind that everybody could read at some time, oldest first.
pub async fn public_of_kind(
    db: &impl ConnectionTrait,
    kind: BulletinKind,
) -> Result<Vec<Bulletin>, StoreError> {
    use bulletin::Column as C;
    bulletin::Entity::find()
        .filter(C::Kind.eq(kind.as_str()))
        .filter(C::Number.is_not_null())
        .order_by_asc(C::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Bulletin::try_from)
        .collect()
}

/// How many bulletins of a federation have a number of this year.
pub async fn numbered(db: &impl ConnectionTrait, prefix: &str) -> Result<u64, StoreError> {
    use sea_orm::PaginatorTrait as _;
    Ok(bulletin::Entity::find()
        .filter(bulletin::Column::Number.starts_with(prefix))
        .count(db)
        .await?)
}

/// Runs on evidence of this freeze date.
pub async fn runs_of_freeze(
    db: &impl ConnectionTrait,
    freeze: Uuid,
) -> Result<Vec<Uuid>, StoreError> {
    let ids: Vec<Uuid> = grading_run::Entity::find()
        .select_only()
        .column(grading_run::Column::Id)
        .filter(grading_run::Column::FreezeId.eq(freeze))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids)
}
