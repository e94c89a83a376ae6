//! Sums of rows in a fixed number of lanes.
//!
//! A sum from left to right waits for each addition before the next. With as many partial sums as the widest vectors have
//! lanes, on any machine, it is vector code on all, and the bits are the same.

/// Partial sums, whatever the width of the machine's vectors; in the end they are added in pairs.
pub(super) const LANES: usize = 16;

/// The sum of numbers.
#[inline(always)]
pub(super) fn sum(numbers: &[f32]) -> f32 {
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for block in blocks {
        add(&mut sums, block);
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += value;
    }
    across(sums, |one, other| one + other)[0]
}

/// The sum of products of numbers in the same places.
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    sum_of(left, right, |left, right| left * right)
}

/// The sum of what two numbers in the same places give.
#[inline(always)]
pub(super) fn sum_of(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += term(*left, *right);
        }
    }
    for (sum, (left, right)) in sums.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        *sum += term(*left, *right);
    }
    across(sums, |one, other| one + other)[0]
}

/// Adds each number of a block to its lane.
#[inline(always)]
pub(super) fn add(sums: &mut [f32; LANES], block: &[f32; LANES]) {
    for (sum, value) in sums.iter_mut().zip(block) {
        *sum += value;
    }
}

/// One number of all lanes, in every lane: each with the one half of all lanes on, then a quarter, and so on.
///
/// That every lane has it keeps rustc from taking the vectors apart on the way.
#[inline(always)]
pub(super) fn across(mut lanes: [f32; LANES], both: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut distance = LANES / 2;
    while distance > 0 {
        let before = lanes;
        for lane in 0..LANES {
            lanes[lane] = both(before[lane], before[lane ^ distance]);
        }
        distance /= 2;
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_all_numbers() {
        for length in 0..50 {
            let numbers: Vec<f32> = (0..length).map(|it| it as f32).collect();
            let squares: f32 = numbers.iter().map(|it| it * it).sum();
            assert_eq!(dot(&numbers, &numbers), squares);
            assert_eq!(sum(&numbers), numbers.iter().sum::<f32>());
        }
    }
}
