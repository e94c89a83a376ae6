//! The fitness of learners: how well what they have learnt predicts.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Direction;
use mlevolve_tasks::learner::{Evaluation, LearnerTask};
use rustc_hash::FxHashMap;

use super::compare;
use super::desk::{DESK, Desk, MOST_KNOWN, own_books, room_for, structure};
use super::examples::Book;
use super::grading::Grades;
use super::label::{OtherLabel, network_for};
use super::lessons::{Lesson, Library};
use super::seat::{BLOCK_STEPS, Seat};
use super::{Combination, LearnerSettings};
use crate::fitness::{
    Appraisal, Comparison, DataSettings, Fingerprint, Gate, Judge, JudgeError, Judgement, Probed,
    ProgramCost, Rejection, Rung, TaskFitness, TaskLabel, Trained, judging_task_seeds, rounded,
    search_seeds,
};
use crate::program::{Effective, Program, Schema, known};
use crate::schema::learner::form_for;
use crate::search::SearchSettings;

/// Judges learners on a suite of tasks.
pub struct LearnerJudge {
    library: Library,
    settings: LearnerSettings,
    /// The tasks that candidates are compared on.
    search: Arc<Lesson>,
    search_seeds: Vec<u64>,
    /// The most FLOPs for an example.
    greatest_cost_flops: Option<f64>,
    /// One that no other judge of this process has.
    number: u64,
}

/// The most predictions in all lanes before errors are looked at, unless a first block has more: so many that the nearest
/// caches hold them.
const MOST_PREDICTIONS: usize = 1 << 13;

/// How many judges there have been.
static JUDGES: AtomicU64 = AtomicU64::new(1);

impl LearnerJudge {
    /// A judge on the suite of these settings.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such task, or its data are missing.
    pub fn new(settings: &SearchSettings, data: &DataSettings) -> Result<Self, JudgeError> {
        let library = Library::open(&settings.suite, data, &settings.learner)?;
        let search_seeds = search_seeds(settings.seed, settings.seeds);
        // What is too large for a report should not be found out after the search.
        library.check(
            settings
                .confirmation_seeds
                .max(settings.learner.report_tasks),
        )?;
        let mut judge = Self {
            search: library.lesson(&search_seeds)?,
            library,
            settings: settings.learner.clone(),
            search_seeds,
            greatest_cost_flops: None,
            number: JUDGES.fetch_add(1, Ordering::Relaxed),
        };
        judge.greatest_cost_flops = judge
            .settings
            .greatest_cost
            .map(|times| times * judge.example_flops(&network_for(judge.library.label)));
        Ok(judge)
    }

    /// FLOPs of `predict` and `learn` for one example.
    fn example_flops(&self, program: &Program) -> f64 {
        compare::example_flops(program, &program.effective(), self.features())
    }

    fn is_too_expensive(&self, program: &Program, effective: &Effective) -> bool {
        self.greatest_cost_flops
            .is_some_and(|most| compare::example_flops(program, effective, self.features()) > most)
    }

    /// How many features an example has: the most of any task of the suite.
    pub(super) fn features(&self) -> usize {
        let kinds = self.search.kinds.iter();
        let features = kinds.map(|kind| kind.first_panel().features);
        features.max().unwrap_or(self.settings.features)
    }

    /// Whether a program is a learner, and its label what it is in the tasks of the suite.
    fn check(&self, program: &Program) -> Result<(), JudgeError> {
        if program.schema() != Schema::Learner {
            return Err(JudgeError::Schema {
                program: program.name().to_owned(),
                found: program.schema().description().name,
                expected: Schema::Learner.description().name,
            });
        }
        if self.takes(program) {
            return Ok(());
        }
        let tasks = self.library.tasks.iter().map(LearnerTask::name);
        Err(OtherLabel::new(program, self.library.label, tasks).into())
    }

    /// Whether a learner's label is what it is in the tasks of the suite.
    pub(super) fn takes(&self, program: &Program) -> bool {
        program.form() == form_for(self.library.label)
    }

    /// The lesson of these seeds.
    fn lesson(&self, seeds: &[u64]) -> Result<Arc<Lesson>, JudgeError> {
        if seeds == self.search_seeds {
            return Ok(Arc::clone(&self.search));
        }
        Ok(self.library.lesson(seeds)?)
    }

    /// The fingerprint of a program that is on the desk.
    fn identity(&self, program: &Program, desk: &mut Desk) -> Fingerprint {
        structure(program, &desk.effective, &mut desk.bytes);
        if desk.known.0 != self.number {
            desk.known = (self.number, FxHashMap::default());
        }
        let key = Fingerprint::of_bytes(&desk.bytes);
        if let Some(&fingerprint) = desk.known.1.get(&key) {
            return fingerprint;
        }
        desk.bytes.clear();
        // One that costs too much is judged otherwise than one that does the same for less.
        let is_too_expensive = self.is_too_expensive(program, &desk.effective);
        desk.bytes.push(u8::from(is_too_expensive));
        self.predict_a_few(program, desk, |predictions, bytes| {
            let start = bytes.len();
            bytes.resize(start + size_of_val(predictions), 0);
            let (numbers, _) = bytes[start..].as_chunks_mut();
            for (bytes, &prediction) in numbers.iter_mut().zip(predictions) {
                *bytes = rounded(prediction).to_le_bytes();
            }
        });
        let fingerprint = Fingerprint::of_bytes(&desk.bytes);
        if desk.known.1.len() >= MOST_KNOWN {
            desk.known.1.clear();
        }
        desk.known.1.insert(key, fingerprint);
        fingerprint
    }

    /// Has a program that is on the desk learn from a few examples of each task and predict a few, and gives the predictions for
    /// each in all tasks to `take`, with the desk's bytes.
    fn predict_a_few(
        &self,
        program: &Program,
        desk: &mut Desk,
        mut take: impl FnMut(&[f32], &mut Vec<u8>),
    ) {
        let Desk {
            classrooms,
            copies,
            predictions,
            effective,
            bytes,
            ..
        } = desk;
        for (place, kind) in self.search.kinds.iter().enumerate() {
            let room = room_for(classrooms, kind.first_panel());
            room.seat(program, effective, kind.first_panel().evaluation);
            let most = self.settings.equivalence_examples;
            for (number, (panel, seeds)) in kind.panels(&self.search).enumerate() {
                room.begin(seeds);
                let [training, validation] =
                    own_books(copies, &self.search, (place, number), panel);
                for (mut book, teaches) in [(training, true), (validation, false)] {
                    let count = most.min(book.count());
                    let mut examples = book.part(0, count);
                    predictions.resize(examples.labels.as_slice().len(), 0.0);
                    if teaches {
                        room.teach(&mut examples, predictions);
                    } else {
                        room.examine(&mut examples, predictions);
                    }
                    for row in predictions.chunks_exact(panel.stride) {
                        take(&row[..panel.lanes], bytes);
                    }
                }
            }
        }
    }

    /// The fitness on a kind of task of a program that is on the desk, and how many examples it was taught.
    fn on_kind(
        &self,
        program: &Program,
        lesson: &Arc<Lesson>,
        kind: usize,
        backend: BackendChoice,
        desk: &mut Desk,
    ) -> Result<(TaskFitness, u64), JudgeError> {
        let examples = &lesson.kinds[kind];
        let Desk {
            classrooms,
            copies,
            predictions,
            effective,
            certificate,
            ..
        } = desk;
        let epochs = self.settings.epochs;
        let mut seat = Seat::choose(
            (program, effective),
            (lesson, examples, epochs),
            room_for(classrooms, examples.first_panel()),
            predictions,
            backend,
        )?;
        certificate.clear();
        let mut taught = 0;
        for (number, (panel, seeds)) in examples.panels(lesson).enumerate() {
            let [mut training, mut validation] = match seat {
                Seat::Classroom(_) => own_books(copies, lesson, (kind, number), panel),
                Seat::Compiled(_) => Book::pair(panel),
            };
            let mut grades = Grades::new(panel, self.settings.greatest_error, certificate);
            seat.begin(seeds);
            for _ in 0..epochs {
                let count = teach(&mut seat, predictions, &mut training, &mut grades);
                taught += (count * panel.lanes) as u64;
                if grades.all_failed() {
                    break;
                }
                examine(&mut seat, predictions, &mut validation, &mut grades);
            }
        }
        let fitness = TaskFitness {
            task: self.library.tasks[kind].name().to_owned(),
            fitness: self.settings.combination.of(certificate.fitnesses()),
            parts: None,
            final_value: certificate.metric(),
            final_companion: None,
            runs: certificate.lane_count(),
            diverged_runs: certificate.failed(),
            program_flops: 0,
        };
        Ok((fitness, taught))
    }
}

/// Teaches the examples, until all lanes have failed; how many were taught.
fn teach(
    seat: &mut Seat<'_>,
    predictions: &mut Vec<f32>,
    book: &mut Book<'_>,
    grades: &mut Grades<'_>,
) -> usize {
    let mut taught = 0;
    for (start, end) in blocks(book.count(), grades.stride()) {
        let mut examples = book.part(start, end);
        predictions.resize(examples.labels.as_slice().len(), 0.0);
        seat.teach(&mut examples, predictions);
        taught += examples.count;
        grades.mark_failed(examples.labels.as_slice(), predictions);
        if grades.all_failed() {
            break;
        }
    }
    taught
}

fn examine(
    seat: &mut Seat<'_>,
    predictions: &mut Vec<f32>,
    book: &mut Book<'_>,
    grades: &mut Grades<'_>,
) {
    grades.begin();
    for (start, end) in blocks(book.count(), grades.stride()) {
        let mut examples = book.part(start, end);
        predictions.resize(examples.labels.as_slice().len(), 0.0);
        seat.examine(&mut examples, predictions);
        let labels = examples.labels.as_slice();
        grades.mark_failed(labels, predictions);
        grades.add(labels, predictions);
    }
    grades.end();
}

/// Where blocks of so many examples begin and end: few at first, so that what fails at once is soon known, then ever more, as each
/// run has a beginning and an end that take time.
fn blocks(count: usize, stride: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = (MOST_PREDICTIONS / stride).max(BLOCK_STEPS);
    let mut steps = BLOCK_STEPS;
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = count.min(start + steps);
        let block = (start < end).then_some((start, end));
        steps = most.min(2 * steps);
        start = end;
        block
    })
}

impl Judge for LearnerJudge {
    fn tasks(&self) -> Vec<TaskLabel> {
        let tasks = self.library.tasks.iter();
        tasks
            .map(|task| TaskLabel {
                name: task.name(),
                direction: match task.evaluation() {
                    Evaluation::RootMeanSquare => Direction::LowerIsBetter,
                    Evaluation::Accuracy => Direction::HigherIsBetter,
                },
                companion: None,
            })
            .collect()
    }

    fn starting_points(&self) -> Vec<Program> {
        known::of(Schema::Learner)
            .map(known::KnownProgram::parsed)
            .filter(|program| self.takes(program))
            .collect()
    }

    /// Of rounded predictions for a few examples of each task, as AutoML-Zero's cache of functional equivalence has
    /// it (Real et al. 2020, section 3.2).
    fn appraise(
        &self,
        program: &Program,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Appraisal, JudgeError> {
        self.check(program)?;
        Ok(DESK.with_borrow_mut(|desk| {
            desk.effective.find(program);
            let instructions = desk.effective.bodies.instructions().len() as u32;
            Appraisal {
                fingerprint: fingerprint.unwrap_or_else(|| self.identity(program, desk)),
                cost: instructions,
                instructions,
            }
        }))
    }

    fn probe(&self, program: &Program) -> Result<Probed, JudgeError> {
        self.check(program)?;
        if self.greatest_cost_flops.is_none() {
            return Ok(Probed::Passed(None));
        }
        Ok(DESK.with_borrow_mut(|desk| {
            desk.effective.find(program);
            match self.is_too_expensive(program, &desk.effective) {
                true => Probed::Rejected(Rejection::TooExpensive),
                false => Probed::Passed(None),
            }
        }))
    }

    /// What it predicts for a few examples of each task.
    fn behaviour(&self, program: &Program) -> Result<Vec<f32>, JudgeError> {
        self.check(program)?;
        Ok(DESK.with_borrow_mut(|desk| {
            desk.effective.find(program);
            let mut behaviour = Vec::new();
            self.predict_a_few(program, desk, |predictions, _| {
                behaviour.extend_from_slice(predictions);
            });
            behaviour
        }))
    }

    fn rungs(&self) -> Vec<Rung> {
        let tasks = self.library.tasks.iter();
        tasks
            .map(|task| Rung {
                name: task.name().to_owned(),
                is_trial: false,
            })
            .collect()
    }

    fn train(
        &self,
        program: &Program,
        seeds: &[u64],
        gate: &mut dyn Gate,
        backend: BackendChoice,
    ) -> Result<Trained, JudgeError> {
        self.check(program)?;
        let lesson = self.lesson(seeds)?;
        DESK.with_borrow_mut(|desk| {
            desk.effective.find(program);
            let names = self.library.tasks.iter().map(LearnerTask::name);
            Trained::task_by_task(names, 0, gate, |kind| {
                self.on_kind(program, &lesson, kind, backend, desk)
            })
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        self.check(program)?;
        let lesson = self.lesson(seeds)?;
        DESK.with_borrow_mut(|desk| {
            desk.effective.find(program);
            let kinds = 0..lesson.kinds.len();
            let tasks = kinds.map(|kind| {
                let (fitness, _) = self.on_kind(program, &lesson, kind, backend, desk)?;
                Ok::<_, JudgeError>(fitness)
            });
            Ok(Judgement::of(tasks.collect::<Result<_, _>>()?))
        })
    }

    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError> {
        self.check(program)?;
        Ok(compare::cost(program, self.features()))
    }

    fn compare(
        &self,
        program: &Program,
        _tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError> {
        compare::with_known_learners(program, self, backend)
    }

    fn report_seeds(&self) -> Vec<u64> {
        judging_task_seeds(self.settings.report_tasks)
    }

    fn legend(&self) -> String {
        let how = match self.settings.combination {
            Combination::Mean => "means",
            Combination::Median => "medians",
        };
        let mut legend = format!(
            "Fitness: of regression 1 - (2 / pi) atan(e) for the root mean square e of errors, of classification the\n\
             accuracy; {how} over {} tasks whose seeds are used for nothing else.",
            self.settings.report_tasks,
        );
        for (task, kind) in self.library.tasks.iter().zip(&self.search.kinds) {
            let examples = kind.first_panel();
            // Writing to a string does not fail.
            let _ = write!(
                legend,
                "\n{}: {} examples after {} to learn from.",
                task.name(),
                examples.validation.count,
                examples.training.count * self.settings.epochs,
            );
            for remark in &examples.remarks {
                let _ = write!(legend, "\n{remark}");
            }
        }
        legend
    }
}
