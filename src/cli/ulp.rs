//! `mlevolve ulp`: how accurate elementary functions are.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use mlevolve_ir::accuracy::{self, Accuracy, POINTS};
use mlevolve_ir::ops::{ElementwiseOp, Op};
use rayon::prelude::*;

use super::progress::Counting;
use super::{print, set_threads};

/// Points that are measured by one thread at a time.
const BLOCK: u64 = 1 << 22;

/// Measure the errors of elementary functions against the bounds that are promised.
///
/// The error is the distance from the exact value, in units of the last place of the exact value as
/// rounded to 32 bits: a correctly rounded result has an error of at most 0.5. Functions of one operand
/// are measured at every number of 32 bits, `pow` at as many points of a grid; that takes one core a
/// minute or two for each function. With `--stride` it is every n-th only; take an odd one, so that the
/// last bits vary. The exit code is 1 if an error exceeds its bound.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve ulp --stride 4099\n  mlevolve ulp exp log tanh")]
pub(super) struct Ulp {
    /// The functions [default: all whose error is bounded]
    #[arg(value_name = "OP")]
    ops: Vec<String>,

    /// Measure at every n-th point
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    stride: u32,

    /// How many threads measure [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Ulp {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let ops = self.ops()?;
        let progress = Counting::to(POINTS * ops.len() as u64);
        let measured: Vec<_> = ops
            .into_iter()
            .filter_map(|(op, bound)| Some((op, bound, self.measured(op, &progress)?)))
            .collect();
        drop(progress);
        let mut text = format!(
            "{:<10}{:>6}{:>9}  {:>9}  at\n",
            "op", "bound", "greatest", "rounded"
        );
        for (op, bound, accuracy) in &measured {
            text += &row(*op, *bound, accuracy);
        }
        print(&text)?;
        let holds = measured
            .iter()
            .all(|(_, bound, accuracy)| accuracy.worst_ulp <= *bound);
        Ok(if holds {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// The functions that are asked for, with their bounds.
    fn ops(&self) -> anyhow::Result<Vec<(ElementwiseOp, f64)>> {
        let bounded = |&op: &ElementwiseOp| Some((op, f64::from(op.error_bound_ulp()?)));
        if self.ops.is_empty() {
            return Ok(ElementwiseOp::ALL.iter().filter_map(bounded).collect());
        }
        let named = self.ops.iter().map(|name| {
            let op = Op::from_mnemonic(name)
                .with_context(|| format!("there is no op `{name}`; `mlevolve ops` lists them"))?;
            let bounded = match op {
                Op::Elementwise(op) => bounded(&op),
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => None,
            };
            ensure!(
                bounded.is_some(),
                "`{name}` is made of exactly rounded operations and has no error to measure"
            );
            Ok(bounded)
        });
        let named: Vec<_> = named.collect::<anyhow::Result<_>>()?;
        Ok(named.into_iter().flatten().collect())
    }

    fn measured(&self, op: ElementwiseOp, progress: &Counting) -> Option<Accuracy> {
        let stride = u64::from(self.stride);
        let blocks = (0..POINTS / BLOCK).into_par_iter();
        let measured = blocks.filter_map(|block| {
            // The first of the points that is in this block.
            let end = (block + 1) * BLOCK;
            let start = (block * BLOCK).next_multiple_of(stride).min(end);
            let accuracy = accuracy::measure(op, start..end, self.stride as usize);
            progress.advance(BLOCK, &Op::Elementwise(op).to_string());
            accuracy
        });
        measured.reduce_with(Accuracy::joined)
    }
}

/// A function's line of the table.
fn row(op: ElementwiseOp, bound: f64, accuracy: &Accuracy) -> String {
    let operands = accuracy.worst_operands.iter();
    let operands: Vec<_> = operands.map(|operand| format!("{operand:e}")).collect();
    let rounded = 100.0 * accuracy.correctly_rounded as f64 / accuracy.points as f64;
    let verdict = if accuracy.worst_ulp <= bound {
        ""
    } else {
        "  exceeds its bound"
    };
    format!(
        "{:<10}{bound:>6}{:>9.4}  {rounded:>7.3} %  {}{verdict}\n",
        Op::Elementwise(op).to_string(),
        accuracy.worst_ulp,
        operands.join(", "),
    )
}
