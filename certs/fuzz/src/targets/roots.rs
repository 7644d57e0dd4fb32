//! The lines of root keys that a verifier keeps, and the parts of a check by telephone: what people copy and type.

use certs::spoken::Part;
use certs::trust_list::Roots;

/// What every input must survive.
pub fn run(text: &str) {
    let _ = Roots::parse(text);
    if let Ok(part) = text.parse::<Part>() {
        // Written again it is the same part.
        assert_eq!(part.to_string().parse::<Part>().ok(), Some(part));
    }
}
