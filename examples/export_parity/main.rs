//! Writes what `python/parity/` compares: programs as every target has them, inputs, and what the interpreter makes of
//! them, with how far another computation may be off.
//!
//! ```text
//!   known and random programs ──► export ──► DIR/NAME/{torch,optax,numpy}_export.py, rust_export.rs, latex_export.tex
//!                  │
//!                  └─ lower ─► reference, and eight times with every rounding a little wrong ──► DIR/NAME/case.json
//! ```
//!
//! `cargo run --example export_parity -- DIR RANDOM_PROGRAMS_OF_EACH_SCHEMA`

#![allow(clippy::expect_used, reason = "a failure of an example is its message")]

mod learners;
mod losses;
mod noise;
mod rules;

use std::path::Path;

use mlevolve::export::{Target, export};
use mlevolve::program::{Program, Schema, known};
use mlevolve::variation::{OpSet, Variation, VariationSettings};
use mlevolve_ir::ops::Op;
use serde_json::Value;

/// Steps of every comparison.
pub(crate) const STEPS: usize = 50;
/// Runs with wrong roundings.
pub(crate) const RUNS: u64 = 8;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().expect("the directory to write");
    let count: u64 = arguments
        .next()
        .expect("how many random programs of each schema")
        .parse()?;
    let directory = Path::new(&directory);
    let mut cases = Vec::new();
    for schema in [
        Schema::Optimizer,
        Schema::Loss,
        Schema::Learner,
        Schema::Algorithm,
    ] {
        for known in known::of(schema) {
            let program = known.program()?;
            cases.push(write(directory, &program, true)?.name);
            // The decay that these rules have by default is too little to be seen.
            if program.constant("weight_decay").is_some() {
                let strong = program
                    .with_constant("weight_decay", 0.5)?
                    .with_constant("learning_rate", 0.02)?
                    .with_name(&format!("{}_with_decay", program.name()))?;
                cases.push(write(directory, &strong, true)?.name);
            }
        }
        // So many that can be compared to the end: update rules that overflow before come on top.
        let mut finite = 0;
        for number in 0.. {
            if finite == count {
                break;
            }
            let written = write(directory, &random_program(schema, number), false)?;
            finite += u64::from(written.is_finite);
            cases.push(written.name);
        }
    }
    std::fs::write(directory.join("cases.json"), serde_json::to_string(&cases)?)?;
    println!("{} programs in {}", cases.len(), directory.display());
    Ok(())
}

/// Every other one of the ops that a search draws from, the others of all ops.
fn random_program(schema: Schema, number: u64) -> Program {
    let settings = if number.is_multiple_of(2) {
        (schema.description().judging.defaults)().variation
    } else {
        let is_offered = |op: &Op| {
            // Reverse mode does not go through loops of unknown length, which JAX has roots of matrices as.
            !(op.mnemonic().starts_with("inverse_")
                && matches!(schema, Schema::Loss | Schema::Algorithm))
        };
        let words: Vec<&str> = Op::all().filter(is_offered).map(Op::mnemonic).collect();
        VariationSettings {
            ops: OpSet::new(words).expect("these are ops"),
            random_minimum_instructions: 4,
            random_maximum_instructions: 16,
            ..VariationSettings::default()
        }
    };
    let mut random = mlevolve_tasks::stream(7, "programs to export", [schema as u64, number]);
    let name = format!("random_{}_{number}", schema.description().name);
    Variation::new(schema, &settings).random_program(&mut random, &name)
}

/// A program whose case has been written.
struct Written {
    name: String,
    /// Whether it stays finite to the last step, if it steps.
    is_finite: bool,
}

/// Writes a program's exports and its case.
fn write(directory: &Path, program: &Program, is_known: bool) -> anyhow::Result<Written> {
    let name = program.name().to_owned();
    let place = directory.join(&name);
    std::fs::create_dir_all(&place)?;
    for (target, file) in [
        (Target::Torch, "torch_export.py"),
        (Target::Optax, "optax_export.py"),
        (Target::Numpy, "numpy_export.py"),
        (Target::Rust, "rust_export.rs"),
        (Target::Latex, "latex_export.tex"),
    ] {
        if let Ok(text) = export(program, target) {
            std::fs::write(place.join(file), text)?;
        }
    }
    let mut case = match program.schema() {
        Schema::Optimizer => rules::case(program),
        Schema::Loss => losses::case(program),
        Schema::Learner => learners::case(program),
        Schema::Algorithm => {
            let mut case = rules::case(&program.part(Schema::Optimizer));
            case["loss"] = losses::case(&program.part(Schema::Loss));
            case
        }
    };
    case["name"] = Value::from(name.as_str());
    case["schema"] = Value::from(program.schema().description().name);
    case["known"] = Value::from(is_known);
    std::fs::write(place.join("case.json"), serde_json::to_string(&case)?)?;
    let is_finite = case["is_finite"].as_bool().unwrap_or(true);
    Ok(Written { name, is_finite })
}

/// Numbers for JSON, which has none that are not finite.
pub(crate) fn numbers(elements: &[f32]) -> Value {
    let number = |x: &f32| {
        if x.is_finite() {
            Value::from(f64::from(*x))
        } else {
            Value::Null
        }
    };
    elements.iter().map(number).collect()
}

/// How far each element may be off: four times the farthest that a wrong run is, and two units in the last place.
/// Nothing where that is more than a hundredth, so that nothing would be said by comparing, and where elements are so large that
/// what overflows on the way to them hangs on the order in which a compiler has it.
pub(crate) fn tolerances(elements: &[f32], wrong: &[Vec<f32>]) -> Value {
    let each = elements.iter().enumerate().map(|(index, &element)| {
        let farthest = wrong.iter().map(|run| (run[index] - element).abs()).fold(
            0.0f32,
            |farthest, distance| {
                if distance.is_nan() {
                    f32::INFINITY
                } else {
                    farthest.max(distance)
                }
            },
        );
        let tolerance = 4.0 * farthest + 2.0 * f32::EPSILON * element.abs() + 1e-37;
        let is_told = element.abs() < 1e36 && tolerance <= 0.01 * element.abs().max(1e-3);
        if is_told {
            Value::from(f64::from(tolerance))
        } else {
            Value::Null
        }
    });
    each.collect()
}
