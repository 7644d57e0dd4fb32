//! The expectation: `tests/data/matrix/rules.txt`, read, and what it says of a cell. It knows nothing of the code under
//! test: roles are letters, places are codes of divisions.

use std::collections::BTreeMap;

use tests::world::Case;

/// What a cell should be, and what the server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Authorization was passed.
    Allowed,
    /// Outside the scope: 404, or not in the list.
    Hidden,
    /// The function is not held: 403.
    Forbidden,
    /// Nobody is signed in: 401.
    Unknown,
}

impl Cell {
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Allowed => '+',
            Self::Hidden => '0',
            Self::Forbidden => 'x',
            Self::Unknown => '!',
        }
    }
}

/// Where an object lies, seen from who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    Own,
    Child,
    Sibling,
    Parent,
    Other,
    /// Trained elsewhere, household in one's area.
    Household,
    /// Trained in one's area, household elsewhere.
    Guest,
}

impl Relation {
    pub(super) const ALL: [Self; 7] = [
        Self::Own,
        Self::Child,
        Self::Sibling,
        Self::Parent,
        Self::Other,
        Self::Household,
        Self::Guest,
    ];
}

/// One line of the file.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) roles: String,
    pub(super) object: Option<String>,
    pub(super) rule: String,
}

/// A file by operation or page.
pub(super) fn read(file: &str) -> BTreeMap<String, Rule> {
    let file = tests::root().join("tests/data/matrix").join(file);
    let text = std::fs::read_to_string(file).expect("the rules");
    let mut rules = BTreeMap::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [operation, roles, object, rule] = words[..] else {
            panic!("four words: {line}");
        };
        let known = [
            "public",
            "any",
            "area",
            "told",
            "household",
            "elsewhere",
            "either",
            "self",
            "holder",
            "province",
            "sample",
            "desks",
        ];
        assert!(known.contains(&rule), "{line}");
        assert_eq!(roles == "*", rule == "public", "{line}");
        assert_eq!(
            object == "-",
            ["public", "any", "desks"].contains(&rule),
            "{line}"
        );
        let value = Rule {
            roles: roles.to_owned(),
            object: Some(object).filter(|one| *one != "-").map(str::to_owned),
            rule: rule.to_owned(),
        };
        let before = rules.insert(operation.to_owned(), value);
        assert!(before.is_none(), "{operation} stands twice");
    }
    rules
}

impl Rule {
    /// What the cell of a role and a relation should be; `-` is nobody.
    pub(super) fn expected(&self, role: char, relation: Option<Relation>) -> Cell {
        use Relation as R;
        if self.rule == "public" {
            return Cell::Allowed;
        }
        if role == '-' {
            return Cell::Unknown;
        }
        if !self.roles.contains(role) {
            return Cell::Forbidden;
        }
        let Some(relation) = relation else {
            return Cell::Allowed;
        };
        let school = matches!(role, 'I' | 'M');
        let rule = self.rule.as_str();
        let seen = match relation {
            R::Own => rule != "elsewhere",
            R::Child => !["self", "elsewhere"].contains(&rule) && !school,
            R::Guest => ["area", "told", "either", "holder", "sample"].contains(&rule),
            R::Household => ["household", "elsewhere", "either"].contains(&rule) && !school,
            R::Parent => rule == "province",
            R::Sibling | R::Other => false,
        };
        match (seen, rule) {
            (true, _) => Cell::Allowed,
            (false, "told") => Cell::Forbidden,
            (false, _) => Cell::Hidden,
        }
    }
}

/// The division or federation above a code. The cities of the corps lie in Xinjiang and belong to the corps
/// (field.md, workflow.md "area of their organisation").
fn above(code: &str) -> Option<String> {
    if code == "000000" {
        None
    } else if code.starts_with("6590") && code != "659000" {
        Some("660000".to_owned())
    } else if code.ends_with("0000") {
        Some("000000".to_owned())
    } else if code.ends_with("00") {
        Some(format!("{}0000", &code[..2]))
    } else {
        Some(format!("{}00", &code[..4]))
    }
}

fn line(code: &str) -> Vec<String> {
    std::iter::successors(Some(code.to_owned()), |code| above(code)).collect()
}

fn of_place(own: &str, place: &str) -> Relation {
    let (mine, theirs) = (line(own), line(place));
    if own == place {
        Relation::Own
    } else if theirs.iter().any(|one| one == own) {
        Relation::Child
    } else if mine.iter().any(|one| one == place) {
        Relation::Parent
    } else if mine.get(1).is_some_and(|parent| theirs.contains(parent)) {
        Relation::Sibling
    } else {
        Relation::Other
    }
}

/// How a case lies, seen from a federation or a school with its place.
pub(super) fn relation(code: Option<&str>, school: Option<char>, case: &Case) -> Relation {
    let inside = |relation| matches!(relation, Relation::Own | Relation::Child);
    match (school, code) {
        (Some(school), Some(place)) => match case.school {
            Some(theirs) if theirs == school && case.household.is_some() => Relation::Guest,
            Some(theirs) if theirs == school => Relation::Own,
            _ if line(place)[1..].contains(&case.place) => Relation::Parent,
            Some(_) if case.place == place => Relation::Sibling,
            _ => Relation::Other,
        },
        (None, Some(code)) => {
            let by_site = of_place(code, &case.place);
            match case.household.as_deref().map(|home| of_place(code, home)) {
                Some(home) if inside(home) && !inside(by_site) => Relation::Household,
                Some(home) if inside(by_site) && !inside(home) => Relation::Guest,
                _ => by_site,
            }
        }
        _ => Relation::Other,
    }
}
