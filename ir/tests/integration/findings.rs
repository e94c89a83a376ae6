//! What the fuzzers found, as they print it.

use mlevolve_ir::Dimensions;
use mlevolve_ir::random::{Case, Check};

/// `column_sums` and its like take no scalars, and cotangents of scalars were given to them.
#[test]
fn matrix_ops_over_scalars_have_cotangents() {
    for op in [
        "broadcast_row(v0, v0)",
        "broadcast_column(v0, v0)",
        "diagonal_matrix(v0)",
        "scaled_identity(v0, v0)",
    ] {
        let text = format!(
            "function f\n\nread x scalar\nwrite y tensor\n\nv0 = load x\nv1 = {op}\n\nstore y = v1\n"
        );
        let case = Case::new(
            &text,
            Dimensions::new(1, 1),
            &[&[0x3f80_0000], &[0x3f80_0000]],
        );
        Check::Derivatives.assert(&case);
    }
}

/// normal form: `y`[0] is -7.615942e-1 and should be -7.6159424e-1: tanh was not odd to the bit.
#[test]
fn the_normal_form_takes_tanh_for_odd() {
    let text = "function f\n\nread x tensor\nwrite y tensor\n\n\
                v0 = load x\nv1 = neg(v0)\nv2 = tanh(v1)\n\nstore y = v2\n";
    let case = Case::new(
        text,
        Dimensions::new(1, 1),
        &[&[0x3f80_0000], &[0x3f80_0000]],
    );
    Check::Passes.assert(&case);
}

/// normal form: `y`[0] is 2.1399374e0 and should be 2.1399372e0: rsqrt is rounded once, and what it was
/// made of twice.
#[test]
fn the_normal_form_keeps_the_reciprocal_of_a_root() {
    let text = "function f\n\nread x tensor\nwrite y tensor\n\n\
                v0 = load x\nv1 = sqrt(v0)\nv2 = reciprocal(v1)\n\nstore y = v2\n";
    let bits: &[&[u32]] = &[&[0x3e5f_9d09], &[0x3f80_0000]];
    let case = Case::new(text, Dimensions::new(1, 1), bits);
    Check::Passes.assert(&case);
}

/// tangent of `y0`[0]: 0.634 should be 0.846: the kinks of min(max(1, x), x) at 1 cancel, and what stands for
/// the derivative of each does not. The difference quotient was taken for an answer there.
#[test]
fn kinks_that_cancel_have_no_derivative_to_compare_with() {
    let text = "function smooth\n\nread x transposed_row\nwrite y transposed_row\n\n\
                v0 = load x\nv1 = constant 1.0\nv2 = column_maxima(v0)\nv3 = clip(v1, v2, v0)\n\n\
                store y = v3\n";
    let bits: &[&[u32]] = &[&[0x3f80_0000], &[0x3f80_0000]];
    let case = Case::new(text, Dimensions::new(1, 1), bits);
    Check::Derivatives.assert(&case);
}
