//! Exponentials of many numbers, and what is made of them.
//!
//! `libm` computes one exponential a call. Softmax takes them by the row, so this one is written for loops that become
//! vector code.

use multiversion::multiversion;

use super::lanes::{LANES, across, add};

/// e^x with a relative error below 1.5e-7, without branches, so that a loop over it becomes vector code; 0 below −86.6,
/// where results come near to the smallest normal number, and infinity above 88.72.
///
/// x = n ln 2 + r with whole n and |r| ≤ ln 2 / 2, where ln 2 is in two parts, of which the first has so few digits that
/// its product with n is exact (Cody and Waite 1980). Then e^x = 2ⁿ e^r, and e^r = 1 + r + r² P(r). P was fitted for this
/// crate by least squares on Chebyshev nodes with Lawson's reweighting towards the smallest maximal relative error of
/// e^r (3.1e-9 before rounding to f32).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const P: [f32; 5] = [
        0.499_999_94,
        0.166_665_2,
        0.041_668_393,
        0.008_368_781,
        0.001_381_446_7,
    ];
    // A float that is added to 1.5 · 2²³ is rounded to a whole number, which the sum's last bits hold.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let tail = P[0] + r * (P[1] + r * (P[2] + r * (P[3] + r * P[4])));
    let of_r = 1.0 + (r + r * r * tail);
    // 2ⁿ⁻¹ and a factor of 2, since n may be one more than an exponent can be.
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits());
    let half = f32::from_bits(exponent.wrapping_add(126) << 23);
    let value = of_r * half * 2.0;
    // Neither comparison holds for NaN, which `value` then is.
    if x < -86.6 {
        0.0
    } else if x > 88.722_83 {
        f32::INFINITY
    } else {
        value
    }
}

/// Rows that go through a softmax together.
pub(super) const GROUP: usize = 16;

/// Replaces each row of so many columns by its softmax, e^x / Σ e^x, summed in [`LANES`] lanes. A row with a NaN, with
/// infinity, or with nothing but negative infinities becomes NaN; beside finite numbers, negative infinity becomes
/// exactly 0.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(crate) fn softmax_rows(numbers: &mut [f32], columns: usize) {
    for rows in numbers.chunks_mut(GROUP * columns) {
        softmax_group(rows, columns, columns);
    }
}

/// The softmax of the first `width` numbers of up to [`GROUP`] rows that begin `stride` numbers apart.
///
/// A row is a long chain: its largest number, exponentials, their sum, its reciprocal. Step by step over all rows, the
/// processor works on several at a time.
#[inline(always)]
pub(super) fn softmax_group(rows: &mut [f32], stride: usize, width: usize) {
    let mut all_largest = [[0.0; LANES]; GROUP];
    for (largest_of_row, row) in all_largest.iter_mut().zip(rows.chunks_exact(stride)) {
        *largest_of_row = largest(&row[..width]);
    }
    let mut factors = [0.0; GROUP];
    let largest = all_largest.iter().zip(&mut factors);
    for (row, (largest, factor)) in rows.chunks_exact_mut(stride).zip(largest) {
        let mut sums = [0.0; LANES];
        let (blocks, rest) = row[..width].as_chunks_mut::<LANES>();
        for block in blocks {
            exponentials(block, largest);
            add(&mut sums, block);
        }
        if !rest.is_empty() {
            let mut block = padded(rest);
            exponentials(&mut block, largest);
            add(&mut sums, &block);
            rest.copy_from_slice(&block[..rest.len()]);
        }
        *factor = 1.0 / across(sums, |one, other| one + other)[0];
    }
    for (row, factor) in rows.chunks_exact_mut(stride).zip(factors) {
        let (blocks, rest) = row[..width].as_chunks_mut::<LANES>();
        for block in blocks {
            for value in block {
                *value *= factor;
            }
        }
        for value in rest {
            *value *= factor;
        }
    }
}

/// The largest number of a row, and the sum of exponentials of what others are less. It is NaN as [`softmax_rows`] is.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(crate) fn largest_and_sum(row: &[f32]) -> (f32, f64) {
    let largest = largest(row);
    let mut sum = 0.0;
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        let mut block = *block;
        exponentials(&mut block, &largest);
        sum += block.iter().copied().map(f64::from).sum::<f64>();
    }
    let mut block = padded(rest);
    exponentials(&mut block, &largest);
    let rest = block[..rest.len()].iter().copied();
    (largest[0], sum + rest.map(f64::from).sum::<f64>())
}

/// The largest of the numbers of a row that are not NaN, in every lane.
#[inline(always)]
fn largest(row: &[f32]) -> [f32; LANES] {
    let larger = |one: f32, other: f32| if one > other { one } else { other };
    let (blocks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane = larger(*value, *lane);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = larger(*value, *lane);
    }
    across(lanes, larger)
}

/// Replaces numbers by the exponentials of what they are more than `largest`.
#[inline(always)]
fn exponentials(block: &mut [f32; LANES], largest: &[f32; LANES]) {
    for (value, largest) in block.iter_mut().zip(largest) {
        *value = exp(*value - largest);
    }
}

/// The last numbers of a row as a block of their own, so that they are vector code too; what is added has an exponential
/// of 0.
#[inline(always)]
fn padded(rest: &[f32]) -> [f32; LANES] {
    let mut block = [f32::NEG_INFINITY; LANES];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_wherever_it_is_not_0_or_infinite() {
        let mut worst = 0.0_f64;
        // Every 1,000th float, both signs.
        for bits in (0..=f32::INFINITY.to_bits()).step_by(1_000) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let exact = libm::exp(f64::from(x));
                if x < -86.6 {
                    assert_eq!(exp(x), 0.0, "{x}");
                } else if exact > f64::from(f32::MAX) {
                    assert_eq!(exp(x), f32::INFINITY, "{x}");
                } else {
                    worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
                }
            }
        }
        assert!(worst < 1.5e-7, "worst relative error {worst}");
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(f32::NAN).is_nan() && exp(-f32::NAN).is_nan());
        // The ends of the range: 2¹²⁷·⁹⁹ and 2⁻¹²⁴·⁹.
        assert!(exp(88.722_83).is_finite() && exp(88.722_84).is_infinite());
        assert!(exp(-86.6) > f32::MIN_POSITIVE);
    }

    #[test]
    fn softmax_is_that_of_f64_at_every_length() {
        for columns in 1..50 {
            let logits: Vec<f32> = (0..columns).map(|it| 5.0 * libm::sinf(it as f32)).collect();
            let exact = logits.iter().map(|it| libm::exp(f64::from(*it)));
            let sum: f64 = exact.clone().sum();
            let mut found = [&logits[..], &logits[..]].concat();
            softmax_rows(&mut found, columns);
            for (found, exact) in found.iter().zip(exact.clone().chain(exact)) {
                let error = f64::from(*found) / (exact / sum) - 1.0;
                assert!(error.abs() < 1e-6, "{error} at {columns} columns");
            }
        }
    }

    #[test]
    fn what_is_masked_has_no_probability_and_what_is_broken_is_seen() {
        let mut row = [0.0, f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY];
        softmax_rows(&mut row, 4);
        assert_eq!(row, [0.5, 0.0, 0.5, 0.0]);
        for broken in [f32::NAN, f32::INFINITY] {
            for place in 0..20 {
                let mut row = [1.0; 20];
                row[place] = broken;
                softmax_rows(&mut row, 20);
                assert!(row.iter().all(|it| it.is_nan()), "{broken} at {place}");
            }
        }
        let mut row = [1e30, -1e30, f32::MAX, f32::MIN];
        softmax_rows(&mut row, 4);
        assert_eq!(row, [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn logarithms_of_sums_are_those_of_f64() {
        for length in 1..50 {
            let logits: Vec<f32> = (0..length).map(|it| 5.0 * libm::sinf(it as f32)).collect();
            let exact: f64 = logits.iter().map(|it| libm::exp(f64::from(*it))).sum();
            let (largest, sum) = largest_and_sum(&logits);
            assert!(logits.contains(&largest) && logits.iter().all(|it| *it <= largest));
            let error = sum * libm::exp(f64::from(largest)) / exact - 1.0;
            assert!(error.abs() < 3e-7, "{error} of {length} numbers");
        }
        assert!(largest_and_sum(&[0.0, f32::NAN]).1.is_nan());
        assert!(largest_and_sum(&[0.0, f32::INFINITY]).1.is_nan());
        assert!(largest_and_sum(&[f32::NEG_INFINITY; 3]).1.is_nan());
    }
}
