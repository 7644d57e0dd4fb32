//! Evidence files: what is known of a sealed file in the folder (trust.md UP-6).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::access::{Actor, Role};
use domain::ids::{AccountId, DocumentId, FileId, InstitutionId, PersonId};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult,
    QueryFilter,
};
use uuid::Uuid;

use crate::entity::cases::{case_paper, institution_case, service};
use crate::entity::catalogue::admission;
use crate::entity::evidence::{episode_claim, episode_evidence};
use crate::entity::journal::{evidence_file, official_document_file, timeline};
use crate::privacy::statement;
use crate::scope::{Scope, in_area, looked_after};
use crate::{StoreError, time};

/// A file as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    /// Its id.
    pub id: FileId,
    /// Name in the folder: random, tells nothing.
    pub stored_name: String,
    /// Type by content.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of what was uploaded.
    pub uploaded_sha256: [u8; 32],
    /// SHA-256 of what is kept, before sealing.
    pub stored_sha256: [u8; 32],
    /// Who uploaded it.
    pub account: AccountId,
    /// Federation of that post.
    pub federation: Option<String>,
    /// Institution of that post.
    pub institution: Option<InstitutionId>,
    /// When.
    pub uploaded_at: DateTime<Utc>,
    /// Version of the master key that it is sealed under.
    pub sealed_version: i32,
}

/// Writes a file's row.
pub async fn insert(db: &impl ConnectionTrait, file: &EvidenceFile) -> Result<(), StoreError> {
    let row = evidence_file::ActiveModel {
        id: Set(file.id.uuid()),
        stored_name: Set(file.stored_name.clone()),
        media_type: Set(file.media_type.clone()),
        size_bytes: Set(file.size_bytes.cast_signed()),
        uploaded_sha256: Set(file.uploaded_sha256.to_vec()),
        stored_sha256: Set(file.stored_sha256.to_vec()),
        account_id: Set(file.account.uuid()),
        federation: Set(file.federation.clone()),
        institution_id: Set(file.institution.map(InstitutionId::uuid)),
        uploaded_at: Set(time::millis(file.uploaded_at)),
        sealed_version: Set(file.sealed_version),
        removed_at: Set(None),
        purged_at: Set(None),
    };
    evidence_file::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A file that the actor may see: their own, their organisation's, and those from their area.
pub async fn find(
    db: &impl ConnectionTrait,
    actor: &Actor,
    id: FileId,
) -> Result<Option<EvidenceFile>, StoreError> {
    evidence_file::Entity::find_by_id(id.uuid())
        .filter(seen_by(actor))
        .one(db)
        .await?
        .map(EvidenceFile::try_from)
        .transpose()
}

/// Those of these files that the actor may see, with their types.
pub async fn types(
    db: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[FileId],
) -> Result<HashMap<FileId, String>, StoreError> {
    let mut found = HashMap::new();
    for some in ids.chunks(500) {
        let rows = evidence_file::Entity::find()
            .filter(evidence_file::Column::Id.is_in(some.iter().map(|id| id.uuid())))
            .filter(seen_by(actor))
            .all(db)
            .await?;
        found.extend(
            rows.into_iter()
                .map(|row| (FileId::from(row.id), row.media_type)),
        );
    }
    Ok(found)
}

/// The condition that a file is there and the actor may see it.
fn seen_by(actor: &Actor) -> Condition {
    use evidence_file::Column as C;
    let scope = Scope::of(actor);
    // Papers of a case, and decisions served in it, lie where the case does.
    let mut seen = Condition::any()
        .add(own(actor))
        .add(scope.condition(
            (evidence_file::Entity, C::Federation),
            (evidence_file::Entity, C::InstitutionId),
        ))
        .add(Expr::exists(papers_of_file(Some(&scope))))
        .add(Expr::exists(served_with_file(&scope)));
    if let Scope::Federation { code, .. } = &scope {
        // What proves work lies where it is claimed, like the claim; what belongs to neither, with its school.
        seen = seen
            .add(Expr::exists(claims_of_file(Some(code.as_str()))))
            .add(
                Condition::all()
                    .add(C::InstitutionId.in_subquery(schools(code)))
                    .add(Expr::not_exists(claims_of_file(None)))
                    .add(Expr::not_exists(papers_of_file(None))),
            );
    }
    Condition::all().add(seen).add(C::RemovedAt.is_null())
}

/// What the actor uploaded on the post from which they act, or before they had any organisation: an account that changes to
/// another organisation leaves behind what it kept for the one of before.
fn own(actor: &Actor) -> Condition {
    use evidence_file::Column as C;
    let federation = match &actor.federation {
        Some(code) => C::Federation.eq(code.as_str()),
        None => C::Federation.is_null(),
    };
    let institution = match actor.institution {
        Some(id) => C::InstitutionId.eq(id.uuid()),
        None => C::InstitutionId.is_null(),
    };
    let nowhere = Condition::all()
        .add(C::Federation.is_null())
        .add(C::InstitutionId.is_null());
    let here = Condition::all().add(federation).add(institution);
    Condition::all()
        .add(C::AccountId.eq(actor.account.uuid()))
        .add(Condition::any().add(nowhere).add(here))
}

/// Claims of the work that the file of a row proves; those in the area of a federation, if one is named.
fn claims_of_file(federation: Option<&str>) -> SelectStatement {
    let mut claims = Query::select();
    claims
        .expr(Expr::val(1))
        .from(episode_evidence::Entity)
        .inner_join(
            episode_claim::Entity,
            Expr::col((episode_claim::Entity, episode_claim::Column::EpisodeId)).equals((
                episode_evidence::Entity,
                episode_evidence::Column::EpisodeId,
            )),
        )
        .and_where(
            Expr::col((episode_evidence::Entity, episode_evidence::Column::FileId))
                .equals((evidence_file::Entity, evidence_file::Column::Id)),
        );
    if let Some(code) = federation {
        let place = Expr::col((episode_claim::Entity, episode_claim::Column::SiteRegion));
        claims.and_where(in_area(place, code));
    }
    claims
}

/// Papers of cases that the file of a row was filed with, or with the official document that it shows; those of a scope, if
/// one is given. Of the papers of its own case an institution opens what its side filed; what is decided is served on it.
fn papers_of_file(scope: Option<&Scope>) -> SelectStatement {
    let file = (evidence_file::Entity, evidence_file::Column::Id);
    let shown = Query::select()
        .expr(Expr::val(1))
        .from(official_document_file::Entity)
        .and_where(
            Expr::col((
                official_document_file::Entity,
                official_document_file::Column::DocumentId,
            ))
            .equals((case_paper::Entity, case_paper::Column::DocumentId)),
        )
        .and_where(
            Expr::col((
                official_document_file::Entity,
                official_document_file::Column::FileId,
            ))
            .equals(file),
        )
        .to_owned();
    let mut which = Condition::all().add(
        Condition::any()
            .add(Expr::col((case_paper::Entity, case_paper::Column::FileId)).equals(file))
            .add(Expr::exists(shown)),
    );
    if let Some(scope) = scope {
        which = which.add(of_case(scope));
    }
    if let Some(Scope::Institution(_)) = scope {
        let own = [Role::InstitutionOperator, Role::InstitutionManager];
        which = which.add(case_paper::Column::Role.is_in(own.map(Role::as_str)));
    }
    Query::select()
        .expr(Expr::val(1))
        .from(case_paper::Entity)
        .inner_join(
            institution_case::Entity,
            Expr::col((institution_case::Entity, institution_case::Column::Id))
                .equals((case_paper::Entity, case_paper::Column::CaseId)),
        )
        .inner_join(
            admission::Entity,
            Expr::col((admission::Entity, admission::Column::Id)).equals((
                institution_case::Entity,
                institution_case::Column::AdmissionId,
            )),
        )
        .cond_where(which)
        .to_owned()
}

/// Services, in a scope, of the decisions whose official document the file of a row shows.
fn served_with_file(scope: &Scope) -> SelectStatement {
    let of_file = Expr::col((
        official_document_file::Entity,
        official_document_file::Column::FileId,
    ))
    .equals((evidence_file::Entity, evidence_file::Column::Id));
    Query::select()
        .expr(Expr::val(1))
        .from(service::Entity)
        .inner_join(
            timeline::Entity,
            Expr::col((timeline::Entity, timeline::Column::Id))
                .equals((service::Entity, service::Column::TimelineId)),
        )
        .inner_join(
            official_document_file::Entity,
            Expr::col((
                official_document_file::Entity,
                official_document_file::Column::DocumentId,
            ))
            .equals((timeline::Entity, timeline::Column::DocumentId)),
        )
        .inner_join(
            admission::Entity,
            Expr::col((admission::Entity, admission::Column::Id))
                .equals((service::Entity, service::Column::AdmissionId)),
        )
        .cond_where(Condition::all().add(of_file).add(of_case(scope)))
        .to_owned()
}

/// The condition that an admission, and so its cases, lies in a scope.
fn of_case(scope: &Scope) -> Condition {
    scope.condition(
        (admission::Entity, admission::Column::SiteRegion),
        (admission::Entity, admission::Column::InstitutionId),
    )
}

/// The schools of the area of a federation: by main site, or by who admits them.
fn schools(federation: &str) -> SelectStatement {
    let place = Expr::col((admission::Entity, admission::Column::SiteRegion));
    let admitted_by = Expr::col((admission::Entity, admission::Column::Federation));
    Query::select()
        .column(admission::Column::InstitutionId)
        .from(admission::Entity)
        .and_where(in_area(place, federation).or(in_area(admitted_by, federation)))
        .and_where(Expr::cust(looked_after("admission")))
        .to_owned()
}

/// The persons whose work a file proves; erased ones are not among them.
pub async fn shown(db: &impl ConnectionTrait, id: FileId) -> Result<Vec<PersonId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
    }
    let sql = "SELECT DISTINCT e.person_id FROM episode_evidence v JOIN employment_episode e ON e.id = v.episode_id
        JOIN person p ON p.id = e.person_id WHERE v.file_id = $1 AND p.erased_at IS NULL ORDER BY e.person_id";
    let rows = Row::find_by_statement(statement(db, sql, [id.uuid().into()]))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.person_id.into()).collect())
}

/// Files that are nobody's any more and whose bytes are still in the folder, with their stored names.
pub async fn to_purge(db: &impl ConnectionTrait) -> Result<Vec<(FileId, String)>, StoreError> {
    use evidence_file::Column as C;
    let rows = evidence_file::Entity::find()
        .filter(C::RemovedAt.is_not_null())
        .filter(C::PurgedAt.is_null())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.stored_name))
        .collect())
}

/// Notes that the bytes of files are gone.
pub async fn purged(
    db: &impl ConnectionTrait,
    files: &[FileId],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use evidence_file::Column as C;
    evidence_file::Entity::update_many()
        .col_expr(C::PurgedAt, Expr::val(time::millis(now)))
        .filter(C::Id.is_in(files.iter().map(|file| file.uuid())))
        .exec(db)
        .await?;
    Ok(())
}

/// Ties a file to an official document.
pub async fn attach(
    db: &impl ConnectionTrait,
    document: DocumentId,
    file: FileId,
) -> Result<(), StoreError> {
    let row = official_document_file::ActiveModel {
        document_id: Set(document.uuid()),
        file_id: Set(file.uuid()),
    };
    official_document_file::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

impl TryFrom<evidence_file::Model> for EvidenceFile {
    type Error = StoreError;

    fn try_from(row: evidence_file::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("evidence_file", row.id);
        let digest = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| bad());
        Ok(Self {
            uploaded_sha256: digest(&row.uploaded_sha256)?,
            stored_sha256: digest(&row.stored_sha256)?,
            id: row.id.into(),
            stored_name: row.stored_name,
            media_type: row.media_type,
            size_bytes: row.size_bytes.cast_unsigned(),
            account: row.account_id.into(),
            federation: row.federation,
            institution: row.institution_id.map(Into::into),
            uploaded_at: time::instant(row.uploaded_at)?,
            sealed_version: row.sealed_version,
        })
    }
}
