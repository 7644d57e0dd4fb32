//! Lines for an embosser: what the Braille program is given, and its answer laid out as BRF.
//!
//! The translation itself is liblouis', an outside program (design decision 22). Chinese Braille writes sounds: a character
//! with several readings gets the commonest, and a character that the tables lack is spelt by its code point, never left out.

use crate::sheet::Sheet;

/// Cells of a line.
pub const CELLS: usize = 40;
/// Lines of a page.
pub const LINES: usize = 25;

/// Lines in the language of the reader: Chinese labels, no QR text, which is of no use under a finger.
pub fn lines(sheet: &Sheet) -> Vec<String> {
    let mut lines = vec![sheet.title.clone()];
    lines.extend(
        sheet
            .lines()
            .into_iter()
            .map(|line| format!("{}:{}", line.zh, line.value)),
    );
    lines.push(format!("查验网址:{}", sheet.host));
    lines.push(format!("查验电话:{}", sheet.phone));
    lines
}

/// Characters that the table lacks, written as `U+20BB7`.
pub fn spell(line: &str, lacks: impl Fn(char) -> bool) -> String {
    let mut spelt = String::with_capacity(line.len());
    for one in line.chars() {
        if lacks(one) {
            spelt.push_str(&format!(" U+{:X} ", u32::from(one)));
        } else {
            spelt.push(one);
        }
    }
    spelt
}

/// Lays translated lines out: 40 cells, 25 lines, a form feed after each page; a long line goes on indented by two cells.
pub fn lay_out(translated: &[String]) -> String {
    let mut rows: Vec<String> = Vec::new();
    for line in translated {
        let mut row = String::new();
        for word in line.split_whitespace() {
            let mut word = word;
            let room = CELLS.saturating_sub(row.len() + usize::from(!row.trim().is_empty()));
            if word.len() > room && !row.trim().is_empty() {
                rows.push(std::mem::replace(&mut row, "  ".to_owned()));
            }
            while word.len() > CELLS - row.len() && word.is_char_boundary(CELLS - row.len()) {
                let (head, tail) = word.split_at(CELLS - row.len());
                row.push_str(head);
                rows.push(std::mem::replace(&mut row, "  ".to_owned()));
                word = tail;
            }
            if !row.trim().is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
        rows.push(row.trim_end().to_owned());
    }
    let mut brf = String::new();
    for page in rows.chunks(LINES) {
        for row in page {
            brf.push_str(row);
            brf.push_str("\r\n");
        }
        brf.push('\x0c');
    }
    brf
}

#[cfg(test)]
mod tests {
    use super::{CELLS, LINES, lay_out, spell};

    #[test]
    fn no_row_is_longer_than_a_line_and_nothing_is_lost() {
        let long = format!("{} {}", "A".repeat(95), "B1 C2 D3 ".repeat(300));
        let brf = lay_out(&[long.clone(), "END".to_owned()]);
        for page in brf.split_terminator('\x0c') {
            assert!(page.matches("\r\n").count() <= LINES);
            for row in page.split_terminator("\r\n") {
                assert!(row.len() <= CELLS, "{row}");
            }
        }
        let cells =
            |text: &str| -> String { text.chars().filter(char::is_ascii_graphic).collect() };
        assert_eq!(cells(&brf), format!("{}END", cells(&long)));
    }

    #[test]
    fn a_character_without_braille_is_spelt_by_its_code_point() {
        assert_eq!(spell("王𠮷", |one| one == '𠮷'), "王 U+20BB7 ");
        assert_eq!(spell("阿依·夏", |one| one == '𠮷'), "阿依·夏");
    }
}
