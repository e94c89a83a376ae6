//! The chain rule for one application of an op: the place where a kind of op plugs in.
//!
//! ```text
//! forward:  tangents of the operands ──► tangent ────► tangent of the result
//! reverse:  cotangent of the result ───► cotangents ─► contributions to the operands' cotangents
//! ```
//!
//! The rows of the op table say what the partial derivatives are; here they are multiplied with a
//! tangent or cotangent and brought to the right shape.
//!
//! **Shapes.** A differential is kept as small as it can be: a scalar can stand for a tensor whose
//! elements are all that scalar, as it can in every elementwise op. The gradient of a sum, for one,
//! is a scalar until something needs more of it. Where a scalar operand was broadcast, its cotangent
//! is the sum over all elements, see [`summed`], which is the one place that looks at shapes.
//!
//! **Zeros.** A partial that is the constant 0 adds nothing, so that 0 · ∞ makes no NaN. A partial
//! that is a `select` chooses between products instead of multiplying the choice, so that what is in
//! the way not taken does not get through. That cuts the differential: it is 0 there, although
//! partials further on can be infinite or NaN, as in the gradient of `select(x, log(x), 0)`. So from
//! a cut on, products with what is not constant are 0 wherever the differential is.

use crate::function::{Definition, Value};
use crate::ops::{ElementwiseOp, MatrixOp, Op, ReductionOp, Terms};
use crate::shape::Shape;

/// A tangent or a cotangent of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Differential {
    /// A scalar stands for as many equal elements as there are.
    pub(super) value: Value,
    /// Whether a selection on every way here has set it to 0 in places.
    is_cut: bool,
}

impl Differential {
    /// A differential that no selection has touched.
    pub(super) const fn whole(value: Value) -> Self {
        Self {
            value,
            is_cut: false,
        }
    }

    /// The sum of what there is.
    pub(super) fn add(terms: &Terms<'_>, a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Self {
                value: terms.add(a.value, b.value),
                is_cut: a.is_cut && b.is_cut,
            }),
            (one, None) | (None, one) => one,
        }
    }
}

/// One application of an op in the function under construction.
pub(super) struct Chain<'a, 'builder> {
    pub(super) terms: &'a Terms<'builder>,
    pub(super) op: Op,
    pub(super) operands: &'a [Value],
    pub(super) result: Value,
}

impl Chain<'_, '_> {
    /// The tangent of the result over those of the operands, `None` standing for 0.
    ///
    /// # Errors
    /// The op, if it has no derivative.
    pub(super) fn tangent(
        &self,
        tangents: &[Option<Differential>],
    ) -> Result<Option<Differential>, Op> {
        if tangents.iter().all(Option::is_none) {
            return Ok(None);
        }
        match self.op {
            Op::Elementwise(op) => Ok(self.elementwise_tangent(op, tangents)),
            Op::Reduction(op) => Ok(self.reduction_tangent(op, tangents)),
            Op::Matrix(op) if op.is_differentiable() => Ok(self.matrix_tangent(op, tangents)),
            Op::Matrix(_) => Err(self.op),
            Op::Composite(_) => unreachable!("composite ops are expanded before"),
        }
    }

    /// What the cotangent of the result adds to that of each operand, `None` standing for 0.
    ///
    /// # Errors
    /// The op, if it has no derivative.
    pub(super) fn cotangents(
        &self,
        cotangent: Differential,
    ) -> Result<Vec<Option<Differential>>, Op> {
        match self.op {
            Op::Elementwise(op) => Ok(self.elementwise_cotangents(op, cotangent)),
            Op::Reduction(op) => Ok(self.reduction_cotangents(op, cotangent)),
            Op::Matrix(op) if op.is_differentiable() => Ok(self.matrix_cotangents(op, cotangent)),
            Op::Matrix(_) => Err(self.op),
            Op::Composite(_) => unreachable!("composite ops are expanded before"),
        }
    }

    fn elementwise_tangent(
        &self,
        op: ElementwiseOp,
        tangents: &[Option<Differential>],
    ) -> Option<Differential> {
        let partials = op.partials(self.terms, self.operands, self.result);
        let products = tangents.iter().zip(partials);
        products
            .map(|(tangent, partial)| self.product((*tangent)?, partial))
            .fold(None, |sum, product| {
                Differential::add(self.terms, sum, product)
            })
    }

    fn elementwise_cotangents(
        &self,
        op: ElementwiseOp,
        cotangent: Differential,
    ) -> Vec<Option<Differential>> {
        let partials = op.partials(self.terms, self.operands, self.result);
        let pairs = self.operands.iter().zip(partials);
        pairs
            .map(|(&operand, partial)| {
                let product = self.product(cotangent, partial)?;
                Some(summed(
                    self.terms,
                    product,
                    self.result,
                    self.terms.shape(operand),
                ))
            })
            .collect()
    }

    fn reduction_tangent(
        &self,
        op: ReductionOp,
        tangents: &[Option<Differential>],
    ) -> Option<Differential> {
        let partials = op.partials(self.terms, self.operands, self.result);
        let to = self.terms.shape(self.result);
        let triples = self.operands.iter().zip(tangents).zip(partials);
        triples
            .map(|((&operand, tangent), partial)| {
                let tangent = (*tangent)?;
                if self.terms.shape(partial) == to {
                    // The same for all elements: multiply once.
                    self.product(summed(self.terms, tangent, operand, to), partial)
                } else {
                    let product = self.product(tangent, partial)?;
                    Some(summed(self.terms, product, operand, to))
                }
            })
            .fold(None, |sum, product| {
                Differential::add(self.terms, sum, product)
            })
    }

    fn reduction_cotangents(
        &self,
        op: ReductionOp,
        cotangent: Differential,
    ) -> Vec<Option<Differential>> {
        let partials = op.partials(self.terms, self.operands, self.result);
        let partials = partials.into_iter();
        partials
            .map(|partial| self.product(cotangent, partial))
            .collect()
    }

    fn matrix_tangent(
        &self,
        op: MatrixOp,
        tangents: &[Option<Differential>],
    ) -> Option<Differential> {
        let pairs = tangents.iter().zip(self.operands);
        let whole = pairs.map(|(tangent, &operand)| Some(self.filled((*tangent)?.value, operand)));
        let whole: Vec<Option<Value>> = whole.collect();
        let tangent = op.tangent(self.terms, self.operands, self.result, &whole);
        tangent.map(Differential::whole)
    }

    fn matrix_cotangents(
        &self,
        op: MatrixOp,
        cotangent: Differential,
    ) -> Vec<Option<Differential>> {
        let seed = self.filled(cotangent.value, self.result);
        let cotangents = op.cotangents(self.terms, self.operands, self.result, seed);
        let cotangents = cotangents.into_iter();
        cotangents
            .map(|cotangent| cotangent.map(Differential::whole))
            .collect()
    }

    /// A differential of `like` with all its elements, as matrix ops need it.
    fn filled(&self, differential: Value, like: Value) -> Value {
        let terms = self.terms;
        if terms.shape(differential) == terms.shape(like) {
            differential
        } else {
            terms.broadcast(differential, like)
        }
    }

    /// A differential times a partial derivative; `None` if the partial is 0.
    fn product(&self, differential: Differential, partial: Value) -> Option<Differential> {
        let terms = self.terms;
        let d = differential.value;
        let with = |value| {
            Some(Differential {
                value,
                ..differential
            })
        };
        // A partial that happens to be an operand is a number like any other, however it came about.
        let is_formula = !self.operands.contains(&partial) && partial != self.result;
        match terms.definition(partial) {
            Definition::Constant(constant) if constant.value() == 0.0 => None,
            Definition::Constant(constant) if constant.value().is_finite() => {
                with(scaled(terms, d, constant.value()))
            }
            Definition::Apply {
                op: Op::Elementwise(ElementwiseOp::Select),
                operands,
            } if is_formula => {
                let &[condition, if_true, if_false] = operands.as_slice() else {
                    unreachable!("the type rule gives `select` three operands")
                };
                let branches = [if_true, if_false].map(|way| self.product(differential, way));
                if branches.iter().all(Option::is_none) {
                    return None;
                }
                let [if_true, if_false] =
                    branches.map(|way| way.map_or_else(|| terms.zero(), |way| way.value));
                Some(Differential {
                    value: terms.select(condition, if_true, if_false),
                    is_cut: branches.iter().any(|way| way.is_none_or(|way| way.is_cut)),
                })
            }
            Definition::Apply { .. } | Definition::Load(_) | Definition::Constant(_) => {
                with(self.guarded_product(differential, partial))
            }
        }
    }

    /// The product, which is 0 where a cut differential is.
    fn guarded_product(&self, differential: Differential, partial: Value) -> Value {
        let terms = self.terms;
        let product = match terms.definition(differential.value) {
            // A seed has not met anything yet.
            Definition::Constant(constant) => scaled(terms, partial, constant.value()),
            Definition::Apply { .. } | Definition::Load(_) => {
                terms.mul(differential.value, partial)
            }
        };
        if differential.is_cut {
            let zero = terms.zero();
            terms.select(terms.equal(differential.value, zero), zero, product)
        } else {
            product
        }
    }
}

/// The sum of a differential's elements to the shape `to`. It has the elements of `over`, for which
/// it may stand as a scalar.
pub(super) fn summed(
    terms: &Terms<'_>,
    differential: Differential,
    over: Value,
    to: Shape,
) -> Differential {
    let Differential { value, is_cut } = differential;
    let value = if terms.shape(over) == to {
        value
    } else {
        if terms.shape(value).is_scalar() {
            terms.mul(value, terms.number_of_elements(over))
        } else {
            terms.sum(value)
        }
    };
    Differential { value, is_cut }
}

/// A value times a constant: without the multiplication, if that gives the same bits.
fn scaled(terms: &Terms<'_>, value: Value, by: f32) -> Value {
    match terms.definition(value) {
        Definition::Constant(constant) => terms.constant(constant.value() * by),
        Definition::Apply { .. } | Definition::Load(_) => {
            if by == 1.0 {
                value
            } else if by == -1.0 {
                terms.neg(value)
            } else {
                terms.mul(value, terms.constant(by))
            }
        }
    }
}
