//! Difficult numbers.

use rand::{Rng, RngExt};

/// A number of a kind that arithmetic goes wrong on: ±0, ±∞, NaNs of many payloads, subnormal, tiny
/// and huge ones, small integers, any bits at all; or an ordinary one.
#[must_use]
pub fn difficult_number(rng: &mut impl Rng) -> f32 {
    let sign = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let magnitude = match rng.random_range(0..16) {
        0 => 0.0,
        1 => f32::INFINITY,
        2 => f32::from_bits(0x7f80_0000 | rng.random_range(1..0x80_0000)),
        3 => f32::from_bits(rng.random_range(1..0x80_0000)),
        4 => f32::MIN_POSITIVE * rng.random_range(1.0..4.0f32),
        5 => f32::MAX / rng.random_range(1.0..4.0f32),
        6 => rng.random_range(0..100u8).into(),
        7 | 8 => f32::from_bits(rng.random_range(0..=u32::MAX)),
        _ => ordinary_number(rng),
    };
    sign * magnitude
}

/// A positive number, 2⁻¹⁰ to 2¹⁰.
fn ordinary_number(rng: &mut impl Rng) -> f32 {
    let power = f32::from_bits(rng.random_range(117..137u32) << 23);
    power * rng.random_range(1.0..2.0f32)
}

/// Fills a parameter's storage with random numbers: all ordinary, all difficult, or a few difficult
/// ones among many ordinary. Difficult ones alone make nearly every result a NaN.
pub fn fill(rng: &mut impl Rng, storage: &mut [f32]) {
    let difficult_of_256 = [0, 4, 256][rng.random_range(0..3)];
    for number in storage {
        *number = if rng.random_range(0..256) < difficult_of_256 {
            difficult_number(rng)
        } else if rng.random_bool(0.5) {
            ordinary_number(rng)
        } else {
            -ordinary_number(rng)
        };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn difficult_numbers_are_of_every_kind() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let numbers: Vec<f32> = (0..10_000).map(|_| difficult_number(&mut rng)).collect();
        let has = |kind: &dyn Fn(f32) -> bool| numbers.iter().any(|&number| kind(number));
        for sign in [1.0, -1.0f32] {
            let signed = |number: f32| number.is_sign_positive() == (sign > 0.0);
            assert!(has(&|number| number == 0.0 && signed(number)));
            assert!(has(&|number| number.is_infinite() && signed(number)));
            assert!(has(&|number| number.is_subnormal() && signed(number)));
            assert!(has(&|number| number.is_normal() && signed(number)));
        }
        let nans = numbers.iter().filter(|number| number.is_nan());
        let payloads: BTreeSet<u32> = nans.map(|number| number.to_bits()).collect();
        assert!(payloads.len() > 100);
    }
}
