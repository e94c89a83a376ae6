//! The layers that models are made of: a file each, with both passes.

mod convolution;
mod dense;
mod max_pool;
mod unit_length;

pub(crate) use convolution::Convolution;
pub(crate) use dense::Dense;
pub(crate) use max_pool::MaxPool;
pub(crate) use unit_length::UnitLength;

#[cfg(test)]
mod tests;
