//! Programs that move a parameter tensor, given its gradient.

use mlevolve_ir::Shape;
use mlevolve_tasks::{Suite, TaskError};

use super::{
    Form, FunctionDescription, Judging, RequiredCell, RequiredRole, SchemaDescription,
    StandardCells,
};
use crate::contest::Trainer;
use crate::fitness::{Judge, TrainingJudge};
use crate::learner::lessons;
use crate::program::{Constant, Role, list};
use crate::search::{SearchSettings, SearchSettingsError};

/// Called once a step for each parameter tensor `w`; the new parameter is `w + delta`.
pub(super) const UPDATE: FunctionDescription = FunctionDescription {
    name: "update",
    followed_by: &["update"],
    keeps_state: true,
    shapes: &Shape::ALL,
};

/// The constant that an update rule is tuned by.
pub const LEARNING_RATE: &str = "learning_rate";

/// What an update is given and gives.
pub(super) const REQUIRED: [RequiredCell; 5] = [
    RequiredCell {
        name: "w",
        shapes: &[Shape::Tensor],
        role: RequiredRole::Input,
        known_to: &[UPDATE.name],
    },
    // The loss's gradient at w.
    RequiredCell {
        name: "g",
        shapes: &[Shape::Tensor],
        role: RequiredRole::Input,
        known_to: &[UPDATE.name],
    },
    // The number of this step, from 1.
    RequiredCell {
        name: "step",
        shapes: &[Shape::Scalar],
        role: RequiredRole::Input,
        known_to: &[UPDATE.name],
    },
    RequiredCell {
        name: LEARNING_RATE,
        shapes: &[Shape::Scalar],
        role: RequiredRole::PositiveConstant {
            default: Constant::literal(0.001),
            drawn_from: [1e-4, 1.0],
        },
        known_to: &[UPDATE.name],
    },
    RequiredCell {
        name: "delta",
        shapes: &[Shape::Tensor],
        role: RequiredRole::Increment { of: "w" },
        known_to: &[UPDATE.name],
    },
];

/// What an update has beside that.
pub(super) const STANDARD: [StandardCells; 5] = [
    StandardCells {
        group: "constants",
        prefix: "c",
        count: 6,
        shape: Shape::Scalar,
        role: Role::Constant(Constant::literal(0.5)),
        meant_for: &[UPDATE.name],
    },
    StandardCells {
        group: "tensor_states",
        prefix: "m",
        count: 3,
        shape: Shape::Tensor,
        role: Role::State,
        meant_for: &[UPDATE.name],
    },
    StandardCells {
        group: "scalar_states",
        prefix: "q",
        count: 2,
        shape: Shape::Scalar,
        role: Role::State,
        meant_for: &[UPDATE.name],
    },
    StandardCells {
        group: "tensors",
        prefix: "t",
        count: 4,
        shape: Shape::Tensor,
        role: Role::Scratch,
        meant_for: &[UPDATE.name],
    },
    StandardCells {
        group: "scalars",
        prefix: "s",
        count: 4,
        shape: Shape::Scalar,
        role: Role::Scratch,
        meant_for: &[UPDATE.name],
    },
];

pub(super) const DESCRIPTION: SchemaDescription = SchemaDescription {
    name: "optimizer",
    version: 1,
    functions: &[UPDATE],
    required: &REQUIRED,
    standard: &STANDARD,
    maximum_cells: 64,
    maximum_instructions: 256,
    cost_references: &["adam"],
    judging: Judging {
        form: |_| Form::STANDARD,
        defaults: SearchSettings::default,
        validate: |settings| {
            let entries = Suite::entries(&settings.suite);
            let refused = |error: TaskError| match lessons::entries(&settings.suite) {
                Ok(_) => SearchSettingsError::Suite(format!(
                    "`{}` is for whole learners, programs of schema `learner`, which bring their own model and \
                     rule; suites whose models are trained are {}",
                    settings.suite,
                    list(Suite::names())
                )),
                Err(_) => SearchSettingsError::Suite(error.to_string()),
            };
            entries.map(|_| ()).map_err(refused)
        },
        judge: |settings, data| {
            let judge = TrainingJudge::new(&settings.suite, data, settings.fitness)?;
            let judge = judge.asking_for_rate(settings.needs_learning_rate);
            Ok(Box::new(judge.choosing_rates(settings.rate_choice())))
        },
        held_out: |settings| {
            let judge = TrainingJudge::held_out_from(&settings.suite, settings.fitness)?;
            Ok(judge.map(|judge| Box::new(judge) as Box<dyn Judge>))
        },
        trainer: |program| Trainer::new(program.name(), Some(program), None),
    },
};
