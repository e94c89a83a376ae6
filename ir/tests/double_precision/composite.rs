//! What ops that are made of others mean: their definitions, not the expressions they expand to.

use super::{Matrix, Meaning};

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn norm(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn standard_deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares = numbers.iter().map(|x| (x - mean) * (x - mean));
    (squares.sum::<f64>() / numbers.len() as f64).sqrt()
}

fn log_sum_exp(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x.exp()).sum::<f64>().ln()
}

/// The meaning of a composite op.
pub fn composite(mnemonic: &str) -> Option<Meaning> {
    Some(match mnemonic {
        "std" => |x| Matrix::scalar(standard_deviation(&x[0].numbers)),
        "cosine" => |x| {
            let (a, b) = (&x[0].numbers, &x[1].numbers);
            let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            Matrix::scalar(dot / (norm(a) * norm(b)))
        },
        "clip_norm" => |x| {
            let (norm, most) = (norm(&x[0].numbers), x[1].numbers[0]);
            let scale = if norm > most { most / norm } else { 1.0 };
            Matrix::from_fn(x[0].rows, x[0].columns, |row, column| {
                x[0].at(row, column) * scale
            })
        },
        "log_sum_exp" => |x| Matrix::scalar(log_sum_exp(&x[0].numbers)),
        "softmax" => |x| {
            let sum = log_sum_exp(&x[0].numbers);
            Matrix::from_fn(x[0].rows, x[0].columns, |row, column| {
                (x[0].at(row, column) - sum).exp()
            })
        },
        "row_softmax" => |x| {
            let sums = x[0].by_rows(log_sum_exp);
            Matrix::from_fn(x[0].rows, x[0].columns, |row, column| {
                (x[0].at(row, column) - sums.numbers[row]).exp()
            })
        },
        "row_log_sum_exp" => |x| x[0].by_rows(log_sum_exp),
        "row_means" => |x| x[0].by_rows(mean),
        "column_means" => |x| x[0].by_columns(mean),
        "row_norms" => |x| x[0].by_rows(norm),
        "column_norms" => |x| x[0].by_columns(norm),
        "row_stds" => |x| x[0].by_rows(standard_deviation),
        "outer" => |x| {
            let (a, b) = (&x[0].numbers, &x[1].numbers);
            Matrix::from_fn(a.len(), b.len(), |row, column| a[row] * b[column])
        },
        "row_gram" => |x| x[0].times(&x[0].transposed()),
        "column_gram" => |x| x[0].transposed().times(x[0]),
        "newton_schulz" => |x| {
            // Every step is an odd polynomial of each singular value; σ ↦ σ q(σ²).
            let squared_norm: f64 = x[0].numbers.iter().map(|x| x * x).sum();
            let gram = x[0].transposed().times(x[0]);
            let factors = gram.by_eigenvalues(|value| {
                let mut square = value / squared_norm;
                let mut product = squared_norm.sqrt().recip();
                for _ in 0..5 {
                    let factor = 3.4445 - 4.775 * square + 2.0315 * square * square;
                    product *= factor;
                    square *= factor * factor;
                }
                product
            });
            x[0].times(&factors)
        },
        _ => return None,
    })
}
