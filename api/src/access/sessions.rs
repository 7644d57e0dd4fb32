//! Access tokens: EdDSA JWTs of fifteen minutes (trust.md AU-3, AU-8).

use std::sync::Once;

use certs::keys::{Algorithm as KeyAlgorithm, KeyId, PublicKey, Signer as _, SoftwareSigner};
use chrono::{DateTime, Duration, Utc};
use domain::ids::{AccountId, SessionId};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Random;
use crate::problem::{Code, Problem};

/// How long an access token lives, in minutes.
pub const ACCESS_MINUTES: i64 = 15;
/// Clock difference that is forgiven, in seconds.
const LEEWAY_SECONDS: i64 = 30;
const TYP: &str = "at+jwt";
const KID: &str = "session";
const AUDIENCE: &str = "mingzheng-api";

/// Signs and reads access tokens with a key of their own.
pub struct Sessions {
    encoding: EncodingKey,
    decoding: DecodingKey,
    issuer: String,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions(***)")
    }
}

/// Claims of an access token; each has its type, none may be missing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    /// The session in which it was given.
    sid: String,
    /// Raised when all tokens of an account end.
    epoch: i32,
}

/// What a good access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
    /// The account's epoch when it was made.
    pub epoch: i32,
}

/// Why a token opens nothing. Whoever asks is told the same; the audit counts them apart (trust.md AD-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a token of ours.
    Invalid,
    /// One of ours, for this account, that is over or not yet valid.
    OutOfTime(AccountId),
}

impl Refused {
    /// The name of the act in the audit.
    pub const fn act(self) -> &'static str {
        match self {
            Self::Invalid => "token_invalid",
            Self::OutOfTime(_) => "token_out_of_time",
        }
    }
}

impl From<Refused> for Problem {
    fn from(_: Refused) -> Self {
        Self::new(Code::Unauthenticated)
    }
}

impl Sessions {
    /// Takes the seed of the session-token key and the public address that issues.
    pub fn new(seed: &Zeroizing<[u8; 32]>, issuer: &str) -> Result<Self, Problem> {
        install_provider();
        let signer = signer(seed.as_ref()).map_err(Problem::internal)?;
        Ok(Self {
            encoding: EncodingKey::from_ed_der(seed.as_ref()),
            decoding: DecodingKey::from_ed_der(signer.public_key().as_bytes()),
            issuer: issuer.to_owned(),
        })
    }

    /// A new access token and the moment of its end.
    pub fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        epoch: i32,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<(String, DateTime<Utc>), Problem> {
        let until = now + Duration::minutes(ACCESS_MINUTES);
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account.to_string(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: until.timestamp(),
            jti: random.id(now).to_string(),
            sid: session.to_string(),
            epoch,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYP.to_owned());
        header.kid = Some(KID.to_owned());
        let token = encode(&header, &claims, &self.encoding).map_err(Problem::internal)?;
        Ok((token, until))
    }

    /// What a good token says.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Access, Refused> {
        match self.try_read(token, now) {
            Some((access, true)) => Ok(access),
            Some((access, false)) => Err(Refused::OutOfTime(access.account)),
            None => Err(Refused::Invalid),
        }
    }

    /// What a token of ours says, and whether it is in time.
    fn try_read(&self, token: &str, now: DateTime<Utc>) -> Option<(Access, bool)> {
        if token.len() > 4096 {
            return None;
        }
        let header = decode_header(token).ok()?;
        let plain = header.alg == Algorithm::EdDSA
            && header.typ.as_deref() == Some(TYP)
            && header.kid.as_deref() == Some(KID)
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none()
            && header.crit.is_none();
        if !plain {
            return None;
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Times are compared below with the process's one clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<AccessClaims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let now = now.timestamp();
        let in_time = claims.nbf <= now + LEEWAY_SECONDS
            && claims.iat <= now + LEEWAY_SECONDS
            && now < claims.exp
            && claims.exp - claims.nbf <= ACCESS_MINUTES * 60;
        let access = Access {
            account: claims.sub.parse().ok()?,
            session: claims.sid.parse().ok()?,
            epoch: claims.epoch,
        };
        Some((access, in_time))
    }
}

fn install_provider() {
    static ONCE: Once = Once::new();
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| {
            only_eddsa(*algorithm)?;
            Ok(Box::new(TokenSigner(signer(key.as_bytes())?)))
        },
        verifier_factory: |algorithm, key| {
            only_eddsa(*algorithm)?;
            let public = PublicKey::from_bytes(token_algorithm()?, key.try_get_as_bytes()?)
                .map_err(|_| JwtError::from(ErrorKind::InvalidEddsaKey))?;
            Ok(Box::new(TokenVerifier(public)))
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    ONCE.call_once(|| {
        // Another provider can only be there if a test installed it first; tokens then fail loudly.
        if PROVIDER.install_default().is_err() {
            tracing::warn!("a token provider was already installed");
        }
    });
}

/// The JOSE name EdDSA and the COSE number -8 mean the same algorithm.
fn token_algorithm() -> Result<KeyAlgorithm, JwtError> {
    KeyAlgorithm::from_cose_id(-8).ok_or_else(|| ErrorKind::InvalidAlgorithm.into())
}

fn only_eddsa(algorithm: Algorithm) -> Result<(), JwtError> {
    if algorithm == Algorithm::EdDSA {
        Ok(())
    } else {
        Err(ErrorKind::InvalidAlgorithm.into())
    }
}

fn signer(seed: &[u8]) -> Result<SoftwareSigner, JwtError> {
    let seed: [u8; 32] = seed
        .try_into()
        .map_err(|_| JwtError::from(ErrorKind::InvalidEddsaKey))?;
    let kid: KeyId = KID
        .parse()
        .map_err(|_| JwtError::from(ErrorKind::InvalidEddsaKey))?;
    Ok(SoftwareSigner::from_seed(kid, Zeroizing::new(seed)))
}

struct TokenSigner(SoftwareSigner);

impl signature::Signer<Vec<u8>> for TokenSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        self.0.sign(message).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for TokenSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct TokenVerifier(PublicKey);

impl signature::Verifier<Vec<u8>> for TokenVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0
            .verify(message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for TokenVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
