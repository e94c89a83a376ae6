//! Programs that learn from examples, given nothing but data: AutoML-Zero's setting (Real, Liang, So and Le
//! 2020, "AutoML-Zero: Evolving Machine Learning Algorithms From Scratch").

use mlevolve_ir::Shape;
use mlevolve_tasks::Suite;
use mlevolve_tasks::learner::{LEARNER_TASKS, LabelShape, LearnerTaskEntry};

use super::{
    CellCounts, Form, FunctionDescription, Judging, RequiredCell, RequiredRole, SchemaDescription,
    StandardCells,
};
use crate::fitness::JudgeError;
use crate::learner::{LearnerJudge, label, lessons};
use crate::program::{CellIndex, Constant, Program, Role, Schema, list};
use crate::search::{CandidateLogging, KnownPrograms, SearchSettings, SearchSettingsError};
use crate::variation::{FunctionSettings, MutationWeights, OpSet, VariationSettings};

/// The place of `setup` among the functions.
pub(crate) const SETUP: usize = 0;
/// The place of `predict` among the functions.
pub(crate) const PREDICT: usize = 1;
/// The place of `learn` among the functions.
pub(crate) const LEARN: usize = 2;
/// The input for an example's features.
pub(crate) const FEATURES: &str = "x";
/// The input for an example's label.
pub(crate) const LABEL: &str = "y";
/// The input for the number of the example.
pub(crate) const STEP: &str = "step";
/// The input for what tells tasks apart.
pub(crate) const SEED: &str = "seed";
/// The state that `predict` leaves its result in.
pub(crate) const PREDICTION: &str = "prediction";

/// Where the cells are that every learner has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredPlaces {
    /// [`FEATURES`]
    pub(crate) features: CellIndex,
    /// [`LABEL`]
    pub(crate) label: CellIndex,
    /// [`STEP`]
    pub(crate) step: CellIndex,
    /// [`SEED`]
    pub(crate) seed: CellIndex,
    /// [`PREDICTION`]
    pub(crate) prediction: CellIndex,
}

impl RequiredPlaces {
    /// Those of a program.
    ///
    /// # Panics
    /// If it is no learner.
    pub(crate) fn of(program: &Program) -> Self {
        assert_eq!(program.schema(), Schema::Learner);
        match program.cell_table().kinds().required_places[..] {
            [features, label, step, seed, prediction] => Self {
                features,
                label,
                step,
                seed,
                prediction,
            },
            _ => unreachable!("programs have the cells that their schema requires"),
        }
    }
}

/// What memory holds: scalars, vectors and matrices of AutoML-Zero, and a row as a transposed vector.
const SHAPES: &[Shape] = &[
    Shape::Scalar,
    Shape::Column,
    Shape::RowGram,
    Shape::TransposedColumn,
];

/// `setup` is called once; then for each example to learn from `predict` and `learn`, and for each example
/// to be examined on `predict` alone. With *F* features, a column has *F* elements and a row Gram matrix is
/// *F* × *F*. All memory lasts, as it does there. A label, and the prediction of it, is a scalar or a column: which
/// of them, the [form](form_for) of a program says.
pub(super) const DESCRIPTION: SchemaDescription = SchemaDescription {
    name: "learner",
    version: 1,
    functions: &[
        FunctionDescription {
            name: "setup",
            followed_by: &["predict"],
            keeps_state: true,
            shapes: SHAPES,
        },
        FunctionDescription {
            name: "predict",
            followed_by: &["predict", "learn"],
            keeps_state: true,
            shapes: SHAPES,
        },
        FunctionDescription {
            name: "learn",
            followed_by: &["predict"],
            keeps_state: true,
            shapes: SHAPES,
        },
    ],
    required: &[
        // The features of the example.
        RequiredCell {
            name: FEATURES,
            shapes: &[Shape::Column],
            role: RequiredRole::Input,
            known_to: &[],
        },
        // The label of the example.
        RequiredCell {
            name: LABEL,
            shapes: LABEL_SHAPES,
            role: RequiredRole::Input,
            known_to: &["learn"],
        },
        // The number of the example, from 1; 0 in `setup`. A key for random numbers.
        RequiredCell {
            name: STEP,
            shapes: &[Shape::Scalar],
            role: RequiredRole::Input,
            known_to: &[],
        },
        // What tells this task from others, for random numbers.
        RequiredCell {
            name: SEED,
            shapes: &[Shape::Scalar],
            role: RequiredRole::Input,
            known_to: &[],
        },
        // What `predict` leaves. Of classification, the chance of class 1 is its sigmoid, which is what `learn`
        // finds.
        RequiredCell {
            name: PREDICTION,
            shapes: LABEL_SHAPES,
            role: RequiredRole::Result { of: "predict" },
            known_to: &[],
        },
    ],
    standard: &[
        StandardCells {
            group: "constants",
            prefix: "c",
            count: 4,
            shape: Shape::Scalar,
            role: Role::Constant(Constant::literal(0.5)),
            meant_for: &[],
        },
        StandardCells {
            group: "scalars",
            prefix: "s",
            count: 4,
            shape: Shape::Scalar,
            role: Role::State,
            meant_for: &[],
        },
        StandardCells {
            group: "vectors",
            prefix: "v",
            count: 8,
            shape: Shape::Column,
            role: Role::State,
            meant_for: &[],
        },
        // Backpropagation to a label that is a vector has two of weights, and one for what changes them.
        StandardCells {
            group: "matrices",
            prefix: "m",
            count: 3,
            shape: Shape::RowGram,
            role: Role::State,
            meant_for: &[],
        },
    ],
    maximum_cells: 128,
    maximum_instructions: 128,
    cost_references: &["two_layer_network", "two_layer_network_vector"],
    judging: Judging {
        defaults,
        validate,
        // Of a suite that there is not, validation says so.
        form: |settings| {
            let entries = lessons::entries(&settings.suite).unwrap_or_default();
            entries
                .first()
                .map_or(Form::STANDARD, |entry| form_for(entry.label()))
        },
        judge: |settings, data| Ok(Box::new(LearnerJudge::new(settings, data)?)),
        // Reports are on tasks that no search has anyway.
        held_out: |_| Ok(None),
        trainer: |program| {
            Err(JudgeError::TrainsNothing {
                program: program.name().to_owned(),
            })
        },
    },
};

/// What a label and a prediction are, by the form of a program.
const LABEL_SHAPES: &[Shape] = &[Shape::Scalar, Shape::Column];

/// The form of programs for tasks with such labels.
pub(crate) const fn form_for(label: LabelShape) -> Form {
    match label {
        LabelShape::Number => Form::STANDARD,
        LabelShape::Vector => Form::new(1),
    }
}

/// Whether there are such tasks for learners, and whether they are on the data that are named.
fn validate(settings: &SearchSettings) -> Result<(), SearchSettingsError> {
    let SearchSettings { suite, data, .. } = settings;
    let refused = |message: String| Err(SearchSettingsError::Suite(message));
    if data.csv.is_some() {
        return refused(
            "a table with a target (--csv) is for update rules; learners take two, --train FILE --valid FILE, whose \
             last column is the label"
                .to_owned(),
        );
    }
    let names = || list(LEARNER_TASKS.iter().map(LearnerTaskEntry::name));
    let entries = match lessons::entries(suite) {
        Ok(entries) => entries,
        Err(_) if Suite::entries(suite).is_ok() => {
            return refused(format!(
                "`{suite}` trains models with an update rule; a learner brings its own model and rule, and learns on {}",
                names()
            ));
        }
        Err(error) => return refused(error.to_string()),
    };
    let names_of = || entries.iter().map(|entry| entry.name());
    if let Some(twice) = names_of().enumerate().find_map(|(place, name)| {
        let mut before = names_of().take(place);
        before.any(|other| other == name).then_some(name)
    }) {
        return refused(format!("task `{twice}` is named twice"));
    }
    if let Err(mixed) = label::common_label(&entries) {
        return refused(mixed.to_string());
    }
    if data.text.is_some() || data.baselines.is_some() {
        return refused(
            "no task for learners is on a text (--text) or measured by baselines (--baselines)"
                .to_owned(),
        );
    }
    let on_own = entries.iter().any(|entry| entry.name() == OWN);
    if data.train.is_some() && !on_own {
        return refused(format!(
            "no task of `{suite}` is on your own examples (--train, --valid); `{OWN}` is"
        ));
    }
    Ok(())
}

/// The task on a user's own tables.
const OWN: &str = "own";

/// A search like AutoML-Zero's own demonstration: random programs of a few ops, regularised evolution, ten
/// tasks of linear regression.
///
/// What is different there helps to find linear regression (`cargo bench --bench learners -- success`). None of these ops
/// draws random numbers, so what they need for that, which the original does not have, would only be in the way. What
/// is learnt from often has no effect until another instruction uses it, so twins take each other's place. And a
/// population finds it soon or never, so that it had better begin again.
fn defaults() -> SearchSettings {
    let ops = OpSet::new(["add", "sub", "mul", "dot"]).expect("these are ops");
    let function = |maximum_instructions: usize| FunctionSettings {
        maximum_instructions: Some(maximum_instructions),
        random_minimum_instructions: Some(maximum_instructions),
        random_maximum_instructions: Some(maximum_instructions),
        ops: None,
    };
    let functions = [("setup", 10), ("predict", 2), ("learn", 8)];
    SearchSettings {
        schema: DESCRIPTION.name.to_owned(),
        suite: "linear".to_owned(),
        known_programs: KnownPrograms::All(false),
        renews_twins: true,
        restart_interval_generations: 30,
        generations: 300,
        population: 1000,
        offspring: 1000,
        tournament: 10,
        elites: 1,
        crossover_probability: 0.0,
        mutation_probability: 0.9,
        further_mutation_probability: 0.0,
        injection_rate: 0.0,
        low_diversity_injection_rate: 0.0,
        seeds: 10,
        confirmation_seeds: 50,
        hurdle: 0.0,
        candidate_log: CandidateLogging::Survivors,
        // Its kinds of mutation are the original's, as often as there.
        mutation_adaptation: 0.0,
        variation: VariationSettings {
            ops,
            ignored_inputs: vec![STEP.to_owned(), SEED.to_owned()],
            functions: functions
                .map(|(name, most)| (name.to_owned(), function(most)))
                .into(),
            cells: CellCounts::new(&[("scalars", 2), ("vectors", 2), ("matrices", 0)]),
            mutation_weights: MutationWeights {
                insert: 0.0,
                delete: 0.0,
                replace_op: 0.0,
                swap: 0.0,
                rewire_argument: 0.5,
                perturb_constant: 0.5,
                replace_instruction: 1.0,
                replace_function: 1.0,
                insert_fragment: 0.0,
                wrap_argument: 0.0,
            },
            ..VariationSettings::default()
        },
        ..SearchSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::known;

    #[test]
    fn required_places_are_those_of_the_names() {
        for known in known::of(Schema::Learner) {
            let program = known.parsed();
            let places = RequiredPlaces::of(&program);
            for (name, place) in [
                (FEATURES, places.features),
                (LABEL, places.label),
                (STEP, places.step),
                (SEED, places.seed),
                (PREDICTION, places.prediction),
            ] {
                assert_eq!(program.cell_named(name), Some(place), "{name}");
            }
        }
    }

    #[test]
    fn programs_of_a_form_have_the_label_that_it_is_for() {
        for (label, shape) in [
            (LabelShape::Number, Shape::Scalar),
            (LabelShape::Vector, Shape::Column),
        ] {
            let cells = Schema::Learner.cells(form_for(label), &CellCounts::default());
            for name in [LABEL, PREDICTION] {
                let cell = cells.iter().find(|cell| cell.name == name);
                assert_eq!(cell.map(|cell| cell.shape), Some(shape), "{name}");
            }
        }
    }
}
