//! What the column `real` of the op table is written with: the meaning of an op over the real numbers,
//! computed in binary64.
//!
//! It is the yardstick of everything that a row says of its op: of the error of an elementary function
//! ([`accuracy`](crate::accuracy)), of the derivative, and of the meaning in binary32 itself. So it
//! shares nothing with the latter: functions of numbers are those of the crate `libm`, matrix ops are
//! written element by element and composite ops from their definitions.
//!
//! A function here is off by a few units of the last place of binary64, which are 2⁻²⁸ of those of
//! binary32, and has the special values that the summary of its op promises.

#[cfg(any(test, feature = "random"))]
mod matrix;
mod numbers;
#[cfg(any(test, feature = "random"))]
mod slices;

#[cfg(any(test, feature = "random"))]
pub use matrix::Matrix;
#[cfg(any(test, feature = "random"))]
pub(crate) use matrix::drawn;
pub(crate) use numbers::{acosh, gelu, indicator, maximum, minimum, powr, sigmoid, sign, softplus};
#[cfg(any(test, feature = "random"))]
pub use slices::inner_product;
#[cfg(any(test, feature = "random"))]
pub(crate) use slices::{greatest, least, log_sum_exp, mean, norm, standard_deviation};
