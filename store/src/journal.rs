//! Timelines and official documents. The audit is in [`crate::audit`].

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use domain::ids::{DocumentId, LeafIndex, StaffPersonId, TimelineId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::entity::journal::{official_document, timeline};
use crate::{StoreError, time};

/// An official document (文号) that a decision points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficialDocument {
    /// Its id.
    pub id: DocumentId,
    /// Number (文号).
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Date of making.
    pub made_on: NaiveDate,
}

/// One act on anything: who, when, from, to, why, under which policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Its id, ordered in time.
    pub id: TimelineId,
    /// Kind of the thing ("admission", "cohort", "certificate" ...).
    pub object_kind: String,
    /// The thing.
    pub object_id: Uuid,
    /// Server time of the act.
    pub at: DateTime<Utc>,
    /// From which day it takes effect.
    pub effective_on: NaiveDate,
    /// The act ("T04", "announce", "revoke").
    pub act: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Reason code.
    pub reason_code: Option<String>,
    /// Reason in words.
    pub reason: Option<String>,
    /// The document it rests on.
    pub document: Option<DocumentId>,
    /// Number of that document, filled in when reading.
    pub document_number: Option<String>,
    /// Policy version ("CN-BASE@2026.1").
    pub policy: String,
    /// Ids of the evidence, as a JSON list.
    pub evidence: String,
    /// Who acted; `None` when the registry itself did.
    pub actor: Option<Actor>,
    /// Role as text, also where no actor is known any more.
    pub role: String,
    /// Federation code or institution id of the actor.
    pub organisation: Option<String>,
    /// The second person of a two-person act.
    pub second_person: Option<StaffPersonId>,
    /// The leaf of the public log.
    pub leaf_index: Option<LeafIndex>,
}

/// Writes one act.
pub async fn record(db: &impl ConnectionTrait, entry: &TimelineEntry) -> Result<(), StoreError> {
    record_all(db, std::slice::from_ref(entry)).await
}

/// Writes many acts, in chunks below the bind limits.
pub async fn record_all(
    db: &impl ConnectionTrait,
    entries: &[TimelineEntry],
) -> Result<(), StoreError> {
    for chunk in entries.chunks(500) {
        let rows = chunk.iter().map(|entry| timeline::ActiveModel {
            id: Set(entry.id.uuid()),
            object_kind: Set(entry.object_kind.clone()),
            object_id: Set(entry.object_id),
            at: Set(time::millis(entry.at)),
            effective_on: Set(entry.effective_on.to_string()),
            act: Set(entry.act.clone()),
            from_state: Set(entry.from.clone()),
            to_state: Set(entry.to.clone()),
            reason_code: Set(entry.reason_code.clone()),
            reason: Set(entry.reason.clone()),
            document_id: Set(entry.document.map(DocumentId::uuid)),
            policy: Set(entry.policy.clone()),
            evidence: Set(entry.evidence.clone()),
            staff_person_id: Set(entry.actor.as_ref().map(|a| a.person.uuid())),
            account_id: Set(entry.actor.as_ref().map(|a| a.account.uuid())),
            post_id: Set(entry.actor.as_ref().map(|a| a.post.uuid())),
            role: Set(entry.role.clone()),
            organisation: Set(entry.organisation.clone()),
            capacity: Set(entry
                .actor
                .as_ref()
                .map_or("own", |a| a.capacity.as_str())
                .to_owned()),
            second_person_id: Set(entry.second_person.map(StaffPersonId::uuid)),
            leaf_index: Set(entry.leaf_index.map(|i| i.0.cast_signed())),
        });
        timeline::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// All acts on a thing, oldest first. The actor's account and post stay inside; role and organisation are given.
pub async fn timeline(
    db: &impl ConnectionTrait,
    object: Uuid,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(object))
        .order_by_asc(timeline::Column::Id)
        .all(db)
        .await?;
    let documents: Vec<Uuid> = rows.iter().filter_map(|row| row.document_id).collect();
    let numbers: std::collections::HashMap<Uuid, String> = if documents.is_empty() {
        std::collections::HashMap::new()
    } else {
        official_document::Entity::find()
            .filter(official_document::Column::Id.is_in(documents))
            .all(db)
            .await?
            .into_iter()
            .map(|row| (row.id, row.number))
            .collect()
    };
    rows.into_iter()
        .map(|row| {
            Ok(TimelineEntry {
                id: row.id.into(),
                object_kind: row.object_kind,
                object_id: row.object_id,
                at: time::instant(row.at)?,
                effective_on: time::date(&row.effective_on)?,
                act: row.act,
                from: row.from_state,
                to: row.to_state,
                reason_code: row.reason_code,
                reason: row.reason,
                document_number: row.document_id.and_then(|id| numbers.get(&id).cloned()),
                document: row.document_id.map(Into::into),
                policy: row.policy,
                evidence: row.evidence,
                actor: None,
                role: row.role,
                organisation: row.organisation,
                second_person: row.second_person_id.map(Into::into),
                leaf_index: row.leaf_index.map(|i| LeafIndex(i.cast_unsigned())),
            })
        })
        .collect()
}

/// Whether this act was done to a thing for this reason.
pub async fn has(
    db: &impl ConnectionTrait,
    object: Uuid,
    act: &str,
    reason_code: &str,
) -> Result<bool, StoreError> {
    let found = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(object))
        .filter(timeline::Column::Act.eq(act))
        .filter(timeline::Column::ReasonCode.eq(reason_code))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Writes an official document.
pub async fn insert_document(
    db: &impl ConnectionTrait,
    document: &OfficialDocument,
) -> Result<(), StoreError> {
    let row = official_document::ActiveModel {
        id: Set(document.id.uuid()),
        number: Set(document.number.clone()),
        issuer: Set(document.issuer.clone()),
        made_on: Set(document.made_on.to_string()),
        published_on: Set(None),
        sha256: Set(None),
    };
    official_document::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}
