//! Persons on a database.

use super::*;
use crate::fixture::{Fixture, day, id, now};

const WANG: &str = "37010219080502757X";
const LI: &str = "530102190103038522";

#[tokio::test]
async fn a_person_is_made_once_and_opens_with_name_and_number() {
    let fixture = Fixture::open().await;
    let vault = fixture.store.vault();
    let tx = fixture.store.write().await.expect("a transaction");
    let (person, _) = fixture.person(&tx, WANG, "王伟").await.expect("new");
    assert!(
        fixture.person(&tx, WANG, "别人").await.is_none(),
        "the same number is the same person"
    );
    let index = citizen_index(vault, WANG);
    let found = by_citizen_index(&tx, &[index, citizen_index(vault, LI)])
        .await
        .expect("found");
    assert_eq!(found, HashMap::from([(index, person)]));
    let open = open(&tx, vault, &[person], day("2026-04-01"))
        .await
        .expect("opens");
    assert_eq!(open[&person].name.as_str(), "王伟");
    assert_eq!(
        open[&person]
            .citizen_id
            .as_ref()
            .expect("a number")
            .as_str(),
        WANG
    );
}

#[tokio::test]
async fn a_batch_with_known_people_makes_only_the_unknown_ones() {
    let fixture = Fixture::open().await;
    let tx = fixture.store.write().await.expect("a transaction");
    fixture.person(&tx, WANG, "王伟").await.expect("new");
    let people = [
        NewPerson {
            citizen_id: LI,
            name: "李娜",
        },
        NewPerson {
            citizen_id: WANG,
            name: "王伟",
        },
    ];
    let made = make(
        &tx,
        fixture.store.vault(),
        &people,
        now(),
        day("2026-04-01"),
        id,
    )
    .await
    .expect("made");
    assert!(made[0].is_some() && made[1].is_none());
    let count: Vec<Uuid> = person::Entity::find()
        .select_only()
        .column(person::Column::Id)
        .into_tuple()
        .all(&tx)
        .await
        .expect("rows");
    assert_eq!(count.len(), 2, "a refused twin leaves no row behind");
}

#[tokio::test]
async fn a_new_name_ends_the_old_one() {
    let fixture = Fixture::open().await;
    let vault = fixture.store.vault();
    let tx = fixture.store.write().await.expect("a transaction");
    let (person, _) = fixture.person(&tx, WANG, "王韦").await.expect("new");
    let before = open(&tx, vault, &[person], day("2026-04-02"))
        .await
        .expect("opens");
    rename(&tx, &before[&person], "王伟", day("2026-04-02"), None, id())
        .await
        .expect("renamed");
    let name = async |on: &str| {
        open(&tx, vault, &[person], day(on)).await.expect("opens")[&person]
            .name
            .to_string()
    };
    assert_eq!(name("2026-04-02").await, "王伟");
    assert_eq!(name("2026-05-01").await, "王伟");
}

#[tokio::test]
async fn a_card_number_is_kept_once_and_replaced() {
    let fixture = Fixture::open().await;
    let vault = fixture.store.vault();
    let tx = fixture.store.write().await.expect("a transaction");
    let (person, key) = fixture.person(&tx, WANG, "王伟").await.expect("new");
    for number in [
        "37010219080502757X41",
        "37010219080502757X41",
        "37010219080502757X42",
    ] {
        let cards = [Card {
            person,
            key: &key,
            number,
        }];
        keep_cards(&tx, vault, &cards, day("2026-04-01"), id)
            .await
            .expect("kept");
    }
    let rows: Vec<Option<String>> = person_identifier::Entity::find()
        .select_only()
        .column(person_identifier::Column::ValidUntil)
        .filter(person_identifier::Column::Kind.eq(DISABILITY_CARD))
        .into_tuple()
        .all(&tx)
        .await
        .expect("rows");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows.iter().filter(|until| until.is_none()).count(), 1);
}
