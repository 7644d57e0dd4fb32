//! The certificate as plain text: the same content in the same order, one thing a line, for a screen reader or a message.

use certs::spoken::aloud;

use crate::sheet::Sheet;

/// The text, UTF-8, lines end with LF.
pub fn plain(sheet: &Sheet) -> String {
    let mut text = format!("{}\n\n", sheet.title);
    for line in sheet.lines() {
        text.push_str(&format!("{}({}):{}\n", line.zh, line.en, line.value));
        if line.key.starts_with("spoken") {
            text.push_str(&format!("  读作(spoken):{}\n", aloud(&line.value)));
        }
    }
    let [zh, en] = sheet.how_to_check();
    text.push_str(&format!("\n{zh}\n{en}\n"));
    text.push_str(&format!(
        "\n{} / {}\n",
        sheet.checked_by, sheet.checked_by_en
    ));
    text.push_str(&format!(
        "二维码内容(content of the QR code):\n{}\n",
        sheet.qr_text
    ));
    text
}
