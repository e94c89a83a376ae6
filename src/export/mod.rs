//! Programs as code for elsewhere: what a user takes home.
//!
//! ```text
//!   Program ──pruned──► Routine for each function: every value defined once, with the name of its cell
//!                          │
//!                          ├─ template of each op (a column of the op table) ─► expressions with the brackets they need
//!                          ├─ what is used once goes where it is used ────────► Block: named lines, what is kept
//!                          └─ functions that the language lacks ──────────────► helpers/
//!                                                   │
//!              a file a target: what is around the lines ──► text of a module
//! ```
//!
//! The order of operations is the program's, and so is the precision, binary32; results differ from the interpreter's by
//! what libraries round otherwise. `python/parity/` measures that, step by step.

mod code;
mod formula;
mod helpers;
mod latex;
mod learner;
mod names;
mod numpy;
mod optax;
mod python;
mod routine;
mod rule;
mod rust;
mod template;
mod torch;

use std::fmt;
use std::str::FromStr;

use crate::program::{Program, Schema, list};

pub(crate) use formula::{formulas, short_number};

/// What a program can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A module for PyTorch.
    Torch,
    /// A module for optax, in JAX.
    Optax,
    /// A module for NumPy, to read.
    Numpy,
    /// A module for Rust without dependencies.
    Rust,
    /// An algorithm for LaTeX.
    Latex,
    /// The program without what has no effect.
    Text,
}

/// A row of the table of targets.
struct TargetRow {
    target: Target,
    name: &'static str,
    /// Why programs of a schema cannot be written so, if they cannot.
    refuses: fn(Schema) -> Option<&'static str>,
    write: fn(&Program) -> String,
}

const TARGETS: &[TargetRow] = &[
    TargetRow {
        target: Target::Torch,
        name: "torch",
        refuses: |_| None,
        write: torch::module,
    },
    TargetRow {
        target: Target::Optax,
        name: "optax",
        refuses: |schema| match schema {
            Schema::Learner => {
                Some("optax has gradient transformations and losses, and a learner is neither")
            }
            Schema::Optimizer | Schema::Loss | Schema::Algorithm => None,
        },
        write: optax::module,
    },
    TargetRow {
        target: Target::Numpy,
        name: "numpy",
        refuses: |_| None,
        write: numpy::module,
    },
    TargetRow {
        target: Target::Rust,
        name: "rust",
        refuses: |_| None,
        write: rust::module,
    },
    TargetRow {
        target: Target::Latex,
        name: "latex",
        refuses: |_| None,
        write: latex::module,
    },
    TargetRow {
        target: Target::Text,
        name: "text",
        refuses: |_| None,
        write: |program| program.pruned().to_string(),
    },
];

/// A program that cannot be written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("program `{program}` cannot be exported to {target}: {reason}; it can to {others}")]
pub struct ExportError {
    /// The program's name.
    pub program: String,
    /// What it was to be written as.
    pub target: Target,
    /// Why it cannot.
    pub reason: &'static str,
    /// What it can be written as.
    pub others: String,
}

/// A word that names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no target `{found}`; there are {known}")]
pub struct UnknownTarget {
    /// The word.
    pub found: String,
    /// The targets there are.
    pub known: String,
}

impl Target {
    /// Every target.
    pub fn all() -> impl Iterator<Item = Self> {
        TARGETS.iter().map(|row| row.target)
    }

    fn row(self) -> &'static TargetRow {
        let row = TARGETS.iter().find(|row| row.target == self);
        row.expect("every target has its row")
    }

    /// The target's word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(found: &str) -> Result<Self, UnknownTarget> {
        let row = TARGETS.iter().find(|row| row.name == found);
        row.map(|row| row.target).ok_or_else(|| UnknownTarget {
            found: found.to_owned(),
            known: list(TARGETS.iter().map(|row| row.name)),
        })
    }
}

/// The text of a module that does what a program does.
///
/// # Errors
/// [`ExportError`] if the target has nothing that the program could be.
pub fn export(program: &Program, target: Target) -> Result<String, ExportError> {
    let row = target.row();
    if let Some(reason) = (row.refuses)(program.schema()) {
        let others = TARGETS
            .iter()
            .filter(|row| (row.refuses)(program.schema()).is_none());
        return Err(ExportError {
            program: program.name().to_owned(),
            target,
            reason,
            others: list(others.map(|row| row.name)),
        });
    }
    Ok((row.write)(program))
}
