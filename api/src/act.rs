//! The one write path: idempotency record, lock, gates, rows, timeline, log leaf, audit, commit, answer.
//!
//! A use case begins an [`Act`], works on its transaction, and finishes it. A repeated request gets the first
//! receipt again, byte for byte; whatever is not finished leaves nothing behind.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use certs::keys::KeyId;
use certs::log::{LeafEntry, SignedCheckpoint};
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use domain::ids::{DocumentId, LeafIndex, ProposalId, StaffPersonId, TimelineId};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::audit::AuditEntry;
use store::idempotency::FirstAnswer;
use store::journal::{OfficialDocument, TimelineEntry};
use store::proposals::Proposal;
use store::{StoreError, WriteTx};
use uuid::Uuid;

use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::log::append::Appender;
use crate::problem::{Code, Problem};

/// Label of the keyed digest of a request.
const REQUEST: &str = "idempotency.request";

/// The stored answer to an act: ids, states, dates; nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// HTTP status of the first answer.
    pub status: StatusCode,
    /// JSON text, given again byte for byte.
    pub json: String,
}

impl Receipt {
    /// The receipt as a value, for the command line and tests.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// The receipt as the type it was made from.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(&self.json).map_err(Problem::internal)
    }
}

impl IntoResponse for Receipt {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.json).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What a repeated key finds.
#[derive(Debug)]
pub enum Begin {
    /// A new act.
    First(Box<Act>),
    /// The first answer.
    Again(Receipt),
}

/// What a timeline entry says, without what the act knows itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// Kind of the thing.
    pub kind: &'a str,
    /// The thing.
    pub id: Uuid,
    /// The act ("T04").
    pub act: &'a str,
    /// State before.
    pub from: Option<&'a str>,
    /// State after.
    pub to: Option<&'a str>,
    /// Reason code.
    pub reason_code: Option<&'a str>,
    /// Reason in words.
    pub reason: Option<&'a str>,
    /// Document.
    pub document: Option<DocumentId>,
    /// From which day; today when not given.
    pub effective_on: Option<NaiveDate>,
    /// Ids of evidence.
    pub evidence: &'a [String],
    /// Leaf of the log.
    pub leaf: Option<LeafIndex>,
    /// Proposer of a two-person act.
    pub proposer: Option<StaffPersonId>,
}

/// A write in progress. Use `tx` and nothing else to read and write.
pub struct Act {
    /// The transaction.
    pub tx: WriteTx,
    /// Server time of the act.
    pub now: DateTime<Utc>,
    /// Today in China.
    pub today: NaiveDate,
    /// Who acts.
    pub actor: Actor,
    /// The application, for keys, policy, randomness.
    pub app: App,
    /// What the audit should know besides act and object: codes, nothing personal.
    pub detail: String,
    name: &'static str,
    key: String,
    digest: [u8; 32],
    appender: Option<Appender>,
    origin: Origin,
    /// States before and after, as the audit tells them.
    moves: Vec<String>,
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Act")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Begins an act, or finds its first answer. `request` is everything that decides the outcome, ids of the path
    /// included: the same key with another request is refused.
    pub async fn begin(
        &self,
        actor: &Actor,
        key: &IdempotencyKey,
        name: &'static str,
        request: &impl Serialize,
    ) -> Result<Begin, Problem> {
        self.standing.ensure(self).await?;
        let mut hash = Sha256::new();
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(serde_json::to_vec(request).map_err(Problem::internal)?);
        // Keyed: a plain hash of a request that holds a name or a password could be guessed from a dump.
        let plain = data_encoding::HEXLOWER.encode(&hash.finalize());
        let digests = self.store.vault().blind_indexes(REQUEST, &plain);
        let digest = digests.first().copied().unwrap_or_default();
        let tx = self.store.write().await?;
        store::idempotency::lock(&tx, actor.account, key.as_str()).await?;
        if let Some(first) = store::idempotency::find(&tx, actor.account, key.as_str()).await? {
            return replay(first, &digests).map(Begin::Again);
        }
        let now = self.now();
        Ok(Begin::First(Box::new(Act {
            tx,
            now,
            today: domain::calendar::today(now),
            actor: actor.clone(),
            app: self.clone(),
            detail: String::new(),
            name,
            key: key.as_str().to_owned(),
            digest,
            appender: None,
            origin: Origin::current(),
            moves: Vec::new(),
        })))
    }
}

fn replay(first: FirstAnswer, digests: &[[u8; 32]]) -> Result<Receipt, Problem> {
    if !digests.iter().any(|digest| first.request_sha256 == digest) {
        return Err(Problem::new(Code::IdempotencyKeyReused));
    }
    let status = StatusCode::from_u16(first.status).map_err(Problem::internal)?;
    Ok(Receipt {
        status,
        json: first.receipt,
    })
}

impl Act {
    /// A new id, ordered in time.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        self.app.random.id(self.now).into()
    }

    /// Puts a leaf into the public log; its index stands from now on, inside this transaction.
    pub async fn log(&mut self, entry: LeafEntry) -> Result<LeafIndex, Problem> {
        let first = self.log_all(std::iter::once(entry)).await?;
        Ok(first)
    }

    /// Puts leaves into the public log; answers the index of the first, the others follow one by one.
    pub async fn log_all(
        &mut self,
        entries: impl IntoIterator<Item = LeafEntry>,
    ) -> Result<LeafIndex, Problem> {
        if self.appender.is_none() {
            self.appender = Some(Appender::begin(&self.tx, &self.app, self.now).await?);
        }
        let Some(appender) = &mut self.appender else {
            return Err(Problem::internal("no appender"));
        };
        appender.push_all(entries)
    }

    /// The time that log leaves of this act carry: never before the last leaf (trust.md CL-1).
    pub async fn log_time(&mut self) -> Result<DateTime<Utc>, Problem> {
        if self.appender.is_none() {
            self.appender = Some(Appender::begin(&self.tx, &self.app, self.now).await?);
        }
        Ok(self.appender.as_ref().map_or(self.now, Appender::at))
    }

    /// The log for an act that closes it: also one that lost leaves.
    pub(crate) async fn begin_closing(&mut self) -> Result<&mut Appender, Problem> {
        if self.appender.is_none() {
            let appender = Appender::begin_closing(&self.tx, &self.app, self.now).await?;
            self.appender = Some(appender);
        }
        self.appender
            .as_mut()
            .ok_or_else(|| Problem::internal("no appender"))
    }

    /// Refuses on a log that lost leaves.
    pub(crate) fn may_log(&self) -> Result<(), Problem> {
        match &self.appender {
            Some(appender) => appender.gate(&self.app),
            None => Ok(()),
        }
    }

    /// Ends the log under its own key; answers its last checkpoint.
    pub(crate) async fn close_log(&mut self) -> Result<Option<SignedCheckpoint>, Problem> {
        match &mut self.appender {
            Some(appender) => appender.close(&self.tx).await,
            None => Err(Problem::internal("no appender")),
        }
    }

    /// From here on another log key signs.
    pub(crate) async fn go_on_with(&mut self, kid: &KeyId) -> Result<(), Problem> {
        match &mut self.appender {
            Some(appender) => appender.go_on_with(&self.tx, &self.app, kid).await,
            None => Err(Problem::internal("no appender")),
        }
    }

    /// Size of the log after this act, once something was logged.
    pub fn tree_size(&self) -> Option<u64> {
        self.appender.as_ref().map(Appender::size)
    }

    /// Writes a timeline entry.
    pub async fn record(&mut self, entry: Entry<'_>) -> Result<(), Problem> {
        self.moved(&entry);
        let row = self.timeline_row(entry)?;
        Ok(store::journal::record(&self.tx, &row).await?)
    }

    /// Writes many timeline entries at once.
    pub async fn record_all<'a>(
        &mut self,
        entries: impl IntoIterator<Item = Entry<'a>>,
    ) -> Result<(), Problem> {
        let mut rows = Vec::new();
        for entry in entries {
            self.moved(&entry);
            rows.push(self.timeline_row(entry)?);
        }
        Ok(store::journal::record_all(&self.tx, &rows).await?)
    }

    /// Keeps the states for the audit: those of one act on many things are told once.
    fn moved(&mut self, entry: &Entry<'_>) {
        let (from, to) = (entry.from.unwrap_or("-"), entry.to.unwrap_or("-"));
        let text = format!("{} {from}>{to}", entry.kind);
        if self.moves.len() < 4
            && (entry.from, entry.to) != (None, None)
            && !self.moves.contains(&text)
        {
            self.moves.push(text);
        }
    }

    fn timeline_row(&self, entry: Entry<'_>) -> Result<TimelineEntry, Problem> {
        if let Some(reason) = entry.reason {
            let mut faults = Faults::default();
            faults.no_personal_number("/reason", reason);
            faults.finish()?;
        }
        Ok(TimelineEntry {
            id: self.new_id::<TimelineId>(),
            object_kind: entry.kind.to_owned(),
            object_id: entry.id,
            at: self.now,
            effective_on: entry.effective_on.unwrap_or(self.today),
            act: entry.act.to_owned(),
            from: entry.from.map(str::to_owned),
            to: entry.to.map(str::to_owned),
            reason_code: entry.reason_code.map(str::to_owned),
            reason: entry.reason.map(str::to_owned),
            document: entry.document,
            document_number: None,
            policy: self.app.policy.name(),
            evidence: serde_json::to_string(entry.evidence).map_err(Problem::internal)?,
            role: self.actor.role.as_str().to_owned(),
            organisation: self
                .actor
                .federation
                .clone()
                .or_else(|| self.actor.institution.map(|id| id.to_string())),
            actor: Some(self.actor.clone()),
            second_person: entry.proposer,
            leaf_index: entry.leaf,
        })
    }

    /// Writes an official document that the act rests on.
    pub async fn document(
        &mut self,
        number: &str,
        issuer: &str,
        made_on: NaiveDate,
    ) -> Result<DocumentId, Problem> {
        let document = OfficialDocument {
            id: self.new_id(),
            number: number.to_owned(),
            issuer: issuer.to_owned(),
            made_on,
        };
        store::journal::insert_document(&self.tx, &document).await?;
        Ok(document.id)
    }

    /// Leaves an act for its second person.
    pub async fn propose(
        &mut self,
        kind: &str,
        id: Uuid,
        act: &str,
        request: &impl Serialize,
        revision: i32,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<ProposalId, Problem> {
        let proposal = Proposal {
            id: self.new_id(),
            object_kind: kind.to_owned(),
            object_id: id,
            act: act.to_owned(),
            request: serde_json::to_string(request).map_err(Problem::internal)?,
            object_revision: revision,
            state: "open".to_owned(),
            proposed_by: self.actor.person,
            proposed_post: self.actor.post,
            proposed_at: self.now,
            due_at,
            decided_by: None,
        };
        match store::proposals::open(&self.tx, &proposal).await {
            Err(StoreError::Duplicate(_)) => Err(Problem::new(Code::OpenProposal)),
            other => Ok(other.map(|()| proposal.id)?),
        }
    }

    /// Finishes the act: log tiles and checkpoint, idempotency record, audit, commit; a dry run rolls it all back.
    pub async fn finish(
        self: Box<Self>,
        status: StatusCode,
        receipt: &impl Serialize,
        object: (&str, impl std::fmt::Display),
    ) -> Result<Receipt, Problem> {
        let json = serde_json::to_string(receipt).map_err(Problem::internal)?;
        let Self {
            tx,
            now,
            actor,
            app,
            detail,
            name,
            key,
            digest,
            appender,
            origin,
            moves,
            ..
        } = *self;
        if let Some(appender) = appender {
            appender.finish(&tx).await?;
        }
        let answer = FirstAnswer {
            request_sha256: digest.to_vec(),
            status: status.as_u16(),
            receipt: json,
        };
        store::idempotency::keep(&tx, actor.account, &key, &answer, now).await?;
        let object_id = object.1.to_string();
        let told: Vec<&str> = std::iter::once(detail.as_str())
            .chain(moves.iter().map(String::as_str))
            .filter(|text| !text.is_empty())
            .collect();
        // What was asked and what came of it: two edits that leave the same receipt are told apart. Of the request stands
        // the keyed digest alone, so that nothing in it can be guessed from the audit (trust.md PI-3).
        let after: [u8; 32] = Sha256::new()
            .chain_update(digest)
            .chain_update(answer.receipt.as_bytes())
            .finalize()
            .into();
        let audit = AuditEntry {
            at: now,
            request_id: &origin.request_id,
            actor: Some(&actor),
            account: None,
            network: &origin.network,
            act: name,
            object_kind: object.0,
            object_id: &object_id,
            outcome: store::audit::DONE,
            times: 1,
            detail: &told.join("; "),
            after: Some(after),
        };
        store::audit::append(&tx, &audit).await?;
        if app.dry_run {
            store::rollback(tx).await?;
        } else {
            store::commit(tx).await?;
        }
        Ok(Receipt {
            status,
            json: answer.receipt,
        })
    }
}
