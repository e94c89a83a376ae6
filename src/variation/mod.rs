//! How new programs arise: at random, by mutation of one parent, by crossover of two.
//!
//! ```text
//!   random_program ──►┐
//!   mutate(parent) ──►├──► child: verified by construction, on the parents' cell table
//!   crossover(a, b) ─►┘
//! ```
//!
//! Everything is typed by asking ops for their type rule, so an op that is added to the table takes
//! part without a change here, and every draw comes from the generator that is handed in: the same
//! stream gives the same child, on any machine. Logarithms and exponentials are therefore the IR's
//! own, not the platform's.
//!
//! Programs that are to be crossed must share one cell table, which
//! [`Program::standardised`](crate::program::Program::standardised) gives them.

mod crossover;
mod draw;
mod mutation;
mod numbers;
mod op_set;
mod random;
mod settings;

pub use crossover::crossover;
pub use mutation::{Mutation, mutate};
pub use op_set::{InvalidOps, OpSet};
pub use random::random_program;
pub use settings::{MutationWeights, SettingsError, VariationSettings};
