//! A program of the `optimizer` schema, compiled: what tasks train with.
//!
//! ```text
//!   Program ─lower─► ir::Function ─compile─► Kernel ─┐
//!                                                    ├─ CompiledOptimizer: UpdateRule ─► Task::run
//!                       state, zero at each reset ───┘
//! ```
//!
//! An elementwise program treats all elements alike, so the whole arena is one call per step. One
//! with reductions, which speak of a whole tensor, is called for each tensor, with scalar state of its
//! own for each.

use arrayvec::ArrayVec;
use mlevolve_ir::{Argument, Backend, CompileError, Cost, Function, Kernel, MAX_PARAMETERS, Shape};
use mlevolve_tasks::{ParameterLayout, UpdateRule};

use crate::lowering::lower;
use crate::program::{Program, Schema};

/// What stands behind one parameter of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    /// The model's parameters.
    Parameters,
    /// The loss's gradient.
    Gradient,
    /// The number of the step.
    Step,
    /// State that the optimizer keeps.
    State(Shape),
}

/// A part of the arena that one call works on.
#[derive(Clone, Copy, Debug)]
struct Segment {
    offset: usize,
    elements: usize,
    padded: usize,
}

/// Why a program cannot serve as an optimizer.
#[derive(Debug, thiserror::Error)]
pub enum OptimizerError {
    /// It is a program of another kind.
    #[error("program `{program}` has schema `{found}`; only `optimizer` programs can be run here")]
    Schema {
        /// The program's name.
        program: String,
        /// Its schema.
        found: &'static str,
    },
    /// It cannot be compiled.
    #[error(
        "program `{program}` cannot be compiled: {source}; `--backend interp` needs no compiler"
    )]
    Compile {
        /// The program's name.
        program: String,
        /// What the compiler says.
        source: CompileError,
    },
}

/// A compiled update rule with its state. Clones share the code.
#[derive(Clone, Debug)]
pub struct CompiledOptimizer {
    kernel: Kernel,
    bindings: Vec<Binding>,
    segments: Vec<Segment>,
    /// For each tensor state, as long as the arena; for each scalar state, one number a segment.
    states: Vec<Vec<f32>>,
}

impl CompiledOptimizer {
    /// Compiles a program. One that is too large for native code, which takes some hundred
    /// instructions with reductions of elementary functions among them, is interpreted, to the same
    /// bits.
    ///
    /// # Errors
    /// [`OptimizerError`] if it is of another schema, or the back end fails.
    pub fn new(program: &Program, backend: Backend) -> Result<Self, OptimizerError> {
        match program.schema() {
            Schema::Optimizer => {}
        }
        let function = update_function(program);
        let kernel = match Kernel::compile(&function, backend) {
            Ok(kernel) => kernel,
            Err(CompileError::TooLarge { .. }) => Kernel::interpret(&function),
            Err(source) => {
                let program = program.name().to_owned();
                return Err(OptimizerError::Compile { program, source });
            }
        };
        let bindings =
            function
                .parameters()
                .iter()
                .map(|parameter| match parameter.name.as_str() {
                    "w" => Binding::Parameters,
                    "g" => Binding::Gradient,
                    "step" => Binding::Step,
                    name if program.schema().required_cell(name).is_some() => {
                        panic!("nothing is given to programs as `{name}`")
                    }
                    _ => Binding::State(parameter.shape),
                });
        let bindings = bindings.collect();
        Ok(Self {
            kernel,
            bindings,
            segments: Vec::new(),
            states: Vec::new(),
        })
    }

    /// The optimised function that runs.
    #[must_use]
    pub fn function(&self) -> &Function {
        self.kernel.function()
    }

    /// What runs the rule.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.kernel.backend()
    }

    /// What one step costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.function().cost()
    }

    /// How many numbers the rule keeps for each parameter of a model, from one step to the next.
    #[must_use]
    pub fn state_per_parameter(&self) -> usize {
        let is_tensor = |binding: &&Binding| **binding == Binding::State(Shape::Tensor);
        self.bindings.iter().filter(is_tensor).count()
    }
}

/// The one function of an optimizer program, lowered and optimised.
pub(crate) fn update_function(program: &Program) -> Function {
    let mut functions = lower(program);
    debug_assert_eq!(functions.len(), 1);
    functions.swap_remove(0)
}

impl UpdateRule for CompiledOptimizer {
    fn reset(&mut self, layout: &ParameterLayout) {
        self.segments = if self.function().has_reductions() {
            let tensors = layout.tensors().iter();
            tensors
                .map(|tensor| Segment {
                    offset: tensor.offset,
                    elements: tensor.len(),
                    padded: tensor.padded_len(),
                })
                .collect()
        } else {
            vec![Segment {
                offset: 0,
                elements: layout.arena_len(),
                padded: layout.arena_len(),
            }]
        };
        let states = self.bindings.iter().filter_map(|binding| match binding {
            Binding::Parameters | Binding::Gradient | Binding::Step => None,
            Binding::State(Shape::Scalar) => Some(vec![0.0; self.segments.len()]),
            Binding::State(Shape::Tensor) => Some(vec![0.0; layout.arena_len()]),
        });
        self.states = states.collect();
    }

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        let step = [step as f32];
        for (number, segment) in self.segments.iter().enumerate() {
            let range = segment.offset..segment.offset + segment.padded;
            let mut parameters = Some(&mut parameters[range.clone()]);
            let mut states = self.states.iter_mut();
            let mut arguments = ArrayVec::<Argument<'_>, MAX_PARAMETERS>::new();
            for binding in &self.bindings {
                let argument = match binding {
                    Binding::Parameters => parameters.take().map(Argument::Write),
                    Binding::Gradient => Some(Argument::Read(&gradient[range.clone()])),
                    Binding::Step => Some(Argument::Read(&step)),
                    Binding::State(shape) => states.next().map(|state| {
                        Argument::Write(match shape {
                            Shape::Scalar => &mut state[number..=number],
                            Shape::Tensor => &mut state[range.clone()],
                        })
                    }),
                };
                arguments.extend(argument);
            }
            if let Err(error) = self.kernel.call(segment.elements, &mut arguments) {
                panic!("arguments are made to fit, but {error}");
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_native_code_is_interpreted() {
        let head = "program deep\nschema optimizer 1\ninput w tensor\ninput g tensor\n\
            input step scalar\nconstant learning_rate = 0.1\nscratch s scalar\nscratch t tensor\n\
            output delta tensor\nupdate:\nt = abs(g)\n";
        let rounds = |count: usize| {
            let body = "t = pow(t, w)\ns = sum(t)\nt = mul(t, s)\n".repeat(count);
            let program = Program::parse(&format!("{head}{body}delta = mul(t, learning_rate)"));
            CompiledOptimizer::new(&program.unwrap(), Backend::Jit).unwrap()
        };
        assert_eq!(rounds(2).backend(), Backend::Jit);
        assert_eq!(rounds(80).backend(), Backend::Interpreter);
    }
}
