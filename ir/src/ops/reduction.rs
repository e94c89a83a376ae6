//! Ops that make one number of a whole tensor.
//!
//! A row gives the neutral element, what is done to each element, how two partial results are
//! combined, and what is done to the total. The order is the one that [`crate::lanes`] fixes. The
//! neutral element must leave every partial result as it is, bit for bit, since back ends let it
//! stand in for the elements that pad storage.

use crate::lanes::{ACCUMULATORS, Lanes, ScalarLanes};

macro_rules! reduction_ops {
    ($(
        $(#[doc = $summary:literal])+
        $name:ident = $mnemonic:literal, flops: $flops:literal, neutral: $neutral:expr,
        element: |$element_lanes:ident, $element:ident| $mapped:expr,
        combine: |$combine_lanes:ident, $left:ident, $right:ident| $combined:expr,
        total: |$total_lanes:ident, $total:ident, $count:ident| $finished:expr;
    )+) => {
        /// An op that makes one scalar of a whole tensor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ReductionOp {
            $($(#[doc = $summary])+ $name,)+
        }

        impl ReductionOp {
            /// Every reduction, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(crate) const fn mnemonic(self) -> &'static str {
                match self { $(Self::$name => $mnemonic,)+ }
            }

            pub(crate) const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($summary),+).trim_ascii_start(),)+ }
            }

            pub(crate) const fn flops_per_element(self) -> u32 {
                match self { $(Self::$name => $flops,)+ }
            }

            /// What every accumulator starts with.
            pub(crate) const fn neutral(self) -> f32 {
                match self { $(Self::$name => $neutral,)+ }
            }

            /// What is done to each element before it is combined.
            #[inline(always)]
            pub(crate) fn element<L: Lanes>(self, lanes: &L, element: L::Float) -> L::Float {
                match self {
                    $(Self::$name => {
                        let ($element_lanes, $element) = (lanes, element);
                        // Most rows take the element as it is.
                        let _ = $element_lanes;
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
                        let _ = ($total_lanes, $count);
                        $finished
                    })+
                }
            }

            /// Adds elements to the accumulators; the first one belongs to accumulator 0.
            pub(crate) fn accumulate(
                self,
                accumulators: &mut [f32; ACCUMULATORS],
                elements: &[f32],
            ) {
                match self {
                    $(Self::$name => {
                        let $combine_lanes = &ScalarLanes;
                        // A row may give both the same name.
                        let _ = $combine_lanes;
                        let $element_lanes = &ScalarLanes;
                        let _ = $element_lanes;
                        let (rows, rest) = elements.as_chunks::<ACCUMULATORS>();
                        for row in rows {
                            for (accumulator, &$element) in accumulators.iter_mut().zip(row) {
                                let ($left, $right) = (*accumulator, $mapped);
                                *accumulator = $combined;
                            }
                        }
                        for (accumulator, &$element) in accumulators.iter_mut().zip(rest) {
                            let ($left, $right) = (*accumulator, $mapped);
                            *accumulator = $combined;
                        }
                    })+
                }
            }
        }
    };
}

reduction_ops! {
    /// the sum of all elements
    Sum = "sum", flops: 1, neutral: 0.0,
        element: |lanes, x| x,
        combine: |lanes, a, b| lanes.add(a, b),
        total: |lanes, total, count| total;
    /// the arithmetic mean of all elements
    Mean = "mean", flops: 1, neutral: 0.0,
        element: |lanes, x| x,
        combine: |lanes, a, b| lanes.add(a, b),
        total: |lanes, total, count| lanes.div(total, count);
    /// the Euclidean norm: the square root of the sum of squares
    Norm = "norm", flops: 2, neutral: 0.0,
        element: |lanes, x| lanes.mul(x, x),
        combine: |lanes, a, b| lanes.add(a, b),
        total: |lanes, total, count| lanes.sqrt(total);
    /// the greatest element; NaN if any is
    MaxOf = "max_of", flops: 1, neutral: f32::NEG_INFINITY,
        element: |lanes, x| x,
        combine: |lanes, a, b| lanes.maximum(a, b),
        total: |lanes, total, count| total;
}

impl ReductionOp {
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
