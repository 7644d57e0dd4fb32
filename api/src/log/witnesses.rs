//! Asks the witnesses to cosign the newest checkpoint, and keeps what a quorum of them answered (trust.md LG-9, LG-10).

use std::collections::HashMap;
use std::time::Duration;

use certs::log::{Cosignature, Submission, WitnessKey, cosignatures, with_lines};
use chrono::TimeDelta;
use reqwest::StatusCode;
use store::log::CheckpointRow;
use store::witnessed::WitnessedRow;

use super::proofs;
use crate::app::App;
use crate::config::witnesses::Witness;
use crate::problem::Problem;

/// How often the newest checkpoint is looked at: publication follows within five seconds (trust.md LG-2).
const EVERY: Duration = Duration::from_millis(500);
/// A witness that takes longer counts as down in this round.
const PATIENCE: Duration = Duration::from_secs(4);
/// How far this clock may go before those of the witnesses until nothing is signed any more (trust.md CL-1).
const AHEAD: TimeDelta = TimeDelta::seconds(60);
/// Longest answer of a witness that is read.
const MOST_BYTES: usize = 16 * 1024;

/// Why a witness did not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFailure {
    /// It could not be reached, or took too long.
    #[error("the witness does not answer")]
    Unreachable,
    /// It has seen another tree of this size or a larger one: the log is forked, or was restored from an old copy.
    #[error("the witness has seen another history of this log, up to size {size}")]
    OtherHistory {
        /// Size that it has seen.
        size: u64,
    },
    /// It refused for another reason.
    #[error("the witness refuses with status {0}")]
    Refused(u16),
    /// What it answered is no cosignature of it on this checkpoint.
    #[error("the answer is no cosignature of the witness")]
    Answer,
    /// The registry itself could not make the proof.
    #[error("no proof could be made")]
    Proof,
}

/// Asks for cosignatures until it is dropped; ends at once without witnesses.
pub async fn work(app: App) {
    if app.config.witnesses.policy.quorum() == 0 {
        return;
    }
    let mut asking = match Asking::new() {
        Ok(asking) => asking,
        Err(error) => {
            tracing::error!("no client for witnesses: {error}");
            return;
        }
    };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(problem) = asking.round(&app).await {
            tracing::error!(
                code = problem.code().as_str(),
                "The witnesses could not be asked"
            );
        }
    }
}

/// What is known of the witnesses from one round to the next.
#[derive(Debug)]
pub struct Asking {
    client: reqwest::Client,
    /// Size of the tree that each witness has cosigned last.
    seen: HashMap<String, u64>,
    /// The last failure of each witness, so that it is told once.
    told: HashMap<String, WitnessFailure>,
}

impl Asking {
    /// Nobody has been asked yet.
    pub fn new() -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            client,
            seen: HashMap::new(),
            told: HashMap::new(),
        })
    }

    /// Asks all witnesses for the newest checkpoint, unless a quorum has cosigned it; answers whether one has now.
    pub async fn round(&mut self, app: &App) -> Result<bool, Problem> {
        let witnesses = &app.config.witnesses;
        let reader = app.store.reader();
        let Some(row) = store::log::latest_checkpoint(reader).await? else {
            return Ok(false);
        };
        let done = store::witnessed::latest(reader).await?;
        let is_done = done.is_some_and(|done| done.size == row.size);
        // While the clock is wrong nothing new is signed: the same checkpoint tells when it is right again.
        if is_done && !app.standing.is_ahead() {
            return Ok(true);
        }
        let mut asked = tokio::task::JoinSet::new();
        for witness in &witnesses.all {
            let (app, row, witness) = (app.clone(), row.clone(), witness.clone());
            let client = self.client.clone();
            let name = witness.key.name.as_str().to_owned();
            let old = self.seen.get(&name).copied().unwrap_or(0);
            asked.spawn(async move { (name, ask(&app, &client, &witness, &row, old).await) });
        }
        let (mut lines, mut another_history) = (Vec::new(), false);
        let mut ahead = Vec::new();
        while let Some(answered) = asked.join_next().await {
            let (name, answer) = answered.map_err(Problem::internal)?;
            match answer {
                Ok(cosignature) => {
                    self.told.remove(&name);
                    self.seen.insert(name, row.size);
                    ahead.push(app.now() - cosignature.at);
                    lines.push(cosignature.line);
                }
                Err(failure) => {
                    another_history |= matches!(failure, WitnessFailure::OtherHistory { .. })
                        && self.told.get(&name) != Some(&failure);
                    self.tell(name, failure);
                }
            }
        }
        // The middle one: no single witness stops the registry by a clock of its own.
        ahead.sort_unstable();
        if let Some(middle) = ahead.get(ahead.len() / 2) {
            app.standing.set_ahead(*middle > AHEAD);
        }
        let reached = is_done || keep(app, &row, lines).await?;
        if another_history {
            // It holds more than this database, or another tree of ours: then nothing is signed from now on (trust.md LG-8).
            // One that only says so shows no checkpoint with our signature, and stops nobody.
            app.standing.compare(app).await?;
        }
        Ok(reached)
    }

    /// The last failure of a witness, if it has not cosigned since.
    pub fn failure(&self, witness: &str) -> Option<&WitnessFailure> {
        self.told.get(witness)
    }

    fn tell(&mut self, name: String, failure: WitnessFailure) {
        if self.told.get(&name) == Some(&failure) {
            return;
        }
        if matches!(failure, WitnessFailure::OtherHistory { .. }) {
            tracing::error!(witness = name, "{failure}: compare at once what it holds");
        } else {
            tracing::warn!(witness = name, "{failure}");
        }
        self.told.insert(name, failure);
    }
}

/// Stores the checkpoint with the cosignatures, when they are a quorum.
async fn keep(app: &App, row: &CheckpointRow, mut lines: Vec<String>) -> Result<bool, Problem> {
    let policy = &app.config.witnesses.policy;
    lines.sort_unstable();
    let note = with_lines(&row.note, lines.iter().map(String::as_str));
    let Some(at) = policy.reached(&note).map_err(Problem::internal)? else {
        return Ok(false);
    };
    let witnessed = WitnessedRow {
        size: row.size,
        note,
        quorum: u32::try_from(policy.quorum()).unwrap_or(u32::MAX),
        at,
    };
    let tx = app.store.write().await?;
    store::witnessed::put(&tx, &witnessed).await?;
    store::commit(tx).await?;
    Ok(true)
}

/// Submits a checkpoint to one witness; the size that it names in its refusal is taken up once.
async fn ask(
    app: &App,
    client: &reqwest::Client,
    witness: &Witness,
    row: &CheckpointRow,
    old: u64,
) -> Result<Cosignature, WitnessFailure> {
    let mut old = old.min(row.size);
    for _ in 0..3 {
        let proof = match old {
            0 => Vec::new(),
            old => proofs::consistency(app, old, row.size)
                .await
                .map_err(|_| WitnessFailure::Proof)?,
        };
        let submission = Submission {
            old,
            proof,
            note: row.note.clone(),
        };
        let sent = client
            .post(format!("{}/add-checkpoint", witness.url))
            .body(submission.to_text())
            .send()
            .await;
        let answer = sent.map_err(|_| WitnessFailure::Unreachable)?;
        let status = answer.status();
        let text = short_text(answer).await?;
        match status {
            StatusCode::OK => return cosignature(&row.note, &text, &witness.key),
            StatusCode::CONFLICT => {
                let size: u64 = text
                    .strip_suffix('\n')
                    .and_then(|size| size.parse().ok())
                    .ok_or(WitnessFailure::Answer)?;
                if size > row.size || size == old {
                    return Err(WitnessFailure::OtherHistory { size });
                }
                old = size;
            }
            StatusCode::UNPROCESSABLE_ENTITY => {
                return Err(WitnessFailure::OtherHistory { size: old });
            }
            other => return Err(WitnessFailure::Refused(other.as_u16())),
        }
    }
    Err(WitnessFailure::Answer)
}

async fn short_text(mut answer: reqwest::Response) -> Result<String, WitnessFailure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|_| WitnessFailure::Unreachable)?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(WitnessFailure::Answer);
        }
    }
    String::from_utf8(bytes).map_err(|_| WitnessFailure::Answer)
}

/// The line of this witness in its answer, checked against the checkpoint.
fn cosignature(
    note: &str,
    lines: &str,
    witness: &WitnessKey,
) -> Result<Cosignature, WitnessFailure> {
    let signed = with_lines(note, lines.split_inclusive('\n'));
    cosignatures(&signed, std::slice::from_ref(witness))
        .ok()
        .and_then(|mut found| found.pop())
        .ok_or(WitnessFailure::Answer)
}
