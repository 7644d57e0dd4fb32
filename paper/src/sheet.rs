//! What stands on the paper.

use certs::spoken::SpokenCheck;
use chrono::{Datelike as _, NaiveDate};
use domain::{CertificateNo, CreditCode, PersonName, SkillLevel};

use crate::neutral::first_neutral;

/// Everything that a certificate on paper says. Made once, whatever the form.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Heading: the kind of certificate.
    pub title: String,
    /// Holder, in full.
    pub holder: PersonName,
    /// Number.
    pub certificate_no: CertificateNo,
    /// Program, or its occupation where the name of the program would tell a disability.
    pub program: String,
    /// Occupation.
    pub occupation: String,
    /// Skill level, where there is one.
    pub level: Option<SkillLevel>,
    /// Hours.
    pub hours: u32,
    /// Institution, or its credit code where the name would tell a disability.
    pub institution: String,
    /// Number of the certificate that it replaces.
    pub replaces: Option<CertificateNo>,
    /// Civil date of issue.
    pub issued_on: NaiveDate,
    /// Last civil day of validity; `None`: no end.
    pub last_day: Option<NaiveDate>,
    /// Neutral name of the site that checks certificates.
    pub checked_by: String,
    /// Its English name.
    pub checked_by_en: String,
    /// Its only genuine host.
    pub host: String,
    /// Telephone of the help line.
    pub phone: String,
    /// Text of the QR code.
    pub qr_text: String,
    /// Check by telephone.
    pub spoken: SpokenCheck,
}

/// What the registry knows besides the signed data.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    /// Kind of certificate.
    pub certificate_type: &'a str,
    /// Program.
    pub program: &'a str,
    /// Occupation.
    pub occupation: &'a str,
    /// Institution.
    pub institution: &'a str,
    /// Its credit code.
    pub credit_code: &'a CreditCode,
}

/// The names as they may be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeutralNames {
    /// Heading.
    pub title: String,
    /// Program.
    pub program: String,
    /// Occupation.
    pub occupation: String,
    /// Institution.
    pub institution: String,
}

impl Names<'_> {
    /// Wordings that tell no disability: the general one stands in where the particular one does.
    pub fn neutral(&self) -> NeutralNames {
        let code = format!("统一社会信用代码 {}", self.credit_code);
        let own = str::to_owned;
        NeutralNames {
            title: own(first_neutral(&[self.certificate_type, "职业培训证书"])),
            program: own(first_neutral(&[self.program, self.occupation, "职业培训"])),
            occupation: own(first_neutral(&[self.occupation, "职业培训"])),
            institution: own(first_neutral(&[self.institution, &code])),
        }
    }
}

/// A label in both languages and its value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// Machine name, for templates.
    pub key: &'static str,
    /// Chinese label.
    pub zh: &'static str,
    /// English label.
    pub en: &'static str,
    /// Value.
    pub value: String,
}

/// A skill level in words.
const fn level_words(level: SkillLevel) -> &'static str {
    match level {
        SkillLevel::Apprentice => "学徒工",
        SkillLevel::Five => "五级(初级工)",
        SkillLevel::Four => "四级(中级工)",
        SkillLevel::Three => "三级(高级工)",
        SkillLevel::Two => "二级(技师)",
        SkillLevel::One => "一级(高级技师)",
        SkillLevel::Special => "特级技师",
        SkillLevel::Chief => "首席技师",
    }
}

/// A civil date as paper writes it.
pub fn date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

impl Sheet {
    /// Labels and values in the order in which every form tells them.
    pub fn lines(&self) -> Vec<Line> {
        let line = |key, zh, en, value| Line { key, zh, en, value };
        let mut lines = vec![
            line("holder", "姓名", "Name", self.holder.expose().to_owned()),
            line(
                "certificate_no",
                "证书编号",
                "Certificate no.",
                self.certificate_no.spoken(),
            ),
            line("program", "培训项目", "Programme", self.program.clone()),
            line("occupation", "职业", "Occupation", self.occupation.clone()),
        ];
        if let Some(level) = self.level {
            lines.push(line(
                "level",
                "技能等级",
                "Skill level",
                level_words(level).to_owned(),
            ));
        }
        let end = self.last_day.map_or_else(|| "长期".to_owned(), date);
        lines.extend([
            line("hours", "学时", "Hours", self.hours.to_string()),
            line(
                "institution",
                "培训机构",
                "Institution",
                self.institution.clone(),
            ),
            line(
                "issued_on",
                "签发日期",
                "Date of issue",
                date(self.issued_on),
            ),
            line("last_day", "有效期至", "Valid until", end),
        ]);
        if let Some(old) = &self.replaces {
            lines.push(line("replaces", "代替证书", "Replaces", old.spoken()));
        }
        lines.extend([
            line(
                "spoken_first",
                "电话核对码(查验方报)",
                "Telephone check, told to you",
                self.spoken.first.to_string(),
            ),
            line(
                "spoken_second",
                "电话核对码(持证方报)",
                "Telephone check, told by you",
                self.spoken.second.to_string(),
            ),
        ]);
        lines
    }

    /// An invented certificate, for previews of templates.
    pub fn sample() -> Self {
        let qr_text = format!(
            "HTTPS://MINGZHENG.EXAMPLE/V/{}#{}",
            "A7".repeat(13),
            "Q2".repeat(160)
        );
        Self {
            title: "职业培训合格证书".to_owned(),
            holder: "虚构·样例".parse().expect("a name in normal form"),
            certificate_no: CertificateNo::mint("33", 2026, &[7; 8])
                .expect("a province and a year"),
            program: "养老护理".to_owned(),
            occupation: "养老护理员".to_owned(),
            level: Some(SkillLevel::Five),
            hours: 120,
            institution: "虚构职业培训学校".to_owned(),
            replaces: None,
            issued_on: NaiveDate::from_ymd_opt(2026, 3, 8).expect("a day of the calendar"),
            last_day: None,
            checked_by: "全国职业培训证书查验".to_owned(),
            checked_by_en: "National Vocational Training Certificate Check".to_owned(),
            host: "mingzheng.example".to_owned(),
            phone: "010-00000000".to_owned(),
            spoken: SpokenCheck::of(qr_text.as_bytes()),
            qr_text,
        }
    }

    /// How the paper is checked, in both languages.
    pub fn how_to_check(&self) -> [String; 2] {
        [
            format!(
                "查验:扫描二维码,或打开 https://{} 输入证书编号和姓名;电话 {}。请与持证人的身份证件核对姓名。本证书的唯一查验网址以此为准。",
                self.host, self.phone
            ),
            format!(
                "To check: scan the code, or open https://{} and type number and name; telephone {}. Compare the name with the holder's identity document. This is the only genuine address.",
                self.host, self.phone
            ),
        ]
    }

    /// The first word outside the holder's name that tells a disability.
    pub fn telling(&self) -> Option<&'static str> {
        let printed = [
            &self.title,
            &self.program,
            &self.occupation,
            &self.institution,
            &self.checked_by,
            &self.checked_by_en,
        ];
        printed
            .into_iter()
            .find_map(|text| crate::neutral::telling(text))
    }
}
