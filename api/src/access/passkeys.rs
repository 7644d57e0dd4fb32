//! Authenticators that sign (WebAuthn) as the other kind of second factor (trust.md AU-5): security keys and the ones in
//! telephones and computers. The ceremonies and their checks (type, challenge, origin, RP id, presence, signature,
//! counter) are those of a library; here stands what it leaves to us: who may begin, that a challenge is answered once
//! and in time, and what an answer changes.

use chrono::Duration;
use domain::access::Actor;
use passkey_auth::{
    Attachment, AuthenticationResponse, AuthenticationState, Challenge, CosePublicKey,
    CredentialId, PasskeyCredential, RegistrationResponse, RegistrationState, Webauthn,
};
use store::StoreError;
use store::passkeys::{self as rows, Passkey, Purpose};
use store::sessions::Session;

use super::factors;
use crate::app::App;
use crate::problem::{Code, Problem};

/// How long a challenge waits for its answer: as long as browsers wait for the hand on the key.
const SECONDS: i64 = 300;
/// Most words about how a key is reached.
const TRANSPORTS: usize = 8;

/// The registry as the browser knows it: origin and RP id are those of the public address and of nothing else.
fn registry(app: &App) -> Webauthn {
    let origin = app.config.public_url.as_str();
    let host = app.config.host.as_str();
    // A port is part of the origin and not of the RP id.
    let rp_id = host.rsplit_once(':').map_or(host, |(name, _)| name);
    Webauthn::new(rp_id, &app.config.site_name, origin)
        .authenticator_attachment(Attachment::Any)
        .strict_base64(true)
}

/// 32 bytes of our own source: what is signed stands in our database and nowhere else.
async fn challenge(app: &App, session: &Session, purpose: Purpose) -> Result<Challenge, Problem> {
    let challenge = Challenge(app.random.bytes::<32>().to_vec());
    let now = app.now();
    let ends_at = now + Duration::seconds(SECONDS);
    let tx = app.store.write().await?;
    rows::challenge(&tx, session.id, purpose, challenge.as_bytes(), now, ends_at).await?;
    store::commit(tx).await?;
    Ok(challenge)
}

/// Takes the challenge in a transaction of its own: a wrong answer uses it up as well.
async fn taken(app: &App, session: &Session, purpose: Purpose) -> Result<Challenge, Problem> {
    let tx = app.store.write().await?;
    let taken = rows::take(&tx, session.id, purpose, app.now()).await?;
    store::commit(tx).await?;
    taken.map(Challenge).ok_or_else(refused)
}

/// Begins to enrol a key: the options of `navigator.credentials.create` as JSON.
pub async fn begin(app: &App, actor: &Actor, session: &Session) -> Result<String, Problem> {
    let tx = app.store.write().await?;
    factors::before_adding(app, &tx, actor, session).await?;
    let name = store::accounts::find(&tx, actor.account)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?
        .name;
    let known: Vec<CredentialId> = rows::of(&tx, actor.account)
        .await?
        .into_iter()
        .map(|key| CredentialId(key.credential_id))
        .collect();
    store::rollback(tx).await?;
    // The authenticator shows the sign-in name, never the name of a person; its handle is the opaque id.
    let user = actor.account.uuid();
    let (mut options, _) = registry(app).start_registration(user.as_bytes(), &name, &name, &known);
    options.challenge = challenge(app, session, Purpose::Enrol).await?.to_b64url();
    // A key that is asked for after the password need not remember whose it is.
    options.authenticator_selection.resident_key = Some("discouraged");
    serde_json::to_string(&options).map_err(Problem::internal)
}

/// Enrols a key by the answer of the browser; answers the recovery codes, which are shown this once, with the first factor
/// of the account. Other sessions end.
pub async fn enrol(
    app: &App,
    actor: &Actor,
    session: &Session,
    answer: &str,
    name: &str,
) -> Result<Vec<String>, Problem> {
    let name = factors::checked(name)?;
    let answer: RegistrationResponse = serde_json::from_str(answer).map_err(|_| refused())?;
    let state = RegistrationState {
        challenge: taken(app, session, Purpose::Enrol).await?,
        user_id: actor.account.uuid().as_bytes().to_vec(),
        // The time is over when our clock says so; the library's own would be the machine's.
        created_at: 0,
    };
    let made = registry(app)
        .finish_registration(&state, &answer)
        .map_err(|_| refused())?;
    let key = Passkey {
        credential_id: made.id.0,
        public_key: made.public_key_cose.0,
        counter: made.counter,
        transports: made
            .transports
            .into_iter()
            .filter(|one| {
                one.len() <= 20 && one.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            })
            .take(TRANSPORTS)
            .collect(),
        name: name.to_owned(),
    };
    let now = app.now();
    let tx = app.store.write().await?;
    let before = factors::before_adding(app, &tx, actor, session).await?;
    match rows::insert(&tx, actor.account, &key, now).await {
        // Somebody's key already, under whatever account (WebAuthn 7.1): not said which.
        Err(StoreError::Duplicate(_)) => return Err(refused()),
        other => other?,
    }
    let codes = factors::added(app, &tx, actor, session, &before, "enrol_passkey").await?;
    store::commit(tx).await?;
    Ok(codes)
}

/// Begins a proof: the options of `navigator.credentials.get` as JSON, or `None` when the account has no key.
pub async fn ask(app: &App, actor: &Actor, session: &Session) -> Result<Option<String>, Problem> {
    let keys: Vec<PasskeyCredential> = rows::of(app.store.reader(), actor.account)
        .await?
        .into_iter()
        .map(credential)
        .collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let (mut options, _) = registry(app).start_authentication_with_creds(&keys);
    options.challenge = challenge(app, session, Purpose::Prove).await?.to_b64url();
    let json = serde_json::to_string(&options).map_err(Problem::internal)?;
    Ok(Some(json))
}

/// Proves the second factor in a session by the answer of the browser.
pub async fn prove(
    app: &App,
    actor: &Actor,
    session: &Session,
    answer: &str,
) -> Result<(), Problem> {
    let challenge = taken(app, session, Purpose::Prove).await?;
    let now = app.now();
    let tx = app.store.write().await?;
    let keys = rows::of(&tx, actor.account).await?;
    let fits = match fitting(app, actor, challenge, &keys, answer) {
        // Of two at once that count the same, one is the copy of a key.
        Some((key, counter)) => rows::used(&tx, actor.account, key, counter, now).await?,
        None => false,
    };
    let outcome = if fits { "done" } else { "invalid-passkey" };
    let act = "prove_second_factor";
    super::sign_in::audit(app, &tx, Some(actor), act, session.id, outcome).await?;
    if fits {
        store::sessions::prove(&tx, session.id, now).await?;
    }
    store::commit(tx).await?;
    if fits { Ok(()) } else { Err(refused()) }
}

/// The key of the account that gave this answer, and how far it counts now.
fn fitting<'k>(
    app: &App,
    actor: &Actor,
    challenge: Challenge,
    keys: &'k [Passkey],
    answer: &str,
) -> Option<(&'k Passkey, u32)> {
    let answer: AuthenticationResponse = serde_json::from_str(answer).ok()?;
    let key = keys
        .iter()
        .find(|key| data_encoding::BASE64URL_NOPAD.encode(&key.credential_id) == answer.id)?;
    let stored = credential(key.clone());
    let state = AuthenticationState {
        challenge,
        allow_credentials: vec![stored.id.clone()],
        created_at: 0,
        user_handle: Some(actor.account.uuid().as_bytes().to_vec()),
    };
    let done = registry(app).finish_authentication(&state, &answer, &stored);
    Some((key, done.ok()?.new_counter))
}

fn credential(key: Passkey) -> PasskeyCredential {
    PasskeyCredential {
        id: CredentialId(key.credential_id),
        public_key_cose: CosePublicKey(key.public_key),
        counter: key.counter,
        transports: key.transports,
        aaguid: [0; 16],
    }
}

fn refused() -> Problem {
    Problem::field(
        "/answer",
        "passkey",
        "安全密钥没有验证成功,或等待时间过长;请重试,或改用恢复码。",
        "The key was not accepted, or it took too long; try again, or use a recovery code.",
    )
}
