//! Which examples are trained on and which only judge.

use rand::seq::SliceRandom;

use super::DATA_SEED;
use crate::stream;

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
        let mut training = shuffled(count, "validation split");
        let validation = training.split_off(count - validation_count);
        Self {
            training,
            validation,
        }
    }

    /// Sets aside a fifth of every class, rounded to the nearest number, but at least one example, by a shuffle that
    /// depends on nothing but the number of examples. A class with a single example stays in the training part.
    ///
    /// # Panics
    ///
    /// If a label is not less than `classes`.
    pub(super) fn stratified(labels: &[u8], classes: usize) -> Self {
        let mut to_set_aside = vec![0; classes];
        for label in labels {
            to_set_aside[usize::from(*label)] += 1;
        }
        for count in &mut to_set_aside {
            *count = if *count < 2 { 0 } else { fifth(*count).max(1) };
        }
        let order = shuffled(labels.len(), "stratified validation split");
        let (validation, training) = order.into_iter().partition(|example| {
            let left = &mut to_set_aside[usize::from(labels[*example])];
            let set_aside = *left > 0;
            *left -= usize::from(set_aside);
            set_aside
        });
        Self {
            training,
            validation,
        }
    }

    /// Takes the first as training and the last `validation_count` of `count` examples as validation part, for examples
    /// in random order.
    ///
    /// # Panics
    ///
    /// If there are fewer than `validation_count` examples.
    pub(super) fn in_order(count: usize, validation_count: usize) -> Self {
        let mut training: Vec<_> = (0..count).collect();
        let validation = training.split_off(count - validation_count);
        Self {
            training,
            validation,
        }
    }
}

/// A fifth of `count`, rounded to the nearest number.
pub(super) fn fifth(count: usize) -> usize {
    (count + 2) / 5
}

fn shuffled(count: usize, purpose: &str) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut stream(DATA_SEED, purpose, [count as u64, 0]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_complete(split: &Split, count: usize) {
        let mut all = [split.training.as_slice(), &split.validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..count).collect::<Vec<_>>());
    }

    #[test]
    fn parts_cover_everything_once_in_a_pinned_division() {
        let split = Split::fixed(442, 88);
        assert_eq!((split.training.len(), split.validation.len()), (354, 88));
        assert_complete(&split, 442);
        assert_eq!(split.validation[..5], [183, 305, 352, 142, 292]);
        assert_eq!(Split::fixed(442, 88), split);
        let split = Split::in_order(5, 2);
        assert_eq!(
            (split.training, split.validation),
            (vec![0, 1, 2], vec![3, 4])
        );
    }

    #[test]
    fn a_fifth_of_every_class_validates() {
        // Class 0 has 50 examples, 1 has 8, 2 has 7, 3 has 2, 4 has 1, and 5 has none.
        let sizes = [50, 8, 7, 2, 1, 0];
        let labels: Vec<u8> = sizes
            .iter()
            .enumerate()
            .flat_map(|(class, count)| vec![class as u8; *count])
            .collect();
        let split = Split::stratified(&labels, sizes.len());
        assert_complete(&split, labels.len());
        let mut counts = [0; 6];
        for example in &split.validation {
            counts[usize::from(labels[*example])] += 1;
        }
        assert_eq!(counts, [10, 2, 1, 1, 0, 0]);
        assert_eq!(Split::stratified(&labels, sizes.len()), split);
        // Neither part is in the order of the file.
        assert!(!split.training.is_sorted() && !split.validation.is_sorted());
    }
}
