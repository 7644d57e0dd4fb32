//! Names that may stand beside somebody's certificate: none of them tells of a disability (design decision 2, trust.md PI-5).

use certs::credential::NeutralName;

/// The name; none where it would tell of a disability: then the code stands in its place.
pub(crate) fn neutral(name: &str) -> Option<String> {
    name.parse::<NeutralName>()
        .ok()
        .map(|name| name.as_str().to_owned())
}

/// The name, or what stands in its place.
pub(crate) fn neutral_or(name: &str, instead: &str) -> String {
    neutral(name).unwrap_or_else(|| instead.to_owned())
}

/// The area of a federation, as which it is shown beside a certificate.
pub(crate) fn area(name: &str) -> Option<String> {
    let area = name
        .trim_end_matches("残疾人联合会")
        .trim_end_matches("残联");
    neutral(area)
}

#[cfg(test)]
mod tests {
    use super::{area, neutral, neutral_or};

    #[test]
    fn no_name_beside_a_certificate_tells_of_a_disability() {
        assert_eq!(area("山东省残疾人联合会").as_deref(), Some("山东省"));
        assert_eq!(area("浙江省残联").as_deref(), Some("浙江省"));
        assert_eq!(
            area("新疆生产建设兵团残疾人联合会").as_deref(),
            Some("新疆生产建设兵团")
        );
        for telling in [
            "盲人按摩",
            "聋哑学校",
            "残疾人之家",
            "智力开发",
            "精神康复",
            "肢体康复",
            "Disabled people's school",
            "School for the Blind",
            "Deaf School",
        ] {
            assert_eq!(neutral(telling), None, "{telling}");
            assert_eq!(neutral_or(telling, "T"), "T");
        }
        assert_eq!(neutral("面点制作").as_deref(), Some("面点制作"));
    }
}
