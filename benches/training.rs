//! What a step of training costs: drawing a batch, forward and backward pass, and AdamW's update in native code.
//!
//! ```text
//! cargo bench --bench training
//! ```
//!
//! Evaluations on validation data are not in it. `rivals/python/training.py` measures PyTorch and JAX at the same models,
//! batches and updates.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use std::time::{Duration, Instant};

use clap::Parser;
use measure::{Contender, Measuring, Unit, interleave, report};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::known;
use mlevolve_ir::Backend;
use mlevolve_tasks::{ParameterLayout, Task, UpdateRule, bundled_tasks};

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,

    /// Only tasks whose names have this in them
    filter: Option<String>,
}

/// A rule that takes the time from its first step after an evaluation to the last one before the next.
struct Timed {
    rule: CompiledOptimizer,
    interval_steps: u32,
    started: Instant,
    elapsed: Duration,
    steps: u32,
}

impl UpdateRule for Timed {
    fn reset(&mut self, layout: &ParameterLayout) {
        self.rule.reset(layout);
    }

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        self.rule.step(step, parameters, gradient);
        match step % self.interval_steps {
            0 => {
                self.elapsed += self.started.elapsed();
                self.steps += self.interval_steps - 1;
            }
            1 => self.started = Instant::now(),
            _ => {}
        }
    }
}

/// One run: how long its steps took, and how many of them were timed.
fn run(task: &dyn Task, rule: &CompiledOptimizer, seed: u64) -> (Duration, u32) {
    let mut timed = Timed {
        rule: rule.clone(),
        interval_steps: task.description().evaluation_interval_steps,
        started: Instant::now(),
        elapsed: Duration::ZERO,
        steps: 0,
    };
    task.run(&mut timed, seed);
    (timed.elapsed, timed.steps)
}

fn main() {
    let Options { measuring, filter } = Options::parse();
    let adamw = known::find("adamw").unwrap().program().unwrap();
    let rule = CompiledOptimizer::new(&adamw, Backend::Jit).unwrap();
    for task in bundled_tasks() {
        let name = task.description().name;
        if filter
            .as_ref()
            .is_some_and(|filter| !name.contains(filter.as_str()))
        {
            continue;
        }
        let (_, steps) = run(&*task, &rule, 0);
        let mut contender = Contender::timing_itself("mlevolve", |seed: &mut u64| {
            *seed += 1;
            run(&*task, &rule, *seed).0
        });
        let series = interleave(&mut 0, std::slice::from_mut(&mut contender), &measuring);
        report(
            "training step",
            name,
            Unit::Microseconds,
            f64::from(steps),
            &series,
            &measuring,
        );
    }
}
