//! What can be wrong with a policy or an evidence file: each fault with its place, all of them at once.

use std::fmt;

use serde::Serialize;

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $zh:literal / $en:literal),* $(,)?) => {
        /// The closed list of faults (docs/formats.md, "Faults"). A code is never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultCode { $($(#[$doc])* $variant),* }

        impl FaultCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What is wrong, in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),* }
            }

            /// What is wrong, in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),* }
            }
        }
    };
}

fault_codes! {
    /// The text is not JSON, or is nested too deeply.
    NotJson = "not_json" "不是合法的 JSON" / "not JSON",
    /// A field that the format does not know.
    UnknownField = "unknown_field" "未知字段" / "unknown field",
    /// A field that must be there is not.
    MissingField = "missing_field" "缺少字段" / "field is missing",
    /// A field stands twice in one object.
    DuplicateField = "duplicate_field" "字段重复" / "field stands twice",
    /// Another JSON type is expected.
    WrongType = "wrong_type" "类型不对" / "wrong type",
    /// A number that is no integer.
    NotAnInteger = "not_an_integer" "必须是整数" / "must be an integer",
    /// A number outside its range.
    OutOfRange = "out_of_range" "超出范围" / "out of range",
    /// An empty text.
    EmptyText = "empty_text" "文字为空" / "text is empty",
    /// A word that is not in the list.
    UnknownWord = "unknown_word" "不在允许的取值之内" / "not one of the words allowed",
    /// Not a date of the calendar, or not written YYYY-MM-DD.
    BadDate = "bad_date" "不是有效日期(格式 YYYY-MM-DD)" / "not a date of the calendar (YYYY-MM-DD)",
    /// Two rows of a table have one id, or one response is given twice.
    DuplicateId = "duplicate_id" "编号重复" / "id stands twice",
    /// The thing referred to is not in the file.
    DanglingReference = "dangling_reference" "所指的记录不在文件中" / "refers to nothing in the file",
    /// A date that cannot be true beside another date of the file.
    ImpossibleDate = "impossible_date" "日期与其他日期矛盾" / "date contradicts another date",
    /// A version of the format that this program does not know.
    UnknownFormat = "unknown_format" "不认识的格式版本" / "unknown version of the format",
    /// The exclusion is worked out by the engine and cannot be given.
    ComputedExclusion = "computed_exclusion" "X6、X7 由程序计算,不能填写" / "X6 and X7 are computed, never given",
    /// Weights do not add up to 1000.
    WeightsSum = "weights_sum" "权重之和必须为 1000" / "weights must add up to 1000",
    /// A floor is not below its target, or thresholds do not fall from A to C.
    Order = "order" "界限次序不对" / "limits are not in order",
    /// An override names another base than the one at hand.
    OtherBase = "other_base" "所依据的基准不是该政策" / "names another base policy",
    /// A number that an override may not change.
    NotChangeable = "not_changeable" "地方政策不得改动此项" / "an override may not change this",
    /// An override moves a weight too far.
    WeightMoved = "weight_moved" "权重变动超过 50" / "weight moves by more than 50",
    /// An override lowers a floor or a threshold.
    Lowered = "lowered" "只可提高,不得降低" / "may be raised, not lowered",
    /// Too little weight on employment or on satisfaction.
    WeightTooSmall = "weight_too_small" "权重低于下限" / "weight is below its least value",
}

/// One fault with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// JSON pointer (RFC 6901) of the place; empty for the whole file.
    pub pointer: String,
    /// What is wrong.
    pub code: FaultCode,
    /// What is allowed there, or empty. Never repeats the value: a file of evidence is personal.
    pub hint: String,
}

impl Fault {
    /// The sentence in Chinese.
    pub fn zh(&self) -> String {
        if self.hint.is_empty() {
            self.code.zh().to_owned()
        } else {
            format!("{}({})", self.code.zh(), self.hint)
        }
    }

    /// The sentence in English.
    pub fn en(&self) -> String {
        if self.hint.is_empty() {
            self.code.en().to_owned()
        } else {
            format!("{} ({})", self.code.en(), self.hint)
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} [{}] {} / {}",
            self.pointer,
            self.code.as_str(),
            self.zh(),
            self.en()
        )
    }
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut map = serializer.serialize_struct("Fault", 4)?;
        map.serialize_field("pointer", &self.pointer)?;
        map.serialize_field("code", self.code.as_str())?;
        map.serialize_field("detail_zh", &self.zh())?;
        map.serialize_field("detail_en", &self.en())?;
        map.end()
    }
}

/// Every fault of a file, in the order of its tables and rows; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{} 处错误 / {} faults", .0.len(), .0.len())]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, path: &Path<'_>, code: FaultCode) {
        self.hint(path, code, String::new());
    }

    pub(super) fn hint(&mut self, path: &Path<'_>, code: FaultCode, hint: String) {
        self.0.push(Fault {
            pointer: path.pointer(),
            code,
            hint,
        });
    }

    /// The value, unless something was wrong on the way to it.
    pub(super) fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

/// A place in a document; becomes text only when a fault names it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(super) const fn key(&'p self, name: &'p str) -> Self {
        Self::Key(self, name)
    }

    pub(super) const fn index(&'p self, at: usize) -> Self {
        Self::Index(self, at)
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, name) => {
                format!(
                    "{}/{}",
                    parent.pointer(),
                    name.replace('~', "~0").replace('/', "~1")
                )
            }
            Self::Index(parent, at) => format!("{}/{at}", parent.pointer()),
        }
    }
}
