//! Evolution: a population of programs that is varied, judged and selected, generation by generation.
//!
//! ```text
//!             ┌──────────────────────── population ◄──── elites and the youngest ───┐
//!             ▼                                                                     │
//!   breeding: tournaments, crossover, mutation, injection                           │
//!             │ candidates                                                          │
//!             ▼                                                                     │
//!   judge: fingerprint seen? ─► as little work as tells that it is no good ──fitness─┤
//!                                                                                   ▼
//!                                                    leader: judged again on fresh seeds
//! ```
//!
//! Everything that happens is a function of the [`SearchSettings`], the seed among them. Candidates
//! are made one after the other, each from a random stream that is keyed by its generation and its
//! place in it; judging, which takes the time, is spread over threads, and its results are taken up
//! in the order of the candidates, whichever came first.
//!
//! [`Search`] holds all that a later generation depends on and nothing else, so that writing it down
//! between two generations and reading it back changes nothing.

mod breeding;
pub(crate) mod engine;
mod individual;
mod population;
mod settings;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

pub use engine::{Generation, Interrupted, Leader, Search, SearchError, Totals};
pub use individual::{Individual, Operator, Origin};
pub use population::Population;
pub use settings::{BackendName, SearchSettings, SearchSettingsError};
