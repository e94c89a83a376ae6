//! Where a program is taught and examined, in all lanes at once.
//!
//! ```text
//!   seat(program)         cells, constants, and a section of code for each function
//!   begin                 zeros, the tasks' seeds, then `setup`
//!   teach(examples)       predict, learn; predict, learn; … ─► predictions
//!   examine(examples)     predict; predict; …               ─► predictions
//! ```

use mlevolve_ir::lane_kernel::{
    LaneArgument, LaneCode, LaneCodeError, Place, Section, lane_stride,
};
use mlevolve_ir::ops::{ElementwiseOp, MAX_ARITY, Op};
use mlevolve_ir::{Dimensions, Shape};
use mlevolve_tasks::learner::{Evaluation, Lessons};

use crate::program::{Cell, CellIndex, Effective, Instruction, Program, Role};
use crate::schema::learner::{FEATURES, LABEL, LEARN, PREDICT, PREDICTION, SEED, SETUP, STEP};

/// The streams of every run, in order.
#[derive(Clone, Copy, Debug)]
struct Streams {
    features: Place,
    label: Place,
    prediction: Place,
}

/// The code of the program that is seated.
#[derive(Clone, Debug)]
struct Seated {
    setup: Section,
    teach: Vec<Section>,
    examine: Vec<Section>,
    /// The cell that holds what tells tasks apart, if the program looks at it.
    seed: Option<Place>,
    /// How many elements a label has.
    label_elements: usize,
}

/// Room for one program at a time, over tasks of one shape. Seating a program and running it allocate
/// nothing once the room has grown to what programs need.
#[derive(Debug)]
pub(super) struct Classroom {
    code: LaneCode,
    features: usize,
    seated: Option<Seated>,
    /// Where each cell of the program is, by its index.
    places: Vec<Option<Place>>,
    /// Zeros, for what `setup` is given.
    nothing: Vec<f32>,
    ignored: Vec<f32>,
}

impl Classroom {
    /// A room for tasks of so many features, so many side by side.
    pub(super) fn new(features: usize, lanes: usize) -> Self {
        let stride = lane_stride(lanes);
        Self {
            code: LaneCode::new(Dimensions::new(features, features), lanes),
            features,
            seated: None,
            places: Vec::new(),
            nothing: vec![0.0; features * stride],
            // A label has no more elements than there are features.
            ignored: vec![0.0; features * stride],
        }
    }

    /// Whether the room is for tasks of this shape.
    pub(super) fn is_for(&self, features: usize, lanes: usize) -> bool {
        (self.features, self.code.lanes()) == (features, lanes)
    }

    /// How many instructions the program has that is seated.
    pub(super) fn instruction_count(&self) -> usize {
        let seated = self.seated.iter();
        let sections = seated.flat_map(|seated| &seated.teach);
        sections
            .map(|&section| self.code.instruction_count(section))
            .sum()
    }

    /// Takes in a program, of whose functions what is effective is run.
    ///
    /// # Panics
    /// If the program is no learner.
    pub(super) fn seat(
        &mut self,
        program: &Program,
        effective: &Effective,
        evaluation: Evaluation,
    ) {
        let Self { code, places, .. } = self;
        code.clear();
        // A prediction is what a label is.
        let label = program.cell(required(program, LABEL)).shape;
        let streams = Streams {
            features: code.stream(Shape::Column),
            label: code.stream(label),
            prediction: code.stream(label),
        };
        places.clear();
        for (index, cell) in CellIndex::enumerate(program.cells()) {
            let place = effective
                .kept
                .contains(index)
                .then(|| place_of(cell, &streams, code));
            places.push(place.flatten());
        }
        let [setup, predict, record, learn] = [(); 4].map(|()| code.section());
        let index_of = |name: &str| required(program, name);
        let (step, seed) = (index_of(STEP), index_of(SEED));
        let reads = |cell: CellIndex| {
            let mut instructions = effective.bodies.iter().flatten();
            instructions.any(|instruction| instruction.operands().contains(&cell))
        };
        if reads(step) {
            // The examples are counted from 1; `setup` finds 0.
            let place = self.places[step.index()].expect("required cells are kept");
            let one = code.constant(1.0);
            let add = Op::Elementwise(ElementwiseOp::Add);
            accepted(code.push(predict, add, &[place, one], place));
        }
        for (section, function) in [(setup, SETUP), (predict, PREDICT), (learn, LEARN)] {
            for (index, cell) in CellIndex::enumerate(program.cells()) {
                if cell.role == Role::Scratch && effective.needed_at_start[function].contains(index)
                {
                    let zero = code.constant(0.0);
                    let place = self.places[index.index()].expect("what is needed is kept");
                    accepted(code.push_copy(section, zero, place));
                }
            }
            for instruction in &effective.bodies[function] {
                push(code, section, &self.places, instruction);
            }
        }
        let prediction = index_of(PREDICTION);
        let place = self.places[prediction.index()].expect("required cells are kept");
        accepted(code.push_copy(record, place, streams.prediction));
        let mut teach = vec![predict, record];
        if becomes_chance(prediction, effective, evaluation) {
            let chance = code.section();
            let sigmoid = Op::Elementwise(ElementwiseOp::Sigmoid);
            accepted(code.push(chance, sigmoid, &[place], place));
            teach.push(chance);
        }
        if !effective.bodies[LEARN].is_empty() {
            teach.push(learn);
        }
        self.seated = Some(Seated {
            setup,
            teach,
            examine: vec![predict, record],
            label_elements: label_elements(program, self.features),
            seed: reads(seed).then(|| self.places[seed.index()]).flatten(),
        });
    }

    /// Begins anew: memory is zero, and `setup` is called. `seeds` has a number for each lane, padded.
    ///
    /// # Panics
    /// If no program is seated.
    pub(super) fn begin(&mut self, seeds: &[f32]) {
        let Self {
            code,
            seated,
            nothing,
            ignored,
            ..
        } = self;
        let seated = seated.as_ref().expect("a program is seated");
        code.reset();
        if let Some(seed) = seated.seed {
            code.write(seed, seeds);
        }
        let label = seated.label_elements * lane_stride(code.lanes());
        let arguments = &mut [
            LaneArgument::Read(nothing),
            LaneArgument::Read(&nothing[..label]),
            LaneArgument::Write(&mut ignored[..label]),
        ];
        let ran = code.run(&[seated.setup], 1, arguments);
        ran.expect("the arguments are made for the streams");
    }

    /// Teaches examples of these lessons, and records the prediction for each before it is learnt from.
    ///
    /// # Panics
    /// If no program is seated, or the examples are not of the room's shape.
    pub(super) fn teach(&mut self, lessons: Examples<'_>, predictions: &mut [f32]) {
        self.run(lessons, predictions, true);
    }

    /// Has examples of these lessons predicted.
    ///
    /// # Panics
    /// As [`teach`](Self::teach).
    pub(super) fn examine(&mut self, lessons: Examples<'_>, predictions: &mut [f32]) {
        self.run(lessons, predictions, false);
    }

    fn run(&mut self, lessons: Examples<'_>, predictions: &mut [f32], teaches: bool) {
        let seated = self.seated.as_ref().expect("a program is seated");
        let sections = if teaches {
            &seated.teach
        } else {
            &seated.examine
        };
        let arguments = &mut [
            LaneArgument::ReadEach(lessons.features),
            LaneArgument::ReadEach(lessons.labels),
            LaneArgument::WriteEach(predictions),
        ];
        let ran = self.code.run(sections, lessons.count, arguments);
        ran.expect("the arguments are made for the streams");
    }
}

/// Some of a task's examples, in all lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Examples<'a> {
    pub(super) count: usize,
    /// For each example, each feature and each lane a number.
    pub(super) features: &'a [f32],
    /// For each example, each element of its label and each lane a number.
    pub(super) labels: &'a [f32],
}

impl<'a> Examples<'a> {
    /// Those of some lessons from `start` to `end`, which must be among them.
    pub(super) fn of(lessons: &'a Lessons, start: usize, end: usize) -> Self {
        let features = lessons.features.len() / lessons.count;
        let labels = lessons.labels.len() / lessons.count;
        Self {
            count: end - start,
            features: &lessons.features[start * features..end * features],
            labels: &lessons.labels[start * labels..end * labels],
        }
    }
}

/// A cell that every learner has.
///
/// # Panics
/// If the program is no learner.
pub(super) fn required(program: &Program, name: &str) -> CellIndex {
    let index = program.cell_named(name);
    index.expect("a learner has the cells that its schema requires")
}

/// How many elements a label has for a program, of so many features.
///
/// # Panics
/// If the program is no learner.
pub(super) fn label_elements(program: &Program, features: usize) -> usize {
    let label = program.cell(required(program, LABEL)).shape;
    let elements = Dimensions::new(features, features).elements(label);
    elements.expect("a label has no more elements than there are features")
}

/// Whether a prediction becomes the chance that it stands for once it is recorded: if labels are classes, and
/// somebody is left to read it.
pub(super) fn becomes_chance(
    prediction: CellIndex,
    effective: &Effective,
    evaluation: Evaluation,
) -> bool {
    let mut readers = [LEARN, PREDICT].iter();
    evaluation == Evaluation::Accuracy
        && readers.any(|&function| effective.needed_at_start[function].contains(prediction))
}

/// Where a cell that is kept will be: a stream, a constant, or memory of its own.
fn place_of(cell: &Cell, streams: &Streams, code: &mut LaneCode) -> Option<Place> {
    match cell.role {
        Role::Input => Some(match cell.name.as_str() {
            FEATURES => streams.features,
            LABEL => streams.label,
            _ => code.cell(cell.shape),
        }),
        Role::Constant(value) => Some(code.constant(value.value())),
        Role::State | Role::Scratch | Role::Output => Some(code.cell(cell.shape)),
    }
}

fn push(
    code: &mut LaneCode,
    section: Section,
    places: &[Option<Place>],
    instruction: &Instruction,
) {
    let place =
        |cell: CellIndex| places[cell.index()].expect("cells that instructions name are kept");
    let destination = place(instruction.destination());
    let mut operands = [destination; MAX_ARITY];
    let arity = instruction.operands().len();
    for (operand, &cell) in operands.iter_mut().zip(instruction.operands()) {
        *operand = place(cell);
    }
    accepted(code.push(section, instruction.op(), &operands[..arity], destination));
}

/// A refusal of what a verified program says would be a mistake in this module.
fn accepted(result: Result<(), LaneCodeError>) {
    if let Err(error) = result {
        panic!("a verified program is lane code: {error}");
    }
}
