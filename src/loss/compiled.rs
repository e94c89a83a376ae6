//! Losses that tasks train with.
//!
//! A program speaks of one example. What is compiled is its loss together with the gradient of that, for several
//! examples at once: each is a *lane*, and each output of the model a vector over the lanes. Models have their outputs
//! row by row, so they are turned around on the way:
//!
//! ```text
//!   rows × outputs ──► blocks of lanes: [output 0: a number for each lane │ output 1 … ] ──LaneKernel──► losses
//!                                                                              │
//!   rows × outputs ◄── ÷ rows ──────────────────────── gradients, laid out so ◄┘
//! ```
//!
//! A block is a step of the kernel.

use arrayvec::ArrayVec;
use mlevolve_ir::autodiff::{self, DerivativeError};
use mlevolve_ir::lane_kernel::{LaneArgument, LaneKernel, lane_stride};
use mlevolve_ir::{Backend, BackendChoice, CompileError, Cost, Dimensions, Function, passes};
use mlevolve_tasks::{Loss, Targets};

use crate::lowering::lower;
use crate::program::{Program, Schema};
use crate::schema::loss::{LOSS, PREDICTION, TARGET};

/// Examples of a block.
const LANES: usize = 16;
const _: () = assert!(lane_stride(LANES) == LANES, "blocks have no padding");
/// From so many batches on native code pays. It takes a millisecond to make, and saves a few tenths of a microsecond of a
/// batch that the interpreter takes one to a few for, of a loss of three outputs and 16 examples or of ten and 64.
const LEAST_COMPILED_BATCHES: f64 = 10_000.0;

/// Why a program cannot serve as a loss.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// It is a program of another kind.
    #[error("program `{program}` has schema `{found}`; only `loss` programs can be minimised")]
    Schema {
        /// The program's name.
        program: String,
        /// Its schema.
        found: &'static str,
    },
    /// It has no gradient.
    #[error("program `{program}` cannot be minimised: {source}")]
    Derivative {
        /// The program's name.
        program: String,
        /// Why there is none.
        source: DerivativeError,
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

/// What stands behind one parameter of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    Predictions,
    Targets,
    Losses,
    Gradient,
}

/// The loss of an example and its gradient with respect to the predictions, as one function, optimised.
#[derive(Clone, Debug)]
pub struct LossFunction {
    program: String,
    function: Function,
    bindings: Vec<Binding>,
}

impl LossFunction {
    /// What a program minimises.
    ///
    /// # Errors
    /// [`LossError`] if it is of another schema or has no gradient.
    ///
    /// # Panics
    /// Never for a verified program.
    pub fn of(program: &Program) -> Result<Self, LossError> {
        let name = || program.name().to_owned();
        if program.schema() != Schema::Loss {
            return Err(LossError::Schema {
                program: name(),
                found: program.schema().description().name,
            });
        }
        let value = lower(program).swap_remove(0);
        let parameter = |name| match value.index_of(name) {
            Some(index) => index,
            None => panic!("every loss has a parameter `{name}`"),
        };
        let gradient = autodiff::gradient(&value, parameter(LOSS), &[parameter(PREDICTION)]);
        let gradient = gradient.map_err(|source| LossError::Derivative {
            program: name(),
            source,
        })?;
        let function = passes::optimise(&gradient);
        let parameters = function.parameters().iter();
        // What autodiff adds comes last.
        let bindings = parameters.map(|parameter| match parameter.name.as_str() {
            PREDICTION => Binding::Predictions,
            TARGET => Binding::Targets,
            LOSS => Binding::Losses,
            _ => Binding::Gradient,
        });
        Ok(Self {
            program: name(),
            bindings: bindings.collect(),
            function,
        })
    }

    /// The same, or nothing if the program has no gradient.
    ///
    /// # Errors
    /// [`LossError`] if it is of another schema.
    pub fn if_differentiable(program: &Program) -> Result<Option<Self>, LossError> {
        match Self::of(program) {
            Ok(function) => Ok(Some(function)),
            Err(LossError::Derivative { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The function.
    #[must_use]
    pub const fn function(&self) -> &Function {
        &self.function
    }

    /// What an example costs, in the number *m* of outputs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.function.cost()
    }

    /// FLOPs of loss and gradient for one example.
    #[must_use]
    pub fn row_flops(&self, outputs: usize) -> u64 {
        self.cost().total(Dimensions::new(outputs, 1)) as u64
    }

    /// The loss as tasks train with it that give it batches like these.
    ///
    /// One that is too large for native code is interpreted, to the same bits.
    ///
    /// # Errors
    /// [`LossError::Compile`] if the back end fails.
    ///
    /// # Panics
    /// If there are no rows or no outputs.
    pub fn compile(&self, targets: Targets, backend: Backend) -> Result<CompiledLoss, LossError> {
        let room = Room::new(&self.function, targets.rows, targets.outputs, backend);
        let room = match room {
            Err(
                CompileError::TooLarge { .. }
                | CompileError::WholeMatrices { .. }
                | CompileError::CodeGenerator { .. },
            ) => Room::interpreted(&self.function, targets.rows, targets.outputs),
            Err(source) => {
                return Err(LossError::Compile {
                    program: self.program.clone(),
                    source,
                });
            }
            Ok(room) => room,
        };
        Ok(CompiledLoss {
            of: self.clone(),
            room,
        })
    }

    /// As [`compile`](Self::compile), with the back end that is chosen for so many batches. Where the choice is free
    /// and there is no native code, it is interpreted.
    ///
    /// # Errors
    /// As for [`compile`](Self::compile), if a back end is asked for.
    ///
    /// # Panics
    /// If there are no rows or no outputs.
    pub fn compile_for(
        &self,
        targets: Targets,
        batches: f64,
        choice: BackendChoice,
    ) -> Result<CompiledLoss, LossError> {
        match choice {
            BackendChoice::Only(backend) => self.compile(targets, backend),
            BackendChoice::Auto if batches < LEAST_COMPILED_BATCHES => {
                self.compile(targets, Backend::Interpreter)
            }
            BackendChoice::Auto => {
                let compiled = self.compile(targets, Backend::Jit);
                compiled.or_else(|_| self.compile(targets, Backend::Interpreter))
            }
        }
    }
}

/// A kernel for rows of so many outputs, and the storage of as many blocks of them as a batch has.
#[derive(Clone, Debug)]
struct Room {
    kernel: LaneKernel,
    outputs: usize,
    blocks: usize,
    predictions: Vec<f32>,
    targets: Vec<f32>,
    losses: Vec<f32>,
    gradient: Vec<f32>,
}

impl Room {
    fn new(
        function: &Function,
        rows: usize,
        outputs: usize,
        backend: Backend,
    ) -> Result<Self, CompileError> {
        assert!(rows > 0 && outputs > 0, "a batch has rows and outputs");
        let blocks = rows.div_ceil(LANES);
        let numbers = vec![0.0; blocks * outputs * LANES];
        Ok(Self {
            kernel: LaneKernel::compile(function, Dimensions::new(outputs, 1), LANES, backend)?,
            outputs,
            blocks,
            predictions: numbers.clone(),
            targets: numbers.clone(),
            losses: vec![0.0; blocks * LANES],
            gradient: numbers,
        })
    }

    fn interpreted(function: &Function, rows: usize, outputs: usize) -> Self {
        match Self::new(function, rows, outputs, Backend::Interpreter) {
            Ok(room) => room,
            Err(error) => panic!("the interpreter takes every function, but {error}"),
        }
    }

    /// Whether there is room for a batch.
    fn holds(&self, rows: usize, outputs: usize) -> bool {
        self.outputs == outputs && rows <= self.blocks * LANES
    }
}

/// A compiled loss: what tasks minimise. Clones share the code.
#[derive(Clone, Debug)]
pub struct CompiledLoss {
    of: LossFunction,
    room: Room,
}

impl CompiledLoss {
    /// What runs the loss.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.room.kernel.backend()
    }

    /// Copies rows to blocks.
    fn turn(&mut self, rows: &[f32], of: fn(&mut Room) -> &mut Vec<f32>) {
        let outputs = self.room.outputs;
        let blocks = of(&mut self.room).chunks_exact_mut(outputs * LANES);
        for (block, rows) in blocks.zip(rows.chunks(outputs * LANES)) {
            for (lane, row) in rows.chunks_exact(outputs).enumerate() {
                for (output, number) in row.iter().enumerate() {
                    block[output * LANES + lane] = *number;
                }
            }
        }
    }
}

impl Loss for CompiledLoss {
    fn gradient(
        &mut self,
        outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        let rows = predictions.len() / outputs;
        if !self.room.holds(rows, outputs) {
            let backend = self.room.kernel.backend();
            let room = Room::new(&self.of.function, rows, outputs, backend);
            self.room =
                room.unwrap_or_else(|_| Room::interpreted(&self.of.function, rows, outputs));
        }
        self.turn(predictions, |room| &mut room.predictions);
        self.turn(targets, |room| &mut room.targets);
        let Room {
            kernel,
            predictions,
            targets,
            losses,
            gradient: turned,
            ..
        } = &mut self.room;
        let blocks = rows.div_ceil(LANES);
        let numbers = blocks * outputs * LANES;
        let mut losses = Some(&mut losses[..blocks * LANES]);
        let mut of_gradient = Some(&mut turned[..numbers]);
        let mut arguments = ArrayVec::<LaneArgument<'_>, 4>::new();
        for binding in &self.of.bindings {
            let argument = match binding {
                Binding::Predictions => Some(LaneArgument::ReadEach(&predictions[..numbers])),
                Binding::Targets => Some(LaneArgument::ReadEach(&targets[..numbers])),
                Binding::Losses => losses.take().map(LaneArgument::WriteEach),
                Binding::Gradient => of_gradient.take().map(LaneArgument::WriteEach),
            };
            arguments.extend(argument);
        }
        if let Err(error) = kernel.run(blocks, &mut arguments) {
            panic!("arguments are made to fit, but {error}");
        }
        drop(arguments);
        let scale = 1.0 / rows as f32;
        let blocks = turned.chunks_exact(outputs * LANES);
        for (rows, block) in gradient.chunks_mut(outputs * LANES).zip(blocks) {
            for (lane, row) in rows.chunks_exact_mut(outputs).enumerate() {
                for (output, number) in row.iter_mut().enumerate() {
                    *number = scale * block[output * LANES + lane];
                }
            }
        }
        let losses = self.room.losses[..rows].iter();
        losses.map(|loss| f64::from(*loss)).sum::<f64>() / rows as f64
    }
}
