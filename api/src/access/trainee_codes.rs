//! Sign-in codes that trainees ask for themselves: by the telephone that they told the county and their full name.
//!
//! Not by a number of a certificate: most who sign in are still in a class and have none. Not by any part of an identity
//! number, which nothing on a public page asks for (design decision 3). The code goes to the number that the person told
//! the federation, and never to one of a roster: that is the institution's to write, and with its own mobile in it an
//! institution could sign in as anybody. It opens only together with the ticket of whoever asked, within few tries. A
//! telephone shared by a village is told apart by the full name (field.md 15). Whoever told none gets a printed code.

use chrono::{DateTime, Duration, Utc};
use domain::ids::{AccountId, PersonId};
use domain::{PersonName, Phone};
use serde::{Deserialize, Serialize};
use store::accounts::SignIn;
use store::one_time_tokens::{Contact, ContactKind};
use store::sessions::SessionKind;
use store::sign_in_requests::{self as rows, NewRequest};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::sign_in::{Opened, open_for};
use super::source::Source;
use super::tokens::{Kind, Token};
use super::{delivery, failures, trainees};
use crate::app::App;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// How long a code opens, in minutes.
const MINUTES: i64 = 10;
/// Codes that one account is sent within an hour; further ones are not sent, and nobody is told.
const HOURLY: i64 = 5;
/// Label of a ticket with its code.
const CODE: &str = "token.trainee_code";

/// Who asks for a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskCodeRequest {
    /// Mobile number that the trainee told the county; not that of a roster.
    pub phone: String,
    /// Full name.
    pub name: String,
}

/// Shows nothing.
impl std::fmt::Debug for AskCodeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AskCodeRequest(***)")
    }
}

/// What is answered to everybody who asks, whether there is such a person or not.
#[derive(Serialize, ToSchema)]
pub struct CodeTicket {
    /// Give it together with the code.
    pub ticket: String,
    /// Until when a code would open (RFC 3339, UTC).
    pub valid_until: String,
}

/// Shows no ticket.
impl std::fmt::Debug for CodeTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeTicket(***)")
    }
}

/// Asks for a code. The answer and its time are the same for everybody; the rest happens behind it.
pub async fn ask(
    app: &App,
    request: &AskCodeRequest,
    source: &Source,
) -> Result<CodeTicket, Problem> {
    let mut faults = Faults::default();
    let phone = faults.parse::<Phone>("/phone", request.phone.trim());
    let name = faults.parse::<PersonName>("/name", request.name.trim());
    faults.finish()?;
    let (Some(phone), Some(name)) = (phone, name) else {
        return Err(Problem::internal(
            "a request without a fault and without a value",
        ));
    };
    // Nothing takes it back: whoever asks again and again waits longer and longer.
    let who = format!("{}\n{}", phone.expose(), name.expose());
    failures::begin(app, "trainee-code", &who, source, false).await?;
    let ticket = Token::fresh(app, Kind::Ticket);
    let ends_at = app.now() + Duration::minutes(MINUTES);
    let answer = CodeTicket {
        ticket: ticket.text().to_owned(),
        valid_until: ends_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    };
    let errand = app.clone();
    app.courier.send(async move {
        if let Err(problem) = deliver(&errand, &phone, &name, &ticket, ends_at).await {
            tracing::error!("a sign-in code was not sent: {}", problem.code().as_str());
        }
    });
    Ok(answer)
}

/// Looks the person up, and sends the code to the telephone that they told the county.
async fn deliver(
    app: &App,
    phone: &Phone,
    name: &PersonName,
    ticket: &Token,
    ends_at: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(person) = person(app, phone, name).await? else {
        return Ok(());
    };
    let random = u64::from_be_bytes(app.random.bytes::<8>());
    let code = Zeroizing::new(format!("{:08}", random % 100_000_000));
    let now = app.now();
    let tx = app.store.write().await?;
    // Two requests at once are counted one after the other, and make one account.
    store::persons::lock(&tx, &[person]).await?;
    let account = match store::accounts::of_person(&tx, person).await? {
        Some(account) => account,
        None => trainees::make_account(app, &tx, person).await?,
    };
    if rows::count_since(&tx, account, now - Duration::hours(1)).await? >= HOURLY {
        return Ok(store::rollback(tx).await?);
    }
    let vault = app.store.vault();
    let code_mac = vault.blind_index(CODE, &format!("{}\n{}", ticket.text(), code.as_str()));
    let new = NewRequest {
        ticket_mac: &ticket.mac(app),
        code_mac: &code_mac,
        account,
        ends_at,
    };
    rows::keep(&tx, &new, now).await?;
    super::sign_in::audit(app, &tx, None, "ask_sign_in_code", account, "done").await?;
    store::commit(tx).await?;
    let contact = Contact {
        kind: ContactKind::Phone,
        value: Zeroizing::new(phone.expose().to_owned()),
    };
    // Neutral words: whoever sees the telephone's screen learns nothing about a disability.
    let text = format!(
        "登录码 {code},{MINUTES} 分钟内有效,只能用一次。不要告诉任何人。\n\
         Sign-in code {code}, opens once within {MINUTES} minutes. Tell it to nobody.\n",
        code = code.as_str(),
    );
    delivery::send(app, Some(&contact), "", "登录码 / sign-in code", &text).await
}

/// The one person who told this telephone and has this full name. Two of the same name at one telephone are left to
/// the counter.
async fn person(app: &App, phone: &Phone, name: &PersonName) -> Result<Option<PersonId>, Problem> {
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let people = store::phones::people(reader, vault, phone.expose()).await?;
    let open = store::persons::open(reader, vault, &people, app.today()).await?;
    let mut fitting = people.into_iter().filter(|person| {
        open.get(person)
            .is_some_and(|open| open.name.as_str() == name.expose())
    });
    let first = fitting.next();
    Ok(first.filter(|_| fitting.next().is_none()))
}

/// Signs a trainee in by the code that was sent, together with its ticket.
pub async fn sign_in(
    app: &App,
    ticket: &str,
    code: &str,
    source: &Source,
    kind: SessionKind,
) -> Result<Opened, Problem> {
    let attempt = failures::begin(app, "sign-in-code", "", source, false).await?;
    let ticket = Token::parse(Kind::Ticket, ticket);
    let found = match &ticket {
        Some(ticket) => opened(app, ticket, code).await?,
        None => None,
    };
    let Some(sign_in) = found else {
        let tickets = ticket.map_or_else(Vec::new, |ticket| ticket.macs(app));
        let account = rows::account_of(app.store.reader(), &tickets).await?;
        crate::audit::code_refused(app, "sign_in", account).await;
        return Err(Problem::new(Code::CodeSpent));
    };
    open_for(app, &sign_in, Some(&attempt), source, kind, false).await
}

/// Uses a try of a ticket up; whom the code signs in.
async fn opened(app: &App, ticket: &Token, code: &str) -> Result<Option<SignIn>, Problem> {
    let Some(code) = typed(code) else {
        return Ok(None);
    };
    let vault = app.store.vault();
    let tickets = vault.blind_indexes(Kind::Ticket.label(), ticket.text());
    let codes = vault.blind_indexes(CODE, &format!("{}\n{}", ticket.text(), code.as_str()));
    let tx = app.store.write().await?;
    let account: Option<AccountId> = rows::take(&tx, &tickets, &codes, app.now()).await?;
    // Committed in any case: the try counts.
    store::commit(tx).await?;
    let reader = app.store.reader();
    let record = match account {
        Some(account) => store::accounts::find(reader, account).await?,
        None => None,
    };
    let Some(record) = record else {
        return Ok(None);
    };
    let sign_in = store::accounts::sign_in(reader, &record.name).await?;
    Ok(sign_in.filter(|sign_in| sign_in.active && trainees::is_trainee(&record)))
}

/// The eight digits of a sent code as somebody typed them, or `None` when it is no such code.
pub fn typed(text: &str) -> Option<Zeroizing<String>> {
    let digits: String = text
        .chars()
        .take(32)
        .filter(|one| !one.is_whitespace() && *one != '-')
        .collect();
    (digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| Zeroizing::new(digits))
}
