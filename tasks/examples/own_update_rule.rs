//! A small network for digits, trained by an update rule that is written here.
//!
//! ```text
//! cargo run -p mlevolve-tasks --example own_update_rule
//! ```

use std::error::Error;

use mlevolve_tasks::{Outcome, ParameterLayout, Sources, TaskEntry, UpdateRule};

/// Gradient descent with momentum.
struct Momentum {
    learning_rate: f32,
    decay: f32,
    velocity: Vec<f32>,
}

impl UpdateRule for Momentum {
    /// A run begins: whatever was remembered of another one is forgotten.
    fn reset(&mut self, layout: &ParameterLayout) {
        self.velocity.clear();
        self.velocity.resize(layout.arena_len(), 0.0);
    }

    /// All tensors of the model lie in one slice, with padding between them that an elementwise rule need not care for.
    fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
        let velocities = self.velocity.iter_mut();
        for ((parameter, gradient), velocity) in parameters.iter_mut().zip(gradient).zip(velocities)
        {
            *velocity = self.decay * *velocity + gradient;
            *parameter -= self.learning_rate * *velocity;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = TaskEntry::named("digits-mlp")?.open(&Sources::default())?;
    let description = task.description();
    println!("{}\n{}\n", description.summary, description.data);
    for tensor in task.layout().tensors() {
        println!("{tensor:?}");
    }

    let mut rule = Momentum {
        learning_rate: 0.05,
        decay: 0.9,
        velocity: Vec::new(),
    };
    let run = task.run(&mut rule, 1);
    println!(
        "\n  step  {} ({})",
        description.metric.name, description.metric.unit
    );
    for point in &run.curve.points {
        println!("{:6}  {:.4}", point.step, point.value);
    }
    assert_eq!(run.curve.outcome, Outcome::Completed);

    // The same task, rule and seed are the same run, to the bit.
    assert_eq!(task.run(&mut rule, 1), run);

    // Numbers that are no numbers end a run, not the program.
    rule.learning_rate = f32::MAX;
    let Outcome::Diverged { step } = task.run(&mut rule, 1).curve.outcome else {
        return Err("a rate that great diverges".into());
    };
    println!(
        "\nWith a learning rate of {:e}, training diverges at step {step}.",
        f32::MAX
    );
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
