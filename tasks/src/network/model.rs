//! Layers one after the other, and what follows from them: parameters, cost, passes.

use std::ops::Range;

use rand::RngExt;

use super::layer::{Gradient, Layer, Parameters, Room, Tensor};
use super::{Cost, Initial, Matrix};
use crate::{ParameterLayout, Stream};

/// A model without its parameters, which are an arena of [`layout`](Self::layout), and without buffers, which are
/// [`Activations`].
#[derive(Debug)]
pub(crate) struct Model {
    inputs: usize,
    layers: Vec<Box<dyn Layer>>,
    /// Which of the layout's tensors are each layer's.
    places: Vec<Range<usize>>,
    tensors: Vec<Tensor>,
    layout: ParameterLayout,
}

impl Model {
    /// A model of examples of `inputs` numbers that hands them on as they are, until layers are added.
    pub(crate) fn of(inputs: usize) -> Self {
        Self {
            inputs,
            layers: Vec::new(),
            places: Vec::new(),
            tensors: Vec::new(),
            layout: ParameterLayout::new(&[]),
        }
    }

    /// This model with a layer more behind the others, whose tensors are named `name` and what they are in the layer.
    ///
    /// # Panics
    ///
    /// If the layer does not take as many numbers as come out of the one before.
    pub(crate) fn then(mut self, name: &str, layer: impl Layer + 'static) -> Self {
        assert_eq!(layer.inputs(), self.outputs(), "numbers into {name}");
        let first = self.tensors.len();
        self.tensors
            .extend(layer.tensors().into_iter().map(|tensor| Tensor {
                name: format!("{name} {}", tensor.name),
                ..tensor
            }));
        self.places.push(first..self.tensors.len());
        self.layers.push(Box::new(layer));
        let shapes = self.tensors.iter();
        let shapes: Vec<_> = shapes
            .map(|tensor| (tensor.name.as_str(), tensor.rows, tensor.columns))
            .collect();
        self.layout = ParameterLayout::new(&shapes);
        self
    }

    /// Numbers of an example that come in.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers of an example that come out.
    pub(crate) fn outputs(&self) -> usize {
        self.layers
            .last()
            .map_or(self.inputs, |layer| layer.outputs())
    }

    /// Where the tensors lie.
    pub(crate) fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// The tensors, in the layout's order.
    pub(super) fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// An arena of initial parameters.
    pub(crate) fn initialise(&self, numbers: &mut Stream) -> Vec<f32> {
        let mut parameters = vec![0.0; self.layout.arena_len()];
        for (tensor, layout) in self.tensors.iter().zip(self.layout.tensors()) {
            let elements = &mut parameters[layout.range()];
            if let Some(bound) = tensor.initial.bound() {
                // A multiply and add of a number in [0, 1): the draw consumes one word whatever the bound.
                elements.fill_with(|| bound * (2.0 * numbers.random::<f32>() - 1.0));
            } else if tensor.initial == Initial::One {
                elements.fill(1.0);
            }
        }
        parameters
    }

    /// FLOPs of a forward pass over `rows` examples.
    pub(crate) fn forward_flops(&self, rows: usize) -> u64 {
        let costs = self.layers.iter().map(|layer| layer.cost().forward_flops);
        rows as u64 * costs.sum::<u64>()
    }

    /// FLOPs of a backward pass over `rows` examples, to all parameters and not to the inputs.
    pub(crate) fn backward_flops(&self, rows: usize) -> u64 {
        let cost = self.cost();
        let first = self.layers.first();
        let saved = first.map_or(0, |layer| layer.cost().input_gradient_flops);
        rows as u64 * (cost.parameter_gradient_flops + cost.input_gradient_flops - saved)
    }

    /// What both passes cost for an example, the gradient with respect to the inputs included.
    pub(super) fn cost(&self) -> Cost {
        let nothing = Cost {
            forward_flops: 0,
            parameter_gradient_flops: 0,
            input_gradient_flops: 0,
        };
        let costs = self.layers.iter().map(|layer| layer.cost());
        costs.fold(nothing, |sum, cost| Cost {
            forward_flops: sum.forward_flops + cost.forward_flops,
            parameter_gradient_flops: sum.parameter_gradient_flops + cost.parameter_gradient_flops,
            input_gradient_flops: sum.input_gradient_flops + cost.input_gradient_flops,
        })
    }

    /// Computes `rows` of `activations` from the same rows of `inputs`, at the parameters of an arena.
    pub(crate) fn forward(
        &self,
        parameters: &[f32],
        inputs: &Matrix,
        rows: Range<usize>,
        activations: &mut Activations,
    ) {
        self.pass_forward(self.all(parameters), inputs, rows, activations);
    }

    /// Writes the loss's gradient with respect to the parameters to the arena `gradient`, whose padding is left alone.
    ///
    /// `activations` are those of a forward pass over `inputs`, with
    /// the loss's gradient written as [`for_loss`](Activations::for_loss) hands it out; the first `rows` rows of both are used.
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        inputs: &Matrix,
        rows: usize,
        activations: &mut Activations,
        gradient: &mut [f32],
    ) {
        let mut gradient = Gradient {
            tensors: self.layout.tensors(),
            arena: gradient,
        };
        let parameters = self.all(parameters);
        self.pass_backward(parameters, inputs, rows, activations, None, &mut gradient);
    }

    fn all<'a>(&'a self, arena: &'a [f32]) -> Parameters<'a> {
        Parameters {
            tensors: self.layout.tensors(),
            arena,
        }
    }

    /// [`forward`](Self::forward) for a model whose tensors are some of a greater one's.
    pub(super) fn pass_forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        activations: &mut Activations,
    ) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, room) = activations.rooms.split_at_mut(index);
            let inputs = before.last().map_or(inputs, |room| &room.outputs);
            let parameters = Parameters {
                tensors: &parameters.tensors[self.places[index].clone()],
                ..parameters
            };
            layer.forward(parameters, inputs, rows.clone(), &mut room[0]);
        }
    }

    /// [`backward`](Self::backward) for a model whose tensors are some of a greater one's, and which need not be the
    /// first part of it: the gradient with respect to its inputs is written if asked for.
    pub(super) fn pass_backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        activations: &mut Activations,
        mut input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (before, room) = activations.rooms.split_at_mut(index);
            let (inputs, input_gradient) = match before.last_mut() {
                Some(Room {
                    outputs,
                    output_gradient,
                    ..
                }) => (&*outputs, Some(output_gradient)),
                None => (inputs, input_gradient.take()),
            };
            let place = self.places[index].clone();
            let parameters = Parameters {
                tensors: &parameters.tensors[place.clone()],
                ..parameters
            };
            let mut gradient = Gradient {
                tensors: &gradient.tensors[place],
                arena: gradient.arena,
            };
            let room = &mut room[0];
            layer.backward(
                parameters,
                inputs,
                rows,
                room,
                input_gradient,
                &mut gradient,
            );
        }
    }
}

/// What passes of a model leave: for every layer its [`Room`].
#[derive(Debug, Clone)]
pub(crate) struct Activations {
    pub(super) rooms: Vec<Room>,
}

impl Activations {
    /// Room for up to `rows` examples that are trained on.
    pub(crate) fn for_training(model: &Model, rows: usize) -> Self {
        Self::with_rows(model, rows, rows)
    }

    /// Room for up to `rows` examples that are only looked at.
    pub(crate) fn for_evaluation(model: &Model, rows: usize) -> Self {
        Self::with_rows(model, rows, 0)
    }

    fn with_rows(model: &Model, rows: usize, trained_rows: usize) -> Self {
        let rooms = model.layers.iter().map(|layer| Room {
            outputs: Matrix::zeros(rows, layer.outputs()),
            output_gradient: Matrix::zeros(trained_rows, layer.outputs()),
            kept: Matrix::zeros(rows, layer.kept()),
            scratch: vec![0.0; layer.scratch(rows)],
            inner: layer
                .inner()
                .map(|model| Self::with_rows(model, rows, trained_rows)),
        });
        Self {
            rooms: rooms.collect(),
        }
    }

    /// The model's outputs, a row for each example.
    pub(crate) fn outputs(&self) -> &Matrix {
        &self.last().outputs
    }

    /// The outputs, and the gradient with respect to them for a loss to write.
    pub(crate) fn for_loss(&mut self) -> (&Matrix, &mut Matrix) {
        let Room {
            outputs,
            output_gradient,
            ..
        } = self.rooms.last_mut().expect(HAS_LAYERS);
        (outputs, output_gradient)
    }

    fn last(&self) -> &Room {
        self.rooms.last().expect(HAS_LAYERS)
    }
}

/// Why the last layer can be spoken of.
const HAS_LAYERS: &str = "a model that is run has layers";
