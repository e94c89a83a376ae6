//! Arrays whose length their type tells, and how many of them lie in columns.

use std::fmt::Debug;

/// Episodes that are stepped together. A multiple of what the widest vectors hold, so that no width has a remainder.
pub(super) const LANES: usize = 16;

/// An array of `f32` or `f64`.
pub trait Numbers: Copy + Debug + PartialEq + Send + AsRef<[Self::Number]> + 'static {
    /// What it is an array of.
    type Number: Copy + Debug + Default + PartialEq + Send;
    /// [`LANES`] arrays in columns: their first numbers, then their second ones, and so on.
    #[doc(hidden)]
    type Columns: Copy + Send;

    /// How long it is.
    const LEN: usize;

    /// An array of what `number` gives for each index.
    fn from_fn(number: impl FnMut(usize) -> Self::Number) -> Self;

    /// Columns of zeros.
    #[doc(hidden)]
    fn zero_columns() -> Self::Columns;

    /// The array in `lane` of the columns.
    #[doc(hidden)]
    fn read(columns: &Self::Columns, lane: usize) -> Self;

    /// Puts the array into `lane` of the columns.
    #[doc(hidden)]
    fn write(self, columns: &mut Self::Columns, lane: usize);
}

macro_rules! numbers {
    ($number:ty) => {
        impl<const LEN: usize> Numbers for [$number; LEN] {
            type Number = $number;
            type Columns = [[$number; LANES]; LEN];

            const LEN: usize = LEN;

            #[inline(always)]
            fn from_fn(number: impl FnMut(usize) -> $number) -> Self {
                std::array::from_fn(number)
            }

            #[inline(always)]
            fn zero_columns() -> Self::Columns {
                [[0.0; LANES]; LEN]
            }

            #[inline(always)]
            fn read(columns: &Self::Columns, lane: usize) -> Self {
                let mut numbers = [0.0; LEN];
                for (number, column) in numbers.iter_mut().zip(columns) {
                    *number = column[lane];
                }
                numbers
            }

            #[inline(always)]
            fn write(self, columns: &mut Self::Columns, lane: usize) {
                for (number, column) in self.into_iter().zip(columns) {
                    column[lane] = number;
                }
            }
        }
    };
}

numbers!(f32);
numbers!(f64);
