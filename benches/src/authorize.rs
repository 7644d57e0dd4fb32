//! What authorisation and region scope cost a catalogue request, against the same request asked publicly, over a real
//! loopback server and in one run: `cargo run --release -p benches --bin authorize [INSTITUTIONS]`. Goal: at most 10 %.
//!
//! Both requests run the search of the catalogue for the same page of the same rows. The one of an officer brings a
//! token: its signature, session, account and posts are checked, and the area of the post is part of the query.

// The whole story lies in one future.
#![recursion_limit = "256"]

use std::time::{Duration, Instant};

use api::access::By;
use api::access::permissions::SeeRecords;
use api::app::App;
use api::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::routing::get;
use benches::median;
use domain::institution::InstitutionState;
use store::institutions::{Admission, Institution};
use store::public_catalogue::{Filter, Slice, institutions};
use tests::{Database, Story};
use tokio::net::TcpListener;

/// Requests of each kind in a round, in turn.
const REQUESTS: usize = 400;
const ROUNDS: usize = 5;
const PAGE: u64 = 50;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let count: usize = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 5_000,
    };
    let story = Story::staffed(Database::Sqlite).await;
    let app = story.server.app.clone();
    fill(&app, count).await?;
    let router = axum::Router::new()
        .route("/public", get(public))
        .route("/officer", get(officer))
        .route("/area", get(area))
        .with_state(app);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    let token = story.who("province-1").token().await.ok_or("no token")?;
    let http = reqwest::Client::builder().no_proxy().build()?;

    let ask = async |path: &str, token: Option<&str>| -> Result<(Duration, usize), Error> {
        let mut request = http.get(format!("http://{address}/{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let begun = Instant::now();
        let answer = request.send().await?.error_for_status()?;
        let bytes = answer.bytes().await?;
        Ok((begun.elapsed(), bytes.len()))
    };
    // Both give the same bytes, and the officer's is really refused without a token.
    assert_eq!(
        ask("public", None).await?.1,
        ask("officer", Some(&token)).await?.1
    );
    assert!(ask("officer", None).await.is_err(), "nobody gets in");
    let mut figures = Vec::new();
    for round in 0..=ROUNDS {
        let (mut publicly, mut officially, mut narrowed) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..REQUESTS {
            publicly.push(ask("public", None).await?.0);
            officially.push(ask("officer", Some(&token)).await?.0);
            narrowed.push(ask("area", None).await?.0);
        }
        // The first round warms up.
        if round > 0 {
            let (limit, ours) = (median(publicly), median(officially));
            let permille = ours.as_nanos() * 1_000 / limit.as_nanos().max(1);
            figures.push((permille, limit, ours, median(narrowed)));
        }
    }
    figures.sort_unstable();
    let (permille, limit, ours, area) = figures[ROUNDS / 2];
    println!("institutions                          {count}");
    println!(
        "requests of each kind                 {}",
        REQUESTS * ROUNDS
    );
    println!(
        "limit: the request asked publicly     {} us (median)",
        limit.as_micros()
    );
    println!(
        "ours: with authorisation and scope    {} us (median)",
        ours.as_micros()
    );
    println!(
        "of it the area in the query alone     {} us (median, with what is public)",
        area.as_micros()
    );
    println!(
        "ours against the limit                {}.{:01} % (goal: at most 110 %)",
        permille / 10,
        permille % 10
    );
    Ok(())
}

/// A page of the catalogue, as everybody sees it.
async fn public(State(app): State<App>) -> Result<Json<Vec<[String; 3]>>, Problem> {
    page(&app, String::new()).await
}

/// The same page of an area, asked publicly: what the scope alone costs.
async fn area(State(app): State<App>) -> Result<Json<Vec<[String; 3]>>, Problem> {
    page(&app, "330000".to_owned()).await
}

/// The same page, for an officer and within the area of the post.
async fn officer(
    State(app): State<App>,
    by: By<SeeRecords>,
) -> Result<Json<Vec<[String; 3]>>, Problem> {
    page(&app, by.actor.federation.unwrap_or_default()).await
}

async fn page(app: &App, region: String) -> Result<Json<Vec<[String; 3]>>, Problem> {
    let filter = Filter {
        region,
        ..Filter::default()
    };
    let found = institutions(app.store.reader(), &filter, &Slice::first(PAGE)).await?;
    let rows = found.items.into_iter().map(|row| {
        [
            row.institution.name,
            row.site_region,
            row.state.as_str().to_owned(),
        ]
    });
    Ok(Json(rows.collect()))
}

/// Institutions of the officer's province, spread over its counties.
async fn fill(app: &App, count: usize) -> Result<(), Error> {
    let counties = [
        "330102", "330105", "330106", "330108", "330109", "330203", "330205", "330206", "330211",
    ];
    let (now, today) = (app.now(), app.today());
    let tx = app.store.write().await?;
    for number in 0..count {
        let institution = Institution {
            id: app.random.id(now).into(),
            name: format!(
                "虚构职业培训学校{}",
                tests::rosters::chinese(u32::try_from(number)?)
            ),
            // No code of this bench is parsed again.
            credit_code: format!("BENCH{number:013}"),
        };
        let history = [app.random.id(now), app.random.id(now)];
        store::institutions::insert(&tx, &institution, history, now, today).await?;
        let admission = Admission {
            id: app.random.id(now).into(),
            institution,
            federation: "330000".to_owned(),
            site_region: counties[number % counties.len()].to_owned(),
            address: "虚构路1号".to_owned(),
            phone: "0571-00000001".to_owned(),
            state: InstitutionState::Provisional,
            state_before: None,
            exit_before: None,
            stayed: None,
            grade_stayed: false,
            grade: None,
            applied_at: now,
            state_since: now,
            due_on: None,
            returned_count: 0,
            notice_until: None,
            suspended_until: None,
            bar_until: None,
            previous: None,
            revision: 1,
        };
        store::institutions::insert_admission(&tx, &admission).await?;
    }
    store::commit(tx).await?;
    Ok(())
}
