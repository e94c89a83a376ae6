//! Any bytes as a file of CIFAR-10's binary format.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mlevolve_fuzz::data::check_cifar(bytes));
