//! A program of the `optimizer` schema, compiled: what tasks train with.
//!
//! ```text
//!   Program ─lower─► ir::Function ─compile─► Kernel ─┐
//!                                                    ├─ CompiledOptimizer: UpdateRule ─► Task::run
//!                       state, zero at each reset ───┘
//! ```
//!
//! An elementwise program treats all elements alike, so the whole arena is one call per step. One
//! with reductions or matrix ops, which speak of a whole tensor, is called for each tensor, with state
//! of its own for each.

use std::ops::Range;

use arrayvec::ArrayVec;
use mlevolve_ir::{
    Argument, Backend, BackendChoice, CompileError, Cost, Dimensions, Function, Kernel,
    MAX_PARAMETERS, Shape, Work,
};
use mlevolve_tasks::{ParameterLayout, UpdateRule};

use crate::fitness::ProgramCost;
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
#[derive(Clone, Debug)]
struct Segment {
    range: Range<usize>,
    dimensions: Dimensions,
}

/// State of one kind, from one step to the next.
#[derive(Clone, Debug)]
struct State {
    numbers: Vec<f32>,
    /// The part of each segment.
    ranges: Vec<Range<usize>>,
}

impl State {
    /// Zeros, in the layout of the arena where they have the shape of the parameters.
    fn new(shape: Shape, segments: &[Segment]) -> Self {
        let mut end = 0;
        let ranges = segments.iter().map(|segment| {
            if shape == Shape::Tensor {
                end = segment.range.end;
                return segment.range.clone();
            }
            let Some(length) = segment.dimensions.storage_len(shape) else {
                panic!("there is no memory for a {shape} of {}", segment.dimensions)
            };
            end += length;
            end - length..end
        });
        let ranges = ranges.collect();
        Self {
            numbers: vec![0.0; end],
            ranges,
        }
    }
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

impl OptimizerError {
    /// That a program is of another schema.
    pub(crate) fn of_schema(program: &Program) -> Self {
        Self::Schema {
            program: program.name().to_owned(),
            found: program.schema().description().name,
        }
    }
}

/// A compiled update rule with its state. Clones share the code.
#[derive(Clone, Debug)]
pub struct CompiledOptimizer {
    kernel: Kernel,
    bindings: Vec<Binding>,
    segments: Vec<Segment>,
    states: Vec<State>,
}

impl CompiledOptimizer {
    /// Compiles a program. One that is too large for native code, which takes some hundred
    /// reductions upon reductions, is interpreted, to the same
    /// bits.
    ///
    /// # Errors
    /// [`OptimizerError`] if it is of another schema, or the back end fails.
    pub fn new(program: &Program, backend: Backend) -> Result<Self, OptimizerError> {
        if program.schema() != Schema::Optimizer {
            return Err(OptimizerError::of_schema(program));
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

    /// Compiles a program with the back end that is chosen for the work ahead.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn for_work(
        program: &Program,
        choice: BackendChoice,
        work: Work,
    ) -> Result<Self, OptimizerError> {
        match choice {
            BackendChoice::Only(backend) => Self::new(program, backend),
            // A program of another schema is refused by name, not lowered.
            BackendChoice::Auto if program.schema() != Schema::Optimizer => {
                Self::new(program, Backend::Interpreter)
            }
            BackendChoice::Auto => {
                let backend = choice.backend_for(&update_function(program), work);
                Self::new(program, backend)
            }
        }
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

    /// What one step costs on a model's parameters, in FLOPs.
    #[must_use]
    pub fn step_flops(&self, layout: &ParameterLayout) -> u64 {
        let cost = self.cost();
        if self.function().is_elementwise() {
            return cost.total(Dimensions::flat(layout.parameter_count())) as u64;
        }
        let tensors = layout.tensors().iter();
        let each = tensors.map(|tensor| cost.total(Dimensions::new(tensor.rows, tensor.columns)));
        each.sum::<f64>() as u64
    }

    /// What one step costs and how large the program is, which this was compiled from.
    #[must_use]
    pub fn program_cost(&self, program: &Program) -> ProgramCost {
        let cost = self.cost();
        ProgramCost {
            unit: "parameter".to_owned(),
            unit_flops: u64::from(cost.element_flops()),
            call_flops: u64::from(cost.call_flops()),
            call_flops_formula: cost.to_string(),
            state: self.state_per_parameter(),
            instructions: program.pruned().instruction_count(),
        }
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
        self.segments = if self.function().is_elementwise() {
            vec![Segment {
                range: 0..layout.arena_len(),
                dimensions: Dimensions::flat(layout.arena_len()),
            }]
        } else {
            let tensors = layout.tensors().iter();
            tensors
                .map(|tensor| Segment {
                    range: tensor.padded_range(),
                    dimensions: Dimensions::new(tensor.rows, tensor.columns),
                })
                .collect()
        };
        let states = self.bindings.iter().filter_map(|binding| match binding {
            Binding::Parameters | Binding::Gradient | Binding::Step => None,
            Binding::State(shape) => Some(State::new(*shape, &self.segments)),
        });
        self.states = states.collect();
    }

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        let step = [step as f32];
        for (number, segment) in self.segments.iter().enumerate() {
            let range = &segment.range;
            let mut parameters = Some(&mut parameters[range.clone()]);
            let mut states = self.states.iter_mut();
            let mut arguments = ArrayVec::<Argument<'_>, MAX_PARAMETERS>::new();
            for binding in &self.bindings {
                let argument = match binding {
                    Binding::Parameters => parameters.take().map(Argument::Write),
                    Binding::Gradient => Some(Argument::Read(&gradient[range.clone()])),
                    Binding::Step => Some(Argument::Read(&step)),
                    Binding::State(_) => states.next().map(|state| {
                        Argument::Write(&mut state.numbers[state.ranges[number].clone()])
                    }),
                };
                arguments.extend(argument);
            }
            if let Err(error) = self.kernel.call(segment.dimensions, &mut arguments) {
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
            let body = "t = clip(t, w, s)\nt = max(t, g)\ns = sum(t)\n".repeat(count);
            let program = Program::parse(&format!("{head}{body}delta = mul(t, learning_rate)"));
            CompiledOptimizer::new(&program.unwrap(), Backend::Jit).unwrap()
        };
        assert_eq!(rounds(2).backend(), Backend::Jit);
        assert_eq!(rounds(84).backend(), Backend::Interpreter);
    }
}
