//! Programs that say both what is minimised and how parameters move for it: a loss and an update rule that evolve
//! together.

use super::{
    Form, FunctionDescription, Judging, RequiredCell, Schema, SchemaDescription, StandardCells,
    loss, optimizer,
};
use crate::algorithm::AlgorithmJudge;
use crate::contest::Trainer;
use crate::fitness::Judge;
use crate::search::SearchSettings;
use crate::variation::{FunctionSettings, VariationSettings};

const LOSS: FunctionDescription = FunctionDescription {
    followed_by: &[optimizer::UPDATE.name],
    ..loss::FUNCTION
};

const UPDATE: FunctionDescription = FunctionDescription {
    followed_by: &[loss::FUNCTION.name],
    ..optimizer::UPDATE
};

/// In each step `loss` is called for each example of the batch, then `update` for each parameter tensor with the gradient
/// of the mean loss. They have nothing in common but constants, and a search gives each its own, so that functions can
/// be exchanged whole.
pub(super) const DESCRIPTION: SchemaDescription = SchemaDescription {
    name: "algorithm",
    version: 1,
    functions: &[LOSS, UPDATE],
    required: &REQUIRED,
    standard: &STANDARD,
    maximum_cells: 96,
    // No more than either has alone.
    maximum_instructions: 128,
    cost_references: &["cross_entropy_adam"],
    judging: Judging {
        form: |_| Form::STANDARD,
        defaults,
        validate: loss::DESCRIPTION.judging.validate,
        judge: |settings, data| {
            let judge = AlgorithmJudge::new(&settings.suite, data, settings.fitness)?;
            let judge = judge.asking_for_rate(settings.needs_learning_rate);
            Ok(Box::new(judge.choosing_rates(settings.rate_choice())))
        },
        held_out: |settings| {
            let judge = AlgorithmJudge::held_out_from(&settings.suite, settings.fitness)?;
            Ok(judge.map(|judge| Box::new(judge) as Box<dyn Judge>))
        },
        trainer: |program| {
            let (loss, rule) = (program.part(Schema::Loss), program.part(Schema::Optimizer));
            Trainer::new(program.name(), Some(&rule), Some(&loss))
        },
    },
};

const REQUIRED: [RequiredCell; 8] = {
    let ([prediction, target, loss], [w, g, step, rate, delta]) =
        (loss::REQUIRED, optimizer::REQUIRED);
    [prediction, target, loss, w, g, step, rate, delta]
};

const STANDARD: [StandardCells; 8] = {
    let [constants, vectors, scalars] = loss::STANDARD;
    let [c, m, q, t, s] = optimizer::STANDARD;
    let loss_constants = StandardCells {
        group: "loss_constants",
        prefix: "k",
        ..constants
    };
    let loss_scalars = StandardCells {
        group: "loss_scalars",
        prefix: "r",
        ..scalars
    };
    [loss_constants, vectors, loss_scalars, c, m, q, t, s]
};

/// A search from the mean squared error with every known rule, on the tasks that one over losses has.
fn defaults() -> SearchSettings {
    let settings = (loss::DESCRIPTION.judging.defaults)();
    let own = |variation: VariationSettings| FunctionSettings {
        maximum_instructions: Some(variation.maximum_instructions),
        random_minimum_instructions: Some(variation.random_minimum_instructions),
        random_maximum_instructions: Some(variation.random_maximum_instructions),
        ops: Some(variation.ops),
    };
    let functions = [(LOSS.name.to_owned(), own(settings.variation))];
    SearchSettings {
        schema: DESCRIPTION.name.to_owned(),
        generations: 60,
        offspring: 600,
        // A random loss is of use one time in a thousand, and a random rule not much more often; both at once never.
        injection_rate: 0.2,
        low_diversity_injection_rate: 0.3,
        hurdle: 0.3,
        variation: VariationSettings {
            functions: functions.into(),
            ..VariationSettings::default()
        },
        ..settings
    }
}
