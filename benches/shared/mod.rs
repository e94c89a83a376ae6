//! What the compiler's benches have in common. `rivals/`, a workspace of its own, takes it in too, so
//! that all figures are taken in the same way.

#![allow(dead_code, reason = "each bench uses a part")]
#![allow(unreachable_pub, reason = "each bench is a crate of its own")]

pub mod expressions;
pub mod kernels;
pub mod measure;
pub mod trees;
