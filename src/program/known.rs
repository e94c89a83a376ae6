//! The known algorithms that come with the project, as program text.
//!
//! They are baselines, starting points for a search, and examples of the text format. Tests compare update
//! rules with PyTorch's, step by step.

use super::{ParseError, Program, Schema};

/// A known algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProgram {
    /// The program's name, which is also its file's.
    pub name: &'static str,
    /// Its schema.
    pub schema: Schema,
    /// The program's text.
    pub text: &'static str,
}

impl KnownProgram {
    /// Reads the program.
    ///
    /// # Errors
    /// None for the programs of [`KNOWN`]: tests read them all.
    pub fn program(&self) -> Result<Program, ParseError> {
        Program::parse(self.text)
    }

    /// The program, of a text that tests have read.
    pub(crate) fn parsed(&self) -> Program {
        match self.program() {
            Ok(program) => program,
            Err(error) => panic!("programs/{}.mle:{error}", self.name),
        }
    }
}

macro_rules! known_programs {
    ($($schema:ident: [$($name:literal),+ $(,)?],)+) => {
        /// Every known algorithm, by schema, simple ones first.
        pub const KNOWN: &[KnownProgram] = &[$($(KnownProgram {
            name: $name,
            schema: Schema::$schema,
            text: include_str!(concat!("../../programs/", $name, ".mle")),
        }),+),+];
    };
}

known_programs! {
    Optimizer: [
        "sgd", "momentum", "nesterov", "signum", "lion", "adagrad", "rmsprop", "adam", "adamw", "muon",
        "shampoo",
    ],
    Learner: [
        "linear_regression", "logistic_regression", "two_layer_network", "linear_regression_vector",
        "two_layer_network_vector",
    ],
    Loss: [
        "mean_squared", "mean_absolute", "huber", "log_cosh", "cross_entropy", "binary_cross_entropy",
        "hinge", "focal", "label_smoothing", "baikal", "dqn", "dqnreg",
    ],
    Algorithm: ["cross_entropy_adam"],
}

/// The known algorithms of a schema, simple ones first.
pub fn of(schema: Schema) -> impl Iterator<Item = &'static KnownProgram> + Clone {
    KNOWN.iter().filter(move |known| known.schema == schema)
}

/// The known algorithm with this name, if any.
#[must_use]
pub fn find(name: &str) -> Option<&'static KnownProgram> {
    KNOWN.iter().find(|program| program.name == name)
}
