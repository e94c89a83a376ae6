//! What a program does, why it works, and what it is like: for whoever is to believe what a search has found.
//!
//! ```text
//!                ┌─ reading ─────► formulas, and which rewriting is not exact        ─┐
//!   Program ─────┼─ nearest ─────► known programs by structure and behaviour, identity ├─► Explanation
//!                ├─ cost ────────► beside that of a known one                         │
//!                └─ measured ──┬─► each instruction and state taken out               │
//!                 (by a judge) └─► each constant at other values                     ─┘
//! ```
//!
//! The first three take milliseconds. What is measured trains models, some hundred times: each variant of the program is judged with
//! the seeds that the program is judged with, and changes of fitness are taken seed by seed, so that what seeds have in common
//! does not blur them. All that is asked of programs goes through a [`Judge`], so that nothing here knows which schema they have.

mod ablation;
mod bench;
mod change;
mod cost;
mod identity;
mod labels;
mod nearest;
mod reading;
mod sensitivity;
mod skeleton;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

use mlevolve_ir::BackendChoice;
use serde::{Deserialize, Serialize};

use self::bench::Bench;
use crate::fitness::{Judge, JudgeError, explanation_seeds};
use crate::program::Program;
use crate::statistics::Spread;

pub use ablation::{Part, PartEffect, Retuned};
pub use change::{Change, Direction};
pub use cost::{CostBeside, CostRow};
pub use identity::{ConstantPair, Identity};
pub use nearest::{KnownDistance, Nearest};
pub use reading::{ReadFunction, Reading};
pub use sensitivity::{Sensitivity, SensitivityPoint, Sharpness, Variation};

/// How many seeds a program is measured with, if nothing else is said.
pub const DEFAULT_SEEDS: usize = 10;

/// Everything that is told of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The program's text, without what has no effect.
    pub program: String,
    /// It as people read it.
    pub reading: Reading,
    /// The known programs that it is near to; then the same of each part, if its schema is made of others.
    pub nearest: Vec<Nearest>,
    /// What it costs beside known ones.
    pub cost: CostBeside,
    /// Which of its parts and constants matter, if that was measured.
    pub measured: Option<Measured>,
}

/// Which parts and constants of a program matter, by its fitness without them or with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The suite that it was judged on.
    pub suite: String,
    /// The seeds that everything was judged with, one after another.
    pub seeds: Vec<u64>,
    /// Its fitness as it is, over these seeds.
    pub fitness: Spread,
    /// What its learning rate is multiplied by where it is tuned, and how much fitter it is then; nothing if it has none.
    pub retuned: Option<Retuned>,
    /// Each instruction and each cell of state, taken out.
    pub parts: Vec<PartEffect>,
    /// Each constant that an instruction reads, at other values.
    pub constants: Vec<Sensitivity>,
}

/// How programs are to be measured.
#[derive(Clone, Copy)]
pub struct Measuring<'a> {
    /// What the suite is called that the judge judges on.
    pub suite: &'a str,
    /// How many seeds.
    pub seeds: usize,
    /// What runs programs; it changes no figure.
    pub backend: BackendChoice,
    /// Hears of so many programs that are judged, on whatever thread.
    pub told: &'a (dyn Fn(u64) + Sync),
}

/// How often a program is judged to be measured with so many seeds.
#[must_use]
pub fn judgements(program: &Program, seeds: usize) -> u64 {
    let program = program.pruned();
    let variants = 1 + ablation::count(&program) + sensitivity::count(&program);
    (variants * seeds) as u64 + ablation::retuning_judgements(&program, seeds)
}

/// Explains a program; without measuring anything, unless it is said how. All figures are the same at any number of threads.
///
/// # Errors
/// [`JudgeError`] if the program is not one that the judge can judge, or the back end fails.
///
/// # Panics
/// If it is to be measured with no seed.
pub fn explain(
    program: &Program,
    judge: &dyn Judge,
    measuring: Option<Measuring<'_>>,
) -> Result<Explanation, JudgeError> {
    // Whoever asks for the wrong schema should hear of it at once.
    judge.appraise(program, None)?;
    let pruned = program.pruned();
    let nearest = nearest::nearest(&pruned, judge);
    let measured = measuring.map(|measuring| measured(&pruned, judge, measuring));
    Ok(Explanation {
        reading: Reading::of(program),
        cost: CostBeside::of(&pruned, &nearest[0], judge),
        measured: measured.transpose()?,
        program: pruned.to_string(),
        nearest,
    })
}

fn measured(
    program: &Program,
    judge: &dyn Judge,
    measuring: Measuring<'_>,
) -> Result<Measured, JudgeError> {
    let seeds = explanation_seeds(measuring.seeds);
    let bench = Bench {
        judge,
        backend: measuring.backend,
        told: measuring.told,
        seeds,
    };
    let own = bench.fitnesses(std::slice::from_ref(program), &bench.seeds)?;
    let own = &own[0];
    let (retuned, parts) = ablation::effects(program, own, &bench)?;
    Ok(Measured {
        suite: measuring.suite.to_owned(),
        fitness: Spread::of(own.clone()),
        retuned,
        parts,
        constants: sensitivity::sensitivities(program, own, &bench)?,
        seeds: bench.seeds,
    })
}
