//! Where a program is taught and examined, in all lanes at once.
//!
//! ```text
//!   seat(program)         cells, constants, and a section of code for each function
//!   begin                 zeros, the tasks' seeds, then `setup`
//!   teach(examples)       predict, learn; predict, learn; … ─► predictions
//!   examine(examples)     predict; predict; …               ─► predictions
//! ```

use arrayvec::ArrayVec;
use mlevolve_ir::lane_kernel::{
    Assembled, LaneArgument, LaneCode, LaneCodeError, Place, Section, lane_stride,
};
use mlevolve_ir::ops::{ElementwiseOp, MAX_ARITY, Op};
use mlevolve_ir::{Dimensions, Shape};
use mlevolve_tasks::learner::Evaluation;

use super::examples::Examples;
use crate::program::{Cell, CellIndex, Effective, Program, Role};
use crate::schema::learner::{LEARN, PREDICT, RequiredPlaces, SETUP};

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
    teach: ArrayVec<Section, 4>,
    examine: [Section; 2],
    /// The cell that holds what tells tasks apart, if the program looks at it.
    seed: Option<Place>,
    /// How many elements a label has.
    label_elements: usize,
    /// Machine code for teaching and for examining, if there is any.
    assembled: [Option<Assembled>; 2],
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
        let required = RequiredPlaces::of(program);
        // A prediction is what a label is.
        let label = program.cell(required.label).shape;
        let streams = Streams {
            features: code.stream(Shape::Column),
            label: code.stream(label),
            prediction: code.stream(label),
        };
        let is_chance = becomes_chance(required.prediction, effective, evaluation);
        places.clear();
        for (index, cell) in CellIndex::enumerate(program.cells()) {
            let place = effective
                .kept
                .contains(index)
                .then(|| place_of((index, cell), required, &streams, code));
            places.push(place);
        }
        // What is made anew each time is made right where it is recorded.
        let is_recorded_at_once = !is_chance && is_made_anew(required.prediction, effective);
        let prediction = required.prediction.index();
        let own = places[prediction];
        let [setup, predict, record, learn] = [(); 4].map(|()| code.section());
        if effective.read.contains(required.step) {
            // The examples are counted from 1; `setup` finds 0.
            let place = found(places, required.step);
            let one = code.constant(1.0);
            let add = Op::Elementwise(ElementwiseOp::Add);
            accepted(code.push(predict, add, &[place, one], place));
        }
        let scratch = program.cell_table().kinds().scratch;
        for (section, function) in [(setup, SETUP), (predict, PREDICT), (learn, LEARN)] {
            for index in (scratch & effective.needed_at_start[function]).iter() {
                let zero = code.constant(0.0);
                let place = found(places, index);
                accepted(code.push_copy(section, zero, place));
            }
            if is_recorded_at_once {
                places[prediction] = match function {
                    SETUP => own,
                    _ => Some(streams.prediction),
                };
            }
            for instruction in &effective.bodies[function] {
                let operands = instruction
                    .operands()
                    .iter()
                    .map(|&cell| found(places, cell));
                let operands: ArrayVec<Place, MAX_ARITY> = operands.collect();
                if function == LEARN && instruction.destination() == required.prediction {
                    // What has been recorded stays.
                    places[prediction] = own;
                }
                let destination = found(places, instruction.destination());
                accepted(code.push(section, instruction.op(), &operands, destination));
            }
        }
        let place = found(places, required.prediction);
        if !is_recorded_at_once {
            accepted(code.push_copy(record, place, streams.prediction));
        }
        let mut teach: ArrayVec<Section, 4> = [predict, record].into_iter().collect();
        if is_chance {
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
            examine: [predict, record],
            label_elements: label_elements(program, self.features),
            assembled: [None; 2],
            seed: places[required.seed.index()].filter(|_| effective.read.contains(required.seed)),
        });
    }

    /// Makes machine code for teaching and examining the program that is seated; whether there is any for teaching.
    ///
    /// # Panics
    /// If no program is seated.
    pub(super) fn assemble(&mut self) -> bool {
        let seated = self.seated.as_mut().expect("a program is seated");
        seated.assembled = self.code.assemble([&seated.teach, &seated.examine]);
        seated.assembled[0].is_some()
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
    pub(super) fn teach(&mut self, lessons: &mut Examples<'_>, predictions: &mut [f32]) {
        self.run(lessons, predictions, true);
    }

    /// Has examples of these lessons predicted.
    ///
    /// # Panics
    /// As [`teach`](Self::teach).
    pub(super) fn examine(&mut self, lessons: &mut Examples<'_>, predictions: &mut [f32]) {
        self.run(lessons, predictions, false);
    }

    fn run(&mut self, lessons: &mut Examples<'_>, predictions: &mut [f32], teaches: bool) {
        let seated = self.seated.as_ref().expect("a program is seated");
        let (sections, assembled): (&[Section], _) = match teaches {
            true => (&seated.teach, seated.assembled[0]),
            false => (&seated.examine, seated.assembled[1]),
        };
        let arguments = &mut [
            lessons.features.argument(),
            lessons.labels.argument(),
            LaneArgument::WriteEach(predictions),
        ];
        let ran = match assembled {
            Some(assembled) => self.code.run_assembled(assembled, lessons.count, arguments),
            None => self.code.run(sections, lessons.count, arguments),
        };
        ran.expect("the arguments are made for the streams");
    }
}

/// How many elements a label has for a program, of so many features.
///
/// # Panics
/// If the program is no learner.
pub(super) fn label_elements(program: &Program, features: usize) -> usize {
    let label = program.cell(RequiredPlaces::of(program).label).shape;
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

/// Whether `predict` makes a prediction anew, so that nothing is left of it from one example to the next.
fn is_made_anew(prediction: CellIndex, effective: &Effective) -> bool {
    let mut body = effective.bodies[PREDICT].iter();
    !effective.needed_at_start[PREDICT].contains(prediction)
        && body.any(|instruction| instruction.destination() == prediction)
}

/// Where a cell that is kept will be: a stream, a constant, or memory of its own.
fn place_of(
    (index, cell): (CellIndex, &Cell),
    required: RequiredPlaces,
    streams: &Streams,
    code: &mut LaneCode,
) -> Place {
    match cell.role {
        Role::Input if index == required.features => streams.features,
        Role::Input if index == required.label => streams.label,
        Role::Constant(value) => code.constant(value.value()),
        Role::Input | Role::State | Role::Scratch | Role::Output => code.cell(cell.shape),
    }
}

/// The place of a cell that an instruction names.
fn found(places: &[Option<Place>], cell: CellIndex) -> Place {
    places[cell.index()].expect("cells that are named are kept")
}

/// A refusal of what a verified program says would be a mistake in this module.
fn accepted(result: Result<(), LaneCodeError>) {
    if let Err(error) = result {
        panic!("a verified program is lane code: {error}");
    }
}
