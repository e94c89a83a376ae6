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

use evaluation::EvaluationEpisodes;
use rollout::{Rollout, Window};

use crate::environments::{CartPole, Environment, Numbers};
use crate::network::{Activation, InitialScale, Shape, TwoLayerNetwork};
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{
    Description, Direction, Family, Metric, ParameterLayout, Task, TrainingRun, UpdateRule, stream,
};

/// The task's name.
pub(crate) const NAME: &str = "cartpole";

const OBSERVATIONS: usize = <CartPole as Environment>::Observation::LEN;

/// Actions of the environment, and outputs of the policy.
const ACTIONS: usize = CartPole::ACTIONS.outputs();

const SETTINGS: Settings = Settings {
    shape: Shape {
        inputs: OBSERVATIONS,
        hidden: 32,
        outputs: ACTIONS,
        activation: Activation::Tanh,
    },
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
    shape: Shape,
    window: Window,
    budget_steps: u32,
    evaluation_interval_steps: u32,
    evaluation_episodes: usize,
}

impl Settings {
    fn schedule(&self) -> Schedule {
        let transitions = self.window.transitions();
        Schedule {
            budget_steps: self.budget_steps,
            evaluation_interval_steps: self.evaluation_interval_steps,
            step_examples: transitions as u64,
            step_flops: self.shape.forward_flops(transitions)
                + self.shape.backward_flops(transitions),
        }
    }
}

/// The environment, the policy and how it learns.
struct CartPoleTask {
    description: Description,
    layout: ParameterLayout,
    settings: Settings,
}

/// The task.
pub(crate) fn task() -> Box<dyn Task> {
    Box::new(CartPoleTask::new(SETTINGS))
}

impl CartPoleTask {
    fn new(settings: Settings) -> Self {
        let layout = settings.shape.layout();
        let schedule = settings.schedule();
        let description = Description {
            name: NAME,
            summary: "CartPole-v1; 4-32-2 perceptron with tanh as policy; REINFORCE with returns-to-go \
                and batch-normalised advantages, 16 environments of 256 steps per update.",
            data: "Gymnasium's equations, limits and 500-step cut-off; return of 16 evaluation \
                episodes with sampled actions, from a random stream of their own.",
            family: Family::ReinforcementLearning,
            metric: Metric {
                name: "mean evaluation return",
                unit: "steps upright, at most 500",
                direction: Direction::HigherIsBetter,
            },
            companion: None,
            parameter_count: layout.parameter_count(),
            budget_steps: schedule.budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        };
        Self {
            description,
            layout,
            settings,
        }
    }
}

impl Task for CartPoleTask {
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    fn run(&self, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        let Settings {
            shape,
            window,
            evaluation_episodes,
            ..
        } = self.settings;
        let mut initialisation = stream(seed, "cartpole initialisation", [0, 0]);
        let parameters = shape.initialise(InitialScale::Glorot, &mut initialisation);
        let mut problem = CartPoleProblem {
            policy: TwoLayerNetwork::new(shape),
            rollout: Rollout::new(window, shape, seed),
            evaluation: EvaluationEpisodes::new(evaluation_episodes, shape, seed),
        };
        train(
            &mut problem,
            rule,
            &self.layout,
            self.settings.schedule(),
            parameters,
        )
    }
}

/// One run's policy and environments.
struct CartPoleProblem {
    policy: TwoLayerNetwork,
    rollout: Rollout,
    evaluation: EvaluationEpisodes,
}

impl Problem for CartPoleProblem {
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        self.policy.load(parameters);
        self.rollout.gradient(&self.policy, gradient);
    }

    fn evaluate(&mut self, step: u32, parameters: &[f32]) -> Evaluation {
        self.policy.load(parameters);
        Evaluation {
            value: self.evaluation.mean_return(&self.policy, step),
            companion: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy that pushes towards where the pole is falling, and keeps it up for good.
    pub(super) fn balancing_policy(shape: Shape) -> TwoLayerNetwork {
        let layout = shape.layout();
        let mut parameters = vec![0.0; layout.arena_len()];
        let (hidden, output) = (layout.tensors()[0].offset, layout.tensors()[2].offset);
        for (observation, weight) in [0.05, 0.1, 1.0, 0.5].into_iter().enumerate() {
            parameters[hidden + observation * shape.hidden] = weight;
        }
        // So large that the sampled action is almost always the likelier one.
        parameters[output..output + ACTIONS].copy_from_slice(&[-1e4, 1e4]);
        let mut policy = TwoLayerNetwork::new(shape);
        policy.load(&parameters);
        policy
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
            let task = CartPoleTask::new(Settings {
                evaluation_interval_steps,
                ..settings
            });
            task.run(&mut GradientDescent, 5).curve.points
        };
        let (seldom, often) = (run(6), run(1));
        assert_eq!((seldom.len(), often.len()), (2, 7));
        assert_eq!([seldom[0], seldom[1]], [often[0], often[6]]);
        assert_ne!(often[0].value, often[6].value);
    }
}
