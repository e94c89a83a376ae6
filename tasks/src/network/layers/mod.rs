//! The layers that models are made of: a file each, with both passes.

mod convolution;
mod dense;
mod embedding;
mod gru;
mod layer_norm;
mod max_pool;
mod residual;
mod self_attention;
mod unit_length;

pub(crate) use convolution::Convolution;
pub(crate) use dense::Dense;
pub(crate) use embedding::Embedding;
pub(crate) use gru::Gru;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use max_pool::MaxPool;
pub(crate) use residual::Residual;
pub(crate) use self_attention::SelfAttention;
pub(crate) use unit_length::UnitLength;

#[cfg(test)]
mod tests;
