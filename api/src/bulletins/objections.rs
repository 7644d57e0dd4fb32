//! Objections to a bulletin, as the federation that speaks sees them.

use domain::access::Actor;
use domain::ids::BulletinId;
use serde::Serialize;
use store::objections as rows;
use utoipa::ToSchema;

use crate::app::App;
use crate::frame::Frame;
use crate::notices::objections as notices;
use crate::problem::Problem;

/// An objection to a bulletin.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BulletinObjection {
    /// Its id: decide it under this one.
    pub(crate) id: String,
    /// Its reference number.
    pub(crate) number: String,
    /// What is said.
    pub(crate) text: String,
    /// When.
    pub(crate) raised_at: String,
    /// `open`, `accepted`, `dismissed`.
    pub(crate) state: String,
    /// Until when it is to be answered.
    pub(crate) answer_due: Option<String>,
    /// The answer.
    pub(crate) answer: Option<String>,
    /// Who sent it; nothing of an anonymous one.
    pub(crate) name: Option<String>,
    /// How to answer.
    pub(crate) contact: Option<String>,
}

impl BulletinObjection {
    /// Its state in words.
    pub(crate) fn state_word(&self, f: &Frame) -> &'static str {
        match self.state.as_str() {
            "accepted" => f.t("异议成立", "accepted"),
            "dismissed" => f.t("异议不成立", "dismissed"),
            _ => f.t("待办结", "open"),
        }
    }
}

/// Objections to a bulletin, oldest first. Who sent them is told to the federation that answers, and that is noted.
pub(crate) async fn of(
    app: &App,
    actor: &Actor,
    bulletin: BulletinId,
) -> Result<Vec<BulletinObjection>, Problem> {
    let found = rows::of(app.store.reader(), bulletin.uuid()).await?;
    let object = (super::acts::KIND, bulletin.uuid());
    let senders = notices::senders(app, actor, &found, object).await?;
    let shown = found
        .into_iter()
        .zip(senders)
        .map(|(row, sender)| BulletinObjection {
            id: row.id.to_string(),
            number: row.number.unwrap_or_default(),
            text: row.text,
            raised_at: domain::calendar::today(row.raised_at).to_string(),
            state: row.state,
            answer_due: row.answer_due.map(|day| day.to_string()),
            answer: row.answer,
            name: sender.name,
            contact: sender.contact,
        });
    Ok(shown.collect())
}
