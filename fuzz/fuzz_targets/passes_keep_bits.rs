//! Random functions before and after every pass.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::passes_keep_bits(bytes));
