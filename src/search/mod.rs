//! Evolution: a population of programs that is varied, judged and selected, generation by generation.
//!
//! ```text
//!             ┌──────────────────────── population ◄──── elites and the youngest ───┐
//!             ▼                                                                     │
//!   breeding: tournaments, crossover, mutation, injection                           │
//!             │ candidates                                                          │
//!             ▼                                                                     │
//!   funnel: seen before? ─► probe ─► trials ─► task after task ─► second look ──────┤ fitness
//!                                                                                   ▼
//!                                                    leader: judged again on fresh seeds
//! ```
//!
//! A population may be several islands, which breed apart and send their best around a ring. What works is remembered in two
//! ways: kinds of mutation by how often their children are better than their parents (`credit`), and programs that were
//! best, for fragments of them to be inserted again (`library`). The `archive` keeps what is best at its cost and length. If the
//! settings want it, `map_elites` keeps the fittest of each class of costs and size of state, and parents are drawn from there too, and
//! `niches` lets only few stay that behave alike.
//!
//! Everything that happens is a function of the [`SearchSettings`], the seed among them. Candidates
//! are made one after the other, each from a random stream that is keyed by its generation and its
//! place in it; judging, which takes the time, is spread over threads, and its results are taken up
//! in the order of the candidates, whichever came first.
//!
//! [`Search`] holds all that a later generation depends on and nothing else, so that writing it down
//! between two generations and reading it back changes nothing.

mod archive;
mod behaviour;
mod breeding;
mod control;
pub(crate) mod credit;
mod engine;
mod fate;
pub(crate) mod funnel;
mod generation;
mod individual;
mod island;
mod judging;
mod leader;
pub(crate) mod library;
mod map_elites;
mod niches;
mod population;
mod second_look;
pub(crate) mod seen;
mod settings;
mod taking_up;
mod validation;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

pub use archive::{Archive, ArchivedIndividual};
pub(crate) use behaviour::behavioural_distance;
pub use control::{Control, UnknownControl};
pub use engine::{Interrupted, Search, SearchEnd, SearchError};
pub use fate::{CandidateLogging, Fate, Stage};
pub use funnel::{FunnelSettings, StageCount, add_stages};
pub use generation::{Generation, Totals};
pub use individual::{Individual, Operator, Origin};
pub use island::{Island, IslandSettings};
pub use leader::Leader;
pub use map_elites::{MapCell, MapElites, MapElitesSettings};
pub use niches::NicheSettings;
pub use population::Population;
pub use second_look::SecondLookSettings;
pub use settings::{BackendName, KnownPrograms, SearchSettings};
pub use validation::SearchSettingsError;
