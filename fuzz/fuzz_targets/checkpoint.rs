//! Any bytes as the checkpoint of a run, or as what one holds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::runs::check_checkpoint(bytes));
