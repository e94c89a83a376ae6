//! Searches that leave out what makes a search evolution: what evolution has to be ahead of, at equal cost, before it is
//! worth its name.

use std::fmt;
use std::str::FromStr;

use super::SearchSettings;
use crate::program::list;
use crate::variation::MutationWeights;

/// A search to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Every candidate is a random program: nothing is inherited.
    RandomSearch,
    /// Candidates differ from their parents in constants alone: nothing is invented but the first generation.
    ConstantsOnly,
}

impl Control {
    const ALL: [Self; 2] = [Self::RandomSearch, Self::ConstantsOnly];

    const fn name(self) -> &'static str {
        match self {
            Self::RandomSearch => "random-search",
            Self::ConstantsOnly => "constants-only",
        }
    }

    /// Changes settings into those of the control. The first generation, judging, and what ends the search stay as they are.
    pub fn apply(self, settings: &mut SearchSettings) {
        let injection_rate = match self {
            Self::RandomSearch => 1.0,
            Self::ConstantsOnly => 0.0,
        };
        settings.injection_rate = injection_rate;
        settings.low_diversity_injection_rate = injection_rate;
        for island in &mut settings.island {
            island.injection_rate = None;
        }
        match self {
            Self::RandomSearch => {}
            Self::ConstantsOnly => {
                settings.crossover_probability = 0.0;
                for island in &mut settings.island {
                    island.crossover_probability = None;
                }
                settings.mutation_adaptation = 0.0;
                settings.variation.mutation_weights = MutationWeights {
                    insert: 0.0,
                    delete: 0.0,
                    replace_op: 0.0,
                    rewire_argument: 0.0,
                    perturb_constant: 1.0,
                    swap: 0.0,
                    replace_instruction: 0.0,
                    replace_function: 0.0,
                    insert_fragment: 0.0,
                    wrap_argument: 0.0,
                };
            }
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that is no control.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no control `{found}`, only {}", list(Control::ALL.iter().map(|it| it.name())))]
pub struct UnknownControl {
    /// The word.
    pub found: String,
}

impl FromStr for Control {
    type Err = UnknownControl;

    fn from_str(word: &str) -> Result<Self, UnknownControl> {
        let named = Self::ALL.into_iter().find(|control| control.name() == word);
        named.ok_or_else(|| UnknownControl {
            found: word.to_owned(),
        })
    }
}
