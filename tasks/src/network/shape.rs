//! The sizes of a network, and what follows from them: where its tensors lie, how they start, what passes cost.

use rand::RngExt;

use super::Activation;
use crate::{ParameterLayout, Stream};

/// Sizes and nonlinearity of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    pub(crate) outputs: usize,
    pub(crate) activation: Activation,
}

/// How wide the uniform distribution is from which a layer's weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InitialScale {
    /// ±√(6 / inputs): He et al. 2015, for units behind a ReLU.
    He,
    /// ±√(6 / (inputs + outputs)): Glorot and Bengio 2010, equation 16.
    Glorot,
}

impl InitialScale {
    fn bound(self, inputs: usize, outputs: usize) -> f32 {
        let fan = match self {
            Self::He => inputs,
            Self::Glorot => inputs + outputs,
        };
        libm::sqrtf(6.0 / fan as f32)
    }
}

impl Shape {
    /// The four tensors: weights are inputs × outputs of their layer, biases 1 × outputs.
    pub(crate) fn layout(self) -> ParameterLayout {
        ParameterLayout::new(&[
            ("hidden weight", self.inputs, self.hidden),
            ("hidden bias", 1, self.hidden),
            ("output weight", self.hidden, self.outputs),
            ("output bias", 1, self.outputs),
        ])
    }

    /// An arena of initial parameters: the hidden layer's weights drawn at `hidden_scale`, the output layer's after
    /// Glorot, biases zero.
    pub(crate) fn initialise(self, hidden_scale: InitialScale, numbers: &mut Stream) -> Vec<f32> {
        let layout = self.layout();
        let mut parameters = vec![0.0; layout.arena_len()];
        for (tensor, scale) in [(0, hidden_scale), (2, InitialScale::Glorot)] {
            let tensor = &layout.tensors()[tensor];
            let bound = scale.bound(tensor.rows, tensor.columns);
            // A multiply and add of a number in [0, 1): the draw consumes one word whatever the bound.
            parameters[tensor.range()].fill_with(|| bound * (2.0 * numbers.random::<f32>() - 1.0));
        }
        parameters
    }

    /// FLOPs of a forward pass over `rows` examples: products and biases.
    pub(crate) fn forward_flops(self, rows: usize) -> u64 {
        let layer = |inputs: usize, outputs: usize| (2 * inputs + 1) * outputs;
        (rows * (layer(self.inputs, self.hidden) + layer(self.hidden, self.outputs))) as u64
    }

    /// FLOPs of a backward pass over `rows` examples: the gradient of all parameters and of the hidden layer.
    pub(crate) fn backward_flops(self, rows: usize) -> u64 {
        self.forward_flops(rows) + (rows * 2 * self.hidden * self.outputs) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn initial_weights_fill_their_bounds_and_biases_are_zero() {
        let shape = Shape {
            inputs: 64,
            hidden: 32,
            outputs: 10,
            activation: Activation::Relu,
        };
        let parameters = shape.initialise(InitialScale::He, &mut stream(1, "test", [0, 0]));
        let layout = shape.layout();
        let largest = |tensor: usize| {
            let values = &parameters[layout.tensors()[tensor].range()];
            values
                .iter()
                .fold(0.0, |largest: f32, value| largest.max(value.abs()))
        };
        // He: √(6/64) = 0.3062; Glorot: √(6/42) = 0.3780.
        assert!((0.300..=0.3062).contains(&largest(0)), "{}", largest(0));
        assert!((0.366..=0.3780).contains(&largest(2)), "{}", largest(2));
        assert_eq!((largest(1), largest(3)), (0.0, 0.0));
    }
}
