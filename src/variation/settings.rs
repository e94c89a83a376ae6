//! What a user can say about variation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::program::{Role, Schema, list};
use crate::schema::{CellCounts, CellCountsError};
use crate::setting_range::{CountOutOfRange, ShareOutOfRange, check_counts, check_shares};

use super::{Mutation, OpSet};

/// How programs are made and varied.
///
/// Operators take any settings without a panic; [`validate`](Self::validate) tells a user about
/// those that make no sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VariationSettings {
    /// The most instructions in any function of a child. Default: 24, twice what Adam needs for its
    /// tensors, so that there is room for neutral code.
    pub maximum_instructions: usize,
    /// The fewest instructions in a random function. Default: 3.
    pub random_minimum_instructions: usize,
    /// The most instructions in a random function. Default: 12.
    pub random_maximum_instructions: usize,
    /// The ops that random instructions are made of.
    pub ops: OpSet,
    /// Inputs that random instructions do not read, by their names. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_inputs: Vec<String>,
    /// What is different in one function, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, FunctionSettings>,
    /// How many cells of each group programs have, where not as many as the schema says.
    #[serde(skip_serializing_if = "is_default")]
    pub cells: CellCounts,
    /// How often each mutation is chosen, relative to the others.
    pub mutation_weights: MutationWeights,
    /// The probability that a mutated constant changes its sign, unless it must be positive.
    /// Default: 0.1, as in AutoML-Zero (Real et al. 2020).
    pub sign_flip_probability: f64,
    /// The probability that a constant which a crossed-over segment reads comes along. Default: 0.5.
    pub constant_takeover_probability: f64,
    /// The probability that a segment which comes from the other parent takes the place of what is at the same places, and
    /// not of any other segment. Default: 0.5.
    pub homologous_crossover_probability: f64,
    /// The probability that a child of two programs of several functions has some of them whole from one and some from
    /// the other, instead of segments. Default: 0.5.
    pub function_exchange_probability: f64,
}

impl Default for VariationSettings {
    fn default() -> Self {
        Self {
            maximum_instructions: 24,
            random_minimum_instructions: 3,
            random_maximum_instructions: 12,
            ops: OpSet::default(),
            ignored_inputs: Vec::new(),
            functions: BTreeMap::new(),
            cells: CellCounts::default(),
            mutation_weights: MutationWeights::default(),
            sign_flip_probability: 0.1,
            constant_takeover_probability: 0.5,
            homologous_crossover_probability: 0.5,
            function_exchange_probability: 0.5,
        }
    }
}

/// What is different in one function of a program. What is absent is as in all others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunctionSettings {
    /// The most instructions in the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_instructions: Option<usize>,
    /// The fewest instructions in a random one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_minimum_instructions: Option<usize>,
    /// The most instructions in a random one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_maximum_instructions: Option<usize>,
    /// The ops that random instructions are made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<OpSet>,
}

/// What counts for one function.
pub(super) struct Sizes {
    pub(super) most: usize,
    pub(super) random_lengths: [usize; 2],
    pub(super) ops: OpSet,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How often each [`Mutation`] is chosen, relative to the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MutationWeights {
    /// Of [`Mutation::Insert`]. Default: 1.
    pub insert: f64,
    /// Of [`Mutation::Delete`]. Default: 1, as of insertion, so that length drifts freely.
    pub delete: f64,
    /// Of [`Mutation::ReplaceOp`]. Default: 1.
    pub replace_op: f64,
    /// Of [`Mutation::RewireArgument`]. Default: 1.
    pub rewire_argument: f64,
    /// Of [`Mutation::PerturbConstant`]. Default: 1.
    pub perturb_constant: f64,
    /// Of [`Mutation::Swap`]. Default: 0.5, since most swaps change nothing or much.
    pub swap: f64,
    /// Of [`Mutation::ReplaceInstruction`]. Default: 0, as smaller changes come by it too.
    pub replace_instruction: f64,
    /// Of [`Mutation::ReplaceFunction`]. Default: 0.
    pub replace_function: f64,
    /// Of [`Mutation::InsertFragment`]. Default: 0.5.
    pub insert_fragment: f64,
    /// Of [`Mutation::WrapArgument`]. Default: 0.
    pub wrap_argument: f64,
}

impl Default for MutationWeights {
    fn default() -> Self {
        Self {
            insert: 1.0,
            delete: 1.0,
            replace_op: 1.0,
            rewire_argument: 1.0,
            perturb_constant: 1.0,
            swap: 0.5,
            replace_instruction: 0.0,
            replace_function: 0.0,
            insert_fragment: 0.5,
            wrap_argument: 0.0,
        }
    }
}

impl MutationWeights {
    /// The weight of one mutation.
    #[must_use]
    pub const fn of(&self, mutation: Mutation) -> f64 {
        match mutation {
            Mutation::Insert => self.insert,
            Mutation::Delete => self.delete,
            Mutation::ReplaceOp => self.replace_op,
            Mutation::RewireArgument => self.rewire_argument,
            Mutation::PerturbConstant => self.perturb_constant,
            Mutation::Swap => self.swap,
            Mutation::ReplaceInstruction => self.replace_instruction,
            Mutation::ReplaceFunction => self.replace_function,
            Mutation::InsertFragment => self.insert_fragment,
            Mutation::WrapArgument => self.wrap_argument,
        }
    }
}

/// Settings that make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A number of instructions is out of range, given the other settings.
    #[error(transparent)]
    Instructions(#[from] CountOutOfRange),
    /// A probability is none.
    #[error(transparent)]
    Probability(#[from] ShareOutOfRange),
    /// The schema has no such function.
    #[error("functions: schema `{schema}` has no function `{found}`, only {known}")]
    Function {
        /// The schema's name.
        schema: &'static str,
        /// What was asked for.
        found: String,
        /// The functions there are.
        known: String,
    },
    /// Programs of the schema have no such input.
    #[error("ignored_inputs: programs of schema `{schema}` have no input `{found}`, only {known}")]
    Input {
        /// The schema's name.
        schema: &'static str,
        /// What was asked for.
        found: String,
        /// The inputs there are.
        known: String,
    },
    /// Numbers of cells make no sense.
    #[error("cells: {0}")]
    Cells(#[from] CellCountsError),
    /// There is nothing to draw from.
    #[error("ops must name at least one op")]
    NoOps,
    /// The weights do not say how to choose.
    #[error("mutation_weights must be finite, not negative, and not all 0")]
    Weights,
}

impl VariationSettings {
    /// Checks that the settings make sense for programs of this schema.
    ///
    /// # Errors
    /// [`SettingsError`] for the first setting that does not.
    pub fn validate(&self, schema: Schema) -> Result<(), SettingsError> {
        self.cells.validate(schema)?;
        let functions = schema.description().functions;
        let has = |name: &str| functions.iter().any(|function| function.name == name);
        if let Some(found) = self.functions.keys().find(|name| !has(name)) {
            return Err(SettingsError::Function {
                schema: schema.description().name,
                found: found.clone(),
                known: list(functions.iter().map(|function| function.name)),
            });
        }
        let inputs = || {
            let required = schema.description().required.iter();
            required.filter(|cell| cell.role.role() == Role::Input)
        };
        let is_missing = |name: &&String| !inputs().any(|input| input.name == **name);
        if let Some(found) = self.ignored_inputs.iter().find(is_missing) {
            return Err(SettingsError::Input {
                schema: schema.description().name,
                found: found.clone(),
                known: list(inputs().map(|input| input.name)),
            });
        }
        let limit = schema.description().maximum_instructions;
        let common = FunctionSettings::default();
        for function in self.functions.values().chain([&common]) {
            let of = |own: Option<usize>, common: usize| own.unwrap_or(common);
            let most = of(function.maximum_instructions, self.maximum_instructions);
            let random_most = of(
                function.random_maximum_instructions,
                self.random_maximum_instructions,
            );
            let random_least = of(
                function.random_minimum_instructions,
                self.random_minimum_instructions,
            );
            check_counts([
                ("maximum_instructions", most, 1..=limit),
                ("random_maximum_instructions", random_most, 0..=most),
                ("random_minimum_instructions", random_least, 0..=random_most),
            ])?;
            if function.ops.as_ref().unwrap_or(&self.ops).is_empty() {
                return Err(SettingsError::NoOps);
            }
        }
        check_shares([
            ("sign_flip_probability", self.sign_flip_probability),
            (
                "constant_takeover_probability",
                self.constant_takeover_probability,
            ),
            (
                "homologous_crossover_probability",
                self.homologous_crossover_probability,
            ),
            (
                "function_exchange_probability",
                self.function_exchange_probability,
            ),
        ])?;
        let weights = Mutation::ALL.map(|mutation| self.mutation_weights.of(mutation));
        let total: f64 = weights.iter().sum();
        if weights.iter().any(|&weight| weight < 0.0) || !total.is_finite() || total <= 0.0 {
            return Err(SettingsError::Weights);
        }
        Ok(())
    }

    /// What counts for a function of programs of this schema. There is room for one instruction at least, as a
    /// program without any could not be varied.
    pub(super) fn of_function(&self, schema: Schema, name: &str) -> Sizes {
        let common = FunctionSettings::default();
        let own = self.functions.get(name).unwrap_or(&common);
        let of = |own: Option<usize>, common: usize| own.unwrap_or(common);
        let limit = schema.description().maximum_instructions.max(1);
        let most = of(own.maximum_instructions, self.maximum_instructions).clamp(1, limit);
        let longest = of(
            own.random_maximum_instructions,
            self.random_maximum_instructions,
        );
        let longest = longest.min(most);
        let shortest = of(
            own.random_minimum_instructions,
            self.random_minimum_instructions,
        );
        Sizes {
            most,
            random_lengths: [shortest.min(longest), longest],
            ops: own.ops.as_ref().unwrap_or(&self.ops).clone(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;
    use crate::variation::Variation;

    const NO_WEIGHTS: &str = "insert = 0.0\ndelete = 0.0\nreplace_op = 0.0\n\
        rewire_argument = 0.0\nperturb_constant = 0.0\nswap = 0.0\nreplace_instruction = 0.0\nreplace_function = 0.0\n\
        insert_fragment = 0.0";

    #[test]
    fn settings_round_trip_and_default() {
        let settings = VariationSettings::default();
        assert_eq!(settings.validate(Schema::Optimizer), Ok(()));
        assert_eq!(toml::from_str(""), Ok(settings.clone()));
        assert_eq!(
            toml::from_str(&toml::to_string(&settings).unwrap()),
            Ok(settings)
        );
        assert!(toml::from_str::<VariationSettings>("maximum_instruction = 3").is_err());
    }

    #[test]
    fn settings_that_make_no_sense_are_named_and_still_do_no_harm() {
        let base = VariationSettings::default;
        let mut no_weights = base();
        no_weights.mutation_weights = toml::from_str(NO_WEIGHTS).unwrap();
        let mut nan = base();
        nan.mutation_weights.swap = f64::NAN;
        let rows: [(VariationSettings, &str); 9] = [
            (
                toml::from_str("ignored_inputs = ['w', 'x']").unwrap(),
                "ignored_inputs: programs of schema `optimizer` have no input `x`, only `w`, `g`, `step`",
            ),
            (
                toml::from_str("ops = []").unwrap(),
                "ops must name at least one op",
            ),
            (
                VariationSettings {
                    maximum_instructions: 257,
                    ..base()
                },
                "maximum_instructions must be from 1 to 256, not 257",
            ),
            (
                VariationSettings {
                    random_maximum_instructions: 25,
                    ..base()
                },
                "random_maximum_instructions must be from 0 to 24, not 25",
            ),
            (
                VariationSettings {
                    random_minimum_instructions: 13,
                    ..base()
                },
                "random_minimum_instructions must be from 0 to 12, not 13",
            ),
            (
                VariationSettings {
                    sign_flip_probability: 1.5,
                    ..base()
                },
                "sign_flip_probability must be from 0 to 1, not 1.5",
            ),
            (
                VariationSettings {
                    constant_takeover_probability: f64::NAN,
                    ..base()
                },
                "constant_takeover_probability must be from 0 to 1, not NaN",
            ),
            (
                no_weights,
                "mutation_weights must be finite, not negative, and not all 0",
            ),
            (
                nan,
                "mutation_weights must be finite, not negative, and not all 0",
            ),
        ];
        for (settings, message) in rows {
            let found: Result<(), SettingsError> = settings.validate(Schema::Optimizer);
            assert_eq!(found.unwrap_err().to_string(), message);
            for seed in 0..50 {
                let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
                let variation = Variation::new(Schema::Optimizer, &settings);
                let program = variation.random_program(rng, "random");
                let (mutant, _) = variation.mutate(&program, rng);
                assert_eq!(variation.crossover(&mutant, &program, rng).verify(), Ok(()));
            }
        }
    }
}
