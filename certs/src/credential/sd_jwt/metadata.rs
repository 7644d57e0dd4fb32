//! Type metadata: what a wallet shows for this type of credential (SD-JWT VC section "Type Metadata").

use serde_json::{Value, json};

use super::super::facts::SCHEME;
use super::{Disclosable, vct};
use crate::qr::Host;

/// The document that the address in `vct` answers.
pub fn type_metadata(host: &Host) -> Value {
    let never = ["iss", "iat", "nbf", "exp", "vct", "status", "cnf"]
        .map(|name| json!({ "path": [name], "sd": "never" }));
    let always = Disclosable::ALL.map(|claim| {
        let (zh, en) = claim.label();
        json!({
            "path": [claim.as_str()],
            "sd": "always",
            "display": [{ "lang": "zh-CN", "label": zh }, { "lang": "en", "label": en }],
        })
    });
    json!({
        "vct": vct(host),
        "name": SCHEME,
        "description": "职业培训证书:培训项目、学时与考核结果。",
        "display": [
            { "lang": "zh-CN", "name": SCHEME },
            { "lang": "en", "name": "National certificate of vocational training" },
        ],
        "claims": never.into_iter().chain(always).collect::<Vec<_>>(),
    })
}
