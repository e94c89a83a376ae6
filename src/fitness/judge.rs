//! What a search, a report and a replay ask of whoever judges programs, whatever kind they are.
//!
//! ```text
//!   Program ──fingerprint──► known already?
//!      │
//!      └──examine──► Verdict: rejected, dropped at a hurdle, or a Judgement: one fitness a task
//! ```

use std::fmt;
use std::str::FromStr;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Direction, NoTargets, TaskError};
use serde::{Deserialize, Serialize};

use super::{
    BaselineError, Comparison, DataSettingsError, FitnessParts, TuningError, judging_seeds,
};
use crate::learner::{MixedLabels, OtherLabel};
use crate::loss::LossError;
use crate::lowering::CanonicalHash;
use crate::optimizer::OptimizerError;
use crate::program::Program;

/// Judges programs of one schema on a suite of tasks.
pub trait Judge: Send + Sync {
    /// The tasks, in the order in which judgements have them.
    fn tasks(&self) -> Vec<TaskLabel>;

    /// Known programs at their best settings: what a search may begin with.
    fn starting_points(&self) -> Vec<Program>;

    /// The same for programs that are taken to be judged alike: that have the same bits or, rounded, the same
    /// gradients on made-up examples (losses) or the same predictions for some examples (learners).
    ///
    /// # Errors
    /// [`JudgeError`] if the program is of another schema.
    fn fingerprint(&self, program: &Program) -> Result<Fingerprint, JudgeError>;

    /// Judges a candidate with as little work as tells that it is no good: a program that is below
    /// `hurdle` on a task is not let to the next.
    ///
    /// # Errors
    /// [`JudgeError`] if the program is of another schema, or the back end fails.
    fn examine(
        &self,
        program: &Program,
        seeds: &[u64],
        hurdle: f64,
        backend: BackendChoice,
    ) -> Result<Verdict, JudgeError>;

    /// Judges a program on every task with each seed.
    ///
    /// # Errors
    /// As [`examine`](Self::examine).
    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError>;

    /// What a program costs to run.
    ///
    /// # Errors
    /// [`JudgeError`] if the program is of another schema.
    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError>;

    /// Judges a program beside known ones on the seeds for reports; with its learning rate tuned for each
    /// task too, if `tunes` and that makes sense.
    ///
    /// # Errors
    /// As [`examine`](Self::examine).
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

/// Equal for programs that are taken to be judged alike.
///
/// Displayed as, and parsed from, 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The fingerprint that a SHA-256 digest begins with.
    pub(crate) fn of_digest(digest: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<CanonicalHash> for Fingerprint {
    fn from(hash: CanonicalHash) -> Self {
        Self(hash.bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// A word that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no fingerprint, which has 32 hexadecimal digits")]
pub struct InvalidFingerprint {
    /// The word.
    pub found: String,
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(word: &str) -> Result<Self, InvalidFingerprint> {
        let invalid = || InvalidFingerprint {
            found: word.chars().take(40).collect(),
        };
        if word.len() != 32 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let number = u128::from_str_radix(word, 16).map_err(|_| invalid())?;
        Ok(Self(number.to_be_bytes()))
    }
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
    /// It takes more FLOPs than the settings allow.
    TooExpensive,
}

/// What becomes of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was not trained.
    Rejected(Rejection),
    /// It was trained.
    Trained {
        /// How good it is.
        judgement: Judgement,
        /// Whether it stayed below the hurdle, so that some tasks count 0.
        dropped: bool,
        /// What tells equally good programs apart: FLOPs for each parameter of a model, FLOPs of a loss for an
        /// example, or instructions of a learner. Programs of one fingerprint have that of the first.
        cost: u32,
    },
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
    /// What the fitness of a learning curve is made of, averaged over seeds.
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

    /// Of what `judge` says of each task in turn, up to the first that is below `hurdle`: the tasks that are left count
    /// 0. The other result is whether that happened.
    pub(crate) fn until_hurdle<'a, E>(
        names: impl ExactSizeIterator<Item = &'a str>,
        hurdle: f64,
        mut judge: impl FnMut(usize) -> Result<TaskFitness, E>,
    ) -> Result<(Self, bool), E> {
        let count = names.len();
        let mut tasks = Vec::with_capacity(count);
        let mut dropped = false;
        for (index, name) in names.enumerate() {
            let fitness = if dropped {
                TaskFitness::missed(name)
            } else {
                judge(index)?
            };
            dropped |= fitness.fitness < hurdle && index + 1 < count;
            tasks.push(fitness);
        }
        Ok((Self::of(tasks), dropped))
    }
}

impl TaskFitness {
    /// Of a task that a program was not let to.
    fn missed(task: &str) -> Self {
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
