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

/// What is measured: the name, rows × depth × columns, and how operands are stored.
const CASES: &[(&str, [usize; 3], Stored)] = &[
    ("hidden layer", [64, 64, 32], Plain),
    ("output layer", [64, 32, 10], Plain),
    ("output weights' gradient", [32, 64, 10], LeftTransposed),
    ("hidden units' gradient", [64, 10, 32], RightTransposed),
    ("hidden weights' gradient", [64, 64, 32], LeftTransposed),
    ("cartpole's hidden layer", [16, 4, 32], Plain),
    ("matrix op", [128, 128, 128], Plain),
    ("matrix op", [128, 128, 128], LeftTransposed),
    ("matrix op", [128, 128, 128], RightTransposed),
    ("matrix op", [256, 256, 256], Plain),
    ("matrix op", [256, 256, 256], LeftTransposed),
    ("matrix op", [256, 256, 256], RightTransposed),
    ("matrix op", [1024, 1024, 1024], Plain),
    ("matrix op", [1024, 1024, 1024], LeftTransposed),
    ("matrix op", [1024, 1024, 1024], RightTransposed),
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
    fn new([rows, depth, columns]: [usize; 3], stored: Stored) -> Self {
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

fn main() {
    let measuring = Options::parse().measuring;
    for &(name, sizes, stored) in CASES {
        let mut case = Case::new(sizes, stored);
        let (ours, theirs) = (case.result_of(Case::ours), case.result_of(Case::theirs));
        let [rows, depth, columns] = sizes;
        let name = format!("{name}, {rows} × {depth} × {columns}, {stored:?}");
        let tolerance = 1e-6 * depth as f32;
        let agree = ours
            .iter()
            .zip(&theirs)
            .all(|(own, other)| (own - other).abs() <= tolerance);
        assert!(agree, "the products differ on {name}");
        let mut contenders = [
            Contender::new("mlevolve", Case::ours),
            Contender::new("gemm", Case::theirs),
        ];
        let series = interleave(&mut case, &mut contenders, &measuring);
        let flops = 2.0 * (rows * depth * columns) as f64;
        report(
            "product",
            &name,
            Unit::GigaFlopsPerSecond,
            flops,
            &series,
            &measuring,
        );
    }
}
