//! Money in integer fen, rates in integer ppm, and the one rounding rule (grading.md section 1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in fen (1 yuan = 100 fen).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fen(i64);

impl Fen {
    /// So many fen.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum, unless it overflows.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Difference, unless it overflows.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

/// In yuan with two decimals.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

/// A rate in parts per million, 0 to 1,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Ppm(u32);

/// A number over one million is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate lies between 0 and 1000000 ppm")]
pub struct NotARate;

impl Ppm {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000);

    /// The number of parts.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Ppm {
    type Error = NotARate;

    fn try_from(parts: u32) -> Result<Self, NotARate> {
        if parts <= 1_000_000 {
            Ok(Self(parts))
        } else {
            Err(NotARate)
        }
    }
}

/// `floor((2a + b) / 2b)`: division that rounds half up, for a >= 0 and b > 0.
pub const fn rdiv(a: i128, b: i128) -> i128 {
    (2 * a + b).div_euclid(2 * b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rdiv_rounds_half_up() {
        assert_eq!(
            [rdiv(0, 3), rdiv(1, 2), rdiv(1, 3), rdiv(2, 3), rdiv(5, 2)],
            [0, 1, 0, 1, 3]
        );
        assert_eq!(rdiv(3 * 1_000_000, 7), 428_571);
    }

    #[test]
    fn amounts_do_not_overflow_and_print_as_yuan() {
        assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None);
        assert_eq!(Fen::new(-12_345).to_string(), "-123.45");
        assert!(Ppm::try_from(1_000_001).is_err());
    }
}
