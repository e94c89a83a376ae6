//! The table of rewrite rules. See [`pattern`](super::pattern) for how a line reads.
//!
//! Every line is tested as it stands, without further code: exact ones for equal bits on difficult
//! numbers, inexact ones for being inexact somewhere and near on ordinary numbers, and all of them
//! for lowering a measure, so that rewriting ends. Where a rule looks as if it were missing from the
//! exact ones, the comment by its inexact twin says which number it fails for.

use std::sync::LazyLock;

use super::pattern::{Kind, Pattern, Rule};
use crate::ops::{ElementwiseOp, MatrixOp, Op, ReductionOp};

/// Keep every bit, whatever the operands.
const EXACT: &[&str] = &[
    // Neutral operands. −0, not 0, is the neutral element of addition.
    "add(?a, -0.0) => ?a",
    "add(?a, 0.0) => ?a if unsigned(?a)",
    "sub(?a, 0.0) => ?a",
    "sub(-0.0, ?a) => neg(?a)",
    "mul(?a, 1.0) => ?a",
    "mul(?a, -1.0) => neg(?a)",
    "div(?a, 1.0) => ?a",
    "div(?a, -1.0) => neg(?a)",
    "fma(?a, ?b, -0.0) => mul(?a, ?b)",
    "fma(?a, 1.0, ?b) => add(?a, ?b)",
    "fma(?a, -1.0, ?b) => sub(?b, ?a)",
    "min(?a, inf) => ?a",
    "max(?a, -inf) => ?a",
    // Equal operands.
    "add(?a, ?a) => mul(?a, 2.0)",
    "mul(?a, ?a) => square(?a)",
    "mul(square(?a), ?a) => cube(?a)",
    "min(?a, ?a) => ?a",
    "max(?a, ?a) => ?a",
    "less(?a, ?a) => 0.0",
    "select(?a, ?b, ?b) => ?b",
    "clip(?a, ?a, ?b) => min(?a, ?b)",
    // Division.
    "div(1.0, ?a) => reciprocal(?a)",
    "div(sin(?a), cos(?a)) => tan(?a)",
    "div(?a, #k) => mul(?a, reciprocal(#k)) if exact_reciprocal(#k)",
    "mul(mul(?a, #k), #l) => mul(?a, mul(#k, #l)) if doubling(#k), doubling(#l)",
    // Signs vanish.
    "neg(neg(?a)) => ?a",
    "abs(?a) => ?a if unsigned(?a)",
    "abs(neg(?a)) => abs(?a)",
    "abs(mul(abs(?a), ?b)) => abs(mul(?a, ?b))",
    "abs(div(abs(?a), ?b)) => abs(div(?a, ?b))",
    "abs(div(?a, abs(?b))) => abs(div(?a, ?b))",
    "square(neg(?a)) => square(?a)",
    "square(abs(?a)) => square(?a)",
    "mul(neg(?a), neg(?b)) => mul(?a, ?b)",
    "div(neg(?a), neg(?b)) => div(?a, ?b)",
    "fma(neg(?a), neg(?b), ?c) => fma(?a, ?b, ?c)",
    "cos(neg(?a)) => cos(?a)",
    "cos(abs(?a)) => cos(?a)",
    "cosh(neg(?a)) => cosh(?a)",
    "cosh(abs(?a)) => cosh(?a)",
    "is_finite(neg(?a)) => is_finite(?a)",
    "is_finite(abs(?a)) => is_finite(?a)",
    "mul(sign(?a), abs(?a)) => ?a",
    "mul(?a, sign(?a)) => abs(?a)",
    "max(?a, neg(?a)) => abs(?a)",
    "min(?a, neg(?a)) => neg(abs(?a))",
    "max(abs(?a), ?a) => abs(?a)",
    "min(abs(?a), ?a) => ?a",
    "sign(sign(?a)) => sign(?a)",
    // Signs move out, where they meet others.
    "mul(neg(?a), ?b) => neg(mul(?a, ?b))",
    "div(neg(?a), ?b) => neg(div(?a, ?b))",
    "div(?a, neg(?b)) => neg(div(?a, ?b))",
    "sign(neg(?a)) => neg(sign(?a))",
    "sign(abs(?a)) => abs(sign(?a))",
    "tanh(neg(?a)) => neg(tanh(?a))",
    "cube(neg(?a)) => neg(cube(?a))",
    "cbrt(neg(?a)) => neg(cbrt(?a))",
    "sin(neg(?a)) => neg(sin(?a))",
    "tan(neg(?a)) => neg(tan(?a))",
    "asin(neg(?a)) => neg(asin(?a))",
    "atan(neg(?a)) => neg(atan(?a))",
    "sinh(neg(?a)) => neg(sinh(?a))",
    "asinh(neg(?a)) => neg(asinh(?a))",
    "atanh(neg(?a)) => neg(atanh(?a))",
    "erf(neg(?a)) => neg(erf(?a))",
    "min(neg(?a), neg(?b)) => neg(max(?a, ?b))",
    "max(neg(?a), neg(?b)) => neg(min(?a, ?b))",
    "mul(abs(?a), abs(?b)) => abs(mul(?a, ?b))",
    "div(abs(?a), abs(?b)) => abs(div(?a, ?b))",
    // Bounds within bounds.
    "max(?a, #k) => ?a if unsigned(?a), at_most_zero(#k)",
    "min(min(?a, ?b), ?b) => min(?a, ?b)",
    "max(max(?a, ?b), ?b) => max(?a, ?b)",
    "min(min(?a, #k), #l) => min(?a, min(#k, #l))",
    "max(max(?a, #k), #l) => max(?a, max(#k, #l))",
    "min(max(min(?a, ?b), ?c), ?b) => min(max(?a, ?c), ?b)",
    "max(min(max(?a, ?b), ?c), ?b) => max(min(?a, ?c), ?b)",
    "clip(?a, -inf, ?c) => min(?a, ?c)",
    "clip(?a, ?b, inf) => max(?a, ?b)",
    "clip(max(?a, ?b), ?b, ?c) => clip(?a, ?b, ?c)",
    "clip(min(?a, ?c), ?b, ?c) => clip(?a, ?b, ?c)",
    "clip(clip(?a, ?b, ?c), ?b, ?c) => clip(?a, ?b, ?c)",
    "min(clip(?a, ?b, ?c), ?c) => clip(?a, ?b, ?c)",
    // Comparisons and what is chosen by them.
    "less(?a, -0.0) => less(?a, 0.0)",
    "less(-0.0, ?a) => heaviside(?a)",
    "less(0.0, ?a) => heaviside(?a)",
    "less(neg(?a), neg(?b)) => less(?b, ?a)",
    "less(neg(?a), #k) => less(neg(#k), ?a)",
    "less(#k, neg(?a)) => less(?a, neg(#k))",
    "less(neg(?a), ?a) => heaviside(?a)",
    "less(sign(?a), 0.0) => less(?a, 0.0)",
    "less(?a, neg(?a)) => less(?a, 0.0)",
    "less_equal(?a, -0.0) => less_equal(?a, 0.0)",
    "less_equal(-0.0, ?a) => less_equal(0.0, ?a)",
    "less_equal(neg(?a), neg(?b)) => less_equal(?b, ?a)",
    "less_equal(neg(?a), #k) => less_equal(neg(#k), ?a)",
    "less_equal(#k, neg(?a)) => less_equal(?a, neg(#k))",
    "equal(?a, -0.0) => equal(?a, 0.0)",
    "equal(neg(?a), neg(?b)) => equal(?a, ?b)",
    "equal(neg(?a), #k) => equal(?a, neg(#k))",
    "not_equal(?a, -0.0) => not_equal(?a, 0.0)",
    "not_equal(neg(?a), neg(?b)) => not_equal(?a, ?b)",
    "not_equal(neg(?a), #k) => not_equal(?a, neg(#k))",
    "heaviside(neg(?a)) => less(?a, 0.0)",
    "heaviside(sign(?a)) => heaviside(?a)",
    "heaviside(?a) => ?a if truth(?a)",
    "sign(?a) => ?a if truth(?a)",
    "square(?a) => ?a if truth(?a)",
    "sqrt(?a) => ?a if truth(?a)",
    "select(#k, ?a, ?b) => ?a if positive(#k)",
    "select(#k, ?a, ?b) => ?b if not_positive(#k)",
    "select(?a, 1.0, 0.0) => heaviside(?a)",
    "select(heaviside(?a), ?b, ?c) => select(?a, ?b, ?c)",
    "select(sign(?a), ?b, ?c) => select(?a, ?b, ?c)",
    "select(?a, select(?a, ?b, ?c), ?d) => select(?a, ?b, ?d)",
    "select(?a, ?b, select(?a, ?c, ?d)) => select(?a, ?b, ?d)",
    "select(?a, sign(?a), ?b) => select(?a, 1.0, ?b)",
    "select(?a, heaviside(?a), ?b) => select(?a, 1.0, ?b)",
    "select(?a, ?b, heaviside(?a)) => select(?a, ?b, 0.0)",
    "broadcast(broadcast(?a, ?b), ?c) => broadcast(?a, ?c)",
    // Reductions.
    "sum(abs(?a)) => norm_1(?a)",
    "sum(mul(?a, ?b)) => dot(?a, ?b)",
    "dot(?a, ?a) => sum(square(?a))",
    "dot(neg(?a), neg(?b)) => dot(?a, ?b)",
    "sqrt(sum(square(?a))) => norm(?a)",
    "div(sum(?a), count_of(?a)) => mean(?a)",
    "div(dot(?a, ?b), count_of(?a)) => mean(mul(?a, ?b))",
    "div(norm_1(?a), count_of(?a)) => mean(abs(?a))",
    "norm(neg(?a)) => norm(?a)",
    "norm(abs(?a)) => norm(?a)",
    "norm_1(neg(?a)) => norm_1(?a)",
    "norm_1(abs(?a)) => norm_1(?a)",
    "norm_inf(neg(?a)) => norm_inf(?a)",
    "norm_inf(abs(?a)) => norm_inf(?a)",
    "max_of(abs(?a)) => norm_inf(?a)",
    "max_of(neg(?a)) => neg(min_of(?a))",
    "min_of(neg(?a)) => neg(max_of(?a))",
    "max_of(transpose(?a)) => max_of(?a)",
    "min_of(transpose(?a)) => min_of(?a)",
    "norm_inf(transpose(?a)) => norm_inf(?a)",
    "count_of(transpose(?a)) => count_of(?a)",
    // Matrices. All three products add up in the same order.
    "transpose(transpose(?a)) => ?a",
    "matmul(?a, transpose(?b)) => matmul_right_transposed(?a, ?b)",
    "matmul(transpose(?a), ?b) => matmul_left_transposed(?a, ?b)",
    "matmul_right_transposed(?a, transpose(?b)) => matmul(?a, ?b)",
    "matmul_left_transposed(transpose(?a), ?b) => matmul(?a, ?b)",
    "transpose(matmul_right_transposed(?a, ?b)) => matmul_right_transposed(?b, ?a)",
    "transpose(matmul_left_transposed(?a, ?b)) => matmul_left_transposed(?b, ?a)",
    "add(transpose(?a), transpose(?b)) => transpose(add(?a, ?b))",
    "sub(transpose(?a), transpose(?b)) => transpose(sub(?a, ?b))",
    "mul(transpose(?a), transpose(?b)) => transpose(mul(?a, ?b))",
    "div(transpose(?a), transpose(?b)) => transpose(div(?a, ?b))",
    "transpose(diagonal_matrix(?a)) => diagonal_matrix(?a)",
    "transpose(scaled_identity(?a, ?b)) => scaled_identity(?a, ?b)",
    "scaled_identity(?a, transpose(?b)) => scaled_identity(?a, ?b)",
    "diagonal(diagonal_matrix(?a)) => ?a",
    "diagonal(transpose(?a)) => diagonal(?a)",
    "trace(transpose(?a)) => trace(?a)",
    "row_maxima(transpose(?a)) => transpose(column_maxima(?a))",
    "column_maxima(transpose(?a)) => transpose(row_maxima(?a))",
];

/// Keep every bit, and choose of two forms the one to run and to read.
const WRITTEN: &[&str] = &[
    "neg(mul(?a, #k)) => mul(?a, neg(#k))",
    "neg(div(?a, #k)) => div(?a, neg(#k))",
    "neg(div(#k, ?a)) => div(neg(#k), ?a)",
    "neg(reciprocal(?a)) => div(-1.0, ?a)",
    "mul(neg(?a), #k) => mul(?a, neg(#k))",
    "div(neg(?a), #k) => div(?a, neg(#k))",
    "div(#k, neg(?a)) => div(neg(#k), ?a)",
    "reciprocal(neg(?a)) => div(-1.0, ?a)",
    "add(?a, neg(?b)) => sub(?a, ?b)",
    "sub(?a, neg(?b)) => add(?a, ?b)",
    "add(?a, #k) => sub(?a, neg(#k)) if signed(#k)",
    "sub(?a, #k) => add(?a, neg(#k)) if signed(#k)",
    "min(max(?a, ?b), ?c) => clip(?a, ?b, ?c)",
    "add(?a, mul(?c, sub(?b, ?a))) => lerp(?a, ?b, ?c)",
    "matmul_right_transposed(?a, ?a) => row_gram(?a)",
    "matmul_left_transposed(?a, ?a) => column_gram(?a)",
    "div(dot(?a, ?b), mul(norm(?a), norm(?b))) => cosine(?a, ?b)",
    "sqrt(mean(square(sub(?a, mean(?a))))) => std(?a)",
    "sqrt(row_sums(square(?a))) => row_norms(?a)",
    "sqrt(column_sums(square(?a))) => column_norms(?a)",
];

/// Keep every bit, and choose of two forms the one that shows what is the same. Of −a − b, say, there
/// are three forms with `sub`, and one without.
const COMPARABLE: &[&str] = &[
    // Not to be run: the maxima may be needed besides.
    "max_of(row_maxima(?a)) => max_of(?a)",
    "max_of(column_maxima(?a)) => max_of(?a)",
    "sub(?a, ?b) => add(?a, neg(?b))",
    "clip(?a, ?b, ?c) => min(max(?a, ?b), ?c)",
    "lerp(?a, ?b, ?c) => add(?a, mul(?c, sub(?b, ?a)))",
    "min(?a, max(?a, ?b)) => max(?a, min(?a, ?b))",
    "mul(?a, #k) => neg(mul(?a, neg(#k))) if signed(#k)",
    "div(?a, #k) => neg(div(?a, neg(#k))) if signed(#k)",
    "div(#k, ?a) => neg(div(neg(#k), ?a)) if signed(#k)",
    "reciprocal(neg(?a)) => neg(reciprocal(?a))",
    "div(?a, abs(?a)) => div(abs(?a), ?a)",
    "mul(abs(?a), #k) => abs(mul(?a, #k)) if unsigned(#k)",
    "div(abs(?a), #k) => abs(div(?a, #k)) if unsigned(#k)",
    "div(#k, abs(?a)) => abs(div(#k, ?a)) if unsigned(#k)",
    "reciprocal(abs(?a)) => abs(reciprocal(?a))",
];

/// True of numbers as mathematics has them, and of binary32 up to rounding, signs of zero, overflow
/// and NaN.
const INEXACT: &[&str] = &[
    // −0 + 0 is 0, and 0 − 0 is no −0.
    "add(?a, 0.0) => ?a",
    "sub(0.0, ?a) => neg(?a)",
    "neg(sub(?a, ?b)) => sub(?b, ?a)",
    "sub(neg(?a), ?b) => neg(add(?a, ?b))",
    // ∞ and NaN.
    "mul(?a, 0.0) => 0.0",
    "mul(?a, -0.0) => 0.0",
    "div(0.0, ?a) => 0.0",
    "sub(?a, ?a) => 0.0",
    "div(?a, ?a) => 1.0",
    "div(?a, abs(?a)) => sign(?a)",
    "div(abs(?a), ?a) => sign(?a)",
    "equal(?a, ?a) => 1.0",
    "min(?a, max(?a, ?b)) => ?a",
    "max(?a, min(?a, ?b)) => ?a",
    "clip(?a, ?b, ?b) => ?b",
    "lerp(?a, ?b, 0.0) => ?a",
    "lerp(?a, ?b, 1.0) => ?b",
    "lerp(?a, ?a, ?b) => ?a",
    // Rounding.
    "sub(add(?a, ?b), ?b) => ?a",
    "add(sub(?a, ?b), ?b) => ?a",
    "sub(?a, sub(?a, ?b)) => ?b",
    "sub(?a, add(?a, ?b)) => neg(?b)",
    "add(sub(?a, ?b), sub(?b, ?c)) => sub(?a, ?c)",
    "fma(?a, ?b, ?c) => add(mul(?a, ?b), ?c)",
    "mul(div(?a, ?b), ?b) => ?a",
    "div(mul(?a, ?b), ?b) => ?a",
    "div(mul(?a, ?c), mul(?b, ?c)) => div(?a, ?b)",
    "reciprocal(reciprocal(?a)) => ?a",
    "reciprocal(div(?a, ?b)) => div(?b, ?a)",
    "mul(?a, reciprocal(?b)) => div(?a, ?b)",
    "div(?a, reciprocal(?b)) => mul(?a, ?b)",
    "div(div(?a, ?b), ?c) => div(?a, mul(?b, ?c))",
    "div(?a, div(?b, ?c)) => div(mul(?a, ?c), ?b)",
    // Common factors.
    "add(?a, mul(?a, #k)) => mul(?a, add(#k, 1.0))",
    "sub(?a, mul(?a, #k)) => mul(?a, sub(1.0, #k))",
    "sub(mul(?a, #k), ?a) => mul(?a, sub(#k, 1.0))",
    "add(mul(?a, ?b), mul(?a, ?c)) => mul(?a, add(?b, ?c))",
    "sub(mul(?a, ?b), mul(?a, ?c)) => mul(?a, sub(?b, ?c))",
    "add(div(?a, ?c), div(?b, ?c)) => div(add(?a, ?b), ?c)",
    "sub(div(?a, ?c), div(?b, ?c)) => div(sub(?a, ?b), ?c)",
    // Constants meet.
    "add(add(?a, #k), #l) => add(?a, add(#k, #l))",
    "sub(add(?a, #k), #l) => add(?a, sub(#k, #l))",
    "add(sub(?a, #k), #l) => add(?a, sub(#l, #k))",
    "sub(sub(?a, #k), #l) => sub(?a, add(#k, #l))",
    "add(sub(#k, ?a), #l) => sub(add(#k, #l), ?a)",
    "sub(sub(#k, ?a), #l) => sub(sub(#k, #l), ?a)",
    "sub(#k, add(?a, #l)) => sub(sub(#k, #l), ?a)",
    "sub(#k, sub(?a, #l)) => sub(add(#k, #l), ?a)",
    "sub(#k, sub(#l, ?a)) => add(?a, sub(#k, #l))",
    "mul(mul(?a, #k), #l) => mul(?a, mul(#k, #l))",
    "mul(div(?a, #k), #l) => mul(?a, div(#l, #k))",
    "mul(div(#k, ?a), #l) => div(mul(#k, #l), ?a)",
    "div(mul(?a, #k), #l) => mul(?a, div(#k, #l))",
    "div(#k, mul(?a, #l)) => div(div(#k, #l), ?a)",
    // Powers, roots, exponentials and logarithms; of negative numbers some are NaN.
    "sqrt(square(?a)) => abs(?a)",
    "square(sqrt(?a)) => ?a",
    "mul(sqrt(?a), sqrt(?b)) => sqrt(mul(?a, ?b))",
    "div(sqrt(?a), sqrt(?b)) => sqrt(div(?a, ?b))",
    "div(?a, sqrt(?a)) => sqrt(?a)",
    "mul(square(?a), square(?b)) => square(mul(?a, ?b))",
    "div(square(?a), square(?b)) => square(div(?a, ?b))",
    "div(square(?a), ?a) => ?a",
    "div(cube(?a), ?a) => square(?a)",
    "div(cube(?a), square(?a)) => ?a",
    "cbrt(cube(?a)) => ?a",
    "cube(cbrt(?a)) => ?a",
    "square(rsqrt(?a)) => reciprocal(?a)",
    "mul(?a, rsqrt(?b)) => div(?a, sqrt(?b))",
    "pow(?a, 0.0) => 1.0",
    "pow(?a, 0.5) => sqrt(?a)",
    "pow(?a, 1.0) => ?a",
    "pow(?a, 2.0) => square(?a)",
    "pow(?a, 3.0) => cube(?a)",
    "pow(?a, -0.5) => rsqrt(?a)",
    "pow(?a, -1.0) => reciprocal(?a)",
    "pow(pow(?a, #k), #l) => pow(?a, mul(#k, #l))",
    "exp(log(?a)) => ?a",
    "log(exp(?a)) => ?a",
    "mul(exp(?a), exp(?b)) => exp(add(?a, ?b))",
    "div(exp(?a), exp(?b)) => exp(sub(?a, ?b))",
    "reciprocal(exp(?a)) => exp(neg(?a))",
    "add(log(?a), log(?b)) => log(mul(?a, ?b))",
    "sub(log(?a), log(?b)) => log(div(?a, ?b))",
    "log(reciprocal(?a)) => neg(log(?a))",
    "log2(exp2(?a)) => ?a",
    "exp2(log2(?a)) => ?a",
    "log10(exp10(?a)) => ?a",
    "exp10(log10(?a)) => ?a",
    "log1p(expm1(?a)) => ?a",
    "expm1(log1p(?a)) => ?a",
    "sub(exp(?a), 1.0) => expm1(?a)",
    "log(add(?a, 1.0)) => log1p(?a)",
    "log1p(exp(?a)) => softplus(?a)",
    "reciprocal(add(exp(neg(?a)), 1.0)) => sigmoid(?a)",
    "div(exp(?a), add(exp(?a), 1.0)) => sigmoid(?a)",
    "sub(1.0, sigmoid(?a)) => sigmoid(neg(?a))",
    "log(sum(exp(?a))) => log_sum_exp(?a)",
    "div(exp(?a), sum(exp(?a))) => softmax(?a)",
    // Trigonometric and hyperbolic functions.
    "sin(asin(?a)) => ?a",
    "cos(acos(?a)) => ?a",
    "tan(atan(?a)) => ?a",
    "sinh(asinh(?a)) => ?a",
    "asinh(sinh(?a)) => ?a",
    "cosh(acosh(?a)) => ?a",
    "tanh(atanh(?a)) => ?a",
    "atanh(tanh(?a)) => ?a",
    "div(sinh(?a), cosh(?a)) => tanh(?a)",
    "add(square(sin(?a)), square(cos(?a))) => 1.0",
    // Reductions.
    "sum(neg(?a)) => neg(sum(?a))",
    "mean(neg(?a)) => neg(mean(?a))",
    "sum(mul(?a, #k)) => mul(sum(?a), #k)",
    "mean(mul(?a, #k)) => mul(mean(?a), #k)",
    "norm(mul(?a, #k)) => mul(norm(?a), abs(#k))",
    "norm_1(mul(?a, #k)) => mul(norm_1(?a), abs(#k))",
    "sum(transpose(?a)) => sum(?a)",
    "mean(transpose(?a)) => mean(?a)",
    "norm(transpose(?a)) => norm(?a)",
    "norm_1(transpose(?a)) => norm_1(?a)",
    "sum(row_sums(?a)) => sum(?a)",
    "sum(column_sums(?a)) => sum(?a)",
    "column_sums(row_sums(?a)) => sum(?a)",
    "row_sums(column_sums(?a)) => sum(?a)",
    // Matrices.
    "row_sums(transpose(?a)) => transpose(column_sums(?a))",
    "column_sums(transpose(?a)) => transpose(row_sums(?a))",
    "row_sums(mul(?a, #k)) => mul(row_sums(?a), #k)",
    "column_sums(mul(?a, #k)) => mul(column_sums(?a), #k)",
    "matmul(mul(?a, #k), ?b) => mul(matmul(?a, ?b), #k)",
    "matmul(?a, mul(?b, #k)) => mul(matmul(?a, ?b), #k)",
    "matmul(?a, scaled_identity(?b, ?c)) => mul(?a, ?b)",
    "matmul(scaled_identity(?b, ?c), ?a) => mul(?a, ?b)",
    "trace(matmul_left_transposed(?a, ?b)) => dot(?a, ?b)",
    "trace(matmul_right_transposed(?a, ?b)) => dot(?a, ?b)",
    "add(matmul(?a, ?b), matmul(?a, ?c)) => matmul(?a, add(?b, ?c))",
    "add(matmul(?a, ?c), matmul(?b, ?c)) => matmul(add(?a, ?b), ?c)",
];

/// Every rule, in the order of the table.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let kinds = [
        (Kind::Exact, EXACT),
        (Kind::Written, WRITTEN),
        (Kind::Comparable, COMPARABLE),
        (Kind::Inexact, INEXACT),
    ];
    let lines = kinds
        .iter()
        .flat_map(|&(kind, lines)| lines.iter().map(move |line| (kind, line)));
    lines
        .map(|(kind, line)| match Rule::parse(line, kind) {
            Ok(rule) => rule,
            Err(error) => panic!("`{line}` is no rule: {error}"),
        })
        .collect()
});

/// Every rewrite rule that there is, exact or not, in the order in which they are tried.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter()
}

/// What functions are rewritten for, and so by which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be run: exact rules that add no work.
    Running,
    /// To be compared with others: exact rules, whatever the work.
    Comparing,
    /// To be read by people: rules that need not be exact.
    Reading,
}

impl Purpose {
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::Running, Self::Comparing, Self::Reading];

    pub(super) fn takes(self, rule: &Rule) -> bool {
        match (self, rule.kind) {
            (Self::Running, Kind::Exact | Kind::Written) => rule.adds_no_work(),
            (Self::Comparing, Kind::Exact | Kind::Comparable)
            | (Self::Reading, Kind::Exact | Kind::Written | Kind::Inexact) => true,
            (Self::Running, Kind::Comparable | Kind::Inexact)
            | (Self::Comparing, Kind::Written | Kind::Inexact)
            | (Self::Reading, Kind::Comparable) => false,
        }
    }

    pub(super) fn rules(self) -> &'static RuleSet {
        static RUNNING: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::of(Purpose::Running));
        static COMPARING: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::of(Purpose::Comparing));
        static READING: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::of(Purpose::Reading));
        match self {
            Self::Running => &RUNNING,
            Self::Comparing => &COMPARING,
            Self::Reading => &READING,
        }
    }
}

/// Rules, found by the op at the root of their left side.
#[derive(Debug)]
pub(super) struct RuleSet {
    /// For each op, the rules for it in order, with the operands of the left side in every order.
    by_op: Vec<Vec<(Vec<Pattern>, &'static Rule)>>,
}

impl RuleSet {
    fn of(purpose: Purpose) -> Self {
        Self::new(rules().filter(|rule| purpose.takes(rule)))
    }

    pub(super) fn new(rules: impl Iterator<Item = &'static Rule>) -> Self {
        let mut by_op: Vec<Vec<_>> = Op::all().map(|_| Vec::new()).collect();
        for rule in rules {
            for order in rule.orders() {
                match order {
                    Pattern::Apply(op, operands) => by_op[position(op)].push((operands, rule)),
                    Pattern::Any(_) | Pattern::Constant(_) | Pattern::Number(_) => {}
                }
            }
        }
        Self { by_op }
    }

    pub(super) fn for_op(&self, op: Op) -> &[(Vec<Pattern>, &'static Rule)] {
        &self.by_op[position(op)]
    }
}

/// An op's position in the op table.
const fn position(op: Op) -> usize {
    match op {
        Op::Elementwise(op) => op as usize,
        Op::Reduction(op) => ElementwiseOp::ALL.len() + op as usize,
        Op::Matrix(op) => ElementwiseOp::ALL.len() + ReductionOp::ALL.len() + op as usize,
        Op::Composite(op) => {
            ElementwiseOp::ALL.len() + ReductionOp::ALL.len() + MatrixOp::ALL.len() + op as usize
        }
    }
}

#[cfg(test)]
mod tests;
