//! `cartpole`: learn to balance a pole, from nothing but how long it stayed up.
//!
//! ```text
//!  episodes ◄──actions── rollout ──► advantage ──► gradient ──► rule          (each update step)
//!  episodes ◄──actions── evaluation ──► mean return                           (each curve point)
//! ```
//!
//! REINFORCE without a critic. Parallel environments run in lockstep for a fixed window per update, and episodes go on
//! from one window to the next, so every update costs the same whatever the policy can do. Initialisation, environment
//! resets, exploration and evaluation draw from separate streams.

mod advantage;
mod evaluation;
mod rollout;

use std::sync::Arc;

use evaluation::EvaluationEpisodes;
use rollout::{Rollout, Window};

use crate::environments::{CartPole, Environment, Numbers};
use crate::network::{Dense, Model};
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{
    Description, Direction, Family, Metric, ParameterLayout, Task, TrainingRun, UpdateRule, stream,
};

const OBSERVATIONS: usize = <CartPole as Environment>::Observation::LEN;

/// Actions of the environment, and outputs of the policy.
const ACTIONS: usize = CartPole::ACTIONS.outputs();

const SETTINGS: Settings = Settings {
    window: Window {
        environments: 16,
        steps: 256,
        discount: 0.99,
    },
    budget_steps: 24,
    evaluation_interval_steps: 3,
    evaluation_episodes: 16,
};

#[derive(Debug, Clone, Copy)]
struct Settings {
    window: Window,
    budget_steps: u32,
    evaluation_interval_steps: u32,
    evaluation_episodes: usize,
}

/// One hidden layer with tanh.
fn policy_model(hidden: usize) -> Model {
    Model::of(OBSERVATIONS)
        .then("hidden", Dense::new(OBSERVATIONS, hidden).tanh())
        .then("output", Dense::new(hidden, ACTIONS))
}

/// A model at some parameters, whose outputs are the logits of actions.
#[derive(Debug, Clone, Copy)]
struct Policy<'a> {
    model: &'a Model,
    parameters: &'a [f32],
}

/// The environment, the policy and how it learns.
struct CartPoleTask {
    description: Description,
    schedule: Schedule,
    model: Model,
    settings: Settings,
}

/// The task.
pub(crate) fn task(name: &'static str) -> Arc<dyn Task> {
    Arc::new(CartPoleTask::new(name, SETTINGS))
}

impl CartPoleTask {
    fn new(name: &'static str, settings: Settings) -> Self {
        let model = policy_model(32);
        let transitions = settings.window.transitions();
        let schedule = Schedule {
            budget_steps: settings.budget_steps,
            evaluation_interval_steps: settings.evaluation_interval_steps,
            step_examples: transitions as u64,
            step_flops: model.forward_flops(transitions) + model.backward_flops(transitions),
        };
        let description = Description {
            name,
            summary:
                "CartPole-v1; 4-32-2 perceptron with tanh as policy; REINFORCE with returns-to-go \
                and batch-normalised advantages, 16 environments of 256 steps per update."
                    .to_owned(),
            data: "Gymnasium's equations, limits and 500-step cut-off; return of 16 evaluation \
                episodes with sampled actions, from a random stream of their own."
                .to_owned(),
            family: Family::ReinforcementLearning,
            metric: Metric {
                name: "mean evaluation return",
                unit: "steps upright, at most 500",
                direction: Direction::HigherIsBetter,
            },
            companion: None,
            parameter_count: model.layout().parameter_count(),
            budget_steps: schedule.budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        };
        Self {
            description,
            schedule,
            model,
            settings,
        }
    }
}

impl Task for CartPoleTask {
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        self.model.layout()
    }

    fn run(&self, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        let Settings {
            window,
            evaluation_episodes,
            ..
        } = self.settings;
        let mut initialisation = stream(seed, "cartpole initialisation", [0, 0]);
        let parameters = self.model.initialise(&mut initialisation);
        let mut problem = CartPoleProblem {
            model: &self.model,
            rollout: Rollout::new(window, &self.model, seed),
            evaluation: EvaluationEpisodes::new(evaluation_episodes, &self.model, seed),
        };
        let layout = self.model.layout();
        train(&mut problem, rule, layout, self.schedule, parameters)
    }
}

/// One run's policy and environments.
struct CartPoleProblem<'a> {
    model: &'a Model,
    rollout: Rollout,
    evaluation: EvaluationEpisodes,
}

impl Problem for CartPoleProblem<'_> {
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        let policy = Policy {
            model: self.model,
            parameters,
        };
        self.rollout.gradient(policy, gradient);
    }

    fn evaluate(&mut self, step: u32, parameters: &[f32]) -> Evaluation {
        let policy = Policy {
            model: self.model,
            parameters,
        };
        Evaluation {
            value: self.evaluation.mean_return(policy, step),
            companion: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy that pushes towards where the pole is falling, and keeps it up for good.
    pub(super) fn balancing_parameters(model: &Model) -> Vec<f32> {
        let layout = model.layout();
        let mut parameters = vec![0.0; layout.arena_len()];
        let [hidden, _, output, _] = layout.tensors() else {
            panic!("a policy of two layers has four tensors");
        };
        for (observation, weight) in [0.05, 0.1, 1.0, 0.5].into_iter().enumerate() {
            parameters[hidden.offset + observation * hidden.columns] = weight;
        }
        // So large that the sampled action is almost always the likelier one.
        parameters[output.range()][..ACTIONS].copy_from_slice(&[-1e4, 1e4]);
        parameters
    }

    /// Plain gradient descent at a rate that learns.
    struct GradientDescent;

    impl UpdateRule for GradientDescent {
        fn reset(&mut self, _layout: &ParameterLayout) {}

        fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
            for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
                *parameter -= 2.0 * gradient;
            }
        }
    }

    #[test]
    fn evaluating_more_often_does_not_change_the_training() {
        let settings = Settings {
            budget_steps: 6,
            ..SETTINGS
        };
        let run = |evaluation_interval_steps| {
            let task = CartPoleTask::new(
                "cartpole",
                Settings {
                    evaluation_interval_steps,
                    ..settings
                },
            );
            task.run(&mut GradientDescent, 5).curve.points
        };
        let (seldom, often) = (run(6), run(1));
        assert_eq!((seldom.len(), often.len()), (2, 7));
        assert_eq!([seldom[0], seldom[1]], [often[0], often[6]]);
        assert_ne!(often[0].value, often[6].value);
    }
}
