//! What a search, a report and a replay ask of whoever judges programs, whatever kind they are.
//!
//! ```text
//!   Program ──appraise──► fingerprint, cost: known already?
//!      │
//!      ├──probe──► rejected, or worth training
//!      │
//!      └──train──► a Judgement: one fitness a task
//! ```

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Direction, NoTargets, TaskError};
use serde::{Deserialize, Serialize};

use super::{
    Appraisal, BaselineError, Comparison, DataSettingsError, Fingerprint, FitnessParts, Gate,
    Probed, Rung, Trained, TuningError, judging_seeds,
};
use crate::learner::{MixedLabels, OtherLabel};
use crate::loss::LossError;
use crate::optimizer::OptimizerError;
use crate::program::Program;

/// Judges programs of one schema on a suite of tasks.
pub trait Judge: Send + Sync {
    /// The tasks, in the order in which judgements have them.
    fn tasks(&self) -> Vec<TaskLabel>;

    /// Known programs at their best settings: what a search may begin with.
    fn starting_points(&self) -> Vec<Program>;

    /// What is known of a candidate before it runs. `fingerprint`, if given, is its fingerprint, which takes time to find.
    ///
    /// # Errors
    /// [`JudgeError`] if the program is of another schema.
    fn appraise(
        &self,
        program: &Program,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Appraisal, JudgeError>;

    /// The same for programs that are taken to be judged alike: that have the same bits or, rounded, the same
    /// gradients on made-up examples (losses) or the same predictions for some examples (learners).
    ///
    /// # Errors
    /// As [`appraise`](Self::appraise).
    fn fingerprint(&self, program: &Program) -> Result<Fingerprint, JudgeError> {
        Ok(self.appraise(program, None)?.fingerprint)
    }

    /// Whether a candidate is worth training, by what it does with made-up numbers.
    ///
    /// # Errors
    /// As [`appraise`](Self::appraise).
    fn probe(&self, program: &Program) -> Result<Probed, JudgeError>;

    /// What a program does with made-up numbers, as numbers of which there are as many for all programs: how far apart two
    /// such lists are is how differently the programs behave.
    ///
    /// # Errors
    /// As [`appraise`](Self::appraise).
    fn behaviour(&self, program: &Program) -> Result<Vec<f32>, JudgeError>;

    /// What training goes through, in order: trials, then each task.
    fn rungs(&self) -> Vec<Rung>;

    /// Trains with a candidate, rung by rung, as long as the gate lets it go on.
    ///
    /// # Errors
    /// [`JudgeError`] if the program is of another schema, or the back end fails.
    fn train(
        &self,
        program: &Program,
        seeds: &[u64],
        gate: &mut dyn Gate,
        backend: BackendChoice,
    ) -> Result<Trained, JudgeError>;

    /// Judges a program on every task with each seed.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError>;

    /// What a program costs to run.
    ///
    /// # Errors
    /// As [`appraise`](Self::appraise).
    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError>;

    /// Judges a program beside known ones on the seeds for reports; with its learning rate tuned for each
    /// task too, if `tunes` and that makes sense.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    fn compare(
        &self,
        program: &Program,
        tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError>;

    /// The seeds of a comparison's figures.
    fn report_seeds(&self) -> Vec<u64> {
        judging_seeds()
    }

    /// What has to be known to read a comparison.
    fn legend(&self) -> String;

    /// The yardstick as a file that a run keeps, if it was measured on a user's own data.
    fn own_yardstick(&self) -> Option<String> {
        None
    }
}

/// How reports call a task and its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLabel {
    /// Its name.
    pub name: &'static str,
    /// Which values of its metric are good.
    pub direction: Direction,
    /// The name of its companion metric, if it has one.
    pub companion: Option<&'static str>,
}

/// Why a probe tells that training is a waste of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Parameters, predictions or gradients become infinite or NaN.
    NotFinite,
    /// Parameters stay what they are, or the gradient is 0.
    Idle,
    /// Parameters move the same way whatever the gradient is.
    BlindToGradient,
    /// Its gradient is the same whatever the target is.
    BlindToTarget,
    /// Its gradient is the same whatever the prediction is.
    BlindToPrediction,
    /// It moves predictions that are clearly wrong further away.
    LeadsAstray,
    /// An op in it has no derivative, or the derivative is too large.
    NotDifferentiable,
    /// Twice its learning rate does not move parameters about twice as far.
    BlindToRate,
    /// It takes more FLOPs than the settings allow.
    TooExpensive,
}

impl Rejection {
    /// Its word in logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotFinite => "not_finite",
            Self::Idle => "idle",
            Self::BlindToGradient => "blind_to_gradient",
            Self::BlindToTarget => "blind_to_target",
            Self::BlindToPrediction => "blind_to_prediction",
            Self::LeadsAstray => "leads_astray",
            Self::NotDifferentiable => "not_differentiable",
            Self::BlindToRate => "blind_to_rate",
            Self::TooExpensive => "too_expensive",
        }
    }

    /// Whether it is a guess, which training could prove wrong, and neither a rule nor a reason why training is not
    /// possible.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::NotFinite
            | Self::Idle
            | Self::BlindToGradient
            | Self::BlindToTarget
            | Self::BlindToPrediction
            | Self::LeadsAstray => true,
            Self::NotDifferentiable | Self::BlindToRate | Self::TooExpensive => false,
        }
    }
}

/// How good a program is on a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The mean of the tasks' fitnesses.
    pub fitness: f64,
    /// Each task's, in the suite's order.
    pub tasks: Vec<TaskFitness>,
}

/// How good a program is on one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFitness {
    /// The task's name.
    pub task: String,
    /// All that counts, combined.
    pub fitness: f64,
    /// What the fitness of learning curves is made of, medians over seeds.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub parts: Option<FitnessParts>,
    /// The metric's mean last value, if no run diverged.
    pub final_value: Option<f64>,
    /// The companion metric's mean last value, if the task has one and no run diverged.
    pub final_companion: Option<f64>,
    /// How many runs there were.
    pub runs: usize,
    /// How many of them diverged.
    pub diverged_runs: usize,
    /// FLOPs of the program in one complete run.
    pub program_flops: u64,
}

/// What a program costs to run, and how large it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramCost {
    /// What costs are counted for: `parameter` of a model, or `example` to learn from.
    pub unit: String,
    /// FLOPs for each unit.
    pub unit_flops: u64,
    /// FLOPs of a call beside that.
    pub call_flops: u64,
    /// The whole cost of a call, as a polynomial in the rows m and columns n of a tensor.
    pub call_flops_formula: String,
    /// Numbers kept from one call to the next, for each parameter or in all.
    pub state: usize,
    /// How many instructions have an effect.
    pub instructions: usize,
}

/// Why programs cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// There is no such suite, or a task of it cannot be made.
    #[error(transparent)]
    Tasks(#[from] TaskError),
    /// It is not clear what data tasks should have.
    #[error(transparent)]
    Data(#[from] DataSettingsError),
    /// There is no yardstick.
    #[error(transparent)]
    Baselines(#[from] BaselineError),
    /// A program is of another kind.
    #[error(
        "program `{program}` has schema `{found}`; only `{expected}` programs can be judged here"
    )]
    Schema {
        /// The program's name.
        program: String,
        /// Its schema.
        found: &'static str,
        /// The schema that is judged.
        expected: &'static str,
    },
    /// A program brings its own model.
    #[error(
        "program `{program}` is a whole learner, which trains no model of a task; `mlevolve eval` judges it beside others"
    )]
    TrainsNothing {
        /// The program's name.
        program: String,
    },
    /// A learner's label is not what it is in the tasks.
    #[error(transparent)]
    Label(#[from] OtherLabel),
    /// The tasks of a suite have labels of several shapes.
    #[error(transparent)]
    Labels(#[from] MixedLabels),
    /// A program cannot be compiled.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// A program cannot be minimised.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// A task takes no loss.
    #[error(transparent)]
    NoTargets(#[from] NoTargets),
    /// A learning rate cannot be tuned.
    #[error(transparent)]
    Tuning(#[from] TuningError),
}

impl Judgement {
    /// Of what a program did on each task.
    #[must_use]
    pub fn of(tasks: Vec<TaskFitness>) -> Self {
        let fitness = tasks.iter().map(|task| task.fitness).sum::<f64>() / tasks.len() as f64;
        Self { fitness, tasks }
    }
}

impl TaskFitness {
    /// Of a task that a program was not let to.
    pub(super) fn missed(task: &str) -> Self {
        Self {
            task: task.to_owned(),
            fitness: 0.0,
            parts: None,
            final_value: None,
            final_companion: None,
            runs: 0,
            diverged_runs: 0,
            program_flops: 0,
        }
    }
}
