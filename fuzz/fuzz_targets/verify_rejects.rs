//! Functions changed at random: refused, or as good as any.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::verify_rejects(bytes));
