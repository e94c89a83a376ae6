//! Random functions over lanes, run by the interpreter and by native code.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::lanes::interp_vs_jit(bytes));
