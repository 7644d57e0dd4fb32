//! Why a whole file is refused, in words that say what to do.

use std::fmt;

/// A file that is not read at all. Nothing of it has been imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterRefused {
    /// The file has no bytes, or no row with text.
    Empty,
    /// The file is larger than allowed.
    TooLarge {
        /// Most bytes allowed.
        limit_bytes: usize,
    },
    /// The content is of a kind that is not read.
    Type(WrongType),
    /// The container inflates to more than allowed.
    Expands,
    /// The container or its XML is damaged or not what it says.
    Unreadable {
        /// Row where reading stopped, as the spreadsheet shows it.
        row: Option<u32>,
    },
    /// The XLSX holds something that a list does not need and that can do harm.
    Active(Active),
    /// The text is neither UTF-8 nor GB18030 throughout.
    Encoding {
        /// Row of the first byte that does not decode.
        row: u32,
        /// What is wrong there.
        why: BadEncoding,
    },
    /// More rows below the header than allowed.
    TooManyRows {
        /// Most rows allowed.
        limit: u32,
        /// The row that is too much, as the spreadsheet shows it.
        row: u32,
    },
    /// A filled cell stands in a column beyond the limit.
    TooManyColumns {
        /// Most columns allowed.
        limit: u16,
        /// Row of that cell.
        row: u32,
    },
    /// More cells or more text than allowed.
    TooManyCells {
        /// Most cells allowed.
        limit: usize,
    },
    /// One cell is longer than allowed.
    CellTooLong {
        /// Row of the cell, where known.
        row: Option<u32>,
        /// Most UTF-8 bytes allowed.
        limit_bytes: usize,
    },
    /// No row among the first ones looks like a header.
    NoHeader {
        /// Sheets that were searched; empty for a CSV file.
        sheets: Vec<String>,
    },
    /// No header row was found in another table than a roster.
    NoHeaderOf {
        /// Header words that it should have.
        wanted: Vec<&'static str>,
    },
    /// The header row lacks columns that a roster must have.
    MissingColumns {
        /// The sheet; `None` for a CSV file.
        sheet: Option<String>,
        /// The header row, as the spreadsheet shows it.
        row: u32,
        /// Header words that were found.
        found: Vec<String>,
        /// Header words of the template that are missing.
        missing: Vec<&'static str>,
    },
    /// Two columns have the same meaning.
    DuplicateColumns {
        /// The header row.
        row: u32,
        /// The two header words.
        headers: [String; 2],
    },
}

/// Kinds of file that are recognised only to say what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongType {
    /// Old binary workbook (.xls).
    Xls,
    /// Workbook with a password.
    Encrypted,
    /// Binary workbook (.xlsb).
    Xlsb,
    /// OpenDocument spreadsheet.
    OpenDocument,
    /// A web page that carries the extension of a spreadsheet.
    WebPage,
    /// UTF-16 text, Excel's "Unicode text".
    Utf16,
    /// A PDF or a picture.
    PdfOrPicture,
    /// A ZIP archive that is no workbook.
    Archive,
}

/// Content of a workbook that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Active {
    /// Macros.
    Macros,
    /// Links into other workbooks.
    ExternalLinks,
    /// Embedded objects or controls.
    Objects,
    /// A document type declaration, entities, or bytes that are no UTF-8 XML.
    Doctype,
}

/// What makes a text file undecodable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadEncoding {
    /// Bytes that are neither UTF-8 nor GB18030.
    Undecodable,
    /// Some rows in UTF-8, some in GB18030.
    Mixed,
    /// A replacement character: the text was already damaged before.
    Replaced,
    /// A NUL byte.
    Nul,
}

impl RosterRefused {
    /// Stable code, the last part of the problem type.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "roster-empty",
            Self::TooLarge { .. }
            | Self::TooManyRows { .. }
            | Self::TooManyColumns { .. }
            | Self::TooManyCells { .. } => "upload-too-large",
            Self::Type(_) | Self::Active(_) => "upload-type",
            Self::Expands => "upload-expands",
            Self::Unreadable { .. } | Self::CellTooLong { .. } => "upload-unreadable",
            Self::Encoding { .. } => "upload-encoding",
            Self::NoHeader { .. } | Self::NoHeaderOf { .. } => "roster-no-header",
            Self::MissingColumns { .. } => "roster-columns-missing",
            Self::DuplicateColumns { .. } => "roster-columns-duplicate",
        }
    }

    /// The row it is about, as the spreadsheet shows it.
    pub fn row(&self) -> Option<u32> {
        match self {
            Self::Unreadable { row } | Self::CellTooLong { row, .. } => *row,
            Self::Encoding { row, .. }
            | Self::TooManyRows { row, .. }
            | Self::TooManyColumns { row, .. }
            | Self::MissingColumns { row, .. }
            | Self::DuplicateColumns { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// What happened and what to do, in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Empty => "文件里没有内容。请填好名单后再上传。".into(),
            Self::TooLarge { limit_bytes } => {
                format!(
                    "文件太大。最多 {} MB,请删去图片和多余的工作表,或分成几个文件。",
                    limit_bytes >> 20
                )
            }
            Self::Type(kind) => kind.zh().into(),
            Self::Expands => {
                "文件解压后过大,已停止读取。请把名单复制到新的表格里,另存后再上传。".into()
            }
            Self::Unreadable { row: None } => {
                "文件已损坏或不完整,无法读取。请用 Excel 或 WPS 打开,另存为 .xlsx 或 CSV 后再上传。"
                    .into()
            }
            Self::Unreadable { row: Some(row) } => {
                format!(
                    "读到第 {row} 行时出错,例如引号没有成对。请检查这一行,或另存为 .xlsx 后再上传。"
                )
            }
            Self::Active(what) => what.zh().into(),
            Self::Encoding { row, why } => why.zh(*row),
            Self::TooManyRows { limit, row } => {
                format!(
                    "名单最多 {limit} 行,第 {row} 行已超出。请删去下方多余的内容,或分成几个文件。"
                )
            }
            Self::TooManyColumns { limit, row } => {
                format!("第 {row} 行在第 {limit} 列以外还有内容。请删去右侧多余的内容。")
            }
            Self::TooManyCells { limit } => {
                format!("表格里的内容太多(最多 {limit} 个单元格)。请只保留名单,或分成几个文件。")
            }
            Self::CellTooLong { row, limit_bytes } => {
                let place = row.map_or_else(
                    || "有一个单元格".to_owned(),
                    |row| format!("第 {row} 行有一个单元格"),
                );
                format!("{place}内容过长(最多 {limit_bytes} 字节)。请缩短后再上传。")
            }
            Self::NoHeader { sheets } => {
                let place = if sheets.is_empty() {
                    String::new()
                } else {
                    format!("在工作表“{}”", sheets.join("”“"))
                };
                format!(
                    "{place}前 20 行里没有找到表头。表头应有:姓名、公民身份号码、户籍地、同意书。请使用下载的模板。"
                )
            }
            Self::NoHeaderOf { wanted } => {
                format!("前 20 行里没有找到表头。表头应有:{}。", wanted.join("、"))
            }
            Self::MissingColumns {
                row,
                found,
                missing,
                ..
            } => format!(
                "第 {row} 行是表头,找到:{};缺少:{}。请补上缺少的列,或使用下载的模板。",
                found.join("、"),
                missing.join("、")
            ),
            Self::DuplicateColumns {
                row,
                headers: [a, b],
            } => {
                format!("第 {row} 行的表头里,“{a}”和“{b}”重复。请只保留其中一列。")
            }
        }
    }

    /// What happened and what to do, in English.
    pub fn en(&self) -> String {
        match self {
            Self::Empty => "The file is empty. Fill in the list and upload it again.".into(),
            Self::TooLarge { limit_bytes } => {
                format!("The file is too large. At most {} MB: remove pictures and other sheets, or split it.", limit_bytes >> 20)
            }
            Self::Type(kind) => kind.en().into(),
            Self::Expands => "The file inflates to too much data and was not read. Copy the list into a new workbook.".into(),
            Self::Unreadable { row: None } => "The file is damaged or incomplete. Open it, save it as .xlsx or CSV and upload it again.".into(),
            Self::Unreadable { row: Some(row) } => {
                format!("Reading failed at row {row}, for example by a quotation mark without its pair. Check that row, or save as .xlsx.")
            }
            Self::Active(what) => what.en().into(),
            Self::Encoding { row, why } => why.en(*row),
            Self::TooManyRows { limit, row } => {
                format!("A list has at most {limit} rows; row {row} is beyond. Delete what is below the list, or split the file.")
            }
            Self::TooManyColumns { limit, row } => {
                format!("Row {row} has content beyond column {limit}. Delete what is to the right of the list.")
            }
            Self::TooManyCells { limit } => {
                format!("The sheet has too much content (at most {limit} cells). Keep only the list, or split the file.")
            }
            Self::CellTooLong { row, limit_bytes } => {
                let place = row.map_or_else(String::new, |row| format!(" in row {row}"));
                format!("A cell{place} is too long (at most {limit_bytes} bytes). Shorten it.")
            }
            Self::NoHeader { sheets } => {
                let place = if sheets.is_empty() { String::new() } else { format!(" of sheet {}", sheets.join(", ")) };
                format!("The first 20 rows{place} hold no header row. Expected: name, citizen_id, hukou_region, consent. Use the template.")
            }
            Self::NoHeaderOf { wanted } => format!(
                "The first 20 rows hold no header row. Expected: {}.",
                wanted.join(", ")
            ),
            Self::MissingColumns { row, found, missing, .. } => format!(
                "Row {row} is the header; found: {}; missing: {}. Add the missing columns or use the template.",
                found.join(", "),
                missing.join(", ")
            ),
            Self::DuplicateColumns { row, headers: [a, b] } => {
                format!("In the header row {row}, {a} and {b} mean the same. Keep one of them.")
            }
        }
    }
}

impl fmt::Display for RosterRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en())
    }
}

impl std::error::Error for RosterRefused {}

impl WrongType {
    fn zh(self) -> &'static str {
        match self {
            Self::Xls => {
                "这是旧版 Excel 文件(.xls),暂时不能读取。请在 Excel 或 WPS 中另存为 .xlsx 或 CSV 后再上传。"
            }
            Self::Encrypted => "这个文件有打开密码。请去掉密码,另存为 .xlsx 后再上传。",
            Self::Xlsb => "这是二进制工作簿(.xlsb)。请另存为 .xlsx 或 CSV 后再上传。",
            Self::OpenDocument => "这是 OpenDocument 文件(.ods)。请另存为 .xlsx 或 CSV 后再上传。",
            Self::WebPage => {
                "这其实是一个网页,只是扩展名像表格。请用 Excel 或 WPS 打开,另存为 .xlsx 后再上传。"
            }
            Self::Utf16 => {
                "这是 UTF-16 文本。请另存为 .xlsx,或另存为“CSV UTF-8(逗号分隔)”后再上传。"
            }
            Self::PdfOrPicture => "这是 PDF 或图片,不是表格。请上传 .xlsx 或 CSV 名单。",
            Self::Archive => "这是压缩包或其他文档,不是表格。请解压后上传 .xlsx 或 CSV 名单。",
        }
    }

    fn en(self) -> &'static str {
        match self {
            Self::Xls => {
                "This is an old Excel file (.xls), which is not read yet. Save it as .xlsx or CSV and upload it again."
            }
            Self::Encrypted => {
                "This workbook has a password. Remove it, save as .xlsx and upload it again."
            }
            Self::Xlsb => {
                "This is a binary workbook (.xlsb). Save it as .xlsx or CSV and upload it again."
            }
            Self::OpenDocument => {
                "This is an OpenDocument file (.ods). Save it as .xlsx or CSV and upload it again."
            }
            Self::WebPage => {
                "This is a web page with the extension of a spreadsheet. Open it, save as .xlsx and upload it again."
            }
            Self::Utf16 => {
                "This is UTF-16 text. Save it as .xlsx or as CSV UTF-8 and upload it again."
            }
            Self::PdfOrPicture => "This is a PDF or a picture. Upload the list as .xlsx or CSV.",
            Self::Archive => {
                "This is an archive or another document. Upload the list as .xlsx or CSV."
            }
        }
    }
}

impl Active {
    fn zh(self) -> &'static str {
        match self {
            Self::Macros => "文件里有宏,不能接收。请另存为不含宏的 .xlsx 后再上传。",
            Self::ExternalLinks => {
                "文件里有指向其他工作簿的链接。请在“编辑链接”中断开链接,或把名单复制到新的表格里再上传。"
            }
            Self::Objects => {
                "文件里有嵌入的对象或控件。请删除它们,或把名单复制到新的表格里再上传。"
            }
            Self::Doctype => {
                "文件内部含有不允许的声明(DOCTYPE 或实体)。请用 Excel 或 WPS 另存后再上传。"
            }
        }
    }

    fn en(self) -> &'static str {
        match self {
            Self::Macros => {
                "The workbook has macros. Save it as .xlsx without macros and upload it again."
            }
            Self::ExternalLinks => {
                "The workbook links to other workbooks. Break the links, or copy the list into a new workbook."
            }
            Self::Objects => {
                "The workbook has embedded objects or controls. Delete them, or copy the list into a new workbook."
            }
            Self::Doctype => {
                "The workbook's XML has a document type or entities, which are not accepted. Save it again in Excel or WPS."
            }
        }
    }
}

impl BadEncoding {
    fn zh(self, row: u32) -> String {
        match self {
            Self::Undecodable => format!(
                "第 {row} 行有无法识别的文字:文件既不是 UTF-8,也不是 GB18030。请另存为 .xlsx 或“CSV UTF-8”后再上传。"
            ),
            Self::Mixed => format!(
                "第 {row} 行的编码与其他行不同(UTF-8 与 GB18030 混用)。请另存为 .xlsx 或“CSV UTF-8”后再上传。"
            ),
            Self::Replaced => {
                format!("第 {row} 行有乱码(�):保存时文字已经丢失。请从原来的表格重新导出。")
            }
            Self::Nul => format!(
                "第 {row} 行有空字符(NUL),文件可能已损坏。请另存为 .xlsx 或“CSV UTF-8”后再上传。"
            ),
        }
    }

    fn en(self, row: u32) -> String {
        match self {
            Self::Undecodable => format!(
                "Row {row} does not decode: the file is neither UTF-8 nor GB18030. Save it as .xlsx or CSV UTF-8."
            ),
            Self::Mixed => format!(
                "Row {row} is encoded unlike the others (UTF-8 mixed with GB18030). Save it as .xlsx or CSV UTF-8."
            ),
            Self::Replaced => format!(
                "Row {row} holds replacement characters: text was lost when it was saved. Export it again from its source."
            ),
            Self::Nul => format!(
                "Row {row} holds a NUL byte; the file may be damaged. Save it as .xlsx or CSV UTF-8."
            ),
        }
    }
}
