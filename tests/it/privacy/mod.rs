//! The privacy search (trust.md PI-3, PI-7): a story with known people goes from roster to certificate, revocation,
//! verification, share link, faults and logs; then everything that anybody could read is searched for every value.

mod acts;
mod outcomes;
mod places;

use tests::answer::text;
use tests::search::{Hit, Search};
use tests::{Answer, Database, Story, on_both, people};

use acts::{faults, life_goes_on, staff_read_and_people_ask};
use places::{files_below, own, public, served_by_the_program, signed};

on_both! {
    no_personal_value_is_found_outside_its_seal;
}

/// Where a value may stand, and why. Everything else is a finding.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "qr text",
        "name",
        "the paper in the verifier's hand shows the signed full name (design decision 1)",
    ),
    (
        "answer to a qr text",
        "name",
        "the asker sent the signed name and gets it back checked (design decision 1)",
    ),
    (
        "file outbox/",
        "phone",
        "a message that waits for the operator's gateway names the number to which it goes",
    ),
    (
        "own page",
        "name of 0",
        "signed in, a holder reads the own record",
    ),
];

#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    places: usize,
}

impl Found {
    fn look(&mut self, search: &Search, place: &str, bytes: &[u8]) {
        self.places += 1;
        self.hits.extend(search.hits(place, bytes));
    }

    fn answer(&mut self, search: &Search, answer: &Answer) {
        self.look(search, &answer.asked, &answer.bytes);
        let headers = format!("{:?}", answer.headers);
        self.look(
            search,
            &format!("headers of {}", answer.asked),
            headers.as_bytes(),
        );
    }

    /// A page that somebody opened.
    fn opened(&mut self, search: &Search, place: &str, answer: &Answer) {
        assert_eq!(answer.status, 200, "{place}: {}", answer.text());
        self.look(search, place, &answer.bytes);
    }

    fn not_allowed(&self) -> Vec<&Hit> {
        self.hits
            .iter()
            .filter(|hit| {
                // A holder's own values stand on the own pages, nobody else's do.
                let own = hit.place.starts_with("own page") && hit.form.contains(" of 0, ");
                !own && !ALLOWED.iter().any(|(place, value, _)| {
                    hit.place.starts_with(place) && hit.form.starts_with(value)
                })
            })
            .collect()
    }
}

async fn no_personal_value_is_found_outside_its_seal(database: Database) {
    let address = database.new_address();
    let server = tests::TestServer::start_with(database, |settings| {
        settings.database = address
            .as_deref()
            .map(|url| url.parse().expect("an address"));
    })
    .await;
    let story = Story::ready_on(server).await;
    let people = people::known();
    let search = Search::of(&people);
    assert!(search.forms() > 500, "{}", search.forms());
    let mut found = Found::default();

    let (issued, members) = story.certified(&people).await;
    let ids: Vec<String> = (0..people.len())
        .map(|at| text(&issued["certificates"][at]["id"]))
        .collect();
    found.look(
        &search,
        "answer of the approval",
        issued.to_string().as_bytes(),
    );
    life_goes_on(&story, &search, &mut found, &ids, &people).await;
    staff_read_and_people_ask(&story, &search, &mut found, &members, &people).await;
    outcomes::work_and_answers(&story, &search, &mut found, &issued, &members, &people).await;
    outcomes::desks(&story, &search, &mut found).await;
    let (enrolling, again) = story.class_of(&people[..1]).await;
    faults(&story, &search, &mut found, &enrolling, &people).await;
    api::bundles::build(&story.server.app)
        .await
        .expect("a bundle");
    public(&story, &search, &mut found, &ids).await;
    signed(&story, &search, &mut found).await;
    own(&story, &search, &mut found, &enrolling, again[0], &people).await;
    served_by_the_program(
        &story,
        &search,
        &mut found,
        address.as_deref(),
        &enrolling,
        &ids,
        &people,
    )
    .await;

    let app = &story.server.app;
    let cells = store::dump::dump(app.store.reader()).await.expect("a dump");
    for table in outcomes::PERSONAL {
        assert!(
            cells.iter().any(|cell| cell.table == *table),
            "nothing about a person stands in {table}: it is searched in vain"
        );
    }
    for cell in cells {
        let place = format!("{}.{}", cell.table, cell.column);
        found.look(&search, &place, &cell.bytes);
    }
    let mut files = Vec::new();
    files_below(story.server.data(), "", &mut files);
    for folder in [
        "outbox/",
        "files/",
        "keys/",
        "published.note",
        "registry.sqlite",
    ] {
        let there = files.iter().any(|(name, _)| name.starts_with(folder));
        let elsewhere = folder == "registry.sqlite" && address.is_some();
        assert!(there || elsewhere, "no file is in {folder}");
    }
    for (name, path) in files {
        let content = std::fs::read(&path).expect("a file");
        found.look(&search, &format!("file {name}"), &content);
    }
    assert!(
        found.places > 1_000,
        "only {} places were searched",
        found.places
    );
    let bad = found.not_allowed();
    println!(
        "{} of {} values in {} forms found in {} places",
        bad.len(),
        search.values(),
        search.forms(),
        found.places
    );
    assert!(bad.is_empty(), "{} findings: {bad:#?}", bad.len());
    // The search finds what is there: without this the whole test could be blind.
    for (place, value, why) in ALLOWED {
        assert!(
            found
                .hits
                .iter()
                .any(|hit| hit.place.starts_with(place) && hit.form.starts_with(value)),
            "{place}: {why}"
        );
    }
}
