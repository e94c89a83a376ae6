//! Ops that make one number of a whole tensor, or of two.
//!
//! A row gives the neutral element, what is done to each element, how two partial results are
//! combined, and what is done to the total. The order is the one that [`crate::lanes`] fixes. The
//! neutral element must leave every partial result as it is, bit for bit, since back ends let it
//! stand in for the elements that pad storage.

use multiversion::multiversion;

#[cfg(any(test, feature = "random"))]
use super::real;
use super::{Guarantee, Terms, exactly};
use crate::function::Value;
use crate::lane_kernel::Routine;
use crate::lanes::{ACCUMULATORS, Lanes, ScalarLanes};

macro_rules! reduction_ops {
    ($(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            commutes: $commutes:literal, flops: $flops:literal, neutral: $neutral:expr,
            $(unsigned: $unsigned:ident,)? $(truth: $truth:ident,)?
            element: |$element_lanes:ident, $($element:ident),+| $mapped:expr,
            combine: |$combine_lanes:ident, $left:ident, $right:ident| $combined:expr,
            total: |$total_lanes:ident, $total:ident, $count:ident| $finished:expr,
            real: |$($numbers:ident),+| $real:expr,
            derivative: |$terms:ident, $($point:ident),+| $partials:expr,
            export: $export:tt
        }
    )+) => {
        op_kind! {
            Reduction(ReductionOp): "An op that makes one scalar of whole tensors."
            $($(#[doc = $summary])+ $mnemonic = $name($($element),+) $export)+
        }

        impl ReductionOp {
            pub(crate) const fn commutes(self) -> bool {
                match self { $(Self::$name => $commutes,)+ }
            }

            pub(crate) const fn flops_per_element(self) -> u32 {
                match self { $(Self::$name => $flops,)+ }
            }

            /// When results have a clear sign bit or are NaN.
            pub(crate) const fn unsigned(self) -> Guarantee {
                match self { $(Self::$name => guarantee!($($unsigned)?),)+ }
            }

            /// When results are +0 or 1.
            pub(crate) const fn truth(self) -> Guarantee {
                match self { $(Self::$name => guarantee!($($truth)?),)+ }
            }

            /// The meaning of the op over the real numbers, in binary64, of the elements of each
            /// operand.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes.
            #[cfg(any(test, feature = "random"))]
            pub(crate) fn real(self, operands: &[&[f64]]) -> f64 {
                match self {
                    $(Self::$name => {
                        let [$($numbers),+] = exactly(operands);
                        $real
                    })+
                }
            }

            /// What every accumulator starts with.
            pub(crate) const fn neutral(self) -> f32 {
                match self { $(Self::$name => $neutral,)+ }
            }

            /// What is done to the operands' elements at one place before they are combined with
            /// those at others.
            ///
            /// # Panics
            /// If there are not as many as the op has operands.
            #[inline(always)]
            pub(crate) fn element<L: Lanes>(self, lanes: &L, elements: &[L::Float]) -> L::Float {
                match self {
                    $(Self::$name => {
                        let [$($element),+] = exactly(elements);
                        let $element_lanes = lanes;
                        // Most rows take the element as it is, and one does not look at it.
                        let _ = ($element_lanes, $($element),+);
                        $mapped
                    })+
                }
            }

            /// Combines two partial results.
            #[inline(always)]
            pub(crate) fn combine<L: Lanes>(
                self,
                lanes: &L,
                left: L::Float,
                right: L::Float,
            ) -> L::Float {
                match self {
                    $(Self::$name => {
                        let ($combine_lanes, $left, $right) = (lanes, left, right);
                        $combined
                    })+
                }
            }

            /// What is done to the total over `count` elements.
            #[inline(always)]
            pub(crate) fn total<L: Lanes>(
                self,
                lanes: &L,
                total: L::Float,
                count: L::Float,
            ) -> L::Float {
                match self {
                    $(Self::$name => {
                        let ($total_lanes, $total, $count) = (lanes, total, count);
                        // Most rows use some of these only.
                        let _ = ($total_lanes, $total, $count);
                        $finished
                    })+
                }
            }

            /// Adds elements of equally long slices to the accumulators; the first one belongs to
            /// accumulator 0.
            ///
            /// # Panics
            /// If there are not as many slices as the op has operands, or one is shorter than the
            /// first.
            pub(crate) fn accumulate(
                self,
                accumulators: &mut [f32; ACCUMULATORS],
                operands: &[&[f32]],
            ) {
                accumulate(self, accumulators, operands);
            }

            /// [`accumulate`](Self::accumulate) for the machine that the caller is compiled for.
            #[inline(always)]
            fn accumulate_each(
                self,
                accumulators: &mut [f32; ACCUMULATORS],
                operands: &[&[f32]],
            ) {
                let length = operands[0].len();
                match self {
                    $(Self::$name => {
                        let [$($element),+] = exactly(operands);
                        $(let $element = &$element[..length];)+
                        let $element_lanes = &ScalarLanes;
                        // Most rows take the element as it is.
                        let _ = $element_lanes;
                        let $combine_lanes = &ScalarLanes;
                        for start in (0..length).step_by(ACCUMULATORS) {
                            let end = length.min(start + ACCUMULATORS);
                            $(let $element = &$element[start..end];)+
                            for (index, accumulator) in
                                accumulators[..end - start].iter_mut().enumerate()
                            {
                                $(let $element = $element[index];)+
                                let _ = ($($element),+);
                                let ($left, $right) = (*accumulator, $mapped);
                                *accumulator = $combined;
                            }
                        }
                    })+
                }
            }

            /// What runs the op over blocks of lanes on this machine, so many columns at a time.
            pub(crate) fn lane_routine(self, columns: u32) -> Routine {
                lane_routine(self, columns)
            }

            /// The partial derivative of the result with respect to each element of each operand,
            /// over the operands and the result. A scalar is that of every element. What
            /// [`ElementwiseOp::partials`](super::ElementwiseOp::partials) says of 0 and `select`
            /// holds here too.
            pub(crate) fn partials(
                self,
                terms: &Terms<'_>,
                operands: &[Value],
                result: Value,
            ) -> Vec<Value> {
                let mut points = operands.to_vec();
                points.push(result);
                match self {
                    $(Self::$name => {
                        let [$($point),+] = exactly(&points);
                        let $terms = terms;
                        // Most rows use some of these only.
                        let _ = ($terms, $($point),+);
                        $partials.to_vec()
                    })+
                }
            }
        }

        /// What runs each op over blocks of lanes, compiled for each kind of vectors as elementwise
        /// ops are.
        #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
        fn lane_routine(op: ReductionOp, columns: u32) -> Routine {
            match op {
                $(ReductionOp::$name => reducing!(
                    columns,
                    $neutral,
                    #[inline(always)]
                    |[$($element),+]| {
                        let $element_lanes = &ScalarLanes;
                        let _ = ($element_lanes, $($element),+);
                        $mapped
                    },
                    #[inline(always)]
                    |$left, $right| {
                        let $combine_lanes = &ScalarLanes;
                        $combined
                    },
                    #[inline(always)]
                    |$total, $count| {
                        let $total_lanes = &ScalarLanes;
                        let _ = ($total_lanes, $total, $count);
                        $finished
                    }
                ),)+
            }
        }
    };
}

/// The routine for so many columns: where these are a power of two that does not exceed the accumulators, the compiler knows how
/// many and writes out each.
macro_rules! reducing {
    ($columns:expr, $($meaning:tt)*) => {
        match $columns {
            2 => |call, _| call.reduce_rows_of::<2, _>($($meaning)*),
            4 => |call, _| call.reduce_rows_of::<4, _>($($meaning)*),
            8 => |call, _| call.reduce_rows_of::<8, _>($($meaning)*),
            16 => |call, _| call.reduce_rows_of::<16, _>($($meaning)*),
            _ => |call, _| call.reduce($($meaning)*),
        }
    };
}

reduction_ops! {
    /// the sum of all elements
    sum = Sum {
        commutes: false, flops: 1, neutral: 0.0,
        unsigned: Kept,
        element: |lanes, a| a,
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| total,
        real: |a| a.iter().sum(),
        derivative: |terms, a, result| [terms.one()],
        export: {
            torch: "torch.sum({a})", numpy: "np.sum({a})", jax: "jnp.sum({a})",
            rust: "{a}.iter().sum::<f32>()", latex: "\\sum {a}",
        }
    }
    /// the arithmetic mean of all elements
    mean = Mean {
        commutes: false, flops: 1, neutral: 0.0,
        unsigned: Kept,
        element: |lanes, a| a,
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| lanes.div(total, count),
        real: |a| real::mean(a),
        derivative: |terms, a, result| [terms.reciprocal(terms.number_of_elements(a))],
        export: {
            torch: "torch.mean({a})", numpy: "np.mean({a})", jax: "jnp.mean({a})",
            rust: "{a}.iter().sum::<f32>() / {a}.len() as f32", latex: "\\overline{{a}}",
        }
    }
    /// the number of elements
    count_of = CountOf {
        commutes: false, flops: 1, neutral: 0.0,
        unsigned: Always,
        element: |lanes, a| lanes.constant(0.0),
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| count,
        real: |a| a.len() as f64,
        derivative: |terms, a, result| [terms.zero()],
        export: {
            torch: "torch.tensor(float({a}.numel()))", numpy: "np.float32({a}.size)",
            jax: "jnp.float32({a}.size)",
            rust: "{a}.len() as f32", latex: "\\#{a}",
        }
    }
    /// the greatest element; NaN if any is. Equal ones share the derivative evenly
    max_of = MaxOf {
        commutes: false, flops: 1, neutral: f32::NEG_INFINITY,
        unsigned: Kept, truth: Kept,
        element: |lanes, a| a,
        combine: |lanes, left, right| lanes.maximum(left, right),
        total: |lanes, total, count| total,
        real: |a| real::greatest(a),
        derivative: |terms, a, result| [
            terms.share_of_equal(a, result, |share| share)
        ],
        export: {
            torch: "torch.max({a})", numpy: "np.max({a})", jax: "jnp.max({a})",
            rust: "{a}.iter().copied().fold(f32::NEG_INFINITY, maximum)", latex: "\\max {a}",
        }
    }
    /// the smallest element; NaN if any is. Equal ones share the derivative evenly
    min_of = MinOf {
        commutes: false, flops: 1, neutral: f32::INFINITY,
        unsigned: Kept, truth: Kept,
        element: |lanes, a| a,
        combine: |lanes, left, right| lanes.minimum(left, right),
        total: |lanes, total, count| total,
        real: |a| real::least(a),
        derivative: |terms, a, result| [
            terms.share_of_equal(a, result, |share| share)
        ],
        export: {
            torch: "torch.min({a})", numpy: "np.min({a})", jax: "jnp.min({a})",
            rust: "{a}.iter().copied().fold(f32::INFINITY, minimum)", latex: "\\min {a}",
        }
    }
    /// the Euclidean norm: the square root of the sum of squares. The derivative is 0 where it is 0
    norm = Norm {
        commutes: false, flops: 2, neutral: 0.0,
        unsigned: Always,
        element: |lanes, a| lanes.mul(a, a),
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| lanes.sqrt(total),
        real: |a| real::norm(a),
        derivative: |terms, a, result| [
            terms.select(
                terms.equal(result, terms.zero()),
                terms.zero(),
                terms.div(a, result),
            )
        ],
        export: {
            torch: "torch.linalg.vector_norm({a})", numpy: "np.sqrt(np.sum(np.square({a})))",
            jax: "jnp.sqrt(jnp.sum(jnp.square({a})))",
            rust: "{a}.iter().map(|x| x * x).sum::<f32>().sqrt()", latex: "\\lVert {a} \\rVert_2",
        }
    }
    /// the sum of the elements' magnitudes. The derivative is 0 for an element that is 0
    norm_1 = NormOne {
        commutes: false, flops: 1, neutral: 0.0,
        unsigned: Always,
        element: |lanes, a| lanes.abs(a),
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| total,
        real: |a| a.iter().map(|x| x.abs()).sum(),
        derivative: |terms, a, result| [terms.sign(a)],
        export: {
            torch: "torch.sum(torch.abs({a}))", numpy: "np.sum(np.abs({a}))",
            jax: "jnp.sum(jnp.abs({a}))",
            rust: "{a}.iter().map(|x| x.abs()).sum::<f32>()", latex: "\\lVert {a} \\rVert_1",
        }
    }
    /// the greatest of the elements' magnitudes; NaN if any is. Equal ones share the derivative evenly
    norm_inf = NormInfinity {
        commutes: false, flops: 1, neutral: 0.0,
        unsigned: Always, truth: Kept,
        element: |lanes, a| lanes.abs(a),
        combine: |lanes, left, right| lanes.maximum(left, right),
        total: |lanes, total, count| total,
        real: |a| a.iter().map(|x| x.abs()).fold(0.0, real::maximum),
        derivative: |terms, a, result| [
            terms.share_of_equal(terms.abs(a), result, |share| {
                terms.mul(terms.sign(a), share)
            })
        ],
        export: {
            torch: "torch.max(torch.abs({a}))", numpy: "np.max(np.abs({a}))",
            jax: "jnp.max(jnp.abs({a}))",
            rust: "{a}.iter().map(|x| x.abs()).fold(0.0, maximum)",
            latex: "\\lVert {a} \\rVert_\\infty",
        }
    }
    /// the sum of products: the inner product of two tensors
    dot = Dot {
        commutes: true, flops: 2, neutral: 0.0,
        unsigned: Kept,
        element: |lanes, a, b| lanes.mul(a, b),
        combine: |lanes, left, right| lanes.add(left, right),
        total: |lanes, total, count| total,
        real: |a, b| real::inner_product(a, b),
        derivative: |terms, a, b, result| [b, a],
        export: {
            torch: "torch.sum({a} * {b})", numpy: "np.sum({a} * {b})", jax: "jnp.sum({a} * {b})",
            rust: "{a}.iter().zip({b}.iter()).map(|(x, y)| x * y).sum::<f32>()",
            latex: "\\langle {a}, {b} \\rangle",
        }
    }
}

/// Compiled for each kind of vectors that a machine may have, as elementwise ops are.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn accumulate(op: ReductionOp, accumulators: &mut [f32; ACCUMULATORS], operands: &[&[f32]]) {
    op.accumulate_each(accumulators, operands);
}

impl ReductionOp {
    /// Whether the first combination with the neutral element can change what is added: it makes −0 to 0. Once is enough, wherever that
    /// is, as what −0 is added to stays what it is.
    pub(crate) const fn begins_with_neutral(self) -> bool {
        match self {
            Self::Sum | Self::Mean | Self::Dot => true,
            // What is combined has no sign, or the total is not looked at.
            Self::Norm | Self::NormOne | Self::NormInfinity | Self::CountOf => false,
            Self::MaxOf | Self::MinOf => false,
        }
    }

    /// Of so many elements, the first of the accumulator that is combined with the fewest others on the way to the total.
    pub(crate) fn least_deep(count: usize) -> usize {
        let used = count.min(ACCUMULATORS);
        let depth = |number: usize| {
            let partners = [1, 2, 4, 8].into_iter().filter(|distance| {
                // The one that it is combined into, or that is combined into it.
                number % (2 * distance) >= *distance || number % (2 * distance) + distance < used
            });
            partners.count() + (count - 1 - number) / ACCUMULATORS
        };
        (0..used).min_by_key(|&number| depth(number)).unwrap_or(0)
    }

    /// The accumulators before anything has been added to them.
    pub(crate) const fn start(self) -> [f32; ACCUMULATORS] {
        [self.neutral(); ACCUMULATORS]
    }

    /// Combines the accumulators in the order that the semantics contract fixes, and finishes.
    pub(crate) fn finish(self, mut accumulators: [f32; ACCUMULATORS], count: usize) -> f32 {
        let mut half = ACCUMULATORS / 2;
        while half > 0 {
            for index in 0..half {
                let (left, right) = (accumulators[index], accumulators[index + half]);
                accumulators[index] = self.combine(&ScalarLanes, left, right);
            }
            half /= 2;
        }
        self.total(&ScalarLanes, accumulators[0], count as f32)
    }
}
