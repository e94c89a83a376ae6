//! The product beside the crate `gemm` on one thread, at the sizes of models and of ops on matrices.
//!
//! After criterion's figures, a table: rates in 10⁹ FLOPs a second, the best of many repeats taken in turns, and
//! beside each how much that is of the most that `gemm` reaches in any case. `gemm` sums in an order of its own.
//!
//! ```sh
//! cargo bench -p mlevolve-product
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

/// Which operands are stored as their transposes.
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

/// Operands and result of one case.
struct Case {
    name: String,
    sizes: [usize; 3],
    stored: Stored,
    left: Vec<f32>,
    right: Vec<f32>,
    result: Vec<f32>,
}

impl Case {
    fn new(name: &str, sizes: [usize; 3], stored: Stored) -> Self {
        let [rows, depth, columns] = sizes;
        let numbers = |count: usize| {
            let number = |index: usize| ((index * 37 + 11) % 23) as f32 / 23.0 - 0.5;
            (0..count).map(number).collect::<Vec<f32>>()
        };
        Self {
            name: format!("{name}, {rows} × {depth} × {columns}, {stored:?}"),
            sizes,
            stored,
            left: numbers(rows * depth),
            right: numbers(depth * columns),
            result: vec![0.0; rows * columns],
        }
    }

    fn flops(&self) -> f64 {
        2.0 * self.sizes.iter().product::<usize>() as f64
    }

    fn ours(&mut self) {
        let [rows, depth, columns] = self.sizes;
        let left = if self.stored == LeftTransposed {
            MatrixView::new(&self.left, depth, rows).transposed()
        } else {
            MatrixView::new(&self.left, rows, depth)
        };
        let right = if self.stored == RightTransposed {
            MatrixView::new(&self.right, columns, depth).transposed()
        } else {
            MatrixView::new(&self.right, depth, columns)
        };
        let mut result = MatrixViewMut::new(&mut self.result, rows, columns);
        multiply(left, right, Start::Zero, &mut result);
        black_box(&mut self.result);
    }

    #[allow(unsafe_code, reason = "`gemm` takes pointers")]
    fn theirs(&mut self) {
        let [rows, depth, columns] = self.sizes.map(|size| size as isize);
        let [left_row, left_column] = if self.stored == LeftTransposed {
            [1, rows]
        } else {
            [depth, 1]
        };
        let [right_row, right_column] = if self.stored == RightTransposed {
            [1, depth]
        } else {
            [columns, 1]
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
}

/// The shortest time of one call, of repeats that take some 20 ms together.
fn seconds(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    call();
    let calls = (1e-3 / start.elapsed().as_secs_f64().max(1e-8))
        .ceil()
        .clamp(1.0, 1e4) as u32;
    let mut best = f64::INFINITY;
    let end = Instant::now() + Duration::from_millis(20);
    loop {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        best = best.min(start.elapsed().as_secs_f64() / f64::from(calls));
        if Instant::now() > end {
            return best;
        }
    }
}

fn table() {
    const ROUNDS: usize = 20;
    let mut cases: Vec<Case> = CASES
        .iter()
        .map(|&(name, sizes, stored)| Case::new(name, sizes, stored))
        .collect();
    let mut best = vec![[f64::INFINITY; 2]; cases.len()];
    for _ in 0..ROUNDS {
        for (case, best) in cases.iter_mut().zip(&mut best) {
            best[0] = best[0].min(seconds(|| case.ours()));
            best[1] = best[1].min(seconds(|| case.theirs()));
        }
    }
    let rates = |index: usize| best[index].map(|seconds| cases[index].flops() / seconds / 1e9);
    let most = (0..cases.len())
        .map(|index| rates(index)[1])
        .fold(0.0, f64::max);
    println!(
        "\n{:>10} {:>10}   in GFLOP/s; in brackets, ours of the most that gemm reaches",
        "ours", "gemm"
    );
    for (index, case) in cases.iter().enumerate() {
        let [ours, theirs] = rates(index);
        println!(
            "{ours:>10.1} {theirs:>10.1}   ({:>3.0} %) {}",
            100.0 * ours / most,
            case.name
        );
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    let mut group = criterion.benchmark_group("product");
    for &(name, sizes, stored) in CASES {
        let mut case = Case::new(name, sizes, stored);
        group.throughput(Throughput::Elements(case.flops() as u64));
        let name = case.name.clone();
        group.bench_function(format!("{name}/ours"), |bencher| {
            bencher.iter(|| case.ours());
        });
        group.bench_function(format!("{name}/gemm"), |bencher| {
            bencher.iter(|| case.theirs());
        });
    }
    group.finish();
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        table();
    }
}
