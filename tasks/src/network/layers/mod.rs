//! The layers that models are made of: a file each, with both passes.

mod dense;

pub(crate) use dense::Dense;

#[cfg(test)]
mod tests;
