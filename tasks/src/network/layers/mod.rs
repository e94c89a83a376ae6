//! The layers that models are made of: a file each, with both passes.

mod dense;
mod embedding;
mod gru;
mod layer_norm;
mod residual;
mod self_attention;

pub(crate) use dense::Dense;
pub(crate) use embedding::Embedding;
pub(crate) use gru::Gru;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use residual::Residual;
pub(crate) use self_attention::SelfAttention;

#[cfg(test)]
mod tests;
