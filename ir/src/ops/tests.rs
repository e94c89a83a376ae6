//! Tests that walk the whole table.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::*;
use crate::accuracy::error_ulp;
use crate::lanes::{Lanes, ScalarLanes};

#[test]
fn mnemonics_are_distinct_identifiers_and_lead_back_to_their_op() {
    let mnemonics: BTreeSet<_> = Op::all().map(Op::mnemonic).collect();
    assert_eq!(mnemonics.len(), Op::all().count());
    for op in Op::all() {
        assert_eq!(Op::from_mnemonic(op.mnemonic()), Some(op));
        let is_lowercase = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(op.mnemonic().bytes().next().is_some_and(is_lowercase));
        assert!(
            op.mnemonic()
                .bytes()
                .all(|byte| is_lowercase(byte) || byte.is_ascii_digit())
        );
        assert!(!op.summary().is_empty());
        assert!((1..=MAX_ARITY).contains(&op.arity()));
    }
}

/// Counts floating-point arithmetic and otherwise computes as [`ScalarLanes`] does.
#[derive(Default)]
struct CountingLanes {
    flops: Cell<u32>,
}

impl CountingLanes {
    fn count<T>(&self, flops: u32, value: T) -> T {
        self.flops.set(self.flops.get() + flops);
        value
    }
}

/// Forwards each method to [`ScalarLanes`], through `count` where it is arithmetic.
macro_rules! forward {
    (counted { $($flops:literal $counted:ident($($a:ident: $t:ty),*);)* } free { $($free:ident($($b:ident: $u:ty),*) -> $r:ty;)* }) => {
        impl Lanes for CountingLanes {
            type Float = f32;
            type Integer = i32;
            type Mask = bool;
            $(fn $counted(&self, $($a: $t),*) -> f32 { self.count($flops, ScalarLanes.$counted($($a),*)) })*
            $(fn $free(&self, $($b: $u),*) -> $r { ScalarLanes.$free($($b),*) })*
        }
    };
}

forward! {
    counted {
        1 add(a: f32, b: f32); 1 sub(a: f32, b: f32); 1 mul(a: f32, b: f32); 1 div(a: f32, b: f32);
        2 fma(a: f32, b: f32, c: f32); 1 round_ties_even(a: f32); 1 sqrt(a: f32);
        1 minimum(a: f32, b: f32); 1 maximum(a: f32, b: f32); 1 integer_to_float(a: i32);
    }
    free {
        constant(value: f32) -> f32; integer(value: i32) -> i32; neg(a: f32) -> f32; abs(a: f32) -> f32;
        less(a: f32, b: f32) -> bool; equal(a: f32, b: f32) -> bool;
        select(mask: bool, a: f32, b: f32) -> f32; to_bits(a: f32) -> i32; bits_to_float(a: i32) -> f32;
        integer_add(a: i32, b: i32) -> i32; integer_sub(a: i32, b: i32) -> i32;
        integer_and(a: i32, b: i32) -> i32; integer_or(a: i32, b: i32) -> i32;
        integer_xor(a: i32, b: i32) -> i32;
        shift_left(a: i32, count: u8) -> i32; shift_right(a: i32, count: u8) -> i32;
    }
}

#[test]
fn the_cost_of_an_op_is_the_arithmetic_of_its_meaning() {
    for &op in ElementwiseOp::ALL {
        let lanes = CountingLanes::default();
        op.evaluate(&lanes, &[0.5, 0.25, 0.75][..op.arity()]);
        // Sign flips, comparisons and selects are one operation by convention, not several.
        let expected = lanes.flops.get().max(1);
        assert_eq!(op.flops_per_element(), expected, "{}", op.mnemonic());
    }
    for &op in ReductionOp::ALL {
        let lanes = CountingLanes::default();
        op.combine(&lanes, 0.5, op.element(&lanes, &[0.25, 0.75][..op.arity()]));
        assert_eq!(
            op.flops_per_element(),
            lanes.flops.get(),
            "{}",
            op.mnemonic()
        );
    }
}

/// Numbers that between them reach every special case.
const DIFFICULT: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -3.25,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1e20,
    1e-20,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn ops_that_claim_to_commute_do_and_the_others_do_not() {
    for &op in ElementwiseOp::ALL.iter().filter(|op| op.arity() >= 2) {
        let differs = DIFFICULT.iter().any(|&a| {
            DIFFICULT.iter().any(|&b| {
                let (straight, exchanged) = ([a, b, 2.0], [b, a, 2.0]);
                let straight = op.evaluate(&ScalarLanes, &straight[..op.arity()]);
                let exchanged = op.evaluate(&ScalarLanes, &exchanged[..op.arity()]);
                !same(straight, exchanged)
            })
        });
        assert_eq!(op.commutes(), !differs, "{}", op.mnemonic());
    }
    for &op in ReductionOp::ALL {
        let differs = op.arity() == 1
            || DIFFICULT.iter().any(|&a| {
                DIFFICULT.iter().any(|&b| {
                    let [straight, exchanged] =
                        [[a, b], [b, a]].map(|pair| op.element(&ScalarLanes, &pair));
                    !same(straight, exchanged)
                })
            });
        assert_eq!(op.commutes(), !differs, "{}", op.mnemonic());
    }
}

#[test]
fn neutral_elements_leave_partial_results_as_they_are() {
    for &op in ReductionOp::ALL {
        let neutral = op.element(&ScalarLanes, &[op.neutral(); 2][..op.arity()]);
        for x in DIFFICULT {
            // A partial result has been combined with the neutral start already.
            let partial = op.combine(
                &ScalarLanes,
                op.neutral(),
                op.element(&ScalarLanes, &[x, 0.5][..op.arity()]),
            );
            let padded = op.combine(&ScalarLanes, partial, op.neutral());
            assert!(same(partial, padded), "{} of {x}", op.mnemonic());
            let padded = op.combine(&ScalarLanes, partial, neutral);
            assert!(
                same(partial, padded) || op.neutral().is_infinite(),
                "{}",
                op.mnemonic()
            );
        }
    }
}

/// Numbers over which a few operations overflow neither binary32 nor binary64.
const MODERATE: [f32; 11] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    0.3,
    -3.25,
    2.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// All ways to choose so many of these numbers, in order.
fn choices(numbers: &[f32], count: usize) -> Vec<Vec<f32>> {
    (0..count).fold(vec![Vec::new()], |choices, _| {
        let longer = choices.iter().flat_map(|choice| {
            let number = numbers.iter();
            number.map(|&number| [choice.as_slice(), &[number]].concat())
        });
        longer.collect()
    })
}

/// What is a single operation of IEEE 754 is the real result, rounded once. What is several of them is
/// near it, if no operand is so great or small that one of them overflows or cancels; and what has a
/// bound is within it.
#[test]
fn elementwise_meanings_are_near_what_they_are_over_the_real_numbers() {
    for &op in ElementwiseOp::ALL {
        let check = |numbers: &[f32], is_near: &dyn Fn(f32, f64) -> bool| {
            for operands in choices(numbers, op.arity()) {
                let found = op.evaluate(&ScalarLanes, &operands);
                let exact: Vec<f64> = operands.iter().copied().map(f64::from).collect();
                let exact = op.real(&exact);
                assert!(
                    is_near(found, exact),
                    "{} of {operands:?} is {found:e} and should be {exact:e}",
                    op.mnemonic()
                );
            }
        };
        let within = |bound: f64| move |found, exact| error_ulp(found, exact) <= bound;
        match (op.error_bound_ulp(), op.flops_per_element()) {
            (Some(bound), _) => check(&DIFFICULT, &within(bound.into())),
            // Binary64 rounds too, which can make the second rounding go the other way.
            (None, 1) => check(&DIFFICULT, &within(0.5 + 1e-6)),
            (None, flops) => check(&MODERATE, &|found, exact| {
                let rounding = f64::from(flops) * f64::from(f32::EPSILON);
                let is_same = found.is_nan() && exact.is_nan() || f64::from(found) == exact;
                // Three factors of 4 at most, some of which cancel.
                is_same || (f64::from(found) - exact).abs() <= rounding * exact.abs().max(64.0)
            }),
        }
    }
}

#[test]
fn no_op_lets_the_bits_of_a_nan_be_seen() {
    let nans = [
        0x7fc0_0000u32,
        0xffc0_0000,
        0x7f80_0001,
        0xffff_ffff,
        0x7fab_cdef,
    ]
    .map(f32::from_bits);
    for &op in ElementwiseOp::ALL {
        for position in 0..op.arity() {
            for other in DIFFICULT {
                let results = nans.map(|nan| {
                    let mut operands = [other; MAX_ARITY];
                    operands[position] = nan;
                    op.evaluate(&ScalarLanes, &operands[..op.arity()])
                });
                assert!(
                    results.iter().all(|&result| same(result, results[0])),
                    "{} with {other} and a NaN as operand {position}",
                    op.mnemonic()
                );
            }
        }
    }
}

#[test]
fn rows_that_say_what_operands_must_be_say_it_of_each() {
    for &op in MatrixOp::ALL {
        let said = op.domains().len();
        assert!(said == 0 || said == op.arity(), "{}", op.mnemonic());
    }
}

#[test]
fn type_rules() {
    use Shape::{Column, Row, RowGram, Scalar, Tensor, Transposed};
    let add = Op::Elementwise(ElementwiseOp::Add);
    assert_eq!(add.result_shape(&[Scalar, Scalar]), Ok(Scalar));
    assert_eq!(add.result_shape(&[Scalar, Tensor]), Ok(Tensor));
    assert!(matches!(
        add.result_shape(&[Tensor]),
        Err(TypeError::Arity { expected: 2, .. })
    ));
    let norm = Op::Reduction(ReductionOp::Norm);
    assert_eq!(norm.result_shape(&[Tensor]), Ok(Scalar));
    assert!(matches!(
        norm.result_shape(&[Scalar]),
        Err(TypeError::Reduced { position: 1, .. })
    ));
    assert!(matches!(
        add.result_shape(&[Tensor, Column]),
        Err(TypeError::OperandShape { position: 2, .. })
    ));
    let dot = Op::Reduction(ReductionOp::Dot);
    assert_eq!(dot.result_shape(&[Row, Row]), Ok(Scalar));
    assert!(matches!(
        dot.result_shape(&[Row, Column]),
        Err(TypeError::Reduced { position: 2, .. })
    ));
    let product = Op::Matrix(MatrixOp::MatMul);
    assert_eq!(product.result_shape(&[Tensor, Transposed]), Ok(RowGram));
    assert_eq!(product.result_shape(&[Column, Row]), Ok(Tensor));
    assert_eq!(product.result_shape(&[Scalar, Scalar]), Ok(Scalar));
    assert!(matches!(
        product.result_shape(&[Tensor, Tensor]),
        Err(TypeError::Pattern { position: 2, .. })
    ));
    // Small letters are of more than one number.
    let sums = Op::Matrix(MatrixOp::RowSums);
    assert_eq!(sums.result_shape(&[Column]), Ok(Column));
    assert!(matches!(
        sums.result_shape(&[Scalar]),
        Err(TypeError::Pattern { position: 1, .. })
    ));
}

/// Every x86-64 processor with AVX2 and FMA has a version of its own.
#[test]
#[cfg(target_arch = "x86_64")]
fn slices_are_wide_where_the_machine_has_wide_vectors() {
    let is_wide = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    assert_eq!(super::slices_are_wide(), is_wide);
}
