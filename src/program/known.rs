//! The known algorithms that come with the project, as program text.
//!
//! They are baselines, starting points for a search, and examples of the text format. Tests step
//! each against PyTorch.

use super::{ParseError, Program};

/// A known algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProgram {
    /// The program's name, which is also its file's.
    pub name: &'static str,
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
    ($($name:literal),+ $(,)?) => {
        /// Every known algorithm, simple ones first.
        pub const KNOWN: &[KnownProgram] = &[$(KnownProgram {
            name: $name,
            text: include_str!(concat!("../../programs/", $name, ".mle")),
        }),+];
    };
}

known_programs![
    "sgd", "momentum", "nesterov", "signum", "lion", "adagrad", "rmsprop", "adam", "adamw", "muon",
    "shampoo",
];

/// The known algorithm with this name, if any.
#[must_use]
pub fn find(name: &str) -> Option<&'static KnownProgram> {
    KNOWN.iter().find(|program| program.name == name)
}
