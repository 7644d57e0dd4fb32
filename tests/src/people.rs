//! Invented trainees with every personal value a roster can hold, and the actor that a trainee is.

use domain::access::{Actor, Capacity, Role};
use domain::ids::{AccountId, EnrolmentId, PersonId, PostId, StaffPersonId};

use crate::{Story, rosters};

/// An invented trainee.
#[derive(Clone, Debug)]
pub struct Trainee {
    /// Full name.
    pub name: &'static str,
    /// Identity number.
    pub citizen_id: String,
    /// Disability certificate number: identity number, category, level.
    pub card: String,
    /// Telephone.
    pub phone: &'static str,
    /// What the institution wrote.
    pub note: &'static str,
}

impl Trainee {
    /// A trainee with the identity number of an invented person and this category and level.
    pub fn new(
        number: u32,
        name: &'static str,
        kind: &str,
        phone: &'static str,
        note: &'static str,
    ) -> Self {
        let citizen_id = rosters::citizen_id(number);
        Self {
            card: format!("{citizen_id}{kind}"),
            name,
            citizen_id,
            phone,
            note,
        }
    }
}

/// Three people whose values are unlike anything else in a registry.
pub fn known() -> Vec<Trainee> {
    vec![
        Trainee::new(7_001, "欧阳虚构甲", "43", "13900007001", "左腿不便需坐前排"),
        Trainee::new(7_002, "慕容虚构乙", "12", "13900007002", "需要盲文教材两册"),
        Trainee::new(
            7_003,
            "上官虚构丙",
            "21",
            "13900007003",
            "请安排手语老师同行",
        ),
    ]
}

/// A roster of these people.
pub fn roster(people: &[Trainee]) -> Vec<u8> {
    let mut text = "姓名,公民身份号码,残疾人证号,手机号,户籍地,备注,同意书\n".to_owned();
    for one in people {
        text.push_str(&format!(
            "{},{},{},{},330106,{},是 2026-02-20\n",
            one.name, one.citizen_id, one.card, one.phone, one.note
        ));
    }
    text.into_bytes()
}

/// The actor of a trainee.
pub fn actor(person: PersonId) -> Actor {
    Actor {
        person: StaffPersonId::new(person.uuid()),
        account: AccountId::new(person.uuid()),
        post: PostId::new(person.uuid()),
        role: Role::Trainee,
        federation: None,
        institution: None,
        capacity: Capacity::Own,
        trainee: Some(person),
    }
}

/// Enrolments of a class with their persons, in order of enrolment.
pub async fn of_class(story: &Story, cohort: &str) -> Vec<(EnrolmentId, PersonId)> {
    let id = cohort.parse().expect("an id");
    store::enrolments::of_cohort(story.server.app.store.reader(), id)
        .await
        .expect("enrolments")
        .into_iter()
        .map(|one| (one.id, one.person))
        .collect()
}

impl Story {
    /// A class that takes trainees, with these people in it.
    pub async fn class_of(&self, people: &[Trainee]) -> (String, Vec<(EnrolmentId, PersonId)>) {
        let cohort = self.enrolling().await;
        self.import(&cohort, roster(people)).await;
        let members = of_class(self, &cohort).await;
        (cohort, members)
    }

    /// The county hears from each of these people where they are reached.
    pub async fn told(&self, people: &[Trainee], members: &[(EnrolmentId, PersonId)]) {
        for (one, (id, _)) in people.iter().zip(members) {
            let path = format!("/api/v1/enrolments/{id}/verified-contact");
            let request = serde_json::json!({ "phone": one.phone, "means": "counter" });
            self.who("county-1").post(&path, &request).await.good();
        }
    }

    /// The certificates of a class with these people, taught and accepted.
    pub async fn certified(
        &self,
        people: &[Trainee],
    ) -> (serde_json::Value, Vec<(EnrolmentId, PersonId)>) {
        let (cohort, members) = self.class_of(people).await;
        self.admit(&cohort).await;
        self.teach(&cohort).await;
        self.accept(&cohort).await;
        (self.issue(&cohort).await, members)
    }
}
