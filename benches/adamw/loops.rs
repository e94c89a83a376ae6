//! AdamW's update as the loop that one would write in Rust: `programs/adamw.mle`, operation by
//! operation in the same order, so that the bits are the same. `rustc` vectorises it, and never
//! contracts a product and a sum.
//!
//! The `unsafe` of this bench is here: a function compiled for AVX2 may only be called where there is
//! AVX2.

#![allow(
    unsafe_code,
    reason = "calling code for a processor feature is what the type system cannot check"
)]

const LEARNING_RATE: f32 = 0.001;
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const WEIGHT_DECAY: f32 = 0.01;

/// What the update works on, in this order, by the names of the compiled function's parameters.
pub(crate) const NAMES: [&str; 6] = ["w", "g", "m", "v", "m_weights", "v_weights"];

#[inline(always)]
fn lerp(a: f32, b: f32, c: f32) -> f32 {
    a + c * (b - a)
}

#[inline(always)]
fn step(slots: [&mut [f32]; NAMES.len()]) {
    let [w, g, m, v, m_weights, v_weights] = slots;
    let ([m_weights], [v_weights]) = (m_weights, v_weights) else {
        panic!("the weights are scalars");
    };
    let m_weight = 1.0 - BETA1;
    let v_weight = 1.0 - BETA2;
    *m_weights = lerp(*m_weights, 1.0, m_weight);
    *v_weights = lerp(*v_weights, 1.0, v_weight);
    let root_weights = v_weights.sqrt();
    let epsilon = EPSILON * root_weights;
    let rate = -(LEARNING_RATE * root_weights / *m_weights);
    let decay = LEARNING_RATE * WEIGHT_DECAY;
    for ((w, g), (m, v)) in w.iter_mut().zip(g.iter()).zip(m.iter_mut().zip(v)) {
        *m = lerp(*m, *g, m_weight);
        *v = lerp(*v, g * g, v_weight);
        let root = v.sqrt() + epsilon;
        let delta = *m * rate / root - *w * decay;
        *w += delta;
    }
}

/// Compiled for every processor of the target; on x86-64 that is SSE2, vectors of 128 bits.
pub(crate) fn for_the_target(slots: [&mut [f32]; NAMES.len()]) {
    step(slots);
}

/// A loop over what [`NAMES`] says.
pub(crate) type Update = fn([&mut [f32]; NAMES.len()]);

/// Compiled for AVX2, vectors of 256 bits, without fused operations; `None` where there is no AVX2.
#[cfg(target_arch = "x86_64")]
pub(crate) fn for_avx2() -> Option<Update> {
    #[target_feature(enable = "avx2")]
    fn compiled_for_avx2(slots: [&mut [f32]; NAMES.len()]) {
        step(slots);
    }

    fn update(slots: [&mut [f32]; NAMES.len()]) {
        // SAFETY: `for_avx2` gives this function only where the processor has AVX2, and nothing else
        // can name it.
        unsafe { compiled_for_avx2(slots) }
    }

    is_x86_feature_detected!("avx2").then_some(update as Update)
}

/// Other processors have none.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn for_avx2() -> Option<Update> {
    None
}
