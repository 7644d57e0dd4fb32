//! Which of the eight masks a symbol gets (ISO/IEC 18004 section 7.8.3): the one that the library would choose, chosen in
//! a quarter of its time. A batch of paper waits for little else.

use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::QrResult;
use qrcode::{Color, EcLevel, bits, ec};

/// In the order of the library: among equals the first is taken.
const PATTERNS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];
/// Dark, light, dark, dark, dark, light, dark: a line through the middle of a corner.
const CORNER: u8 = 0b101_1101;

/// Dark modules of the symbol, row by row, and how many a row has.
pub(super) fn symbol(text: &str, level: EcLevel) -> QrResult<(Vec<bool>, usize)> {
    let bits = bits::encode_auto(text.as_bytes(), level)?;
    let version = bits.version();
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level)?;
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    let width = usize::try_from(version.width()).unwrap_or_default();
    let mut best: Option<(u32, Vec<bool>)> = None;
    for pattern in PATTERNS {
        let mut masked = canvas.clone();
        masked.apply_mask(pattern);
        let colors = masked.into_colors().into_iter();
        let dark: Vec<bool> = colors.map(|color| color == Color::Dark).collect();
        let penalty = penalty(&dark, width);
        if best.as_ref().is_none_or(|(least, _)| penalty < *least) {
            best = Some((penalty, dark));
        }
    }
    Ok((best.unwrap_or_default().1, width))
}

/// What makes a symbol hard to read.
fn penalty(dark: &[bool], width: usize) -> u32 {
    let mut total = 0;
    let mut column = vec![false; width];
    for (x, row) in dark.chunks_exact(width).enumerate() {
        total += of_line(row);
        for (one, row) in column.iter_mut().zip(dark.chunks_exact(width)) {
            *one = row[x];
        }
        total += of_line(&column);
    }
    // Squares of one colour.
    let next = dark.chunks_exact(width).skip(1);
    for (row, below) in dark.chunks_exact(width).zip(next) {
        for (above, below) in row.windows(2).zip(below.windows(2)) {
            if above[0] == above[1] && above == below {
                total += 3;
            }
        }
    }
    // More of one colour than of the other.
    let count = dark.iter().filter(|dark| **dark).count();
    let share = count * 200 / dark.len().max(1);
    total + u32::try_from(share.abs_diff(100)).unwrap_or_default()
}

/// Long runs of one colour, and what looks like a corner.
fn of_line(dark: &[bool]) -> u32 {
    let of_run = |run: u32| if run >= 5 { run - 2 } else { 0 };
    let (mut total, mut run, mut last, mut seen) = (0, 0, None, 0_u8);
    for (at, one) in dark.iter().enumerate() {
        if last == Some(*one) {
            run += 1;
        } else {
            total += of_run(run);
            (run, last) = (1, Some(*one));
        }
        seen = (seen << 1 | u8::from(*one)) & 0x7f;
        if at >= 6 && seen == CORNER {
            let before = &dark[(at - 6).saturating_sub(4)..at - 6];
            let after = &dark[at + 1..(at + 5).min(dark.len())];
            if !before.contains(&true) || !after.contains(&true) {
                total += 40;
            }
        }
    }
    total + of_run(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcode::QrCode;

    #[test]
    fn every_symbol_is_that_of_the_library() {
        let code = "2KCEVIQBE4CEK2ZTGMZDNICYMWRAMGTKG5C2AOQAAEAABKABNHULLNPHUS5O".repeat(6);
        let long = format!("HTTPS://MINGZHENG.EXAMPLE/V/6HLW4BMTZIXEBUBZ5TV2IPTOSA#{code}");
        let mut texts: Vec<&str> = (1..long.len()).step_by(3).map(|end| &long[..end]).collect();
        texts.extend(["", "明证:证书", "lower case and 数字 0123456789"]);
        let mut masks = std::collections::BTreeSet::new();
        for text in texts {
            for level in [EcLevel::M, EcLevel::Q] {
                let theirs = QrCode::with_error_correction_level(text, level).expect("it fits");
                let (ours, width) = symbol(text, level).expect("it fits");
                assert_eq!(width, theirs.width(), "{text}");
                let theirs = theirs.into_colors().into_iter();
                let theirs: Vec<bool> = theirs.map(|color| color == Color::Dark).collect();
                assert_eq!(ours, theirs, "{text}");
                // Where the format tells the mask.
                masks.insert(ours[8 * width + 2..8 * width + 5].to_vec());
            }
        }
        assert_eq!(masks.len(), 8, "every mask is the best of some text");
    }
}
