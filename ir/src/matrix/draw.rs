//! Random numbers as functions of a key and a place: no state, no order.
//!
//! The generator is Philox-2x32 with ten rounds (Salmon, Moraes, Dror and Shaw 2011, "Parallel random
//! numbers: as easy as 1, 2, 3", section 3.3 and table 2): the counter is the element's place and the
//! bits of one key number, the key the bits of the other. So a step number and a constant as keys give
//! each step and each use a stream of its own, whatever computes them and in whatever order.

use super::{Matrix, MatrixMut};
use crate::elementary;
use crate::lanes::ScalarLanes;

/// Philox-2x32's multiplier (table 2 of the paper's appendix, and `philox.h` of Random123).
const MULTIPLIER: u32 = 0xd256_d193;
/// What the key grows by each round: the golden ratio.
const WEYL: u32 = 0x9e37_79b9;
const ROUNDS: usize = 10;

/// Two random words for a counter and a key.
fn philox([mut high, mut low]: [u32; 2], mut key: u32) -> [u32; 2] {
    for _ in 0..ROUNDS {
        let product = u64::from(MULTIPLIER) * u64::from(high);
        (high, low) = ((product >> 32) as u32 ^ key ^ low, product as u32);
        key = key.wrapping_add(WEYL);
    }
    [high, low]
}

/// The bits of a key number. Every NaN is the same key.
fn key_bits(number: f32) -> u32 {
    if number.is_nan() {
        f32::NAN.to_bits()
    } else {
        number.to_bits()
    }
}

/// Two random words for each place.
pub(crate) fn words(first_key: f32, second_key: f32) -> impl Fn(usize) -> [u32; 2] {
    let (first, second) = (key_bits(first_key), key_bits(second_key));
    // Tensors have fewer than 2³² elements in any memory that a model fits.
    move |place| philox([place as u32, first], second)
}

/// A number in [0, 1): a multiple of 2⁻²⁴, all equally likely.
pub(crate) fn unit_interval(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Numbers uniform in [0, 1).
pub(crate) fn uniform(first_key: Matrix<'_>, second_key: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let words = words(first_key.number(), second_key.number());
    for (place, number) in result.data.iter_mut().enumerate() {
        *number = unit_interval(words(place)[0]);
    }
}

/// Normal numbers of mean 0 and variance 1, by Box and Muller's transform (1958, "A note on the
/// generation of random normal deviates", Ann. Math. Statist. 29).
pub(crate) fn normal(first_key: Matrix<'_>, second_key: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let words = words(first_key.number(), second_key.number());
    for (place, number) in result.data.iter_mut().enumerate() {
        let [radius, angle] = words(place);
        // In (0, 1], whose logarithm is finite.
        let radius = 1.0 - unit_interval(radius);
        let radius = (-2.0 * elementary::log(&ScalarLanes, radius)).sqrt();
        let angle = std::f32::consts::TAU * unit_interval(angle);
        *number = radius * elementary::cos(&ScalarLanes, angle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 (`kat_vectors`, philox2x32 with 10 rounds).
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(philox([0, 0], 0), [0xff1d_ae59, 0x6cd1_0df2]);
        assert_eq!(
            philox([u32::MAX, u32::MAX], u32::MAX),
            [0x2c3f_628b, 0xab4f_d7ad]
        );
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3], 0x1319_8a2e),
            [0xdd7c_e038, 0xf62a_4c12]
        );
    }
}
