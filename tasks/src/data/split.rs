//! Which examples are trained on and which only judge.

use rand::seq::SliceRandom;

use crate::stream;

/// Never to change: every published figure depends on which examples validate.
const SPLIT_SEED: u64 = 20_261_124;

/// Indices of the examples in each part; together all of them, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) training: Vec<usize>,
    pub(super) validation: Vec<usize>,
}

impl Split {
    /// Sets aside `validation_count` of `count` examples by a shuffle that depends on nothing but `count`.
    ///
    /// # Panics
    ///
    /// If there are fewer than `validation_count` examples.
    pub(super) fn fixed(count: usize, validation_count: usize) -> Self {
        let mut training: Vec<usize> = (0..count).collect();
        training.shuffle(&mut stream(
            SPLIT_SEED,
            "validation split",
            [count as u64, 0],
        ));
        let validation = training.split_off(count - validation_count);
        Self {
            training,
            validation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_once_in_a_pinned_division() {
        let split = Split::fixed(442, 88);
        assert_eq!((split.training.len(), split.validation.len()), (354, 88));
        let mut all: Vec<_> = split
            .training
            .iter()
            .chain(&split.validation)
            .copied()
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..442).collect::<Vec<_>>());
        assert_eq!(split.validation[..5], [183, 305, 352, 142, 292]);
        assert_eq!(Split::fixed(442, 88), split);
    }
}
