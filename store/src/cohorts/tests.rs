//! Classes on a database.

use domain::access::{Role, ScopeCapacity};
use domain::cohort::Standing;

use super::*;
use crate::fixture::{Fixture, day, id};

fn federation_scope(code: &str) -> Scope {
    Scope::Federation {
        code: code.to_owned(),
        capacity: ScopeCapacity::Site,
    }
}

#[tokio::test]
async fn a_class_is_found_in_its_scope_only() {
    let fixture = Fixture::open().await;
    let class = fixture
        .class(CohortState::Planned, "2026-04-10", "2026-04-20")
        .await;
    let db = fixture.store.reader();
    for scope in [
        Scope::Institution(class.institution),
        federation_scope("330106"),
        federation_scope("330000"),
        federation_scope("000000"),
    ] {
        assert_eq!(
            find(db, &scope, class.id).await.expect("asked"),
            Some(class.clone()),
            "{scope:?}"
        );
        let listed = list(db, &scope, &Filter::default(), None, 1_000)
            .await
            .expect("asked");
        assert!(listed.iter().any(|found| found.id == class.id));
    }
    for scope in [
        Scope::Institution(id().into()),
        federation_scope("330102"),
        federation_scope("33"),
        Scope::Nothing,
    ] {
        assert_eq!(
            find(db, &scope, class.id).await.expect("asked"),
            None,
            "{scope:?}"
        );
    }
}

#[tokio::test]
async fn of_two_writers_one_wins() {
    let fixture = Fixture::open().await;
    let mut class = fixture
        .class(CohortState::Planned, "2026-04-10", "2026-04-20")
        .await;
    let db = fixture.store.reader();
    class.state = CohortState::Announced;
    class.due_on = Some(day("2026-04-09"));
    assert_eq!(update(db, &class).await.expect("first"), 2);
    assert!(matches!(update(db, &class).await, Err(StoreError::Stale)));
    let read = find(db, &Scope::Institution(class.institution), class.id)
        .await
        .expect("asked")
        .expect("there");
    assert_eq!(
        (read.state, read.due_on, read.revision),
        (CohortState::Announced, class.due_on, 2)
    );
}

#[tokio::test]
async fn offer_label_load_and_local_role_are_read() {
    let fixture = Fixture::open().await;
    let class = fixture
        .class(CohortState::Running, "2026-04-10", "2026-04-20")
        .await;
    fixture.enrol(class.id, "37010219080502757X", "王伟").await;
    let tx = fixture.store.write().await.expect("a transaction");
    let facts = lock_offer(&tx, class.offer)
        .await
        .expect("asked")
        .expect("there");
    assert_eq!(
        (facts.institution, facts.offer_open, facts.standing),
        (class.institution, true, Standing::Full)
    );
    assert_eq!(
        (facts.hours, facts.certificate_type.as_deref()),
        (100, Some("T1"))
    );
    let labels = labels(&tx, &[class.id]).await.expect("asked");
    assert_eq!(
        (
            labels[&class.id].taken,
            labels[&class.id].program_name.as_str()
        ),
        (1, "护理")
    );
    assert_eq!(
        open_load(&tx, class.admission).await.expect("asked"),
        (1, 30)
    );
    let local = local_federation(&tx, "330106")
        .await
        .expect("asked")
        .expect("there");
    assert_eq!(
        (local.code.as_str(), local.role),
        ("330106", Role::CountyOfficer)
    );
}
