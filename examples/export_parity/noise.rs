//! A function with every rounding made a little wrong: how far an honest other computation may be off.
//!
//! Libraries round otherwise than the interpreter: `exp` has other last bits, sums have another order, a compiler fuses
//! a product with a sum. How much of that is seen in a result depends on the program. So the interpreter itself is run
//! again with each op's result off by a random share of what the table [`Wrong`] allows that op, and the spread of some
//! such runs is the measure. What a comparison decides by the last bit has a great spread, and is not compared.

use mlevolve_ir::ops::{CompositeOp, ElementwiseOp, MatrixOp, Op, ReductionOp};
use mlevolve_ir::reference::{self, Whole};
use mlevolve_ir::{Definition, Dimensions, Function};
use rand::RngExt;

/// Half a unit in the last place of 1.
const UNIT: f32 = 1.0 / 16_777_216.0;

/// How wrong an op's result may be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// Not at all: choices, signs, copies.
    Exact,
    /// By so many [`UNIT`]s of the result: single operations of IEEE 754, and elementary functions.
    OfResult(f32),
    /// By so many units of the magnitudes that are added up: sums, and products of matrices.
    OfTerms(f32),
    /// By so many units of the result's greatest element: roots of matrices.
    OfGreatest(f32),
}

/// The tolerance of each class of ops. Everything that is compared follows from it.
fn wrong(op: Op) -> Wrong {
    use ElementwiseOp as E;
    match op {
        Op::Elementwise(op) => match op {
            E::Neg
            | E::Abs
            | E::Sign
            | E::Min
            | E::Max
            | E::Clip
            | E::Less
            | E::LessEqual
            | E::Equal
            | E::NotEqual
            | E::Heaviside
            | E::IsFinite
            | E::Select
            | E::Broadcast => Wrong::Exact,
            E::Add | E::Sub | E::Mul | E::Div | E::Square | E::Sqrt | E::Reciprocal => {
                Wrong::OfResult(2.0)
            }
            E::Fma | E::Lerp | E::Gelu => Wrong::OfTerms(3.0),
            E::Cube | E::Rsqrt => Wrong::OfResult(4.0),
            E::Exp
            | E::Exp2
            | E::Expm1
            | E::Log
            | E::Log2
            | E::Log10
            | E::Log1p
            | E::Sigmoid
            | E::Softplus
            | E::Cbrt
            | E::Erf
            | E::Sin
            | E::Cos
            | E::Tan
            | E::Asin
            | E::Acos
            | E::Atan
            | E::Sinh
            | E::Cosh
            | E::Tanh
            | E::Asinh
            | E::Acosh
            | E::Atanh => Wrong::OfResult(16.0),
            // Libraries take other ways to a power.
            E::Exp10 | E::Pow => Wrong::OfResult(32.0),
        },
        Op::Reduction(op) => match op {
            ReductionOp::MaxOf
            | ReductionOp::MinOf
            | ReductionOp::NormInfinity
            | ReductionOp::CountOf => Wrong::Exact,
            ReductionOp::Sum
            | ReductionOp::Mean
            | ReductionOp::Norm
            | ReductionOp::NormOne
            | ReductionOp::Dot => Wrong::OfTerms(8.0),
        },
        Op::Matrix(op) => match op {
            MatrixOp::Transpose
            | MatrixOp::ScaledIdentity
            | MatrixOp::Diagonal
            | MatrixOp::DiagonalMatrix
            | MatrixOp::RowMaxima
            | MatrixOp::ColumnMaxima
            | MatrixOp::BroadcastColumn
            | MatrixOp::BroadcastRow
            | MatrixOp::SetElement
            | MatrixOp::Uniform => Wrong::Exact,
            MatrixOp::Normal => Wrong::OfResult(64.0),
            MatrixOp::Trace
            | MatrixOp::RowSums
            | MatrixOp::ColumnSums
            | MatrixOp::MatMul
            | MatrixOp::MatMulLeftTransposed
            | MatrixOp::MatMulRightTransposed => Wrong::OfTerms(8.0),
            MatrixOp::InverseSquareRoot
            | MatrixOp::InverseFourthRoot
            | MatrixOp::InverseSquareRootDerivative
            | MatrixOp::InverseFourthRootDerivative => Wrong::OfGreatest(256.0),
        },
        Op::Composite(op) => match op {
            CompositeOp::Std
            | CompositeOp::Cosine
            | CompositeOp::LogSumExp
            | CompositeOp::RowLogSumExp
            | CompositeOp::RowMeans
            | CompositeOp::ColumnMeans
            | CompositeOp::RowNorms
            | CompositeOp::ColumnNorms
            | CompositeOp::RowStds
            | CompositeOp::Outer
            | CompositeOp::RowGram
            | CompositeOp::ColumnGram => Wrong::OfTerms(16.0),
            CompositeOp::ClipNorm | CompositeOp::Softmax | CompositeOp::RowSoftmax => {
                Wrong::OfResult(64.0)
            }
            // Five steps magnify what is small 3.4445 times each.
            CompositeOp::NewtonSchulz => Wrong::OfGreatest(512.0),
        },
    }
}

/// Wrong roundings, other ones for each seed.
pub(crate) struct Noise {
    random: mlevolve_tasks::Stream,
    /// Whether what is subnormal is taken for 0, as some libraries do.
    flushes: bool,
}

impl Noise {
    /// The roundings of a run, for one purpose.
    pub(crate) fn new(run: u64, key: [u64; 2]) -> Self {
        Self {
            random: mlevolve_tasks::stream(run, "roundings", key),
            flushes: run % 2 == 1,
        }
    }
}

/// What a function stores, by parameter, from storage as it is.
pub(crate) fn call(
    function: &Function,
    dimensions: Dimensions,
    storage: &mut [Vec<f32>],
    mut noise: Option<&mut Noise>,
) {
    let mut values: Vec<Whole> = Vec::new();
    for value in function.values() {
        let shape = function.shape(value);
        let length = dimensions.elements(shape).expect("tensors are small");
        let computed = match function.definition(value) {
            Definition::Load(parameter) => Whole {
                shape,
                elements: storage[parameter.index()][..length].to_vec(),
            },
            Definition::Constant(constant) => Whole {
                shape,
                elements: vec![constant.value()],
            },
            Definition::Apply { op, operands } => {
                let operands: Vec<&Whole> = operands
                    .as_slice()
                    .iter()
                    .map(|operand| &values[operand.index()])
                    .collect();
                let apply = |operands: &[&Whole]| match reference::apply(*op, dimensions, operands)
                {
                    Ok(result) => result,
                    Err(error) => panic!("a valid function is well-typed: {error}"),
                };
                let mut result = apply(&operands);
                if let Some(noise) = &mut noise {
                    disturb(*op, &operands, &mut result, &apply, &mut noise.random);
                    if noise.flushes {
                        for element in &mut result.elements {
                            if element.abs() < f32::MIN_POSITIVE {
                                *element = 0.0;
                            }
                        }
                    }
                }
                result
            }
        };
        values.push(computed);
    }
    for (parameter, value) in function.stores() {
        let shape = function.parameter(parameter).shape;
        let length = dimensions.elements(shape).expect("tensors are small");
        let Whole { shape, elements } = &values[value.index()];
        let target = &mut storage[parameter.index()][..length];
        if shape.is_scalar() {
            target.fill(elements[0]);
        } else {
            target.copy_from_slice(elements);
        }
    }
}

/// Makes a result wrong by a random share of what is allowed.
fn disturb(
    op: Op,
    operands: &[&Whole],
    result: &mut Whole,
    apply: &dyn Fn(&[&Whole]) -> Whole,
    random: &mut mlevolve_tasks::Stream,
) {
    let scales: Vec<f32> = match wrong(op) {
        Wrong::Exact => return,
        Wrong::OfResult(units) => result.elements.iter().map(|x| units * x.abs()).collect(),
        Wrong::OfTerms(units) => {
            // The magnitudes of terms: the op of magnitudes; of what it gives too, where it is no sum.
            let magnitudes: Vec<Whole> = operands
                .iter()
                .map(|operand| Whole {
                    shape: operand.shape,
                    elements: operand.elements.iter().map(|x| x.abs()).collect(),
                })
                .collect();
            let magnitudes: Vec<&Whole> = magnitudes.iter().collect();
            let terms = match op {
                Op::Elementwise(ElementwiseOp::Lerp) => lerp_terms(operands, result),
                // Some libraries add the error function to 1, of which little may be left.
                Op::Elementwise(ElementwiseOp::Gelu) => operands[0].elements.clone(),
                Op::Composite(
                    CompositeOp::Std
                    | CompositeOp::RowStds
                    | CompositeOp::LogSumExp
                    | CompositeOp::RowLogSumExp
                    | CompositeOp::Cosine,
                ) => {
                    let greatest = operands
                        .iter()
                        .flat_map(|it| &it.elements)
                        .fold(0.0f32, |a, x| a.max(x.abs()));
                    vec![
                        if matches!(op, Op::Composite(CompositeOp::Cosine)) {
                            1.0
                        } else {
                            greatest.max(1e-30)
                        };
                        result.elements.len()
                    ]
                }
                _ => apply(&magnitudes).elements,
            };
            terms.iter().map(|x| units * x.abs()).collect()
        }
        Wrong::OfGreatest(units) => {
            let greatest = result
                .elements
                .iter()
                .fold(0.0f32, |greatest, x| greatest.max(x.abs()));
            vec![units * greatest; result.elements.len()]
        }
    };
    for (element, scale) in result.elements.iter_mut().zip(scales) {
        let share: f32 = random.random_range(-1.0..=1.0);
        let moved = *element + share * scale * UNIT;
        if moved.is_finite() {
            *element = moved;
        }
    }
}

/// The magnitudes of a and c (b − a).
fn lerp_terms(operands: &[&Whole], result: &Whole) -> Vec<f32> {
    let at = |operand: &Whole, index: usize| {
        operand.elements[if operand.shape.is_scalar() { 0 } else { index }]
    };
    let each = (0..result.elements.len()).map(|index| {
        let [a, b, c] = [0, 1, 2].map(|place| at(operands[place], index).abs());
        a + c * (a + b)
    });
    each.collect()
}
