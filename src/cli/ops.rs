//! `mlevolve ops`: what a program can say.

use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use mlevolve_ir::Shape;
use mlevolve_ir::ops::vocabulary::Vocabulary;
use mlevolve_ir::ops::{CompositeOp, ElementwiseOp, MatrixOp, Op, ReductionOp};

use super::print;

/// List the ops that programs are made of, with their operands, cost and meaning.
///
/// Shapes are rows and columns: the same letter is the same number, and only capital letters stand for
/// 1 too. The cost is in floating-point operations: for each element, or of a call on a parameter
/// tensor of m rows and n columns. Errors are bounds in units of the last place, which `mlevolve ulp`
/// measures; ops without one are exactly rounded operations of IEEE 754.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve ops | grep logarithm\n  \
    mlevolve ops --of automl-zero")]
pub(super) struct Ops {
    /// Say what each function of an earlier search is here: Lion's 45, or AutoML-Zero's 65
    #[arg(long, value_name = "SEARCH", value_parser = vocabularies())]
    of: Option<String>,
}

fn vocabularies() -> PossibleValuesParser {
    Vocabulary::ALL.map(|vocabulary| vocabulary.keyword).into()
}

impl Ops {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let vocabulary = self.of.as_deref().and_then(Vocabulary::from_keyword);
        print(&vocabulary.map_or_else(all_ops, |vocabulary| counterparts(&vocabulary)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Every op, by kind.
fn all_ops() -> String {
    const LIMITS: [usize; 3] = [29, 26, 18];
    let elementwise = ElementwiseOp::ALL.iter().map(|&op| {
        let error = op.error_bound_ulp();
        let error = error.map_or_else(String::new, |bound| format!("{bound} ulp"));
        let op = Op::Elementwise(op);
        // Over scalars, what an element costs is what there is.
        let flops = op.cost(&vec![Shape::Scalar; op.arity()]);
        let flops = flops.map_or_else(|_| String::new(), |cost| cost.to_string());
        vec![call(op), flops, error, op.summary().to_owned()]
    });
    let by_shapes = |op: Op| {
        let summary = op.summary().to_owned();
        vec![call(op), op.shapes(), typical_cost(op), summary]
    };
    let reductions = ReductionOp::ALL.iter().copied().map(Op::Reduction);
    let matrix = MatrixOp::ALL.iter().copied().map(Op::Matrix);
    let composite = CompositeOp::ALL.iter().copied().map(Op::Composite);
    [
        section(
            "Elementwise: each element by itself, of any one shape; scalars are broadcast",
            ["op", "FLOPs", "error", "meaning"],
            LIMITS,
            elementwise,
        ),
        section(
            "Reductions: one number of all elements",
            ["op", "shapes", "FLOPs", "meaning"],
            LIMITS,
            reductions.map(by_shapes),
        ),
        section(
            "Matrix ops: on whole matrices",
            ["op", "shapes", "FLOPs", "meaning"],
            LIMITS,
            matrix.map(by_shapes),
        ),
        section(
            "Composite: stand for an expression of others",
            ["op", "shapes", "FLOPs", "meaning"],
            LIMITS,
            composite.map(by_shapes),
        ),
    ]
    .join("\n")
}

/// What each function of a vocabulary is here.
fn counterparts(vocabulary: &Vocabulary) -> String {
    let sections = vocabulary.groups.iter().map(|group| {
        let rows = group.functions.iter().map(|row| {
            let (name, expression) = (row.name.to_owned(), row.expression.to_owned());
            vec![name, expression, row.signature(), row.note.to_owned()]
        });
        let title = format!("{} ({})", group.title, group.functions.len());
        section(&title, ["there", "here", "shapes", ""], [30, 32, 44], rows)
    });
    let count = vocabulary.functions().count();
    let (title, values) = (vocabulary.title, vocabulary.values);
    let head = format!("{title}: what each of its {count} functions is here\n{values}\n");
    let parts: Vec<_> = std::iter::once(head).chain(sections).collect();
    parts.join("\n")
}

fn call(op: Op) -> String {
    format!("{op}({})", ["a", "b", "c"][..op.arity()].join(", "))
}

/// A heading, and rows below it in columns as wide as they need to be, but no wider than `limits`:
/// what is longer pushes the rest of its line.
fn section(
    title: &str,
    head: [&str; 4],
    limits: [usize; 3],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let head = head.map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).min(limits[column])
    };
    let widths: Vec<_> = (0..3).map(width).collect();
    let mut text = format!("{title}\n");
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("  {cell:<width$}"));
        let line = cells.collect::<String>() + "  " + &row[3];
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// The cost over the first shapes that the op takes, tensors before all others.
fn typical_cost(op: Op) -> String {
    let mut shapes = Shape::ALL;
    shapes.sort_by_key(|&shape| (shape != Shape::Tensor, shape.is_scalar()));
    let mut choices = vec![Vec::new()];
    for _ in 0..op.arity() {
        let longer = choices.iter().flat_map(|choice: &Vec<Shape>| {
            shapes.map(|shape| [choice.as_slice(), &[shape]].concat())
        });
        choices = longer.collect();
    }
    let mut costs = choices.iter().filter_map(|choice| op.cost(choice).ok());
    costs
        .next()
        .map_or_else(String::new, |cost| cost.to_string())
}
