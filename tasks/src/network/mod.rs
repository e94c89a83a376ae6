//! The models that tasks train, with gradients written by hand.
//!
//! A [`Model`] is layers one after the other. It holds sizes only: parameters come in an arena, and what a pass leaves
//! lies in [`Activations`], made once a run. Data passes through as follows:
//!
//! ```text
//! parameters, inputs ──forward──► Activations: a room for each layer ──► outputs
//!                                      │                                   │ loss
//!             gradient arena ◄──backward (last layer first)───── gradient of outputs
//! ```
//!
//! | module | what |
//! |---|---|
//! | `layer` | what a layer has to be, and the buffers and tensors that it is handed |
//! | `layers` | the layers, a file each |
//! | `model` | layers in sequence: parameters, cost, passes |
//! | `activation`, `exponential`, `lanes`, `matrix` | what layers share |
//!
//! Products are the crate `mlevolve_product`'s, one chain of fused multiply-adds for each element; all else is f32 in
//! a fixed order without contraction, and transcendental functions are this crate's or `libm`'s. So the same inputs
//! give the same bits on every machine and thread.

mod activation;
#[cfg(test)]
pub(crate) mod difference;
mod exponential;
mod lanes;
mod layer;
mod layers;
mod matrix;
mod model;

pub(crate) use activation::{Activation, sigmoid, tanh};
pub(crate) use exponential::{largest_and_sum, softmax_rows};
pub(crate) use layer::{Cost, Initial};
pub(crate) use layers::{
    Convolution, Dense, Embedding, Gru, LayerNorm, MaxPool, Residual, SelfAttention, UnitLength,
};
pub(crate) use matrix::Matrix;
pub(crate) use model::{Activations, Model};
