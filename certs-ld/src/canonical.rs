//! From JSON to canonical N-Quads: JSON-LD expansion with the bundled contexts, then RDFC-1.0.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use serde_json::{Map, Value as Json};
use ssi_json_ld::syntax::{Parse as _, Value};
use ssi_json_ld::{CompactJsonLd, ContextLoader, Expandable as _};
use ssi_rdf::{AnyLdEnvironment as _, LdEnvironment};

/// Address and text of each bundled context; no other is known.
pub const BUNDLED: [(&str, &str); 2] = [
    (
        "https://www.w3.org/ns/credentials/v2",
        include_str!("../contexts/credentials-v2.json"),
    ),
    (
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        include_str!("../contexts/open-badges-3.0.3.json"),
    ),
];

static LOADER: LazyLock<ContextLoader> = LazyLock::new(|| {
    let contexts: HashMap<String, String> = BUNDLED
        .map(|(address, text)| (address.to_owned(), text.to_owned()))
        .into();
    ContextLoader::empty()
        .with_context_map_from(contexts)
        .expect("the bundled contexts are JSON under proper addresses")
});

/// The canonical N-Quads; `None` when the document names another context or holds a term that none defines.
pub(crate) fn canonical_form(document: &Map<String, Json>) -> Option<String> {
    let mut document = document.clone();
    spell_booleans(&mut document)?;
    let (document, _) = Value::parse_str(&serde_json::to_string(&document).ok()?).ok()?;
    let document = CompactJsonLd(document);
    let mut environment = LdEnvironment::default();
    let expanded = {
        let mut expansion = pin!(document.expand_with(&mut environment, &*LOADER));
        // The contexts are in memory, so nothing is ever waited for.
        match expansion
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(expanded) => expanded.ok()?,
            Poll::Pending => return None,
        }
    };
    let lines = environment.canonical_form_of(&expanded).ok()?;
    Some(lines.concat())
}

/// Writes `hashed` as text. Open Badges gives it a data type of its own (`https://www.w3.org/2001/XMLSchema#boolean`), which
/// JSON-LD keeps (section 8.2.2 of its API) and the `json-ld` crate replaces by the usual one when the value is no text; as text
/// it comes out right. No other member of our credentials is a boolean, and one that is would be refused here.
fn spell_booleans(members: &mut Map<String, Json>) -> Option<()> {
    for (name, value) in members {
        match value {
            Json::Bool(hashed) if name == "hashed" => *value = hashed.to_string().into(),
            other => spell_within(other)?,
        }
    }
    Some(())
}

fn spell_within(value: &mut Json) -> Option<()> {
    match value {
        Json::Object(members) => spell_booleans(members),
        Json::Array(items) => items.iter_mut().try_for_each(spell_within),
        Json::Bool(_) => None,
        Json::Null | Json::Number(_) | Json::String(_) => Some(()),
    }
}
