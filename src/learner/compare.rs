//! Learners beside known ones, and what they cost.

use mlevolve_ir::{BackendChoice, Dimensions, Shape};

use super::LearnerJudge;
use crate::fitness::{Comparison, Contender, Judge, JudgeError, ProgramCost};
use crate::program::{CellIndex, Effective, Instruction, Program, Role, Schema, known};
use crate::schema::learner::{LEARN, PREDICT, SETUP};

/// Judges a program, and the known learners, on tasks that no search has.
pub(super) fn with_known_learners(
    program: &Program,
    judge: &LearnerJudge,
    backend: BackendChoice,
) -> Result<Comparison, JudgeError> {
    let seeds = judge.report_seeds();
    let contender = |name: &str, program: &Program| {
        Ok::<_, JudgeError>(Contender {
            name: name.to_owned(),
            learning_rates: Vec::new(),
            judgement: judge.judge(program, &seeds, backend)?,
            cost: judge.cost(program)?,
            // Learners are examined when they have been taught.
            curves: Vec::new(),
        })
    };
    let known = known::of(Schema::Learner).map(known::KnownProgram::parsed);
    let known = known.filter(|program| judge.takes(program));
    let compared = known.map(|program| contender(program.name(), &program));
    Ok(Comparison {
        written: contender(&format!("{}, as written", program.name()), program)?,
        tuned: None,
        compared: compared.collect::<Result<_, _>>()?,
    })
}

/// FLOPs of `predict` and `learn` for one example of so many features.
pub(super) fn example_flops(program: &Program, effective: &Effective, features: usize) -> f64 {
    flops(program, &effective.bodies[PREDICT], features)
        + flops(program, &effective.bodies[LEARN], features)
}

fn flops(program: &Program, body: &[Instruction], features: usize) -> f64 {
    let dimensions = Dimensions::new(features, features);
    let costs = body.iter().map(|instruction| {
        let operands = instruction.operands().iter();
        let shapes: Vec<Shape> = operands.map(|&cell| program.cell(cell).shape).collect();
        let cost = instruction.op().cost(&shapes);
        cost.map_or(0.0, |cost| cost.total(dimensions))
    });
    costs.sum()
}

/// What a learner costs on examples of so many features.
pub(super) fn cost(program: &Program, features: usize) -> ProgramCost {
    let effective = program.effective();
    let dimensions = Dimensions::new(features, features);
    let is_needed = |index: CellIndex| {
        let mut functions = effective.needed_at_start.iter();
        functions.any(|needed| needed.contains(index))
    };
    let state = CellIndex::enumerate(program.cells())
        .filter(|(index, cell)| cell.role == Role::State && is_needed(*index))
        .filter_map(|(_, cell)| dimensions.elements(cell.shape));
    ProgramCost {
        unit: "example".to_owned(),
        unit_flops: example_flops(program, &effective, features) as u64,
        call_flops: flops(program, &effective.bodies[SETUP], features) as u64,
        call_flops_formula: String::new(),
        state: state.sum(),
        instructions: effective.bodies.instructions().len(),
    }
}
