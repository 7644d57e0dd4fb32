//! Sign-in of trainees: a code that opens once, printed at the county's counter or sent to their telephone
//! (field.md 15). No password to remember, no e-mail needed.

use chrono::Duration;
use domain::access::{Actor, Role};
use domain::enrolment::EnrolmentState;
use domain::ids::{AccountId, CohortId, EnrolmentId, PersonId};
use serde::Serialize;
use store::accounts::{AccountRecord, NewPost, NewStaff, SignIn};
use store::one_time_tokens::{self as rows, Purpose};
use store::privacy::household;
use store::scope::Scope;
use store::sessions::SessionKind;
use utoipa::ToSchema;

use super::failures;
use super::sign_in::{Opened, open_for};
use super::source::Source;
use super::tokens::{Kind, Token};
use crate::app::App;
use crate::problem::{Code, Problem};

/// How long a printed code opens, in hours: until the trainee is home.
const HOURS: i64 = 24;

/// A sign-in code on paper. It is answered once and kept nowhere: a lost slip is replaced by a new one.
#[derive(Serialize, ToSchema)]
pub struct Slip {
    /// The code, in groups of four.
    pub code: String,
    /// Where it is typed.
    pub address: String,
    /// Until when it opens (RFC 3339, UTC).
    pub valid_until: String,
}

/// Shows no code.
impl std::fmt::Debug for Slip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slip(***)")
    }
}

/// Prints a code for the trainee of an enrolment in the officer's area; the account is made the first time.
///
/// It has no idempotency record, which would keep the code: a repetition prints a new code and ends the one before.
pub async fn print_slip(
    app: &App,
    actor: &Actor,
    cohort: CohortId,
    enrolment: EnrolmentId,
) -> Result<Slip, Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    store::cohorts::find(&tx, &Scope::of(actor), cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    let found = store::enrolments::find(&tx, cohort, enrolment)
        .await?
        .ok_or_else(Problem::not_found)?;
    opens_record(&tx, actor, (found.id, found.person), found.state).await?;
    let account = match store::accounts::of_person(&tx, found.person).await? {
        Some(account) => account,
        None => make_account(app, &tx, found.person).await?,
    };
    let token = Token::fresh(app, Kind::SignIn);
    let until = now + Duration::hours(HOURS);
    let (mac, by) = (token.mac(app), Some(actor.account));
    rows::keep(&tx, &mac, Purpose::SignIn, account, by, now, until).await?;
    super::sign_in::audit(app, &tx, Some(actor), "print_sign_in_slip", account, "done").await?;
    store::commit(tx).await?;
    Ok(Slip {
        code: token.grouped(),
        address: format!("{}/sign-in/code", app.config.public_url),
        valid_until: until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    })
}

/// A line of a roster that nobody admitted opens no record of somebody who is known outside the officer's area.
pub(crate) async fn opens_record(
    tx: &store::WriteTx,
    actor: &Actor,
    (enrolment, person): (EnrolmentId, PersonId),
    state: EnrolmentState,
) -> Result<(), Problem> {
    if state.is_of_standing() {
        return Ok(());
    }
    let own = actor.federation.as_deref().unwrap_or("");
    for place in household::other_places(tx, person, enrolment).await? {
        if !store::scope::looks_after(tx, own, &place).await? {
            return Err(Problem::new(Code::TransitionRefused).with_detail(
                "此人在本班期未录取或未实际参加培训,在别处另有培训记录,不能凭本班期办理;请由其参加培训地或户籍地的残联办理。",
                "The person was not admitted here or did not attend, and has a record elsewhere: the federation of the place of that training, or of the household, handles it.",
            ));
        }
    }
    Ok(())
}

/// An account for a trainee. Its name is random and never typed; the person's own name stays sealed where it is.
pub(super) async fn make_account(
    app: &App,
    tx: &store::WriteTx,
    person: PersonId,
) -> Result<AccountId, Problem> {
    let now = app.now();
    let account: AccountId = app.random.id(now).into();
    let name = format!(
        "trainee-{}",
        data_encoding::HEXLOWER.encode(&app.random.bytes::<12>())
    );
    let staff = NewStaff {
        person: app.random.id(now).into(),
        person_name: Some("学员"),
        account,
        account_name: &name,
        // No password opens it: the text is no hash, and a code alone signs in.
        password_hash: Some("!"),
        post: Some(NewPost {
            id: app.random.id(now).into(),
            role: Role::Trainee,
            federation: None,
            institution: None,
            from: app.today(),
        }),
    };
    store::accounts::insert(tx, &staff, now).await?;
    store::accounts::bind_person(tx, account, person).await?;
    Ok(account)
}

/// A code opens accounts of trainees alone.
pub(super) fn is_trainee(record: &AccountRecord) -> bool {
    record.posts.iter().all(|(role, ..)| *role == Role::Trainee)
}

/// Signs a trainee in by a code.
pub async fn sign_in(
    app: &App,
    code: &str,
    source: &Source,
    kind: SessionKind,
) -> Result<Opened, Problem> {
    let attempt = failures::begin(app, "sign-in-code", "", source, false).await?;
    let macs = Token::parse(Kind::SignIn, code).map_or_else(Vec::new, |token| token.macs(app));
    let Some(sign_in) = opened(app, &macs).await? else {
        let account = rows::account_of(app.store.reader(), &macs).await?;
        crate::audit::code_refused(app, "sign_in", account).await;
        return Err(Problem::new(Code::CodeSpent));
    };
    open_for(app, &sign_in, Some(&attempt), source, kind, false).await
}

/// Uses a printed code up; whom it signs in.
async fn opened(app: &App, macs: &[[u8; 32]]) -> Result<Option<SignIn>, Problem> {
    let tx = app.store.write().await?;
    let record = match rows::take(&tx, macs, Purpose::SignIn, app.now()).await? {
        Some(account) => store::accounts::find(&tx, account).await?,
        None => None,
    };
    let Some(record) = record else {
        store::rollback(tx).await?;
        return Ok(None);
    };
    store::commit(tx).await?;
    let sign_in = store::accounts::sign_in(app.store.reader(), &record.name).await?;
    Ok(sign_in.filter(|sign_in| sign_in.active && is_trainee(&record)))
}
