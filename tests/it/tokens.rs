//! A hundred hostile tokens: none is accepted, none is a server error (trust.md AU-3, AU-8).

use certs::keys::{KeyId, Signer as _, SoftwareSigner};
use data_encoding::BASE64URL_NOPAD as B64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Client, Database, Story, TestServer};

/// A good token taken apart, and the keys that a forger may or may not have.
struct Workshop {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// The registry's own session key: the worst case, so that only the checks of the content are left.
    own: SoftwareSigner,
    /// Another key.
    foreign: SoftwareSigner,
}

impl Workshop {
    fn new(server: &TestServer, token: &str) -> Self {
        let part = |at: usize| {
            let part = token.split('.').nth(at).expect("three parts");
            let bytes = B64.decode(part.as_bytes()).expect("Base64");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        let kid: KeyId = "session".parse().expect("a name");
        let seed = server.app.keyring.session_seed().clone();
        Self {
            header: part(0),
            claims: part(1),
            own: SoftwareSigner::from_seed(kid.clone(), seed),
            foreign: SoftwareSigner::from_seed(kid, [7; 32].into()),
        }
    }

    fn sign(signer: &SoftwareSigner, header: &Value, claims: &Value) -> String {
        let input = input(header, claims);
        let signature = signer.sign(input.as_bytes()).expect("a signature");
        format!("{input}.{}", B64.encode(&signature))
    }

    /// Signed with the registry's own key, the header or claims changed.
    fn header(&self, name: &str, value: &Value) -> (String, String) {
        let mut header = self.header.clone();
        header.insert(name.to_owned(), value.clone());
        let token = Self::sign(&self.own, &header.into(), &self.claims.clone().into());
        (format!("header {name} = {value}"), token)
    }

    fn claim(&self, name: &str, value: &Value) -> (String, String) {
        let mut claims = self.claims.clone();
        claims.insert(name.to_owned(), value.clone());
        let token = Self::sign(&self.own, &self.header.clone().into(), &claims.into());
        (format!("claim {name} = {value}"), token)
    }

    fn without_claim(&self, name: &str) -> (String, String) {
        let mut claims = self.claims.clone();
        claims.remove(name);
        let token = Self::sign(&self.own, &self.header.clone().into(), &claims.into());
        (format!("without claim {name}"), token)
    }

    fn without_header(&self, name: &str) -> (String, String) {
        let mut header = self.header.clone();
        header.remove(name);
        let token = Self::sign(&self.own, &header.into(), &self.claims.clone().into());
        (format!("without header {name}"), token)
    }
}

fn input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| B64.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn hs256(key: &[u8], header: &Value, claims: &Value) -> String {
    let input = input(header, claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(input.as_bytes());
    format!("{input}.{}", B64.encode(&mac.finalize().into_bytes()))
}

/// Every hostile token with what is wrong about it.
fn hostile(shop: &Workshop, good: &str, refresh: &str, certificate: &str) -> Vec<(String, String)> {
    let now = shop.claims["iat"].as_i64().expect("a number");
    let (header, claims) = (
        Value::from(shop.header.clone()),
        Value::from(shop.claims.clone()),
    );
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, token: String| all.push((what.to_owned(), token));

    // Algorithms.
    let plain = good.rsplit_once('.').expect("a signature").0;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut none = shop.header.clone();
        none.insert("alg".to_owned(), alg.into());
        let unsigned = input(&none.clone().into(), &claims);
        add(
            &format!("alg {alg:?}, no signature"),
            format!("{unsigned}."),
        );
        add(&format!("alg {alg:?}, two parts"), unsigned);
        add(
            &format!("alg {alg:?}, signed"),
            Workshop::sign(&shop.own, &none.into(), &claims),
        );
    }
    let public = shop.own.public_key().as_bytes();
    let mut symmetric = shop.header.clone();
    for alg in ["HS256", "HS384", "HS512"] {
        symmetric.insert("alg".to_owned(), alg.into());
        let header = symmetric.clone().into();
        add(
            &format!("{alg} with the public key"),
            hs256(public, &header, &claims),
        );
        let hex = data_encoding::HEXLOWER.encode(public);
        add(
            &format!("{alg} with the public key in hexadecimal"),
            hs256(hex.as_bytes(), &header, &claims),
        );
        add(
            &format!("{alg} with an empty key"),
            hs256(b"", &header, &claims),
        );
    }
    for alg in [
        "RS256", "PS256", "ES256", "ES256K", "Ed448", "Ed25519", "eddsa", "EDDSA",
    ] {
        let mut other = shop.header.clone();
        other.insert("alg".to_owned(), alg.into());
        add(
            &format!("alg {alg}"),
            Workshop::sign(&shop.own, &other.into(), &claims),
        );
    }

    // Keys that the token brings along.
    let mut jwk = Map::new();
    let foreign = B64.encode(shop.foreign.public_key().as_bytes());
    jwk.insert("kty".to_owned(), "OKP".into());
    jwk.insert("crv".to_owned(), "Ed25519".into());
    jwk.insert("x".to_owned(), foreign.clone().into());
    for (name, value) in [
        ("jwk", Value::from(jwk)),
        ("jku", "https://evil.example/jwks.json".into()),
        ("x5u", "https://evil.example/chain.pem".into()),
        ("x5c", json!([foreign])),
    ] {
        let mut brought = shop.header.clone();
        brought.insert(name.to_owned(), value);
        let brought = Value::from(brought);
        add(
            &format!("{name}, signed by its key"),
            Workshop::sign(&shop.foreign, &brought, &claims),
        );
        add(
            &format!("{name}, signed by ours"),
            Workshop::sign(&shop.own, &brought, &claims),
        );
    }
    add(
        "another key under our kid",
        Workshop::sign(&shop.foreign, &header, &claims),
    );

    // Damage.
    let signature = good.rsplit_once('.').expect("a signature").1;
    let middle = good.split('.').nth(1).expect("claims");
    for (what, token) in [
        ("no signature", format!("{plain}.")),
        ("two parts", plain.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("five parts", format!("{good}.a.b")),
        ("half a signature", good[..good.len() - 40].to_owned()),
        (
            "a signature of zeros",
            format!("{plain}.{}", B64.encode(&[0; 64])),
        ),
        (
            "a signature one byte short",
            format!("{plain}.{}", B64.encode(&[1; 63])),
        ),
        (
            "a signature one byte long",
            format!("{plain}.{}", B64.encode(&[1; 65])),
        ),
        ("padded", format!("{good}==")),
        ("a claim part of nothing", good.replace(middle, "")),
        (
            "a claim part of another token",
            good.replace(middle, &B64.encode(b"{}")),
        ),
        (
            "a claim part that is no JSON",
            good.replace(middle, &B64.encode(b"{\"sub\"")),
        ),
        (
            "a claim part that is no UTF-8",
            good.replace(middle, &B64.encode(&[0xFF, 0xFE])),
        ),
        ("a space in it", good.replacen('.', " .", 1)),
        ("dots", "...".to_owned()),
        ("one word", "token".to_owned()),
        ("5 KB", format!("{good}{}", "A".repeat(5_000))),
        ("12 KB", "A".repeat(12_000)),
    ] {
        add(what, token);
    }
    let flipped: String = good
        .chars()
        .rev()
        .enumerate()
        .map(|(at, c)| match (at, c) {
            (20, 'A') => 'B',
            (20, _) => 'A',
            _ => c,
        })
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    add("one character changed", flipped);

    // Other tokens of ours.
    add("a refresh token", refresh.to_owned());
    add("a certificate", certificate.to_owned());
    add("a browser's cookie", format!("mzb_{}", &refresh[4..]));

    // Headers, signed by our own key.
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("kid", json!("log")),
        ("kid", json!("")),
        ("kid", json!("../../keys/log")),
        ("kid", json!("session' OR '1'='1")),
        ("kid", json!(["session"])),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt ")),
        ("typ", json!("rt+jwt")),
        ("typ", json!("application/cose")),
        ("typ", json!(null)),
        ("alg", json!(["EdDSA"])),
        ("alg", json!(null)),
    ] {
        all.push(shop.header(name, &value));
    }
    for name in ["typ", "kid", "alg"] {
        all.push(shop.without_header(name));
    }

    // Claims, signed by our own key.
    let day = 86_400;
    for (name, value) in [
        ("exp", json!(now - 1)),
        ("exp", json!(now)),
        ("exp", json!(now + 365 * day)),
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(null)),
        ("exp", json!(true)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!([now + 600])),
        ("nbf", json!(now + 120)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(null)),
        ("nbf", json!(now - 365 * day)),
        ("iat", json!(now + 120)),
        ("iat", json!("now")),
        ("iss", json!("https://evil.example")),
        ("iss", json!(["https://mingzheng.example"])),
        ("iss", json!("")),
        ("iss", json!(null)),
        ("aud", json!("mingzheng-verify")),
        ("aud", json!(["mingzheng-api", "elsewhere"])),
        ("aud", json!("")),
        ("aud", json!(null)),
        ("sub", json!("00000000-0000-0000-0000-000000000000")),
        ("sub", json!("national-1")),
        ("sub", json!("")),
        ("sub", json!(1)),
        ("sub", json!(null)),
        ("sid", json!("00000000-0000-0000-0000-000000000000")),
        ("sid", json!("")),
        ("sid", json!(null)),
        ("jti", json!(7)),
        ("epoch", json!(1)),
        ("epoch", json!(-1)),
        ("epoch", json!("0")),
        ("epoch", json!(null)),
        ("role", json!("national_officer")),
        ("scope", json!("manage_keys")),
    ] {
        all.push(shop.claim(name, &value));
    }
    for name in [
        "exp", "nbf", "iat", "iss", "aud", "sub", "sid", "jti", "epoch",
    ] {
        all.push(shop.without_claim(name));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_hostile_tokens_none_is_accepted() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let server = &story.server;
    let qr = story.qr_text(&text(&issued["certificates"][0]["id"])).await;
    let anybody = Client::anybody(server);
    let request = anybody.ask(Method::POST, "/api/v1/sessions").await;
    let body = json!({ "name": "province-1", "password": PASSWORD });
    let signed = anybody.send(request.json(&body)).await.good();
    let good = text(&signed["access_token"]);
    let certificate = qr.split_once('#').expect("a fragment").1.to_owned();
    let shop = Workshop::new(server, &good);
    let again = Workshop::sign(
        &shop.own,
        &shop.header.clone().into(),
        &shop.claims.clone().into(),
    );
    let ask = async |token: &str| {
        let request = anybody.ask(Method::GET, "/api/v1/certificates").await;
        anybody.send(request.bearer_auth(token)).await
    };
    // The workshop makes tokens as good as ours: what is refused below is refused for what is wrong about it.
    ask(&good).await.good();
    ask(&again).await.good();
    let refresh = text(&signed["refresh_token"]);
    let hostile = hostile(&shop, &good, &refresh, &certificate);
    assert!(hostile.len() >= 100, "{}", hostile.len());
    let (mut accepted, mut errors) = (Vec::new(), Vec::new());
    for (what, token) in &hostile {
        let answer = ask(token).await;
        match answer.status.as_u16() {
            401 => {
                answer.problem(401, "unauthenticated");
            }
            500.. => errors.push(what),
            // A header that is too large is refused before anybody reads it.
            431 => {}
            _ => accepted.push(what),
        }
    }
    assert!(
        accepted.is_empty() && errors.is_empty(),
        "accepted {accepted:?}, errors {errors:?}"
    );
    println!("hostile tokens accepted = 0 of {}", hostile.len());
    // Nor two of them, nor another scheme, nor a cookie.
    for (name, values) in [
        (
            "Authorization",
            vec![format!("Bearer {good}"), format!("Bearer {good}")],
        ),
        ("Authorization", vec![format!("Basic {good}")]),
        ("Authorization", vec![format!("bearer{good}")]),
        (
            "Cookie",
            vec![format!("access_token={good}; __Host-session={good}")],
        ),
    ] {
        let mut request = anybody.ask(Method::GET, "/api/v1/certificates").await;
        for value in values {
            request = request.header(name, value);
        }
        anybody.send(request).await.problem(401, "unauthenticated");
    }
    // And a session token is no certificate (AU-8).
    let request = anybody.ask(Method::POST, "/api/v1/verifications").await;
    let head = qr.split_once('#').expect("a fragment").0;
    let as_qr = [
        good.clone(),
        format!("{head}#{good}"),
        format!("{head}#{}", good.to_uppercase()),
    ];
    let items: Vec<Value> = as_qr.iter().map(|qr| json!({ "qr": qr })).collect();
    let answer = anybody
        .send(request.json(&json!({ "items": items })))
        .await
        .good();
    for row in answer["items"].as_array().expect("items") {
        assert_ne!(row["state"], "valid", "{row}");
        assert_ne!(row["verdict"], "valid", "{row}");
    }
}
