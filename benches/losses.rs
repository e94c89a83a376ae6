//! What a loss that is a program costs: its gradient of a batch, interpreted and in native code, and a step of training
//! beside the same step with the gradient that the task has by hand.
//!
//! ```text
//! cargo bench --bench losses
//! ```
//!
//! The gradient of a batch includes turning rows to lanes and back. The losses given to tasks are cross-entropy, which
//! is what the tasks minimise by themselves too: all contenders of a table train the same model in the same way. Of a
//! step of training, what models cost is the same for all; evaluations on validation data are in it.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use clap::Parser;
use measure::{Contender, Measuring, Unit, interleave, report};
use mlevolve::loss::{CompiledLoss, LossFunction};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::{Program, known};
use mlevolve_ir::Backend;
use mlevolve_tasks::{Loss, TargetKind, Targets, Task, bundled_tasks, stream};
use rand::RngExt;

/// Numbers of outputs, each with numbers of rows: those of the small tasks and of the larger ones.
const OUTPUTS: [usize; 2] = [3, 10];
const ROWS: [usize; 2] = [16, 64];
/// What trains in the second table, of few outputs and rows and of more.
const TASKS: [&str; 3] = ["iris-mlp", "digits-softmax", "digits-mlp"];
const BACK_ENDS: [(&str, Backend); 2] = [
    ("interpreter", Backend::Interpreter),
    ("native", Backend::Jit),
];

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

fn program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

fn compiled(loss: &str, targets: Targets, backend: Backend) -> CompiledLoss {
    let function = LossFunction::of(&program(loss)).unwrap();
    function.compile(targets, backend).unwrap()
}

/// Logits, and for each row a class that is right.
struct Batch {
    outputs: usize,
    predictions: Vec<f32>,
    targets: Vec<f32>,
    gradient: Vec<f32>,
}

impl Batch {
    fn new(outputs: usize, rows: usize) -> Self {
        let mut numbers = stream(0, "bench of losses", [outputs as u64, rows as u64]);
        let predictions = (0..rows * outputs).map(|_| numbers.random_range(-2.0..2.0));
        let is_right = |place: usize| (place / outputs) % outputs == place % outputs;
        let targets = (0..rows * outputs).map(|place| f32::from(u8::from(is_right(place))));
        Self {
            outputs,
            predictions: predictions.collect(),
            targets: targets.collect(),
            gradient: vec![0.0; rows * outputs],
        }
    }

    fn work(&mut self, loss: &mut CompiledLoss) -> f64 {
        let Self {
            outputs,
            predictions,
            targets,
            gradient,
        } = self;
        loss.gradient(*outputs, predictions, targets, gradient)
    }
}

fn gradients(loss: &str, outputs: usize, rows: usize, measuring: &Measuring) {
    let targets = Targets {
        kind: TargetKind::Classes,
        rows,
        outputs,
    };
    let mut batch = Batch::new(outputs, rows);
    let results = BACK_ENDS.map(|(_, backend)| {
        let value = batch.work(&mut compiled(loss, targets, backend));
        let gradient = batch.gradient.iter().map(|it| it.to_bits());
        (value.to_bits(), gradient.collect::<Vec<_>>())
    });
    assert_eq!(results[0], results[1], "{loss}: the same bits");
    let mut contenders = BACK_ENDS.map(|(name, backend)| {
        let mut loss = compiled(loss, targets, backend);
        Contender::new(name, move |batch: &mut Batch| {
            std::hint::black_box(batch.work(&mut loss));
        })
    });
    let series = interleave(&mut batch, &mut contenders, measuring);
    report(
        "gradient of a batch",
        &format!("{loss}, {outputs} outputs, {rows} rows"),
        Unit::NanosecondsPerExample,
        rows as f64,
        &series,
        measuring,
    );
}

fn training(task: &dyn Task, measuring: &Measuring) {
    let description = task.description();
    let rule = CompiledOptimizer::new(&program("adam"), Backend::Jit).unwrap();
    let targets = task.targets().unwrap();
    let mut contenders = vec![Contender::new("the task's own gradient", {
        let mut rule = rule.clone();
        move |seed: &mut u64| {
            *seed += 1;
            task.run(&mut rule, *seed);
        }
    })];
    contenders.extend(BACK_ENDS.map(|(name, backend)| {
        let (mut rule, mut loss) = (rule.clone(), compiled("cross_entropy", targets, backend));
        Contender::new(name, move |seed: &mut u64| {
            *seed += 1;
            task.run_with_loss(&mut loss, &mut rule, *seed).unwrap();
        })
    }));
    let series = interleave(&mut 0, &mut contenders, measuring);
    report(
        "training step",
        &format!(
            "{}, {} outputs, {} rows",
            description.name, targets.outputs, targets.rows
        ),
        Unit::Microseconds,
        f64::from(description.budget_steps),
        &series,
        measuring,
    );
}

fn main() {
    let Options { measuring } = Options::parse();
    for loss in ["cross_entropy", "mean_squared"] {
        for outputs in OUTPUTS {
            for rows in ROWS {
                gradients(loss, outputs, rows, &measuring);
            }
        }
    }
    for name in TASKS {
        let mut tasks = bundled_tasks();
        let task = tasks.find(|task| task.description().name == name);
        training(&*task.unwrap(), &measuring);
    }
}
