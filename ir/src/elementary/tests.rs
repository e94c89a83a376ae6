//! Special values. Errors are tested with [`accuracy`](crate::accuracy).

use super::*;
use crate::lanes::ScalarLanes;

type Unary = fn(&ScalarLanes, f32) -> f32;

const INFINITY: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// Every function of one operand, with its values at −∞, −1, −0, 0, 1 and ∞ where these are exact.
const SPECIAL_VALUES: &[(&str, Unary, [Option<f32>; 6])] = &[
    (
        "exp",
        exp,
        exactly([0.0, NAN, 1.0, 1.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "exp2",
        exp2,
        exactly([0.0, 0.5, 1.0, 1.0, 2.0, INFINITY], 0b11_1111),
    ),
    (
        "exp10",
        exp10,
        exactly([0.0, 0.1, 1.0, 1.0, 10.0, INFINITY], 0b11_1111),
    ),
    (
        "expm1",
        expm1,
        exactly([-1.0, NAN, -0.0, 0.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "log",
        log,
        exactly([NAN, NAN, -INFINITY, -INFINITY, 0.0, INFINITY], 0b11_1111),
    ),
    (
        "log2",
        log2,
        exactly([NAN, NAN, -INFINITY, -INFINITY, 0.0, INFINITY], 0b11_1111),
    ),
    (
        "log10",
        log10,
        exactly([NAN, NAN, -INFINITY, -INFINITY, 0.0, INFINITY], 0b11_1111),
    ),
    (
        "log1p",
        log1p,
        exactly([NAN, -INFINITY, -0.0, 0.0, NAN, INFINITY], 0b10_1111),
    ),
    (
        "sigmoid",
        sigmoid,
        exactly([0.0, NAN, 0.5, 0.5, NAN, 1.0], 0b10_1101),
    ),
    (
        "softplus",
        softplus,
        exactly([0.0, NAN, NAN, NAN, NAN, INFINITY], 0b10_0001),
    ),
    (
        "erf",
        erf,
        exactly([-1.0, NAN, -0.0, 0.0, NAN, 1.0], 0b10_1101),
    ),
    (
        "gelu",
        gelu,
        exactly([0.0, NAN, 0.0, 0.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "sin",
        sin,
        exactly([NAN, NAN, -0.0, 0.0, NAN, NAN], 0b10_1101),
    ),
    (
        "cos",
        cos,
        exactly([NAN, NAN, 1.0, 1.0, NAN, NAN], 0b10_1101),
    ),
    (
        "tan",
        tan,
        exactly([NAN, NAN, -0.0, 0.0, NAN, NAN], 0b10_1101),
    ),
    (
        "asin",
        asin,
        exactly([NAN, NAN, -0.0, 0.0, NAN, NAN], 0b10_1101),
    ),
    (
        "acos",
        acos,
        exactly([NAN, NAN, NAN, NAN, 0.0, NAN], 0b11_0001),
    ),
    (
        "atan",
        atan,
        exactly([NAN, NAN, -0.0, 0.0, NAN, NAN], 0b00_1100),
    ),
    (
        "sinh",
        sinh,
        exactly([-INFINITY, NAN, -0.0, 0.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "cosh",
        cosh,
        exactly([INFINITY, NAN, 1.0, 1.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "tanh",
        tanh,
        exactly([-1.0, NAN, -0.0, 0.0, NAN, 1.0], 0b10_1101),
    ),
    (
        "asinh",
        asinh,
        exactly([-INFINITY, NAN, -0.0, 0.0, NAN, INFINITY], 0b10_1101),
    ),
    (
        "acosh",
        acosh,
        exactly([NAN, NAN, NAN, NAN, 0.0, INFINITY], 0b11_1111),
    ),
    (
        "atanh",
        atanh,
        exactly([NAN, -INFINITY, -0.0, 0.0, INFINITY, NAN], 0b11_1111),
    ),
    (
        "cbrt",
        cbrt,
        exactly([-INFINITY, -1.0, -0.0, 0.0, 1.0, INFINITY], 0b11_1111),
    ),
    (
        "rsqrt",
        rsqrt,
        exactly([NAN, NAN, -INFINITY, INFINITY, 1.0, 0.0], 0b11_1111),
    ),
];

/// The values whose bit is set, the first one's the lowest.
const fn exactly(values: [f32; 6], exact: u8) -> [Option<f32>; 6] {
    let mut chosen = [None; 6];
    let mut index = 0;
    while index < values.len() {
        if exact >> index & 1 == 1 {
            chosen[index] = Some(values[index]);
        }
        index += 1;
    }
    chosen
}

fn assert_same(name: &str, x: f32, value: f32, expected: f32) {
    assert!(
        value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan(),
        "{name}({x}) = {value}, not {expected}"
    );
}

#[test]
fn special_values_are_those_of_ieee_754() {
    let operands = [-INFINITY, -1.0, -0.0, 0.0, 1.0, INFINITY];
    for (name, function, values) in SPECIAL_VALUES {
        for (&x, expected) in operands.iter().zip(values) {
            if let &Some(expected) = expected {
                assert_same(name, x, function(&ScalarLanes, x), expected);
            }
        }
        assert_same(name, NAN, function(&ScalarLanes, NAN), NAN);
    }
}

#[test]
fn odd_functions_are_odd_to_the_bit() {
    let odd: [(&str, Unary); 10] = [
        ("sin", sin),
        ("tan", tan),
        ("asin", asin),
        ("atan", atan),
        ("sinh", sinh),
        ("tanh", tanh),
        ("asinh", asinh),
        ("atanh", atanh),
        ("erf", erf),
        ("cbrt", cbrt),
    ];
    for bits in (0..0x7f80_0000).step_by(49_157) {
        let x = f32::from_bits(bits);
        for (name, function) in odd {
            let (positive, negative) = (function(&ScalarLanes, x), function(&ScalarLanes, -x));
            assert_same(name, -x, negative, -positive);
        }
    }
}

#[test]
fn special_values_of_the_power_function() {
    for (x, y, expected) in [
        (0.0, 2.0, 0.0),
        (-0.0, 2.0, 0.0),
        (0.0, -2.0, INFINITY),
        (0.0, 0.0, NAN),
        (0.0, INFINITY, 0.0),
        (INFINITY, 0.0, NAN),
        (INFINITY, 1e-45, INFINITY),
        (INFINITY, -1.0, 0.0),
        (1.0, INFINITY, NAN),
        (1.0, 1e30, 1.0),
        (1.0, -0.0, 1.0),
        (2.0, INFINITY, INFINITY),
        (2.0, f32::MAX, INFINITY),
        (0.5, INFINITY, 0.0),
        (0.5, -INFINITY, INFINITY),
        (5.0, 0.0, 1.0),
        (-2.0, 2.0, NAN),
        (-INFINITY, 2.0, NAN),
        (NAN, 0.0, NAN),
        (1.0, NAN, NAN),
        (2.0, -149.0, 1e-45),
        (2.0, 127.0, 1.701_411_8e38),
    ] {
        let value = pow(&ScalarLanes, x, y);
        assert_same(&format!("{x} to the power"), y, value, expected);
    }
}
