//! The data sets that travel inside the program, so that it works on a machine with no network.
//!
//! ```text
//! embedded .csv.gz ──table──► Table ──digits │ diabetes──► features and targets ──split──► training │ validation
//!                                                                                              │
//!                                                                          minibatch ──► a batch a step
//! ```
//!
//! Decoding works on any bytes and reports what is wrong with them, and where; the embedded copies are decoded once per
//! process, on first use. `data/README.md` has their sources and licences.

mod diabetes;
mod digits;
mod minibatch;
mod split;
mod table;

pub(crate) use diabetes::{Diabetes, DiabetesSplit};
pub(crate) use digits::{Digits, DigitsSplit};
pub(crate) use minibatch::MinibatchOrder;
