//! Functions of numbers.

use std::f64::consts::FRAC_1_SQRT_2;

/// 1 or 0.
pub(crate) const fn indicator(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// −1, 0 or 1; NaN of NaN.
pub(crate) const fn sign(x: f64) -> f64 {
    if x == 0.0 { x } else { x.signum() }
}

/// The smaller of two numbers; NaN if either is.
pub(crate) const fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// The greater of two numbers; NaN if either is.
pub(crate) const fn maximum(a: f64, b: f64) -> f64 {
    -minimum(-a, -b)
}

/// IEEE 754-2019 `powr`: a limit of powers of positive numbers, or a NaN.
pub(crate) fn powr(x: f64, y: f64) -> f64 {
    let is_undefined = x < 0.0
        || (x == 0.0 || x.is_infinite()) && y == 0.0
        || x == 1.0 && y.is_infinite()
        || x.is_nan()
        || y.is_nan();
    if is_undefined {
        f64::NAN
    } else {
        libm::pow(x.abs(), y)
    }
}

/// The inverse hyperbolic cosine; `libm`'s gives numbers below 1.
pub(crate) fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

/// 1 / (1 + e^−x), by a power of e that cannot overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let decay = libm::exp(-x.abs());
    if x < 0.0 {
        decay / (1.0 + decay)
    } else {
        1.0 / (1.0 + decay)
    }
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|): a sum of numbers of one sign.
pub(crate) fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + libm::log1p(libm::exp(-x.abs()))
}

/// x Φ(x) = x erfc(−x / √2) / 2, which does not cancel where Φ is near 0.
pub(crate) fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        // The limit; the product would be a NaN.
        return 0.0;
    }
    0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2)
}
