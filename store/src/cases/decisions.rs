//! Decisions on an admission as the timeline holds them: what appeals and setting aside rest on.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, LeafIndex, StaffPersonId, TimelineId};
use domain::institution::{InstitutionState, InstitutionTransition};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use uuid::Uuid;

use crate::entity::journal::timeline;
use crate::{StoreError, time};

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its entry in the timeline.
    pub id: TimelineId,
    /// When.
    pub at: DateTime<Utc>,
    /// Day of the decision in China.
    pub on: NaiveDate,
    /// The act.
    pub act: InstitutionTransition,
    /// State before.
    pub from: Option<InstitutionState>,
    /// State after.
    pub to: Option<InstitutionState>,
    /// Cause.
    pub cause: Option<String>,
    /// Level that decided.
    pub role: Role,
    /// Everybody who took part.
    pub persons: Vec<StaffPersonId>,
    /// T25: the decision that it names as set aside.
    pub aside: Option<TimelineId>,
}

/// What the evidence of a T25 says before the id of the decision that is set aside.
pub const ASIDE: &str = "sets_aside:";

/// The decisions as the rules about what follows from what read them.
pub fn as_told(all: &[Decision]) -> Vec<domain::institution::Told> {
    all.iter()
        .map(|one| domain::institution::Told {
            act: one.act,
            from: one.from,
            to: one.to,
            aside: one
                .aside
                .and_then(|id| all.iter().position(|other| other.id == id)),
        })
        .collect()
}

/// The newest decision of this kind on an admission.
pub async fn newest(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    act: InstitutionTransition,
) -> Result<Option<Decision>, StoreError> {
    let row = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(admission.uuid()))
        .filter(timeline::Column::Act.eq(act.as_str()))
        .filter(timeline::Column::ToState.is_not_null())
        .order_by_desc(timeline::Column::LeafIndex)
        .order_by_desc(timeline::Column::Id)
        .limit(1)
        .one(db)
        .await?;
    row.map(Decision::try_from).transpose()
}

/// All public decisions on an admission, oldest first.
pub async fn all(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Decision>, StoreError> {
    let rows = decided(db, admission).await?;
    rows.into_iter().map(Decision::try_from).collect()
}

async fn decided(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<timeline::Model>, StoreError> {
    let public = InstitutionTransition::ALL
        .iter()
        .filter(|act| act.is_public());
    let known = public.map(|act| act.as_str());
    Ok(timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(admission.uuid()))
        .filter(timeline::Column::Act.is_in(known))
        .filter(timeline::Column::ToState.is_not_null())
        // A public decision is a leaf, and leaves are counted; ids of one millisecond are in no order.
        .order_by_asc(timeline::Column::LeafIndex)
        .order_by_asc(timeline::Column::Id)
        .all(db)
        .await?)
}

/// A public decision as a bulletin tells it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Told {
    /// The admission.
    pub admission_id: Uuid,
    /// Day of effect.
    pub effective_on: String,
    /// The act.
    pub act: String,
    /// State before.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// Cause.
    pub cause: Option<String>,
    /// Name of the institution.
    pub name: String,
    /// Its credit code.
    pub credit_code: String,
    /// The admitting federation.
    pub federation: String,
    /// Number of the official document.
    pub document: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// The grade in force, when the decision gave it.
    pub grade: Option<String>,
    /// Whether a later decision set it aside, or what it rested on.
    #[sea_orm(skip)]
    pub undone: bool,
    /// What an appeal stays now.
    pub stayed: Option<String>,
    /// Last day of the notice of an admission or an exit.
    pub notice_until: Option<String>,
    /// Last day of a term to rectify.
    pub term_until: Option<String>,
    /// Last day of an emergency suspension.
    pub suspended_until: Option<String>,
    /// Until when it may not apply again.
    pub bar_until: Option<String>,
}

/// The public decision on an admission that is this leaf of the log.
pub async fn told(db: &impl ConnectionTrait, leaf: LeafIndex) -> Result<Option<Told>, StoreError> {
    let sql = "SELECT a.id AS admission_id, t.effective_on, t.act, t.from_state, t.to_state, \
         COALESCE(t.reason_code, (SELECT k.cause FROM institution_case k WHERE k.admission_id = a.id AND k.stage = t.act \
         ORDER BY k.id DESC LIMIT 1)) AS cause, i.name, \
         i.credit_code, a.federation, d.number AS document, d.issuer, a.grade, \
         CASE WHEN t.act = 'T10' AND a.grade_stayed THEN 'T10' ELSE a.stayed END AS stayed, a.notice_until, a.suspended_until, \
         a.bar_until, (SELECT k.term_until FROM institution_case k WHERE k.admission_id = a.id ORDER BY k.id DESC LIMIT 1) AS term_until \
         FROM timeline t JOIN admission a ON a.id = t.object_id JOIN institution i ON i.id = a.institution_id \
         LEFT JOIN official_document d ON d.id = t.document_id \
         WHERE t.object_kind = 'admission' AND t.leaf_index = $1";
    let values = [leaf.0.cast_signed().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let Some(mut found) = Told::find_by_statement(statement).one(db).await? else {
        return Ok(None);
    };
    let rows = decided(db, found.admission_id.into()).await?;
    let at = rows
        .iter()
        .position(|row| row.leaf_index == Some(leaf.0.cast_signed()));
    let all: Result<Vec<Decision>, _> = rows.into_iter().map(Decision::try_from).collect();
    let undone = domain::institution::undone(&as_told(&all?));
    found.undone = at.is_some_and(|at| undone[at]);
    Ok(Some(found))
}

/// Public decisions of a federation that a bulletin may tell, newest first: leaf, act, institution.
pub async fn tellable(
    db: &impl ConnectionTrait,
    federation: &str,
    limit: u64,
) -> Result<Vec<(i64, String, String)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        leaf_index: i64,
        act: String,
        name: String,
    }
    let sql = format!(
        "SELECT t.leaf_index, t.act, i.name FROM timeline t JOIN admission a ON a.id = t.object_id \
         JOIN institution i ON i.id = a.institution_id WHERE t.object_kind = 'admission' AND t.leaf_index IS NOT NULL \
         AND a.federation = $1 AND t.act IN ('T06', 'T09', 'T10', 'T11', 'T13', 'T15', 'T16', 'T17', 'T19', 'T20', 'T22') \
         ORDER BY t.leaf_index DESC LIMIT {limit}"
    );
    let statement =
        Statement::from_sql_and_values(db.get_database_backend(), sql, [federation.into()]);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.leaf_index, row.act, row.name))
        .collect())
}

/// The decision with this entry in the timeline.
pub async fn find(
    db: &impl ConnectionTrait,
    id: TimelineId,
) -> Result<Option<Decision>, StoreError> {
    timeline::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Decision::try_from)
        .transpose()
}

fn aside(row: &timeline::Model) -> Option<TimelineId> {
    let evidence: Vec<String> = serde_json::from_str(&row.evidence).ok()?;
    let mut named = evidence.iter().filter_map(|one| one.strip_prefix(ASIDE));
    named.next()?.parse().ok()
}

impl TryFrom<timeline::Model> for Decision {
    type Error = StoreError;

    fn try_from(row: timeline::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("timeline", row.id);
        let state = |text: &Option<String>| {
            text.as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())
        };
        let at = time::instant(row.at)?;
        let persons = row
            .staff_person_id
            .into_iter()
            .chain(row.second_person_id)
            .map(StaffPersonId::new)
            .collect();
        Ok(Self {
            id: row.id.into(),
            at,
            on: domain::calendar::today(at),
            act: row.act.parse().map_err(|_| bad())?,
            from: state(&row.from_state)?,
            to: state(&row.to_state)?,
            cause: row.reason_code.clone(),
            role: row.role.parse().map_err(|_| bad())?,
            persons,
            aside: aside(&row),
        })
    }
}
