//! What a training step costs, by task: drawing the batch, forward and backward pass, and gradient descent's update.
//! Evaluations are not in it.
//!
//! ```sh
//! cargo bench -p mlevolve-tasks
//! ```

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mlevolve_tasks::{ParameterLayout, UpdateRule, bundled_tasks};

/// Gradient descent that takes the time from its first step after an evaluation to the last one before the next.
struct Timed {
    evaluation_interval_steps: u32,
    started: Instant,
    elapsed: Duration,
    steps: u32,
}

impl UpdateRule for Timed {
    fn reset(&mut self, _layout: &ParameterLayout) {}

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
            *parameter -= 0.01 * gradient;
        }
        match step % self.evaluation_interval_steps {
            0 => {
                self.elapsed += self.started.elapsed();
                self.steps += self.evaluation_interval_steps - 1;
            }
            1 => self.started = Instant::now(),
            _ => {}
        }
    }
}

fn training_steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training step");
    for task in bundled_tasks() {
        let name = task.description().name;
        group.throughput(Throughput::Elements(task.description().step_examples));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut rule = Timed {
                    evaluation_interval_steps: task.description().evaluation_interval_steps,
                    started: Instant::now(),
                    elapsed: Duration::ZERO,
                    steps: 0,
                };
                let mut seed = 0;
                while u64::from(rule.steps) < iterations {
                    task.run(&mut rule, seed);
                    seed += 1;
                }
                // As if there had been as many steps as were asked for.
                rule.elapsed
                    .mul_f64(iterations as f64 / f64::from(rule.steps))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, training_steps);
criterion_main!(benches);
