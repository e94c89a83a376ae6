//! In which order a lane is given its examples.

use rand::seq::SliceRandom;

use crate::Stream;

/// So many places of `first`, which is an epoch: all of it, then again and again in a new order.
///
/// AutoML-Zero's epochs are made so: the first is in the order of the data, each other a shuffle.
///
/// # Panics
///
/// If `first` is empty.
pub(super) fn in_epochs(first: Vec<usize>, count: usize, numbers: &mut Stream) -> Vec<usize> {
    assert!(!first.is_empty(), "an epoch of nothing");
    let mut epoch = first;
    let mut order = Vec::with_capacity(count);
    loop {
        let left = count - order.len();
        order.extend(epoch.iter().take(left));
        if order.len() == count {
            return order;
        }
        epoch.shuffle(numbers);
    }
}

/// So many of 0, 1, …, `available` − 1, in this order and spread evenly over them; all, if there are not more.
pub(super) fn spread(available: usize, count: usize) -> Vec<usize> {
    let count = count.min(available);
    (0..count).map(|index| index * available / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn every_epoch_has_all_in_an_order_of_its_own() {
        let numbers = &mut stream(1, "test", [0, 0]);
        let first = vec![4, 7, 1, 9, 3, 0, 2, 5];
        let order = in_epochs(first.clone(), 30, numbers);
        assert_eq!(order.len(), 30);
        assert_eq!(order[..8], first);
        let epochs: Vec<&[usize]> = order.chunks(8).collect();
        for (index, epoch) in epochs[..3].iter().enumerate() {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 7, 9]);
            assert!(!epochs[..index].contains(epoch));
        }
        let numbers = &mut stream(1, "test", [0, 0]);
        assert_eq!(in_epochs(first, 3, numbers), [4, 7, 1]);
    }

    #[test]
    fn some_are_spread_evenly_over_all() {
        assert_eq!(spread(5, 2), [0, 2]);
        assert_eq!(spread(5, 5), [0, 1, 2, 3, 4]);
        assert_eq!(spread(3, 10), [0, 1, 2]);
        assert_eq!(spread(1000, 4), [0, 250, 500, 750]);
    }
}
