//! The matrix product of ops and models beside the crate `gemm`, one thread, at the sizes of models and of
//! ops on matrices. `gemm` sums in an order of its own, so the results are compared to rounding.

#[path = "../../benches/shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use std::hint::black_box;

use clap::Parser;
use measure::{Contender, Measuring, Unit, interleave, report};
use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

/// Which operand is stored as its transpose.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stored {
    Plain,
    LeftTransposed,
    RightTransposed,
}

use Stored::{LeftTransposed, Plain, RightTransposed};

/// Rows × depth × columns, and how operands are stored.
type Product = ([usize; 3], Stored);

/// One product that is large enough for `gemm` to be at its best.
const LARGE: Product = ([1024, 1024, 1024], Plain);

/// Products by themselves.
const SINGLE: &[(&str, Product)] = &[
    ("hidden layer", ([64, 64, 32], Plain)),
    ("output layer", ([64, 32, 10], Plain)),
    ("output weights' gradient", ([32, 64, 10], LeftTransposed)),
    ("hidden units' gradient", ([64, 10, 32], RightTransposed)),
    ("hidden weights' gradient", ([64, 64, 32], LeftTransposed)),
    ("cartpole's hidden layer", ([16, 4, 32], Plain)),
    ("matrix op", ([128, 128, 128], Plain)),
    ("matrix op", ([128, 128, 128], LeftTransposed)),
    ("matrix op", ([128, 128, 128], RightTransposed)),
    ("matrix op", ([256, 256, 256], Plain)),
    ("matrix op", ([256, 256, 256], LeftTransposed)),
    ("matrix op", ([256, 256, 256], RightTransposed)),
    ("matrix op", LARGE),
    ("matrix op", ([1024, 1024, 1024], LeftTransposed)),
    ("matrix op", ([1024, 1024, 1024], RightTransposed)),
];

/// All products of a step of training, forward and backward, each with how often it comes.
const STEPS: &[(&str, &[(usize, Product)])] = &[
    (
        "digits-mlp",
        &[
            (1, ([64, 64, 32], Plain)),
            (1, ([64, 32, 10], Plain)),
            (1, ([32, 64, 10], LeftTransposed)),
            (1, ([64, 10, 32], RightTransposed)),
            (1, ([64, 64, 32], LeftTransposed)),
        ],
    ),
    (
        "digits-conv",
        &[
            (64, ([8, 9, 64], LeftTransposed)),
            (64, ([16, 72, 16], LeftTransposed)),
            (1, ([64, 64, 10], Plain)),
            (1, ([64, 64, 10], LeftTransposed)),
            (1, ([64, 10, 64], RightTransposed)),
            (64, ([72, 16, 16], RightTransposed)),
            (64, ([72, 16, 16], Plain)),
            (64, ([9, 64, 8], RightTransposed)),
        ],
    ),
    (
        "text-transformer, but for attention",
        &[
            (1, ([128, 32, 96], Plain)),
            (1, ([128, 32, 32], Plain)),
            (1, ([128, 32, 128], Plain)),
            (1, ([128, 128, 32], Plain)),
            (1, ([128, 32, 56], Plain)),
            (1, ([32, 128, 96], LeftTransposed)),
            (1, ([32, 128, 32], LeftTransposed)),
            (1, ([32, 128, 128], LeftTransposed)),
            (1, ([128, 128, 32], LeftTransposed)),
            (1, ([32, 128, 56], LeftTransposed)),
            (1, ([128, 96, 32], RightTransposed)),
            (1, ([128, 32, 32], RightTransposed)),
            (1, ([128, 128, 32], RightTransposed)),
            (1, ([128, 32, 128], RightTransposed)),
            (1, ([128, 56, 32], RightTransposed)),
        ],
    ),
    (
        "text-transformer's attention",
        &[
            (16, ([32, 8, 32], RightTransposed)),
            (16, ([32, 32, 8], Plain)),
            (16, ([32, 32, 8], LeftTransposed)),
            (16, ([32, 8, 32], RightTransposed)),
            (16, ([32, 32, 8], Plain)),
            (16, ([32, 32, 8], LeftTransposed)),
        ],
    ),
];

#[derive(Parser)]
#[command(about = "Matrix products: mlevolve's and the crate gemm's")]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

/// Operands and result of one case.
struct Case {
    sizes: [usize; 3],
    stored: Stored,
    left: Vec<f32>,
    right: Vec<f32>,
    result: Vec<f32>,
}

impl Case {
    fn new(([rows, depth, columns], stored): Product) -> Self {
        let numbers = |count: usize| {
            let number = |index: usize| ((index * 37 + 11) % 23) as f32 / 23.0 - 0.5;
            (0..count).map(number).collect::<Vec<f32>>()
        };
        Self {
            sizes: [rows, depth, columns],
            stored,
            left: numbers(rows * depth),
            right: numbers(depth * columns),
            result: vec![0.0; rows * columns],
        }
    }

    fn ours(&mut self) {
        let [rows, depth, columns] = self.sizes;
        let left = match self.stored {
            LeftTransposed => MatrixView::new(&self.left, depth, rows).transposed(),
            Plain | RightTransposed => MatrixView::new(&self.left, rows, depth),
        };
        let right = match self.stored {
            RightTransposed => MatrixView::new(&self.right, columns, depth).transposed(),
            Plain | LeftTransposed => MatrixView::new(&self.right, depth, columns),
        };
        let mut result = MatrixViewMut::new(&mut self.result, rows, columns);
        multiply(left, right, Start::Zero, &mut result);
        black_box(&mut self.result);
    }

    #[allow(unsafe_code, reason = "`gemm` takes pointers")]
    fn theirs(&mut self) {
        let [rows, depth, columns] = self.sizes.map(|size| size as isize);
        let [left_row, left_column] = match self.stored {
            LeftTransposed => [1, rows],
            Plain | RightTransposed => [depth, 1],
        };
        let [right_row, right_column] = match self.stored {
            RightTransposed => [1, depth],
            Plain | LeftTransposed => [columns, 1],
        };
        // SAFETY: the vectors hold matrices of these sizes at these strides.
        unsafe {
            gemm::gemm(
                self.sizes[0],
                self.sizes[2],
                self.sizes[1],
                self.result.as_mut_ptr(),
                1,
                columns,
                false,
                self.left.as_ptr(),
                left_column,
                left_row,
                self.right.as_ptr(),
                right_column,
                right_row,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        black_box(&mut self.result);
    }

    /// What a product gives, in a result that held something else.
    fn result_of(&mut self, product: fn(&mut Self)) -> Vec<f32> {
        self.result.fill(f32::NAN);
        product(self);
        self.result.clone()
    }
}

/// Floating-point operations.
fn flops(([rows, depth, columns], _): Product) -> f64 {
    2.0 * (rows * depth * columns) as f64
}

/// A product of so many times, on operands of its own, whose results are compared once.
fn checked(product: Product) -> Case {
    let mut case = Case::new(product);
    let (ours, theirs) = (case.result_of(Case::ours), case.result_of(Case::theirs));
    let tolerance = 1e-6 * product.0[1] as f32;
    let mut pairs = ours.iter().zip(&theirs);
    let agree = pairs.all(|(own, other)| (own - other).abs() <= tolerance);
    assert!(agree, "the products differ on {product:?}");
    case
}

fn main() {
    let measuring = Options::parse().measuring;
    for &(name, product) in SINGLE {
        let mut case = checked(product);
        let ([rows, depth, columns], stored) = product;
        let name = format!("{name}, {rows} × {depth} × {columns}, {stored:?}");
        let mut contenders = [
            Contender::new("mlevolve", Case::ours),
            Contender::new("gemm", Case::theirs),
        ];
        let series = interleave(&mut case, &mut contenders, &measuring);
        let unit = Unit::GigaFlopsPerSecond;
        report("product", &name, unit, flops(product), &series, &measuring);
    }
    for &(name, products) in STEPS {
        let cases = products.iter().map(|&(times, it)| (times, checked(it)));
        let mut storage: (Vec<(usize, Case)>, Case) = (cases.collect(), checked(LARGE));
        let total: f64 = products
            .iter()
            .map(|&(times, it)| times as f64 * flops(it))
            .sum();
        let all = |cases: &mut Vec<(usize, Case)>, product: fn(&mut Case)| {
            for (times, case) in cases {
                (0..*times).for_each(|_| product(case));
            }
        };
        let mut contenders = [
            Contender::new("mlevolve", |(cases, _): &mut (_, Case)| {
                all(cases, Case::ours);
            }),
            Contender::new("gemm", |(cases, _): &mut (_, Case)| {
                all(cases, Case::theirs);
            }),
            Contender::new("gemm on one large product", |(_, large): &mut (_, Case)| {
                large.theirs();
            }),
        ];
        let mut series = interleave(&mut storage, &mut contenders, &measuring);
        // As if the large product had as many operations as the step.
        for seconds in &mut series[2].seconds {
            *seconds *= total / flops(LARGE);
        }
        let name = format!("products of a step of {name}");
        let unit = Unit::GigaFlopsPerSecond;
        report("product", &name, unit, total, &series, &measuring);
    }
}
