//! Derivatives of random functions, forward, in reverse, and by differences.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::grad_vs_difference(bytes));
