//! Any bytes as a file of MNIST's format.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::data::check_idx(bytes));
