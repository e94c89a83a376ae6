//! Random functions, run by every back end, before and after the passes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::check_random(bytes));
