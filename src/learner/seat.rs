//! A program as interpreted, as assembled or as compiled code, and which of them is done first.
//!
//! A [classroom](Classroom) interprets what it seats, and can make machine code of that in one pass, in about a microsecond. So a lesson
//! of some hundred examples is interpreted, and a longer one assembled, if it can be. What Cranelift [compiles](CompiledLearner) takes a
//! hundred times as long to be ready, and is faster where a program has more features than machine code in one piece is good for, or ops
//! that cannot be assembled.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mlevolve_ir::{Backend, BackendChoice, CompileError};
use mlevolve_tasks::learner::{LabelShape, LaneExamples};

use super::classroom::Classroom;
use super::compiled::CompiledLearner;
use super::examples::Examples;
use super::label::network_for;
use super::lessons::{Kind, Lesson};
use crate::optimizer::OptimizerError;
use crate::program::{Effective, Program};

/// How many examples are predicted before errors are looked at for the first time.
pub(super) const BLOCK_STEPS: usize = 128;

/// Where a program is taught.
pub(super) enum Seat<'a> {
    Classroom(&'a mut Classroom),
    Compiled(Box<CompiledLearner>),
}

impl<'a> Seat<'a> {
    /// The better place for a program, by the settings or by what is ahead: so many epochs.
    ///
    /// # Errors
    /// [`OptimizerError::Compile`] if native code is asked for and there can be none on this machine. A
    /// program that has none stays in the room, to the same bits.
    pub(super) fn choose(
        (program, effective): (&Program, &Effective),
        (lesson, kind, epochs): (&Lesson, &Kind, usize),
        room: &'a mut Classroom,
        predictions: &mut Vec<f32>,
        backend: BackendChoice,
    ) -> Result<Self, OptimizerError> {
        let panel = kind.first_panel();
        room.seat(program, effective, panel.evaluation);
        let steps = epochs * (panel.training.count + panel.validation.count);
        let native = match backend {
            BackendChoice::Only(Backend::Interpreter) => None,
            BackendChoice::Only(Backend::JitQuick) if room.assemble() => None,
            BackendChoice::Only(native) => Some([native; 2]),
            BackendChoice::Auto => {
                let is_assembled = steps >= LEAST_ASSEMBLED_STEPS && room.assemble();
                let pays = steps >= LEAST_COMPILED_STEPS && {
                    let steps = steps * kind.panel_count();
                    let seeds = &lesson.seeds[..panel.stride];
                    let NativeCode { shares, compiling } = native_code(seeds, panel);
                    let compiling = compiling * room.instruction_count() as u32;
                    let saved = 1.0 - shares[usize::from(is_assembled)];
                    saved > 0.0
                        && teaching_time(room, predictions, seeds, panel, steps).mul_f64(saved)
                            > compiling
                };
                // What is examined is soon done beside what is taught, if it is few examples.
                let examining = if panel.validation.count * 4 < panel.training.count {
                    Backend::Interpreter
                } else {
                    Backend::Jit
                };
                pays.then_some([Backend::Jit, examining])
            }
        };
        let Some(native) = native else {
            return Ok(Self::Classroom(room));
        };
        let shape = (panel.features, panel.lanes);
        match CompiledLearner::new(program, effective, panel.evaluation, shape, native) {
            Ok(compiled) => Ok(Self::Compiled(Box::new(compiled))),
            Err(CompileError::TooLarge { .. } | CompileError::WholeMatrices { .. }) => {
                Ok(Self::Classroom(room))
            }
            Err(source) => Err(OptimizerError::Compile {
                program: program.name().to_owned(),
                source,
            }),
        }
    }

    pub(super) fn begin(&mut self, seeds: &[f32]) {
        match self {
            Self::Classroom(room) => room.begin(seeds),
            Self::Compiled(learner) => learner.begin(seeds),
        }
    }

    pub(super) fn teach(&mut self, examples: &mut Examples<'_>, predictions: &mut [f32]) {
        match self {
            Self::Classroom(room) => room.teach(examples, predictions),
            Self::Compiled(learner) => learner.teach(examples, predictions),
        }
    }

    pub(super) fn examine(&mut self, examples: &mut Examples<'_>, predictions: &mut [f32]) {
        match self {
            Self::Classroom(room) => room.examine(examples, predictions),
            Self::Compiled(learner) => learner.examine(examples, predictions),
        }
    }
}

/// With fewer examples nothing is assembled, as that would take as long as interpreting them.
const LEAST_ASSEMBLED_STEPS: usize = 150;

/// With fewer examples nothing is compiled: that takes as long as interpreting some hundred at the least.
const LEAST_COMPILED_STEPS: usize = 1_000;

/// How long teaching so many examples takes in a room, by the time that a few of them take.
fn teaching_time(
    room: &mut Classroom,
    predictions: &mut Vec<f32>,
    seeds: &[f32],
    panel: &LaneExamples,
    steps: usize,
) -> Duration {
    let sample = panel.training.count.min(BLOCK_STEPS);
    let mut examples = Examples::of(&panel.training, 0, sample);
    predictions.resize(examples.labels.as_slice().len(), 0.0);
    room.begin(seeds);
    let before = Instant::now();
    room.teach(&mut examples, predictions);
    before.elapsed().mul_f64(steps as f64 / sample as f64)
}

/// What native code for learners is like on this machine.
#[derive(Clone, Copy, Debug)]
struct NativeCode {
    /// How long it takes to run, as a share of what interpreting takes, and of what assembled code takes; 1 where there is none.
    shares: [f64; 2],
    /// How long compiling takes for each instruction.
    compiling: Duration,
}

/// What native code is like for tasks of this shape: what the known network of two layers tells, measured once.
fn native_code(seeds: &[f32], panel: &LaneExamples) -> NativeCode {
    type Measured = BTreeMap<(LabelShape, (usize, usize)), NativeCode>;
    static MEASURED: Mutex<Measured> = Mutex::new(BTreeMap::new());
    let mut measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    let shape = (panel.features, panel.lanes);
    *measured.entry((panel.label, shape)).or_insert_with(|| {
        let network = network_for(panel.label);
        let effective = network.effective();
        let mut room = Classroom::new(shape.0, shape.1);
        let mut predictions = Vec::new();
        let sample = panel.training.count.min(BLOCK_STEPS);
        let mut in_room = [None; 2];
        let [mut running, mut compiling] = [Duration::MAX; 2];
        // What is done first finds nothing ready.
        for _ in 0..3 {
            room.seat(&network, &effective, panel.evaluation);
            for (place, least) in in_room.iter_mut().enumerate() {
                if place == 1 && !room.assemble() {
                    continue;
                }
                let time = teaching_time(&mut room, &mut predictions, seeds, panel, sample);
                *least = Some(least.map_or(time, |least: Duration| least.min(time)));
            }
            let before = Instant::now();
            let backends = [Backend::Jit, Backend::Interpreter];
            let compiled =
                CompiledLearner::new(&network, &effective, panel.evaluation, shape, backends);
            compiling = compiling.min(before.elapsed());
            // Where there can be no native code, none will be asked for.
            let Ok(mut compiled) = compiled else {
                continue;
            };
            compiled.begin(seeds);
            let examples = Examples::of(&panel.training, 0, sample);
            for _ in 0..2 {
                let before = Instant::now();
                compiled.teach(&examples, &mut predictions);
                running = running.min(before.elapsed());
            }
        }
        NativeCode {
            shares: in_room.map(|least| {
                let share = |least: Duration| running.as_secs_f64() / least.as_secs_f64().max(1e-9);
                least.map_or(1.0, share)
            }),
            compiling: compiling / network.instruction_count() as u32,
        }
    })
}
