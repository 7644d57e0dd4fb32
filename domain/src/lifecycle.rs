//! What the lifecycles of the catalogue share: a table of steps, and a refusal that names the states, who may act, and
//! every condition that does not hold (workflow.md, "Rules for every lifecycle").

use crate::access::Role;

/// A state or an act with its code and its words.
pub trait Named: Copy + PartialEq + 'static {
    /// Stable code.
    fn code(self) -> &'static str;
    /// Chinese word.
    fn zh(self) -> &'static str;
    /// English word.
    fn en(self) -> &'static str;
}

/// Implements [`Named`] for a text enum by listing the words.
#[macro_export]
macro_rules! named {
    ($name:ident { $($variant:ident = $zh:literal / $en:literal),* $(,)? }) => {
        impl $name {
            /// Chinese word on pages.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),* }
            }

            /// English word on pages.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),* }
            }
        }

        impl $crate::lifecycle::Named for $name {
            fn code(self) -> &'static str {
                self.as_str()
            }

            fn zh(self) -> &'static str {
                Self::zh(self)
            }

            fn en(self) -> &'static str {
                Self::en(self)
            }
        }
    };
}

/// Who takes a step; letters as in the transition tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// I: the institution.
    Institution,
    /// X: the lowest federation of the place: the county, or the prefecture or province that has none.
    Local,
    /// C.
    Prefecture,
    /// P.
    Province,
    /// N.
    National,
}

impl Who {
    /// The role meant, where the place's lowest federation has the role `local`.
    pub const fn role(self, local: Role) -> Role {
        match self {
            Self::Institution => Role::InstitutionOperator,
            Self::Local => local,
            Self::Prefecture => Role::PrefectureOfficer,
            Self::Province => Role::ProvinceOfficer,
            Self::National => Role::NationalOfficer,
        }
    }
}

/// One line of a transition table.
#[derive(Debug)]
pub struct Row<S: 'static, A> {
    /// The act.
    pub act: A,
    /// States it starts from.
    pub from: &'static [S],
    /// State after; `None` is the state before the present one.
    pub to: Option<S>,
    /// Who may.
    pub who: &'static [Who],
    /// Whether a second person must approve.
    pub two_persons: bool,
}

/// One condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Stable code.
    pub code: &'static str,
    /// What to do, in Chinese.
    pub zh: String,
    /// What to do, in English.
    pub en: String,
}

impl Unmet {
    /// A condition with its sentence.
    pub fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            code,
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// Why a step was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{en}")]
pub struct Refusal {
    /// Which of the three kinds.
    pub kind: RefusalKind,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
    /// Conditions that do not hold; empty for the other kinds.
    pub unmet: Vec<Unmet>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The table has no such step from this state.
    NotFrom,
    /// Others take this step.
    NotBy,
    /// Conditions do not hold.
    Conditions,
}

impl Refusal {
    /// Conditions that do not hold, all at once.
    pub fn conditions<S: Named, A: Named>(act: A, from: S, unmet: Vec<Unmet>) -> Self {
        let zh: Vec<&str> = unmet.iter().map(|one| one.zh.as_str()).collect();
        let en: Vec<&str> = unmet.iter().map(|one| one.en.as_str()).collect();
        Self {
            kind: RefusalKind::Conditions,
            zh: format!("当前为“{}”,暂不能{}:{}", from.zh(), act.zh(), zh.join(" ")),
            en: format!(
                "The state is {}; {} must wait: {}",
                from.en(),
                act.en(),
                en.join(" ")
            ),
            unmet,
        }
    }
}

/// The line of a table for this act from this state by this role, or why there is none.
///
/// `local` is the role of the place's lowest federation.
pub fn row<S: Named, A: Named>(
    table: &'static [Row<S, A>],
    from: S,
    act: A,
    role: Role,
    local: Role,
) -> Result<&'static Row<S, A>, Refusal> {
    let Some(row) = table
        .iter()
        .find(|row| row.act == act && row.from.contains(&from))
    else {
        return Err(not_from(table, from, act));
    };
    if row.who.iter().any(|who| who.role(local) == role) {
        return Ok(row);
    }
    let mut allowed: Vec<Role> = row.who.iter().map(|who| who.role(local)).collect();
    allowed.dedup();
    let zh: Vec<&str> = allowed.iter().map(|role| role.zh()).collect();
    let en: Vec<&str> = allowed.iter().map(|role| role.en()).collect();
    Err(Refusal {
        kind: RefusalKind::NotBy,
        zh: format!(
            "“{}”之后的“{}”由{}办理。",
            from.zh(),
            act.zh(),
            zh.join("、")
        ),
        en: format!(
            "{} after {} belongs to: {}.",
            act.en(),
            from.en(),
            en.join(", ")
        ),
        unmet: Vec::new(),
    })
}

fn not_from<S: Named, A: Named>(table: &'static [Row<S, A>], from: S, act: A) -> Refusal {
    let targets: Vec<S> = table
        .iter()
        .filter(|row| row.act == act)
        .filter_map(|row| row.to)
        .collect();
    let possible: Vec<A> = table
        .iter()
        .filter(|row| row.from.contains(&from))
        .map(|row| row.act)
        .collect();
    let (to_zh, to_en) = targets
        .first()
        .map_or(("原状态", "the state before"), |to| (to.zh(), to.en()));
    let list = |word: fn(A) -> &'static str, separator: &str, none: &str| {
        if possible.is_empty() {
            none.to_owned()
        } else {
            possible
                .iter()
                .map(|act| format!("{} {}", act.code(), word(*act)))
                .collect::<Vec<_>>()
                .join(separator)
        }
    };
    Refusal {
        kind: RefusalKind::NotFrom,
        zh: format!(
            "当前为“{}”,不能转为“{to_zh}”({});此时可以:{}。",
            from.zh(),
            act.zh(),
            list(A::zh, "、", "无,这是最终状态")
        ),
        en: format!(
            "The state is {}; it cannot become {to_en} by {}. Possible now: {}.",
            from.en(),
            act.en(),
            list(A::en, ", ", "nothing, this state is final")
        ),
        unmet: Vec::new(),
    }
}
