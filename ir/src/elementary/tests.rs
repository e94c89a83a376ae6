//! Errors in ulp against the platform's f64 functions, on dense samples of all magnitudes.

use super::*;
use crate::lanes::ScalarLanes;

/// The distance of `value` from the real number `exact`, in units of the last place of `exact`.
fn error_ulp(value: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if value == rounded || (value.is_nan() && rounded.is_nan()) {
        return 0.0;
    }
    let magnitude = rounded.abs().clamp(SMALLEST_NORMAL, f32::MAX);
    let ulp = f64::from(f32::from_bits(magnitude.to_bits() + 1).min(f32::MAX))
        - f64::from(f32::from_bits(magnitude.to_bits()));
    let ulp = if ulp == 0.0 {
        f64::from(2f32.powi(104))
    } else {
        ulp
    };
    (f64::from(value) - exact).abs() / ulp
}

/// About 700,000 numbers of all magnitudes and both signs; the stride is odd so that low bits vary.
fn dense_sample() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(6_151).map(f32::from_bits)
}

fn worst(function: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> (f64, f32) {
    let mut worst = (0.0, 0.0);
    for x in dense_sample() {
        let error = error_ulp(function(x), exact(f64::from(x)));
        assert!(!error.is_nan(), "at {x:e}: {:e}", function(x));
        if error > worst.0 {
            worst = (error, x);
        }
    }
    worst
}

#[test]
fn exp_is_within_two_ulp() {
    let (error, at) = worst(|x| exp(&ScalarLanes, x), f64::exp);
    assert!(error <= 2.0, "{error} ulp at {at:e}");
}

#[test]
fn log_is_within_one_ulp() {
    let (error, at) = worst(|x| log(&ScalarLanes, x), f64::ln);
    assert!(error <= 1.0, "{error} ulp at {at:e}");
}

#[test]
fn tanh_is_within_two_ulp() {
    let (error, at) = worst(|x| tanh(&ScalarLanes, x), f64::tanh);
    assert!(error <= 2.0, "{error} ulp at {at:e}");
}

#[test]
fn pow_is_within_three_ulp() {
    for y in [
        -30.0, -1.5, -1.0, -0.25, 1e-3, 0.1, 0.5, 1.0, 1.5, 2.0, 7.0, 100.0,
    ] {
        let exact = |x: f64| {
            if x < 0.0 {
                f64::NAN
            } else {
                x.powf(f64::from(y))
            }
        };
        let (error, at) = worst(|x| pow(&ScalarLanes, x, y), exact);
        assert!(error <= 3.0, "{error} ulp at {at:e} to the power {y}");
    }
    for step in 1..=10_000u16 {
        for base in [0.9f32, 0.99, 0.999, 0.9999] {
            let exact = f64::from(base).powi(i32::from(step));
            let error = error_ulp(pow(&ScalarLanes, base, f32::from(step)), exact);
            assert!(error <= 3.0, "{error} ulp at {base} to the power {step}");
        }
    }
}

#[test]
fn special_values_are_those_of_ieee_754() {
    let (infinity, nan) = (f32::INFINITY, f32::NAN);
    let lanes = ScalarLanes;
    assert_eq!(exp(&lanes, infinity), infinity);
    assert_eq!(exp(&lanes, -infinity), 0.0);
    assert!(exp(&lanes, nan).is_nan());
    assert_eq!(log(&lanes, 0.0), -infinity);
    assert_eq!(log(&lanes, -0.0), -infinity);
    assert!(log(&lanes, -1.0).is_nan());
    assert_eq!(tanh(&lanes, -0.0).to_bits(), (-0.0f32).to_bits());
    assert_eq!(tanh(&lanes, -infinity), -1.0);
    for (x, y, expected) in [
        (0.0, 2.0, 0.0),
        (-0.0, 2.0, 0.0),
        (0.0, -2.0, infinity),
        (0.0, 0.0, nan),
        (infinity, 0.0, nan),
        (infinity, -1.0, 0.0),
        (1.0, infinity, nan),
        (1.0, 1e30, 1.0),
        (2.0, infinity, infinity),
        (0.5, infinity, 0.0),
        (0.5, -infinity, infinity),
        (5.0, 0.0, 1.0),
        (-2.0, 2.0, nan),
        (nan, 0.0, nan),
        (1.0, nan, nan),
    ] {
        let value = pow(&lanes, x, y);
        assert!(
            value == expected || value.is_nan() && expected.is_nan(),
            "{x}^{y} = {value}"
        );
    }
}
