//! Management with due process: an exit that was appealed in vain, a rectification under way, a warning just served.

use domain::institution::InstitutionTransition as T;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Script;
use super::cast::{Cast, key};
use super::story::{School, WithProposal, approve};
use crate::app::App;
use crate::cases::appeals::{self, AppealReceipt};
use crate::cases::{appeal_acts, papers, services};
use crate::institutions::admission;
use crate::problem::Problem;

/// SHA-256 of the empty file: the evidence of a demo is none.
const EVIDENCE: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A school and those who dispute with it.
pub(super) struct Dispute<'a> {
    pub(super) app: &'a App,
    pub(super) script: &'a Script,
    pub(super) cast: &'a Cast,
    pub(super) school: &'a School,
}

fn request<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(Problem::internal)
}

impl Dispute<'_> {
    fn province(&self, person: u8) -> String {
        format!("province-{}-{person}", self.school.federation)
    }

    fn document(&self, number: &str) -> Value {
        json!({ "number": number, "issuer": "演示省残疾人联合会", "made_on": self.app.today() })
    }

    /// A transition proposed or taken by the province, approved by its second person, and served.
    async fn decide(&self, transition: T, mut what: Value) -> Result<(), Problem> {
        let officer = self.cast.actor(self.app, &self.province(1)).await?;
        let scope = store::scope::Scope::of(&officer);
        let found =
            store::institutions::find(self.app.store.reader(), &scope, self.school.admission)
                .await?
                .ok_or_else(Problem::not_found)?;
        what["transition"] = transition.as_str().into();
        what["document"] = self.document(&format!("演示残联决{}号", transition.as_str()));
        let done: WithProposal = admission::transition(
            self.app,
            &officer,
            &key(self.app)?,
            self.school.admission,
            found.revision,
            &request(what)?,
        )
        .await?
        .parse()?;
        if let Some(proposal) = &done.proposal_id {
            self.script.later();
            approve(self.app, self.cast, Some(proposal), &self.province(2)).await?;
        }
        let served = json!({
            "transition": transition.as_str(), "method": "in_person", "served_on": self.app.today(), "receipt": "机构办公室签收",
        });
        services::serve(
            self.app,
            &officer,
            &key(self.app)?,
            self.school.admission,
            &request(served)?,
        )
        .await
        .map(|_| ())
    }

    /// A paper of the institution in its newest case.
    async fn paper(&self, kind: &str, text: &str) -> Result<(), Problem> {
        let school = format!("school-{}-1", self.school.number);
        let operator = self.cast.actor(self.app, &school).await?;
        let case = store::cases::newest_of(self.app.store.reader(), self.school.admission)
            .await?
            .ok_or_else(Problem::not_found)?;
        let paper = json!({ "kind": kind, "text": text });
        papers::file(
            self.app,
            &operator,
            &key(self.app)?,
            case.id,
            &request(paper)?,
        )
        .await
        .map(|_| ())
    }

    /// The nation hears the school's appeal and dismisses it.
    async fn appeal(&self, against: T, day: u64) -> Result<(), Problem> {
        let school = format!("school-{}-1", self.school.number);
        let operator = self.cast.actor(self.app, &school).await?;
        let lodged = json!({
            "against": against.as_str(), "points": "许可证正在补办,不应退出。", "wish": "撤销退出决定",
        });
        let mut at: AppealReceipt = appeals::lodge(
            self.app,
            &operator,
            &key(self.app)?,
            self.school.admission,
            &request(lodged)?,
        )
        .await?
        .parse()?;
        for (days, mut what) in [
            (
                3,
                json!({ "act": "accept", "reason": "在期限内,由当事机构提出。" }),
            ),
            (
                10,
                json!({ "act": "hear", "reason": "听取双方陈述,记录在卷。" }),
            ),
            (
                15,
                json!({ "act": "decide", "outcome": "dismissed", "reason": "许可证吊销属实,维持原决定。" }),
            ),
        ] {
            self.script.day(day + days);
            if what["outcome"].is_string() {
                what["document"] = self.document("演示残联申复1号");
            }
            let judge = self.cast.actor(self.app, "national-1").await?;
            let id = at.id.parse().map_err(Problem::internal)?;
            at = appeal_acts::act_on(
                self.app,
                &judge,
                &key(self.app)?,
                id,
                at.revision,
                &request(what)?,
            )
            .await?
            .parse()?;
        }
        Ok(())
    }

    /// A school that lost its licence: exit with a hearing waived, an appeal, its dismissal. It takes seven weeks.
    pub(super) async fn exit(&self, day: u64) -> Result<(), Problem> {
        self.script.day(day);
        let proposal = json!({
            "cause": "licence_lost", "reason": "办学许可证已被吊销。", "evidence_sha256": EVIDENCE,
            "minutes": self.document("演示会议纪要1号"), "hearing": "收到后五个工作日内可向省残联申请听证。",
        });
        self.decide(T::T19, proposal).await?;
        self.script.day(day + 2);
        self.paper("hearing_waiver", "本机构放弃听证,保留申诉的权利。")
            .await?;
        self.script.day(day + 24);
        let decision = json!({
            "reason": "公示期满,无有效异议。", "evidence_sha256": EVIDENCE,
            "minutes": self.document("演示会议纪要2号"),
        });
        self.decide(T::T20, decision).await?;
        self.script.day(day + 30);
        self.appeal(T::T20, day + 30).await
    }

    /// A warning that was answered, and the order to rectify that followed.
    pub(super) async fn rectify(&self, day: u64) -> Result<(), Problem> {
        self.script.day(day);
        let warning = json!({
            "cause": "major_finding", "reason": "抽查发现就业回访记录缺失。", "evidence_sha256": EVIDENCE,
            "findings": ["半数学员没有回访记录"],
        });
        self.decide(T::T11, warning).await?;
        self.script.day(day + 3);
        self.paper("reply", "回访由兼职人员进行,记录没有归档;将补齐。")
            .await?;
        self.script.day(day + 8);
        let until = self
            .app
            .today()
            .checked_add_days(chrono::Days::new(80))
            .ok_or_else(|| Problem::internal("a day beyond the calendar"))?;
        let order = json!({
            "cause": "reply_not_accepted", "reason": "没有说明补齐的办法和期限。", "until": until,
            "findings": ["补齐全部回访记录", "指定专人负责回访"],
        });
        self.decide(T::T13, order).await?;
        self.script.day(day + 12);
        self.paper("plan", "整改方案:六周内补齐记录,每月回访一次。")
            .await
    }

    /// A warning whose reply is due.
    pub(super) async fn warn(&self, day: u64) -> Result<(), Problem> {
        self.script.day(day);
        let due = self
            .app
            .today()
            .checked_sub_days(chrono::Days::new(35))
            .ok_or_else(|| Problem::internal("a day before the calendar"))?;
        let warning = json!({
            "cause": "data_late", "reason": "季度就业数据逾期未报。", "data_due_on": due, "findings": ["补报第二季度就业数据"],
        });
        self.decide(T::T11, warning).await
    }
}
