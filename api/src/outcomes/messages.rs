//! The message to a trainee before a follow-up by telephone (workflow.md 4): a register answers first, then the trainee
//! is asked by a link that works once, then the county calls. No answer is no evidence.

use chrono::Duration;
use domain::access::{Actor, Capacity, Role};
use domain::evidence::FollowUpOutcome;
use domain::ids::{AccountId, PersonId, PostId, StaffPersonId};
use store::follow_up_messages::{self as rows, Asked};
use uuid::Uuid;

use super::acts::{self, FollowUpRequest};
use super::own;
use crate::access::delivery;
use crate::access::tokens::{Kind, Token};
use crate::act::Begin;
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Follow-ups read at once.
const PAGE: u64 = 200;

/// Asks the trainees whose follow-ups are due; answers how many were asked. Whoever has no contact is called.
pub(crate) async fn send_due(app: &App) -> Result<u32, Problem> {
    let ends_at = app.now() + Duration::days(i64::from(app.evidence.evidence.follow_up_link_days));
    let (mut asked, mut after) = (0, None);
    loop {
        let found = rows::due(app.store.reader(), app.today(), after, PAGE).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.follow_up);
        for one in &found {
            let (reader, vault) = (app.store.reader(), app.store.vault());
            let Some(contact) = store::contacts::of_person(reader, vault, one.person).await? else {
                continue;
            };
            let token = Token::fresh(app, Kind::OneTime);
            let tx = app.store.write().await?;
            let first = rows::keep(&tx, one.follow_up, &token.mac(app), app.now(), ends_at).await?;
            store::commit(tx).await?;
            if !first {
                continue;
            }
            let text = format!(
                "请点一下:您还在原来的单位工作吗?链接只能用一次。 / One tap: are you still at work there? The link works once: {}/f/{}",
                app.config.public_url,
                token.text()
            );
            let subject = "就业回访 / Follow-up of your work";
            let name = one.follow_up.to_string();
            // `delivery` has logged a failure; the county calls.
            let _ = delivery::send(app, Some(&contact), &name, subject, &text).await;
            asked += 1;
        }
    }
    Ok(asked)
}

/// What a link leads to.
pub(super) async fn asked(app: &App, token: &str) -> Result<(Token, Asked), Problem> {
    let token = Token::parse(Kind::OneTime, token).ok_or_else(Problem::not_found)?;
    store::rotation::learn_versions(app.store.reader(), app.store.vault()).await?;
    let found = rows::by_token(app.store.reader(), &token.macs(app)).await?;
    Ok((token, found.ok_or_else(Problem::not_found)?))
}

/// Takes the answer of a link, once.
pub(super) async fn answer(
    app: &App,
    token: &Token,
    asked: &Asked,
    request: &FollowUpRequest,
) -> Result<(), Problem> {
    if matches!(
        request.outcome,
        FollowUpOutcome::Register | FollowUpOutcome::NoAnswer
    ) {
        return Err(Problem::new(Code::MalformedRequest));
    }
    acts::check_follow_up(request)?;
    let actor = holder(asked.person);
    let key: IdempotencyKey = format!("follow-up-{}", asked.follow_up).parse()?;
    let begun = app
        .begin(
            &actor,
            &key,
            "answer_follow_up",
            &(asked.follow_up, request),
        )
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(_) => return Ok(()),
    };
    if !rows::take(&act.tx, &token.macs(app), act.now).await? {
        return Err(Problem::new(Code::SurveyClosed));
    }
    let (episode, sources) = own::locked(&act, asked.person, asked.episode).await?;
    let receipt = acts::followed_up(&mut act, asked.follow_up, episode, sources, request).await?;
    let object: Uuid = asked.episode.uuid();
    act.finish(
        axum::http::StatusCode::OK,
        &receipt,
        (super::claims::KIND, object),
    )
    .await?;
    Ok(())
}

/// The holder of a link acts as the trainee, for this one thing.
fn holder(person: PersonId) -> Actor {
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
