//! Random functions and inputs, run by the reference, the interpreter and native code.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::interp_vs_jit(bytes));
