//! Certificates: keys, issue, changes of status, QR text.

use serde_json::{Value, json};

use super::{PROVINCE, Story};
use crate::Database;
use crate::answer::{Answer, text};

impl Story {
    /// A new issuer key of the province, in use; answers its id.
    pub async fn issuer_key(&self, year: i32) -> String {
        let request = json!({ "federation": PROVINCE, "year": year });
        let made = self.who("national-1").post("/api/v1/keys", &request).await;
        let kid = text(&made.good()["kid"]);
        self.key_state(&kid, &json!({ "state": "active" })).await;
        kid
    }

    /// A change of a key's state by two persons.
    pub async fn key_state(&self, kid: &str, change: &Value) -> Value {
        let proposed = self
            .who("national-1")
            .post(&format!("/api/v1/keys/{kid}/changes"), change)
            .await
            .good();
        self.approve("national-2", &proposed).await
    }

    /// Proposes a batch for an accepted class; answers its id.
    pub async fn propose(&self, cohort: &str) -> String {
        let proposed = self
            .who("school-1")
            .post(
                &format!("/api/v1/cohorts/{cohort}/certificate-batches"),
                &json!({}),
            )
            .await
            .good();
        text(&proposed["batch"])
    }

    /// Issues the certificates of an accepted class; answers what the approval said.
    pub async fn issue(&self, cohort: &str) -> Value {
        let batch = self.propose(cohort).await;
        self.who("province-1")
            .post(
                &format!("/api/v1/certificate-batches/{batch}/approve"),
                &json!({}),
            )
            .await
            .good()
    }

    /// A story with so many issued certificates; answers what the approval said.
    pub async fn with_certificates(database: Database, count: u32) -> (Self, Value) {
        let mut story = Self::ready(database).await;
        let cohort = story.accepted(count).await;
        let issued = story.issue(&cohort).await;
        (story, issued)
    }

    /// The certificate with a public id, as an officer of the province sees it.
    pub async fn certificate(&self, public_id: &str) -> Value {
        let page = self
            .who("province-1")
            .get("/api/v1/certificates?limit=100")
            .await
            .good();
        page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["public_id"] == public_id)
            .cloned()
            .unwrap_or_else(|| panic!("no certificate {public_id}"))
    }

    /// An officer of the province suspends a certificate.
    pub async fn suspend(&self, public_id: &str) -> Value {
        self.change_status(public_id, "suspend", "under_review")
            .await
            .good()
    }

    /// An officer of the province ends the suspension of a certificate.
    pub async fn resume(&self, public_id: &str) -> Value {
        self.try_resume(public_id).await.good()
    }

    /// The same, with whatever is answered.
    pub async fn try_resume(&self, public_id: &str) -> Answer {
        self.change_status(public_id, "resume", "cleared").await
    }

    async fn change_status(&self, public_id: &str, act: &str, reason_code: &str) -> Answer {
        let id = text(&self.certificate(public_id).await["id"]);
        let request = json!({ "act": act, "reason_code": reason_code });
        let path = format!("/api/v1/certificates/{id}");
        self.who("province-1").act(&path, "changes", &request).await
    }

    /// The text of a certificate's QR code, by an officer of the province.
    pub async fn qr_text(&self, public_id: &str) -> String {
        let answer = self
            .who("province-1")
            .get(&format!("/api/v1/certificates/{public_id}/qr.txt"))
            .await;
        assert!(answer.status.is_success(), "{}", answer.text());
        answer.text().trim().to_owned()
    }
}
