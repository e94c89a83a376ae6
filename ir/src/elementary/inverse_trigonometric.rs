//! Arc sine, arc cosine and arc tangent.

use std::f32::consts::{FRAC_PI_2, PI};

use super::{flipped_by_sign_of, horner, with_sign_of};
use crate::lanes::Lanes;

/// atan x: with u = |x|, or −1/|x| where |x| > 1, which is less by a quarter turn.
///
/// (atan u / u − 1) / u² is fitted on 0 ≤ u ≤ 1, to 2⁻²⁶ of atan u.
///
/// Error at most 1.99 ulp.
#[inline(always)]
pub(crate) fn atan<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let magnitude = lanes.abs(x);
    let inverse = lanes.div(lanes.constant(-1.0), magnitude);
    let steep = lanes.less(lanes.constant(1.0), magnitude);
    let u = lanes.select(steep, inverse, magnitude);
    let base = lanes.select(steep, lanes.constant(FRAC_PI_2), lanes.constant(0.0));
    let square = lanes.mul(u, u);
    let tail = horner(
        lanes,
        square,
        &[
            2.919_756_3e-3,
            -0.016_364_237,
            0.043_205_973,
            -0.075_517_29,
            0.106_657_86,
            -0.142_110_03,
            0.199_937_67,
            -0.333_331_53,
        ],
    );
    let angle = lanes.fma(lanes.mul(square, u), tail, u);
    with_sign_of(lanes, lanes.add(base, angle), x)
}

/// The arc sine of |x|, or half of the arc cosine where |x| > ½.
struct Arc<L: Lanes> {
    /// Where |x| > ½.
    steep: L::Mask,
    /// The one or the other.
    angle: L::Float,
}

/// asin u for u = |x|, or for u = √(½ (1 − |x|)) = sin(½ acos |x|) where |x| > ½; NaN where |x| > 1.
///
/// (asin u / u − 1) / u² is fitted on 0 ≤ u ≤ ½, to 2⁻²⁷ of asin u.
#[inline(always)]
fn arc<L: Lanes>(lanes: &L, x: L::Float) -> Arc<L> {
    let half = lanes.constant(0.5);
    let magnitude = lanes.abs(x);
    let steep = lanes.less(half, magnitude);
    let half_excess = lanes.negative_mul_add(half, magnitude, half);
    let square = lanes.select(steep, half_excess, lanes.mul(x, x));
    let u = lanes.select(steep, lanes.sqrt(half_excess), magnitude);
    let tail = horner(
        lanes,
        square,
        &[
            0.042_218_52,
            0.024_148_85,
            0.045_476_53,
            0.074_952_5,
            0.166_667_54,
        ],
    );
    Arc {
        steep,
        angle: lanes.fma(lanes.mul(square, u), tail, u),
    }
}

/// asin x.
///
/// Error at most 2.35 ulp.
#[inline(always)]
pub(crate) fn asin<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let Arc { steep, angle } = arc(lanes, x);
    let complement = lanes.fma(angle, lanes.constant(-2.0), lanes.constant(FRAC_PI_2));
    with_sign_of(lanes, lanes.select(steep, complement, angle), x)
}

/// acos x.
///
/// Error at most 1.27 ulp.
#[inline(always)]
pub(crate) fn acos<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let Arc { steep, angle } = arc(lanes, x);
    let angle = flipped_by_sign_of(lanes, angle, x);
    let zero = lanes.constant(0.0);
    let negative = lanes.less(x, zero);
    let steep_base = lanes.select(negative, lanes.constant(PI), zero);
    let base = lanes.select(steep, steep_base, lanes.constant(FRAC_PI_2));
    let factor = lanes.select(steep, lanes.constant(2.0), lanes.constant(-1.0));
    lanes.fma(angle, factor, base)
}
