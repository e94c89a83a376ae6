//! What a layer is: numbers of an example in, numbers of it out, and the way back.

use std::fmt;
use std::ops::Range;

use mlevolve_product::MatrixView;

use super::{Activations, Matrix, Model};
use crate::TensorLayout;

/// One part of a [`Model`], without parameters or buffers of its own: both are handed in.
///
/// Examples are rows, and no row depends on another. So a forward pass may be made of some rows now and of others later,
/// and one backward pass then serves them all.
pub(crate) trait Layer: fmt::Debug + Send + Sync {
    /// Numbers of an example that come in.
    fn inputs(&self) -> usize;

    /// Numbers of an example that go out.
    fn outputs(&self) -> usize;

    /// What is learnt, in the order in which [`Parameters`] and [`Gradient`] count tensors.
    fn tensors(&self) -> Vec<Tensor> {
        Vec::new()
    }

    /// Floating-point operations of both passes for an example, counted as in
    /// [`TrainingRun::model_flops`](crate::TrainingRun::model_flops).
    fn cost(&self) -> Cost;

    /// Numbers of an example that the forward pass leaves for the backward pass in [`Room::kept`].
    fn kept(&self) -> usize {
        0
    }

    /// Numbers, for all examples together, that a pass of `rows` examples works with in [`Room::scratch`].
    fn scratch(&self, _rows: usize) -> usize {
        0
    }

    /// The model inside, if this layer is made of others; its activations are [`Room::inner`].
    fn inner(&self) -> Option<&Model> {
        None
    }

    /// Computes some rows of [`Room::outputs`] from the same rows of `inputs`.
    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    );

    /// Writes the loss's gradient with respect to the parameters to `gradient`, and that with respect to the inputs, if
    /// it is asked for, to `input_gradient`: for the first `rows` rows, from what a forward pass left in `room` and
    /// [`Room::output_gradient`], which may be used up.
    fn backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    );
}

/// One tensor of a layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) initial: Initial,
}

impl Tensor {
    pub(crate) fn new(name: &str, [rows, columns]: [usize; 2], initial: Initial) -> Self {
        Self {
            name: name.to_owned(),
            rows,
            columns,
            initial,
        }
    }
}

/// How a tensor's elements start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Initial {
    /// 0: biases.
    Zero,
    /// 1: gains of normalisation.
    One,
    /// Uniform in ±√(6 / inputs): He et al. 2015, for units behind a ReLU.
    He {
        /// Numbers that a unit sums.
        inputs: usize,
    },
    /// Uniform in ±√(6 / (inputs + outputs)): Glorot and Bengio 2010, equation 16.
    Glorot {
        /// Numbers that a unit sums.
        inputs: usize,
        /// Units that an input goes to.
        outputs: usize,
    },
}

impl Initial {
    /// The bound of the uniform distribution, if it is one.
    pub(super) fn bound(self) -> Option<f32> {
        let of_fan = |fan: usize| Some(libm::sqrtf(6.0 / fan as f32));
        match self {
            Self::Zero | Self::One => None,
            Self::He { inputs } => of_fan(inputs),
            Self::Glorot { inputs, outputs } => of_fan(inputs + outputs),
        }
    }
}

/// Floating-point operations for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) forward_flops: u64,
    /// Of the gradient with respect to the parameters.
    pub(crate) parameter_gradient_flops: u64,
    /// Of the gradient with respect to the inputs, which a model's first layer does not need.
    pub(crate) input_gradient_flops: u64,
}

/// A layer's tensors in the arena of parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(super) tensors: &'a [TensorLayout],
    pub(super) arena: &'a [f32],
}

impl<'a> Parameters<'a> {
    /// The elements of the layer's tensor `index`.
    pub(crate) fn tensor(self, index: usize) -> &'a [f32] {
        &self.arena[self.tensors[index].range()]
    }

    /// The layer's tensor `index` as an operand of a product.
    pub(crate) fn matrix(self, index: usize) -> MatrixView<'a> {
        let TensorLayout { rows, columns, .. } = self.tensors[index];
        MatrixView::new(self.tensor(index), rows, columns)
    }
}

/// A layer's tensors in the arena of the gradient.
#[derive(Debug)]
pub(crate) struct Gradient<'a> {
    pub(super) tensors: &'a [TensorLayout],
    pub(super) arena: &'a mut [f32],
}

impl Gradient<'_> {
    /// The elements of the gradient for the layer's tensor `index`.
    pub(crate) fn tensor(&mut self, index: usize) -> &mut [f32] {
        &mut self.arena[self.tensors[index].range()]
    }
}

/// A layer's buffers, each with a row for every example that there is room for.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) outputs: Matrix,
    /// The loss's gradient with respect to the outputs; without rows if there is no training.
    pub(crate) output_gradient: Matrix,
    /// What the forward pass leaves for the backward pass.
    pub(crate) kept: Matrix,
    /// What a pass works with and leaves nothing in.
    pub(crate) scratch: Vec<f32>,
    /// The activations of [`Layer::inner`].
    pub(crate) inner: Option<Activations>,
}
