//! The sentences of faults: what is wrong, what to do, in Chinese and English.

use std::borrow::Cow;

use domain::identifiers::Check;

use super::cause::Cause;

/// The four sentences of one fault.
pub(super) struct Words {
    pub(super) problem_zh: Cow<'static, str>,
    pub(super) remedy_zh: Cow<'static, str>,
    pub(super) problem_en: Cow<'static, str>,
    pub(super) remedy_en: Cow<'static, str>,
}

fn words(
    problem_zh: impl Into<Cow<'static, str>>,
    remedy_zh: impl Into<Cow<'static, str>>,
    problem_en: impl Into<Cow<'static, str>>,
    remedy_en: impl Into<Cow<'static, str>>,
) -> Words {
    Words {
        problem_zh: problem_zh.into(),
        remedy_zh: remedy_zh.into(),
        problem_en: problem_en.into(),
        remedy_en: remedy_en.into(),
    }
}

impl Cause {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Required => words(
                "必填,但没有填。",
                "请补上。",
                "This must be filled in.",
                "Fill it in.",
            ),
            Self::Formula => words(
                "这里是公式,不是填写的内容。",
                "请复制后用“选择性粘贴-数值”贴回,或直接输入。",
                "This is a formula.",
                "Paste it as a value, or type it.",
            ),
            Self::CellError => words(
                "单元格里是错误值(如 #N/A)。",
                "请改为实际内容。",
                "The cell holds an error value such as #N/A.",
                "Type the real content.",
            ),
            Self::SampleMark => words(
                "这一行已填写,但仍标着“样例”,无法判断是否导入。",
                "要导入就删去“样例”二字;不导入就删去这一行。",
                "The row is filled in but still marked as the sample (样例).",
                "Delete the mark to import it, or delete the row.",
            ),
            Self::SampleId => words(
                "这是模板样例中的号码,不是真实的人。",
                "请填写学员本人的公民身份号码,或删去这一行。",
                "This is the number of the template's sample.",
                "Enter the trainee's own number, or delete the row.",
            ),
            Self::TooLong { most_chars } => words(
                format!("内容太长,最多 {most_chars} 个字。"),
                "请缩短。",
                format!("The text is longer than {most_chars} characters."),
                "Shorten it.",
            ),
            Self::ControlCharacter => words(
                "含有看不见的控制字符。",
                "请删去后重新输入。",
                "The text holds an invisible control character.",
                "Delete it and type it again.",
            ),
            Self::Phone => words(
                "不是手机号码。",
                "请填 11 位手机号;没有手机号就留空。",
                "This is no mobile number.",
                "Enter 11 digits, or leave the cell empty.",
            ),
            Self::ContactWord => words(
                "联系人关系只能是:本人、监护人、村居。",
                "请从这三项中选一项,或留空(按本人)。",
                "The contact is one of 本人 (self), 监护人 (guardian), 村居 (village).",
                "Choose one, or leave the cell empty for self.",
            ),
            Self::ContactWithoutPhone => words(
                "填了监护人或村居,但没有填手机号。",
                "请补上这个联系人的手机号。",
                "A guardian or village contact has no number.",
                "Enter the contact's mobile number.",
            ),
            Self::UnknownRegion => words(
                "行政区划表里没有这个地方。",
                "请填 6 位县级代码,或省市县全称,如:山东省济南市历下区。",
                "No such division is known.",
                "Enter the six-digit code of the county, or its full name from the province down.",
            ),
            Self::RegionLevel => words(
                "户籍地要填到县(市、区)一级。",
                "请改为县级的 6 位代码或全称。",
                "The household region must be a county-level division.",
                "Enter the county's six-digit code or full name.",
            ),
            Self::EmployedWord => words(
                "就业状况只能是:已就业、未就业(或是、否)。",
                "请按报名当天的情况填写。",
                "The employment state is 已就业 (employed) or 未就业 (not employed).",
                "Enter the state on the day of enrolment.",
            ),
            Self::ConsentMissing => words(
                "没有签同意书的人不能导入。",
                "请先取得本人或监护人的书面同意,再填“是”和日期。",
                "A person without consent cannot be imported.",
                "Obtain written consent first, then enter 是 and its date.",
            ),
            Self::ConsentDate => words(
                "同意书缺少签署日期,或日期不存在。",
                "请写“是”和日期,如:是 2026-03-01。",
                "The date of consent is missing or does not exist.",
                "Enter 是 and the date, such as 是 2026-03-01.",
            ),
            Self::ConsentInFuture => words(
                "同意书的日期晚于今天。",
                "请核对日期。",
                "The date of consent is after today.",
                "Check the date.",
            ),
            Self::NoPlaces { most } => words(
                format!("超出本班名额(最多 {most} 人),这一行排在名额之外。"),
                "请减少名单,或先调整班额。",
                format!("The class has {most} places; this row is beyond them."),
                "Shorten the list, or change the size of the class first.",
            ),
            Self::BelowAge { min_age } => words(
                format!("开班时未满 {min_age} 周岁。"),
                "请核对公民身份号码;年龄不够的不能报名。",
                format!("The trainee is younger than {min_age} when the class begins."),
                "Check the identity number; younger persons cannot enrol.",
            ),
            Self::Duplicate { rows } => duplicate(rows),
            _ => self.identity_words(),
        }
    }

    fn identity_words(&self) -> Words {
        match self {
            Self::NameSpace => words(
                "姓名中间有空格。",
                "请删去空格。",
                "The name has a blank inside.",
                "Delete the blank.",
            ),
            Self::NameInvisible { position, code } => words(
                format!("姓名第 {position} 个字符看不见(U+{code:04X})。"),
                "请删去它,或整格重新输入。",
                format!("Character {position} of the name is invisible (U+{code:04X})."),
                "Delete it, or type the cell again.",
            ),
            Self::NameFullWidth => words(
                "姓名中有全角字母或数字。",
                "请改为半角,或改正姓名。",
                "The name holds full-width letters or digits.",
                "Use half-width ones, or correct the name.",
            ),
            Self::NameDigits => words(
                "姓名中有数字。",
                "请与身份证核对。",
                "The name holds digits.",
                "Compare it with the identity card.",
            ),
            Self::NameNormalForm => words(
                "姓名中有未合成的字符或兼容字。",
                "请用输入法重新输入。",
                "The name is not in Unicode normal form C.",
                "Type it again.",
            ),
            Self::NameDot => words(
                "姓名中的间隔号不是“·”。",
                "请改用中文间隔号“·”(U+00B7)。",
                "The dot in the name is not U+00B7.",
                "Use · (U+00B7).",
            ),
            Self::NameLength => words(
                "姓名太长。",
                "最多 50 个字,请核对。",
                "The name is too long.",
                "At most 50 characters.",
            ),
            Self::NameCharset => words(
                "姓名中有不会出现在姓名里的字符。",
                "请与身份证核对后重新输入。",
                "The name holds a character that no name has.",
                "Compare it with the identity card and type it again.",
            ),
            Self::IdFullWidth { suggested } => fixable(
                "号码中有全角数字或字母。",
                "请改为半角",
                "The number has full-width digits.",
                "Use half-width ones",
                suggested.as_deref(),
            ),
            Self::IdSpaces { suggested } => fixable(
                "号码中间有空格或短横。",
                "请删去",
                "The number has blanks or hyphens inside.",
                "Delete them",
                suggested.as_deref(),
            ),
            Self::IdApostrophe { suggested } => fixable(
                "号码前面多了单引号(')。",
                "请删去单引号",
                "The number begins with an apostrophe.",
                "Delete it",
                suggested.as_deref(),
            ),
            Self::IdLostPrecision => words(
                "号码被当作数字保存,后几位已经丢失(如 1.1E+17)。",
                "请把这一列设为“文本”后,从证件重新输入,不能只改格式。",
                "The number was stored as a number and has lost its last digits (such as 1.1E+17).",
                "Format the column as text and type the number again from the document.",
            ),
            Self::IdFifteenDigits => words(
                "这是 15 位的旧号码。",
                "请填写现在身份证上的 18 位号码。",
                "This is an old number of 15 digits.",
                "Enter the 18 characters of today's identity card.",
            ),
            Self::IdLength { found } => words(
                format!("公民身份号码应为 18 位,这里有 {found} 位。"),
                "请从证件逐位核对。",
                format!("An identity number has 18 characters; this has {found}."),
                "Compare it with the document.",
            ),
            Self::Citizen(check) => citizen(*check),
            Self::Card(check) => card(*check),
            _ => words(
                "残疾人证号的前 18 位与公民身份号码不一致。",
                "请核对两个号码是否为同一人。",
                "The disability card number does not begin with the identity number.",
                "Check that both belong to the same person.",
            ),
        }
    }
}

fn duplicate(rows: &[u32]) -> Words {
    let list: Vec<String> = rows.iter().map(u32::to_string).collect();
    words(
        format!("与第 {} 行是同一个号码。", list.join("、")),
        "每人只能有一行,请删去多余的行。",
        format!("The same number stands in row {}.", list.join(", ")),
        "One row for each person: delete the others.",
    )
}

fn fixable(
    problem_zh: &'static str,
    zh: &str,
    problem_en: &'static str,
    en: &str,
    suggested: Option<&str>,
) -> Words {
    let zh = suggested.map_or_else(|| format!("{zh}。"), |to| format!("{zh},应为 {to}。"));
    let en = suggested.map_or_else(|| format!("{en}."), |to| format!("{en}: {to}."));
    words(problem_zh, zh, problem_en, en)
}

fn citizen(check: Check) -> Words {
    match check {
        Check::Area => words(
            "号码开头的地区代码不存在。",
            "请核对前 6 位。",
            "The number begins with no known division.",
            "Check characters 1 to 6.",
        ),
        Check::BirthDate => words(
            "号码中的出生日期不存在,或晚于今天。",
            "请核对第 7 至 14 位。",
            "The birth date in the number does not exist or is after today.",
            "Check characters 7 to 14.",
        ),
        Check::Sequence => words(
            "号码第 15 至 17 位不会是 000。",
            "请核对这三位。",
            "Characters 15 to 17 are never 000.",
            "Check them.",
        ),
        Check::Checksum => words(
            "号码的校验码不符,可能有一位填错。",
            "请从证件逐位核对。",
            "The check character does not fit: a digit may be wrong.",
            "Compare it with the document character by character.",
        ),
        _ => words(
            "号码中有不允许的字符(如字母 O)。",
            "只能是 17 位数字加末位数字或 X。",
            "The number holds a character that does not belong (such as the letter O).",
            "Use 17 digits and a last digit or X.",
        ),
    }
}

fn card(check: Check) -> Words {
    match check {
        Check::Length => words(
            "残疾人证号不是 20 位。",
            "请核对,或留空由残联补上。",
            "The disability card number does not have 20 characters.",
            "Check it, or leave it to the federation.",
        ),
        Check::Charset => words(
            "残疾人证号中有不允许的字符。",
            "请用半角数字重新输入,或留空。",
            "The disability card number holds a character that does not belong.",
            "Type it again in half-width digits, or leave it empty.",
        ),
        Check::Category => words(
            "残疾人证号第 19 位应为 1 至 7。",
            "请核对,或留空由残联补上。",
            "Character 19 of the card number is 1 to 7.",
            "Check it, or leave it to the federation.",
        ),
        Check::Grade => words(
            "残疾人证号第 20 位应为 1 至 4。",
            "请核对,或留空由残联补上。",
            "Character 20 of the card number is 1 to 4.",
            "Check it, or leave it to the federation.",
        ),
        Check::Reissue => words(
            "残疾人证号的补证标记应为 B1 至 B9。",
            "请核对,或只填前 20 位。",
            "The reissue mark of the card number is B1 to B9.",
            "Check it, or enter the first 20 characters only.",
        ),
        _ => words(
            "残疾人证号里的身份号码不正确。",
            "请核对前 18 位,或留空由残联补上。",
            "The identity number inside the card number is wrong.",
            "Check the first 18 characters, or leave it to the federation.",
        ),
    }
}
