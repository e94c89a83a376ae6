//! A program as people read it: formulas, rewritten as on paper.

use mlevolve_ir::passes;
use serde::{Deserialize, Serialize};

use crate::export::formulas;
use crate::lowering::lower_unoptimised;
use crate::program::Program;

/// A program as formulas. `m` is what a cell held before a call, `m'` what it holds after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Its functions that do anything.
    pub functions: Vec<ReadFunction>,
    /// How many instructions it has as it is written.
    pub instructions: usize,
    /// How many of them have no effect and were left out first.
    pub idle_instructions: usize,
}

/// A function as formulas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadFunction {
    /// Its name.
    pub name: String,
    /// One line for each value that has a name. Numbers have four significant digits.
    pub formulas: Vec<String>,
    /// The rewrite rules that were taken although they do not keep every bit; all others do.
    pub inexact: Vec<String>,
}

impl Reading {
    /// Of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let functions = lower_unoptimised(program);
        let functions = functions.iter().filter_map(|function| {
            let read = passes::simplify_for_reading(function);
            let inexact = read.inexact.iter().map(|rule| rule.line().to_owned());
            let formulas = formulas(&read.function);
            (!formulas.is_empty()).then(|| ReadFunction {
                name: function.name().to_owned(),
                formulas,
                inexact: inexact.collect(),
            })
        });
        let instructions = program.instruction_count();
        Self {
            functions: functions.collect(),
            instructions,
            idle_instructions: instructions - program.effective_instruction_count(),
        }
    }
}
