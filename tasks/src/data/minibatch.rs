//! The order in which training examples are visited.

use rand::seq::SliceRandom;

use crate::Stream;

/// Hands out minibatches of indices: each epoch is a fresh shuffle, cut into batches of equal size; the few examples
/// that are left over at the end of an epoch sit it out.
#[derive(Debug)]
pub(crate) struct MinibatchOrder {
    order: Vec<usize>,
    next: usize,
    batch_size: usize,
    numbers: Stream,
}

impl MinibatchOrder {
    /// An order over `examples` examples.
    ///
    /// # Panics
    ///
    /// If there are fewer examples than a batch holds, or a batch holds none.
    pub(crate) fn new(examples: usize, batch_size: usize, numbers: Stream) -> Self {
        assert!(
            (1..=examples).contains(&batch_size),
            "batches of {batch_size} from {examples}"
        );
        // `next` is past the end, so that the first batch shuffles.
        Self {
            order: (0..examples).collect(),
            next: examples,
            batch_size,
            numbers,
        }
    }

    /// The next batch's examples.
    pub(crate) fn next_batch(&mut self) -> &[usize] {
        if self.next + self.batch_size > self.order.len() {
            self.order.shuffle(&mut self.numbers);
            self.next = 0;
        }
        let batch = self.next..self.next + self.batch_size;
        self.next = batch.end;
        &self.order[batch]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn an_epoch_has_no_repeats_and_epochs_differ() {
        let mut order = MinibatchOrder::new(10, 3, stream(1, "test", [0, 0]));
        let epoch = |order: &mut MinibatchOrder| -> Vec<usize> {
            (0..3).flat_map(|_| order.next_batch().to_vec()).collect()
        };
        let first = epoch(&mut order);
        let second = epoch(&mut order);
        for epoch in [&first, &second] {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 9);
        }
        assert_ne!(first, second);
    }
}
