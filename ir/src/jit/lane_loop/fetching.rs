//! What streams by is asked for before it is needed.
//!
//! A processor fetches ahead by itself what is read in order, but no further than to the end of a page, and then waits for
//! the next. A step that does little with much, as a linear learner does with its features, is over before that: from
//! a memory beyond the nearer caches, its code then waits most of the time. So such a step begins with asking for what some
//! later step needs:
//!
//! ```text
//!   step s:   fetch x(s + n), y(s + n) │ load x(s), y(s) … │ store        n steps stream FETCHED_BYTES
//! ```
//!
//! Cranelift has no instruction that fetches. Loads of a byte that nothing needs stand for it, which [`widening`](super::widening)
//! replaces; where there are no wide vectors, nothing is fetched. What is fetched behind the end of an argument does no
//! harm: fetching changes nothing but caches, and never fails.
//!
//! Measured on two cores of an AMD EPYC (Zen 4) by `cargo bench -p mlevolve-ir --bench lane_native_speed -- steps 32000`, ns per example and
//! lane of the linear learner in 16 lanes, with and without: 16 features 2.6 and 3.7, 32 features 7.9 and 11.9. With
//! `steps 250`, which a near cache holds: 1.81 and 1.73, 4.2 and 4.1.

use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData};

use super::emit::Emitter;
use super::{LINE_BYTES, VectorSize, elements, work};

/// How far ahead fetching is, by what streams by: a part of a second-level cache, and many times what arrives while
/// memory is waited for.
pub(crate) const FETCHED_BYTES: usize = 32 << 10;

/// The fewest bytes of a step that fetching is for.
pub(crate) const LEAST_STEP_BYTES: usize = 1 << 10;

/// The fewest bytes for each instruction of a step that fetching is for: with fewer, memory is as fast as the code.
const LEAST_INSTRUCTION_BYTES: usize = 4;

/// The most fetches of a step, as each is code of its own.
pub(crate) const MOST_FETCHES: usize = 128;

impl<const WIDTH: usize> Emitter<'_, '_, WIDTH> {
    /// Has what a later step streams fetched, if this pays.
    pub(super) fn fetch_ahead(&self) {
        if self.size == VectorSize::Bits128 {
            return;
        }
        let parameters = self.function.parameters().iter().zip(&self.addresses);
        let read = parameters.filter(|(parameter, _)| !parameter.access.is_written());
        let read =
            read.map(|(parameter, &address)| (elements(parameter.shape, self.dimensions), address));
        let all: usize = read.clone().map(|(count, _)| count).sum();
        let step_bytes = all.saturating_mul(self.argument_bytes);
        let lines = (WIDTH * self.size.bytes()).div_ceil(LINE_BYTES);
        let vector_bytes = all.saturating_mul(self.size.bytes());
        let least_vector_bytes =
            || work(self.function, self.dimensions).saturating_mul(LEAST_INSTRUCTION_BYTES);
        if step_bytes < LEAST_STEP_BYTES
            || all.saturating_mul(lines) > MOST_FETCHES
            || vector_bytes < least_vector_bytes()
        {
            return;
        }
        let steps = FETCHED_BYTES.div_ceil(step_bytes);
        for (count, address) in read {
            for element in 0..count {
                for line in 0..lines {
                    let start = (steps * count + element) * self.argument_bytes;
                    let Ok(offset) = i32::try_from(start + line * LINE_BYTES) else {
                        continue;
                    };
                    self.build(|builder| {
                        // Without a flag that it cannot trap, so that nobody leaves it out.
                        let flags = MemFlagsData::new();
                        builder.ins().uload8(I32, flags, address, offset)
                    });
                }
            }
        }
    }
}
