//! Chains of random programs, mutants and crossovers.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::programs::check_variation(bytes));
