//! A learner as compiled functions, for lessons that are long enough.
//!
//! What is taught is one function, `predict` and `learn` after it, so that what one leaves for the other is
//! never in memory unless it lasts; with the loop over examples in the kernel.

use mlevolve_ir::lane_kernel::{LaneArgument, LaneKernel, lane_stride};
use mlevolve_ir::ops::ElementwiseOp;
use mlevolve_ir::{Access, Backend, CompileError, Dimensions, Function, passes};
use mlevolve_tasks::learner::Evaluation;

use super::classroom::{becomes_chance, label_elements};
use super::examples::{Examples, Numbers};
use crate::lowering::{Part, lower_sequence};
use crate::program::{CellIndex, Effective, Program, Role};
use crate::schema::learner::{FEATURES, LABEL, LEARN, PREDICT, RequiredPlaces, SEED, SETUP, STEP};

/// The parameter that predictions are recorded in. No cell has this name, as cells' are in small letters.
const RECORD: &str = "Predictions";

/// Where counting in binary32 ends: this number and 1 is this number.
const MOST_COUNTED: u64 = 1 << 24;

/// What stands behind a parameter of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    Features,
    Label,
    Step,
    Seed,
    Record,
    /// The content of a cell, by its place among those that last.
    State(usize),
}

#[derive(Debug)]
struct Lowered {
    kernel: LaneKernel,
    bindings: Vec<(Binding, Access)>,
}

/// What a learner keeps, and what it is told besides examples.
#[derive(Debug)]
struct Memory {
    /// The content of each cell that lasts.
    states: Vec<Vec<f32>>,
    seeds: Vec<f32>,
    /// How many examples there have been.
    step: u64,
    /// The number of each example, if it is asked for.
    steps: Vec<f32>,
}

/// A compiled learner with its memory, over tasks of one shape.
#[derive(Debug)]
pub(super) struct CompiledLearner {
    setup: Lowered,
    teach: Lowered,
    examine: Lowered,
    memory: Memory,
    /// Whether the numbers of examples are asked for.
    asks_for_step: bool,
    /// Zeros, for what `setup` is given.
    nothing: Vec<f32>,
    /// How many elements a label has.
    label_elements: usize,
    stride: usize,
}

impl CompiledLearner {
    /// Compiles a program for so many features and lanes: what is taught by the first back end, and what is
    /// examined by the second.
    ///
    /// # Errors
    /// [`CompileError`] if there can be no native code.
    ///
    /// # Panics
    /// If the program is no learner.
    pub(super) fn new(
        program: &Program,
        effective: &Effective,
        evaluation: Evaluation,
        (features, lanes): (usize, usize),
        [teaching, examining]: [Backend; 2],
    ) -> Result<Self, CompileError> {
        let dimensions = Dimensions::new(features, features);
        let (teach, examine) = lessons(program, effective, evaluation);
        let setup = lower_sequence(program, effective, "setup", &[Part::Call(SETUP)]);
        let stride = lane_stride(lanes);
        let is_state = |cell: CellIndex| match program.cell(cell).role {
            Role::State | Role::Scratch | Role::Output => true,
            Role::Input | Role::Constant(_) => false,
        };
        let lasting: Vec<CellIndex> = CellIndex::enumerate(program.cells())
            .map(|(index, _)| index)
            .filter(|&index| is_state(index))
            .collect();
        let bound = |function: Function, backend| {
            let function = passes::optimise(&function);
            let kernel = LaneKernel::compile(&function, dimensions, lanes, backend)?;
            let bindings = function.parameters().iter().map(|parameter| {
                let binding = match parameter.name.as_str() {
                    FEATURES => Binding::Features,
                    LABEL => Binding::Label,
                    STEP => Binding::Step,
                    SEED => Binding::Seed,
                    RECORD => Binding::Record,
                    name => {
                        let cell = program.cell_named(name);
                        let place = lasting.iter().position(|&index| Some(index) == cell);
                        Binding::State(place.expect("other parameters are cells that last"))
                    }
                };
                (binding, parameter.access)
            });
            let bindings = bindings.collect();
            Ok::<_, CompileError>(Lowered { kernel, bindings })
        };
        let sizes = lasting.iter().map(|&index| {
            let elements = dimensions.elements(program.cell(index).shape);
            elements.expect("a cell has few elements") * stride
        });
        // It runs once.
        let setup = bound(setup, Backend::Interpreter)?;
        let (teach, examine) = (bound(teach, teaching)?, bound(examine, examining)?);
        let asks_for_step = [&teach, &examine].iter().any(|lowered| {
            let mut bindings = lowered.bindings.iter();
            bindings.any(|(binding, _)| *binding == Binding::Step)
        });
        Ok(Self {
            asks_for_step,
            setup,
            teach,
            examine,
            memory: Memory {
                states: sizes.map(|size| vec![0.0; size]).collect(),
                seeds: vec![0.0; stride],
                step: 0,
                steps: Vec::new(),
            },
            nothing: vec![0.0; features * stride],
            label_elements: label_elements(program, features),
            stride,
        })
    }

    /// Begins anew, as [`Classroom::begin`](super::classroom::Classroom::begin).
    pub(super) fn begin(&mut self, seeds: &[f32]) {
        let memory = &mut self.memory;
        for state in &mut memory.states {
            state.fill(0.0);
        }
        memory.seeds.copy_from_slice(seeds);
        memory.step = 0;
        memory.steps.clear();
        memory.steps.resize(self.stride, 0.0);
        let examples = Examples {
            count: 1,
            features: Numbers::Shared(&self.nothing),
            labels: Numbers::Shared(&self.nothing[..self.label_elements * self.stride]),
        };
        self.setup.run(&examples, memory, &mut []);
    }

    /// Teaches examples, as [`Classroom::teach`](super::classroom::Classroom::teach).
    pub(super) fn teach(&mut self, examples: &Examples<'_>, predictions: &mut [f32]) {
        self.count(examples.count);
        self.teach.run(examples, &mut self.memory, predictions);
    }

    /// Has examples predicted, as [`Classroom::examine`](super::classroom::Classroom::examine).
    pub(super) fn examine(&mut self, examples: &Examples<'_>, predictions: &mut [f32]) {
        self.count(examples.count);
        self.examine.run(examples, &mut self.memory, predictions);
    }

    /// Numbers so many examples.
    fn count(&mut self, count: usize) {
        let Memory { step, steps, .. } = &mut self.memory;
        if self.asks_for_step {
            steps.clear();
            for number in *step + 1..=*step + count as u64 {
                let filled = steps.len() + self.stride;
                steps.resize(filled, number.min(MOST_COUNTED) as f32);
            }
        }
        *step += count as u64;
    }
}

/// What is done with an example that is taught, and with one that is predicted only.
fn lessons(
    program: &Program,
    effective: &Effective,
    evaluation: Evaluation,
) -> (Function, Function) {
    let prediction = RequiredPlaces::of(program).prediction;
    let mut parts = vec![Part::Call(PREDICT), Part::Record(prediction, RECORD)];
    let examine = lower_sequence(program, effective, "examine", &parts);
    if becomes_chance(prediction, effective, evaluation) {
        parts.push(Part::Replace(prediction, ElementwiseOp::Sigmoid));
    }
    parts.push(Part::Call(LEARN));
    (lower_sequence(program, effective, "teach", &parts), examine)
}

/// What is taught with an example, as one function. For those who look at code.
///
/// # Panics
/// If the program is no learner.
#[must_use]
pub fn teaching_function(program: &Program, evaluation: Evaluation) -> Function {
    passes::optimise(&lessons(program, &program.effective(), evaluation).0)
}

impl Lowered {
    fn run(&mut self, examples: &Examples<'_>, memory: &mut Memory, predictions: &mut [f32]) {
        let mut states: Vec<Option<&mut Vec<f32>>> = memory.states.iter_mut().map(Some).collect();
        let mut predictions = Some(predictions);
        let arguments = self
            .bindings
            .iter()
            .map(|&(binding, access)| match binding {
                Binding::Features => LaneArgument::ReadEach(examples.features.as_slice()),
                Binding::Label => LaneArgument::ReadEach(examples.labels.as_slice()),
                Binding::Step => LaneArgument::ReadEach(&memory.steps),
                Binding::Seed => LaneArgument::Read(&memory.seeds),
                Binding::Record => LaneArgument::WriteEach(
                    predictions.take().expect("one parameter is the record"),
                ),
                Binding::State(place) => {
                    let state = states[place].take().expect("a cell is one parameter");
                    match access {
                        Access::Read => LaneArgument::Read(state),
                        Access::ReadWrite | Access::Write => LaneArgument::Write(state),
                    }
                }
            });
        let mut arguments: Vec<LaneArgument<'_>> = arguments.collect();
        let ran = self.kernel.run(examples.count, &mut arguments);
        ran.expect("the arguments are made for the parameters");
    }
}
