//! A certificate in the formats of other software: Open Badges 3.0 as a VC-JWT, SD-JWT VC, status lists, did:web and JWKS.
//!
//! Everything is made from one source, [`CertificateFacts`], and read back strictly: the readers here accept exactly what this
//! module writes, so that one credential has one text. Other software is more lenient; what it accepts stands in interop.md and
//! is tried in `tests/interop/`. The formats are described in `docs/formats.md` sections 10 to 14.
//!
//! Neither the issuer's name nor any other word in a credential tells that the holder is disabled (trust.md PI-5): the issuing
//! federation stands there by its number only, and a name that tells it cannot be a [`NeutralName`].

mod badge;
mod bitmap;
mod did;
mod facts;
mod fault;
mod jws;
mod sd_jwt;
mod status_list;
mod token_status;

pub use badge::{BADGE_TYP, MAX_BADGE, VerifiedBadge, badge_json, badge_jwt, verify_badge};
pub use bitmap::{BitmapFault, MAX_BITS, MIN_BITS, StatusBitmap};
pub use did::{did, did_document, jwks, key_url};
pub use facts::{CertificateFacts, NeutralName, Occupation, TellingName, telling};
pub use fault::CredentialFault;
pub use sd_jwt::{
    Binding, Disclosable, Disclosed, MAX_SD_JWT, SD_JWT_TYP, Salts, VerifiedSdJwt, present, sd_jwt,
    type_metadata, verify_sd_jwt,
};
pub use status_list::{
    LIST_TTL, LIST_VALIDITY, MAX_LIST, StatusPurpose, VerifiedStatusList, status_list_json,
    status_list_jwt, status_list_url, verify_status_list,
};
pub use token_status::{
    TOKEN_STATUS_TYP, TokenStatus, VerifiedTokenStatusList, token_status_list, token_status_url,
    verify_token_status_list,
};
