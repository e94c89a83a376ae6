//! Any bytes as the text of a compiler's function.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::functions::check_text(bytes));
