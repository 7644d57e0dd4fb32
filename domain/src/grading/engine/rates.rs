//! The arithmetic of one rate (grading.md section 4), exact in 128 bits.

use crate::amounts::rdiv;
use crate::grading::reason::Sig;

/// A whole, in ppm.
const WHOLE: i128 = 1_000_000;

/// `rdiv(a * 10^6, b)` for b > 0: a share in ppm.
pub(super) fn ppm(part: u32, whole: u32) -> i128 {
    rdiv(i128::from(part) * WHOLE, i128::from(whole))
}

/// O/E in ppm, for E > 0 ppm-persons.
pub(super) fn observed_to_expected(observed: u32, expected: i128) -> i128 {
    rdiv(i128::from(observed) * WHOLE * WHOLE, expected)
}

/// The shrunk ratio in ppm, for n > 0; one if nothing is expected.
pub(super) fn shrunk_ratio(n: u32, observed: u32, expected: i128, m: u32) -> i128 {
    if expected == 0 {
        return WHOLE;
    }
    let (n, observed, m) = (i128::from(n), i128::from(observed), i128::from(m));
    rdiv(
        n * observed * WHOLE * WHOLE + m * WHOLE * expected,
        expected * (n + m),
    )
}

/// The adjusted rate in ppm.
pub(super) fn adjusted(overall_ppm: i128, ratio: i128) -> i128 {
    rdiv(overall_ppm * ratio, WHOLE).min(WHOLE)
}

/// Milli-points between a floor and a target in the unit of the value; also used for satisfaction.
pub(super) fn points(value: i128, floor: u32, target: u32) -> i128 {
    let (floor, target) = (i128::from(floor), i128::from(target));
    if value <= floor {
        0
    } else {
        rdiv((value - floor) * 100_000, target - floor).min(100_000)
    }
}

/// Whether O of n differs from an expectation of E ppm-persons (grading.md section 4, "Test").
///
/// With at most 2^32 trainees and z^2 of at most 20 the right side stays below 2^127; a left side that does not fit is larger.
pub(super) fn significance(n: u32, observed: u32, expected: i128, min_n: u32, z2_ppm: u32) -> Sig {
    let whole = i128::from(n) * WHOLE;
    if n < min_n || expected <= 0 || expected >= whole {
        return Sig::None;
    }
    let difference = i128::from(observed) * WHOLE - expected;
    let left = (difference * difference).saturating_mul(whole);
    let right = i128::from(z2_ppm) * expected * (whole - expected);
    match difference {
        _ if left <= right => Sig::None,
        ..0 => Sig::Low,
        _ => Sig::High,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table of section 4: n, O, E, m, then raw, O/E, ratio, adjusted, sig; R is 400,000.
    #[test]
    fn the_table_of_section_4() {
        let rows = [
            (
                7,
                3,
                2_590_000,
                20,
                428_571,
                1_158_301,
                1_041_041,
                416_416,
                Sig::None,
            ),
            (
                100,
                28,
                41_230_000,
                20,
                280_000,
                679_117,
                732_598,
                293_039,
                Sig::Low,
            ),
            (
                40,
                24,
                14_400_000,
                20,
                600_000,
                1_666_667,
                1_444_444,
                577_778,
                Sig::High,
            ),
            (
                500,
                251,
                200_000_000,
                15,
                502_000,
                1_255_000,
                1_247_573,
                499_029,
                Sig::High,
            ),
        ];
        for (n, o, e, m, raw, oe, ratio, rate, sig) in rows {
            assert_eq!(ppm(o, n), raw);
            assert_eq!(observed_to_expected(o, e), oe);
            assert_eq!(shrunk_ratio(n, o, e, m), ratio);
            assert_eq!(adjusted(400_000, ratio), rate);
            assert_eq!(significance(n, o, e, 10, 2_705_543), sig);
        }
    }

    #[test]
    fn the_school_of_severely_disabled_people_has_83_951_points() {
        assert_eq!(points(577_778, 200_000, 650_000), 83_951);
    }

    #[test]
    fn points_are_clamped_between_floor_and_target() {
        assert_eq!(points(200_000, 200_000, 650_000), 0);
        assert_eq!(points(650_000, 200_000, 650_000), 100_000);
        assert_eq!(points(1_000_000, 200_000, 650_000), 100_000);
    }

    #[test]
    fn nothing_is_significant_where_the_test_has_no_meaning() {
        assert_eq!(significance(9, 0, 4_500_000, 10, 2_705_543), Sig::None);
        assert_eq!(significance(10, 0, 4_500_000, 10, 2_705_543), Sig::Low);
        assert_eq!(significance(10, 1, 0, 10, 2_705_543), Sig::None);
        assert_eq!(significance(10, 9, 10_000_000, 10, 2_705_543), Sig::None);
        assert_eq!(shrunk_ratio(10, 0, 0, 20), 1_000_000);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let n = u32::MAX;
        let half = i128::from(n) * 500_000;
        assert_eq!(significance(n, n, half, 10, 20_000_000), Sig::High);
        assert_eq!(significance(n, 0, half, 10, 20_000_000), Sig::Low);
        assert_eq!(significance(n, n / 2, half, 10, 20_000_000), Sig::None);
        assert_eq!(shrunk_ratio(n, n, i128::from(n), 20) / 1_000_000, 999_999);
    }
}
