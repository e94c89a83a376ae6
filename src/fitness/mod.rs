//! How good an update rule is: one number, and what it is made of.
//!
//! ```text
//!   CompiledOptimizer ──Task::run for each seed──► learning curves
//!                                                      │  Reference: untrained = 0, best of the known rules = 1
//!                                                      ▼
//!                                     FitnessParts ──weights──► TaskFitness ──mean──► Judgement
//! ```
//!
//! Metrics of different tasks cannot be added, so each is normalised between two points that are the
//! same for every rule, [`Reference`]: 0 is the untrained model, 1 where the best of the known rules
//! ends with a tuned learning rate. Of each normalised curve three things count, weighted by
//! [`FitnessWeights`]:
//!
//! - *convergence speed*, the area under it;
//! - *final quality*, its last point;
//! - *sample efficiency*, how much of the budget is left when it reaches [`TARGET_QUALITY`];
//!
//! each divided by the best median that any known rule has there and bounded to 0 ..= [`GREATEST_PART`],
//! so that a task on which a rule is far ahead cannot hide one on which it fails. Of parts, the median over
//! seeds counts, times the share of runs that do not diverge, or the mean if settings say so ([`OverSeeds`]), and of task fitnesses the mean.

mod baselines;
pub(crate) mod compare;
mod comparison;
mod curves;
mod data;
mod fingerprint;
mod judge;
mod ladder;
mod parts;
mod probe;
mod rate_choice;
mod seeds;
mod training;
mod trials;
mod tuning;

pub use baselines::{
    BaselineError, BaselineTable, COMPARED, Measurement, Reference, TaskBaselines, measure,
};
pub use comparison::{Comparison, Contender};
pub use curves::TaskCurves;
pub use data::{DataSettings, DataSettingsError};
pub(crate) use fingerprint::rounded;
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use judge::{Judge, JudgeError, Judgement, ProgramCost, Rejection, TaskFitness, TaskLabel};
pub use ladder::{Appraisal, Gate, Open, Probed, Rung, Trained, Trial};
pub use parts::{FitnessParts, FitnessWeights, GREATEST_PART, OverSeeds, TARGET_QUALITY};
pub use probe::ProbeRun;
pub(crate) use rate_choice::OptimizersByRate;
pub use rate_choice::{GREATEST_COUNT as GREATEST_RATE_COUNT, RateChoice, RateFactor};
pub use seeds::{
    confirmation_seeds, explanation_seeds, judging_seeds, judging_task_seeds, search_seeds,
    second_look_seeds, tuning_seeds,
};
pub use training::TrainingJudge;
pub(crate) use training::task_work;
pub(crate) use trials::Leg;
pub(crate) use tuning::best_rate;
pub use tuning::{LEARNING_RATES, TuningError, best_learning_rate};
