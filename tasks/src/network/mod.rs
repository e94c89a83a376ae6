//! The models that tasks train, with gradients written by hand.
//!
//! Every task here uses one hidden layer; what differs is sizes, activation and loss. Data passes through as follows:
//!
//! ```text
//! parameters ──load──► TwoLayerNetwork ──forward(inputs)──► Activations (hidden, outputs)
//!                                                                │ loss: outputs ► outputs' gradient, in place
//!                      gradient arena ◄──backward(inputs)────────┘
//! ```
//!
//! Products are the crate `mlevolve_product`'s, one chain of fused multiply-adds for each element; all else is f32 in
//! a fixed order without contraction, and transcendental functions are this crate's or `libm`'s. So the same inputs
//! give the same bits on every machine and thread.

mod activation;
mod loss;
mod matrix;
#[cfg(test)]
pub(crate) mod reference;
mod shape;
mod two_layer;

pub(crate) use activation::{Activation, sigmoid};
pub(crate) use loss::{
    cross_entropy_gradient, cross_entropy_sum, squared_error_gradient, squared_error_sum,
};
pub(crate) use matrix::Matrix;
pub(crate) use shape::{InitialScale, Shape};
pub(crate) use two_layer::{Activations, TwoLayerNetwork};
