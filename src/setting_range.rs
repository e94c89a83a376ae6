//! What numbers in settings may be.
//!
//! Settings of searches, of variation and of learners are checked by themselves, each with errors of its own; that a
//! count or a share is out of its range is the same check and the same message for all of them.

use std::ops::RangeInclusive;

/// A count is out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} must be from {least} to {most}, not {found}")]
pub struct CountOutOfRange {
    /// The setting's name.
    pub setting: &'static str,
    /// The least that makes sense.
    pub least: usize,
    /// The most that makes sense.
    pub most: usize,
    /// What was asked for.
    pub found: usize,
}

/// A share or a probability is out of range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{setting} must be from 0 to 1, not {found}")]
pub struct ShareOutOfRange {
    /// The setting's name.
    pub setting: &'static str,
    /// What was asked for.
    pub found: f64,
}

/// Checks counts, each with its name and what it may be; the error is of the first that is out of range.
pub(crate) fn check_counts<const N: usize>(
    counts: [(&'static str, usize, RangeInclusive<usize>); N],
) -> Result<(), CountOutOfRange> {
    for (setting, found, range) in counts {
        if !range.contains(&found) {
            return Err(CountOutOfRange {
                setting,
                least: *range.start(),
                most: *range.end(),
                found,
            });
        }
    }
    Ok(())
}

/// Checks shares and probabilities, each with its name; the error is of the first that is not from 0 to 1.
pub(crate) fn check_shares<const N: usize>(
    shares: [(&'static str, f64); N],
) -> Result<(), ShareOutOfRange> {
    for (setting, found) in shares {
        if !(0.0..=1.0).contains(&found) {
            return Err(ShareOutOfRange { setting, found });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_out_of_range_is_named() {
        let check = |first: usize, second: usize| {
            let checked = check_counts([("first", first, 1..=3), ("second", second, 0..=0)]);
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(check(1, 0), Ok(()));
        assert_eq!(check(3, 0), Ok(()));
        let expected = "first must be from 1 to 3, not 4";
        assert_eq!(check(4, 1), Err(expected.to_owned()));
        let expected = "second must be from 0 to 0, not 1";
        assert_eq!(check(2, 1), Err(expected.to_owned()));
    }

    #[test]
    fn shares_are_numbers_from_zero_to_one() {
        let check = |found: f64| check_shares([("share", found)]).map_err(|it| it.to_string());
        assert_eq!(check(0.0), Ok(()));
        assert_eq!(check(1.0), Ok(()));
        for found in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let expected = format!("share must be from 0 to 1, not {found}");
            assert_eq!(check(found), Err(expected));
        }
    }
}
