//! The one error of all identifiers.

crate::text_enum! {
    /// Which identifier was meant.
    IdentifierKind("identifier kind") {
        /// 公民身份号码.
        CitizenId = "citizen_id",
        /// 统一社会信用代码.
        CreditCode = "credit_code",
        /// 残疾人证号.
        DisabilityCard = "disability_card",
        /// 行政区划代码.
        Region = "region",
        /// 残联代码.
        Federation = "federation",
        /// 职业编码.
        Occupation = "occupation_code",
        /// 证书编号.
        CertificateNo = "certificate_no",
        /// 电子证照标识.
        ELicence = "elicence",
        /// 电话.
        Phone = "phone",
        /// 项目编号.
        ProgramCode = "program_code",
        /// 班期编号.
        CohortCode = "cohort_code",
        /// 证书公开标识.
        PublicId = "public_id",
        /// 姓名.
        PersonName = "person_name",
        /// 单位名称.
        OrganisationName = "organisation_name",
    }
}

crate::text_enum! {
    /// The first failing check, named as in identifiers.md.
    Check("check") {
        /// Wrong number of characters.
        Length = "length",
        /// A character that does not belong.
        Charset = "charset",
        /// Division part.
        Area = "area",
        /// Birth date.
        BirthDate = "birth_date",
        /// Sequence.
        Sequence = "sequence",
        /// Check character.
        Checksum = "checksum",
        /// Registering department.
        Department = "department",
        /// Kind within the department.
        Kind = "kind",
        /// Inner check of the organisation code.
        OrganisationChecksum = "organisation_checksum",
        /// Length of the resident number inside.
        ResidentLength = "resident_id.length",
        /// Charset of the resident number inside.
        ResidentCharset = "resident_id.charset",
        /// Division of the resident number inside.
        ResidentArea = "resident_id.area",
        /// Birth date of the resident number inside.
        ResidentBirthDate = "resident_id.birth_date",
        /// Sequence of the resident number inside.
        ResidentSequence = "resident_id.sequence",
        /// Check character of the resident number inside.
        ResidentChecksum = "resident_id.checksum",
        /// Category digit.
        Category = "category",
        /// Grade digit.
        Grade = "grade",
        /// Reissue suffix.
        Reissue = "reissue",
        /// Root of an e-licence identifier.
        Root = "root",
        /// Number of parts.
        Structure = "structure",
        /// Type part.
        TypeCode = "type_code",
        /// Issuer part.
        Issuer = "issuer",
        /// Version part.
        Version = "version",
        /// Overall form.
        Format = "format",
        /// Major class.
        Major = "major",
        /// Province part.
        UnknownProvince = "unknown_province",
        /// County part that is in no table.
        UnknownCounty = "unknown_county",
        /// Not in the table.
        Unknown = "unknown",
        /// Not in normal form C.
        NormalForm = "normal_form",
        /// An invisible or direction-changing character.
        Invisible = "invisible",
        /// A full-width digit.
        FullWidth = "full_width",
        /// Spaces around.
        Space = "space",
    }
}

/// A text that is not the identifier it should be. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {check}")]
pub struct BadIdentifier {
    /// Which identifier was meant.
    pub kind: IdentifierKind,
    /// The first failing check.
    pub check: Check,
}

impl IdentifierKind {
    /// Name on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::CitizenId => "公民身份号码",
            Self::CreditCode => "统一社会信用代码",
            Self::DisabilityCard => "残疾人证号",
            Self::Region => "行政区划代码",
            Self::Federation => "残联代码",
            Self::Occupation => "职业编码",
            Self::CertificateNo => "证书编号",
            Self::ELicence => "电子证照标识",
            Self::Phone => "电话号码",
            Self::ProgramCode => "项目编号",
            Self::CohortCode => "班期编号",
            Self::PublicId => "证书标识",
            Self::PersonName => "姓名",
            Self::OrganisationName => "单位名称",
        }
    }

    /// English name.
    pub const fn en(self) -> &'static str {
        match self {
            Self::CitizenId => "citizen identity number",
            Self::CreditCode => "unified social credit code",
            Self::DisabilityCard => "disability certificate number",
            Self::Region => "division code",
            Self::Federation => "federation code",
            Self::Occupation => "occupation code",
            Self::CertificateNo => "certificate number",
            Self::ELicence => "e-licence identifier",
            Self::Phone => "telephone number",
            Self::ProgramCode => "programme code",
            Self::CohortCode => "cohort code",
            Self::PublicId => "certificate id",
            Self::PersonName => "name",
            Self::OrganisationName => "name of the organisation",
        }
    }

    const fn form(self) -> (&'static str, &'static str) {
        match self {
            Self::CitizenId => (
                "18 位:17 位数字和末位数字或 X",
                "18 characters: 17 digits and a digit or X",
            ),
            Self::CreditCode => (
                "18 位数字和大写字母(不含 I、O、S、V、Z)",
                "18 digits and capital letters (no I, O, S, V, Z)",
            ),
            Self::DisabilityCard => (
                "20 位:18 位身份号码加类别和等级各 1 位",
                "20 characters: the identity number, one digit of category, one of level",
            ),
            Self::Region => (
                "6 位数字(乡镇 9 位,村居 12 位)",
                "6 digits (township 9, village 12)",
            ),
            Self::Federation => ("6 位数字", "6 digits"),
            Self::Occupation => ("形如 4-14-01-02", "the form 4-14-01-02"),
            Self::CertificateNo => (
                "MZ 开头的 17 位编号,或电子证照标识",
                "17 characters that begin with MZ, or an e-licence identifier",
            ),
            Self::ELicence => (
                "1.2.156.3005.2 开头、以点分隔的五部分",
                "five parts with dots after 1.2.156.3005.2",
            ),
            Self::Phone => (
                "11 位手机号码,或带区号的座机号码",
                "an 11-digit mobile number, or a landline with its area code",
            ),
            Self::ProgramCode => ("P 和 7 位数字", "P and 7 digits"),
            Self::CohortCode => ("C 和 10 位数字", "C and 10 digits"),
            Self::PublicId => ("26 位大写字母和数字", "26 capital letters and digits"),
            Self::PersonName => ("1 至 50 个字", "1 to 50 characters"),
            Self::OrganisationName => ("2 至 100 个字", "2 to 100 characters"),
        }
    }
}

impl BadIdentifier {
    /// What to do, in Chinese.
    pub fn zh(&self) -> String {
        let name = self.kind.zh();
        let form = self.kind.form().0;
        match self.check {
            Check::Length | Check::ResidentLength => format!("{name}的位数不对,请输入{form}。"),
            Check::Charset | Check::ResidentCharset => {
                format!("{name}中有不允许的字符(全角数字请改为半角,不要有空格),请输入{form}。")
            }
            Check::Checksum | Check::ResidentChecksum | Check::OrganisationChecksum => {
                format!("{name}的校验码不符,请逐位核对。")
            }
            Check::BirthDate | Check::ResidentBirthDate => {
                format!("{name}中的出生日期不存在或超出范围,请核对第 7 至 14 位。")
            }
            Check::Area | Check::ResidentArea | Check::UnknownProvince | Check::UnknownCounty => {
                format!("{name}中的行政区划不存在,请核对开头几位。")
            }
            Check::Sequence | Check::ResidentSequence => {
                format!("{name}中的顺序码不会是 000,请核对第 15 至 17 位。")
            }
            Check::Category => "残疾类别应为 1 至 7,请核对第 19 位。".to_owned(),
            Check::Grade => "残疾等级应为 1 至 4,请核对第 20 位。".to_owned(),
            Check::Reissue => "补证次数应为 B1 至 B9。".to_owned(),
            Check::Unknown => format!("{name}不在目录中,请核对。"),
            Check::NormalForm => format!("{name}中有未合成的字符,请重新输入(NFC)。"),
            Check::Invisible => format!("{name}中有看不见的字符,请删去后重新输入。"),
            Check::FullWidth => format!("{name}中有全角数字,请改为半角。"),
            Check::Space => format!("{name}前后有空格,请删去。"),
            _ => format!("{name}的写法不对,请输入{form}。"),
        }
    }

    /// What to do, in English.
    pub fn en(&self) -> String {
        let name = self.kind.en();
        let form = self.kind.form().1;
        match self.check {
            Check::Length | Check::ResidentLength => {
                format!("The {name} has a wrong length: enter {form}.")
            }
            Check::Charset | Check::ResidentCharset => {
                format!(
                    "The {name} holds a character that does not belong (use half-width digits, no spaces): enter {form}."
                )
            }
            Check::Checksum | Check::ResidentChecksum | Check::OrganisationChecksum => {
                format!(
                    "The check character of the {name} does not fit: compare it character by character."
                )
            }
            Check::BirthDate | Check::ResidentBirthDate => {
                format!(
                    "The birth date in the {name} does not exist or is out of range: look at characters 7 to 14."
                )
            }
            Check::Area | Check::ResidentArea | Check::UnknownProvince | Check::UnknownCounty => {
                format!("The division in the {name} does not exist: look at its beginning.")
            }
            Check::Sequence | Check::ResidentSequence => {
                format!("The sequence in the {name} is never 000: look at characters 15 to 17.")
            }
            Check::Category => "The category is 1 to 7: look at character 19.".to_owned(),
            Check::Grade => "The level is 1 to 4: look at character 20.".to_owned(),
            Check::Reissue => "A reissue is B1 to B9.".to_owned(),
            Check::Unknown => format!("The {name} is not in the list."),
            Check::NormalForm => format!("The {name} is not in normal form C: type it again."),
            Check::Invisible => format!("The {name} holds an invisible character: delete it."),
            Check::FullWidth => {
                format!("The {name} holds a full-width digit: use half-width digits.")
            }
            Check::Space => format!("The {name} has spaces around it: delete them."),
            _ => format!("The {name} has a wrong form: enter {form}."),
        }
    }
}
