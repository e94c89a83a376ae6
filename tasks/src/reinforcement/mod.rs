//! Learning from rewards: the task behind every environment.
//!
//! ```text
//!                    ┌──actions──► Lockstep ──observations, rewards──► Learner ──gradient──► rule   (each update step)
//!  Model ──outputs───┤
//!                    └──actions──► Lockstep ──rewards──► mean return                                (each curve point)
//! ```
//!
//! A task is [`Reinforcement`]: which environment, model and [`Learner`], and how long. Evaluation is the same for all.
//! Parallel environments run in lockstep, and their episodes go on from one update to the next, so every update costs the
//! same whatever the model can do. Initialisation, environment resets, exploration, replay and evaluation draw from
//! separate streams.
//!
//! | module | what |
//! |---|---|
//! | `reinforce` | REINFORCE with a baseline: a window of experience, its returns, and no values |
//! | `actor_critic` | the advantage actor-critic: a policy, and values of the same model |
//! | `deep_q` | DQN: values of actions, from a memory of transitions and a target network |
//! | `rollout` | a window of experience, which the first two learn from |
//! | `distribution` | what a policy's outputs say about actions, discrete or continuous |
//! | `returns`, `generalised_advantage` | how good each action turned out to be |
//! | `evaluation` | fresh episodes for a point of the curve |

mod actor_critic;
mod deep_q;
mod distribution;
mod evaluation;
mod generalised_advantage;
mod reinforce;
mod returns;
mod rollout;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use actor_critic::ActorCritic;
pub(crate) use deep_q::{DeepQ, Epsilon};
pub(crate) use reinforce::Reinforce;
pub(crate) use rollout::Window;

use evaluation::EvaluationEpisodes;

use crate::environments::{Environment, Lockstep, Numbers};
use crate::network::{Activations, Dense, Matrix, Model};
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{
    Description, Direction, Family, Loss, Metric, NoTargets, ParameterLayout, Stream, Targets,
    Task, TrainingRun, UpdateRule, stream,
};

/// How experience becomes a gradient.
pub(crate) trait Learner<E: Environment>: Send + Sync + Sized + 'static {
    /// What a run keeps from step to step: environments in progress, what happened in them, streams.
    type Experience;

    /// Outputs that the model has to have.
    fn outputs(&self) -> usize;

    /// Environment steps from one update to the next.
    fn step_transitions(&self) -> usize;

    /// FLOPs of all passes of the model from one update to the next.
    fn step_flops(&self, model: &Model) -> u64;

    /// Fresh environments, and room for all that a run needs.
    fn begin(&self, run: &Run<'_>, policy: Policy<'_, E>) -> Self::Experience;

    /// Acts in the environments and writes the gradient of the learner's loss with respect to the parameters of `policy`.
    fn gradient(
        &self,
        experience: &mut Self::Experience,
        policy: Policy<'_, E>,
        gradient: &mut [f32],
    );

    /// How a loss that is given takes the place of the learner's; why none can, if so.
    fn with_loss(&self) -> Result<WithLoss<E, Self>, &'static str>;

    /// What an evaluation episode does where the model says `outputs`.
    fn evaluated(outputs: &[f32], numbers: &mut Stream) -> E::Action;
}

/// How a learner follows a loss that it is given.
pub(crate) struct WithLoss<E: Environment, L: Learner<E>> {
    /// What the loss is given at each update.
    targets: Targets,
    /// As [`Learner::gradient`], of that loss.
    gradient: GradientWithLoss<E, L>,
}

type GradientWithLoss<E, L> =
    fn(&L, &mut <L as Learner<E>>::Experience, &mut dyn Loss, Policy<'_, E>, &mut [f32]);

/// Why policy gradients take no loss.
const FOLLOWS_RETURNS: &str = "its policy follows the returns of what it did, and there is no action that it should have taken";

/// A model at some parameters, and what it is shown.
pub(crate) struct Policy<'a, E: Environment> {
    model: &'a Model,
    parameters: &'a [f32],
    observation_scale: E::Observation,
}

impl<E: Environment> Clone for Policy<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Environment> Copy for Policy<'_, E> {}

impl<E: Environment> Policy<'_, E> {
    /// Writes what the model is shown of an observation.
    fn show(self, observation: &[f32], inputs: &mut [f32]) {
        let scaled = observation.iter().zip(self.observation_scale.as_ref());
        for (input, (observation, scale)) in inputs.iter_mut().zip(scaled) {
            *input = observation * scale;
        }
    }

    /// Writes what the model is shown of every episode to the rows of `inputs` from `first_row` on.
    fn show_all(self, episodes: &Lockstep<E>, inputs: &mut Matrix, first_row: usize) {
        episodes.observe(|episode, observation| {
            self.show(observation, inputs.row_mut(first_row + episode));
        });
    }

    /// Computes some rows of `activations` from the same rows of `inputs`.
    fn forward(self, inputs: &Matrix, rows: Range<usize>, activations: &mut Activations) {
        self.model
            .forward(self.parameters, inputs, rows, activations);
    }
}

/// Which run it is: names its streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    task: &'a str,
    seed: u64,
}

impl Run<'_> {
    /// The run's stream for one use. Tasks have streams of their own: a seed's luck on one says nothing about another.
    fn stream(self, what: &str) -> Stream {
        stream(self.seed, &self.purpose(what), [0, 0])
    }

    fn purpose(self, what: &str) -> String {
        format!("{} {what}", self.task)
    }
}

/// What makes one reinforcement-learning task differ from another.
pub(crate) struct Reinforcement<E: Environment, L> {
    pub(crate) name: &'static str,
    pub(crate) summary: String,
    pub(crate) data: String,
    /// What returns are counted in.
    pub(crate) unit: &'static str,
    /// Units of the model's one hidden layer, which have tanh.
    pub(crate) hidden_units: usize,
    /// What each number of an observation is multiplied by before the model sees it, so that none is much greater or
    /// smaller than 1.
    pub(crate) observation_scale: E::Observation,
    pub(crate) learner: L,
    pub(crate) budget_steps: u32,
    pub(crate) evaluation_interval_steps: u32,
    pub(crate) evaluation_episodes: usize,
}

impl<E: Environment<Observation: Sync>, L: Learner<E>> Reinforcement<E, L> {
    /// The task.
    pub(crate) fn task(self) -> Arc<dyn Task> {
        Arc::new(self.into_task())
    }

    fn into_task(self) -> ReinforcementTask<E, L> {
        let learner = self.learner;
        let model = perceptron(E::Observation::LEN, self.hidden_units, learner.outputs());
        let schedule = Schedule {
            budget_steps: self.budget_steps,
            evaluation_interval_steps: self.evaluation_interval_steps,
            step_examples: learner.step_transitions() as u64,
            step_flops: learner.step_flops(&model),
        };
        let description = Description {
            name: self.name,
            summary: self.summary,
            data: self.data,
            family: Family::ReinforcementLearning,
            metric: Metric {
                name: "mean evaluation return",
                unit: self.unit,
                direction: Direction::HigherIsBetter,
            },
            companion: None,
            parameter_count: model.layout().parameter_count(),
            budget_steps: schedule.budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        };
        ReinforcementTask {
            description,
            schedule,
            model,
            observation_scale: self.observation_scale,
            learner,
            evaluation_episodes: self.evaluation_episodes,
        }
    }
}

/// One hidden layer with tanh.
fn perceptron(inputs: usize, hidden_units: usize, outputs: usize) -> Model {
    Model::of(inputs)
        .then("hidden", Dense::new(inputs, hidden_units).tanh())
        .then("output", Dense::new(hidden_units, outputs))
}

/// An environment, a model and how it learns.
struct ReinforcementTask<E: Environment, L> {
    description: Description,
    schedule: Schedule,
    model: Model,
    observation_scale: E::Observation,
    learner: L,
    evaluation_episodes: usize,
}

impl<E: Environment, L> ReinforcementTask<E, L> {
    fn policy<'a>(&'a self, parameters: &'a [f32]) -> Policy<'a, E> {
        Policy {
            model: &self.model,
            parameters,
            observation_scale: self.observation_scale,
        }
    }
}

impl<E: Environment<Observation: Sync>, L: Learner<E>> Task for ReinforcementTask<E, L> {
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        self.model.layout()
    }

    #[cfg(test)]
    fn model(&self) -> Option<&Model> {
        Some(&self.model)
    }

    fn run_for(&self, steps: u32, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        self.train(None, steps, rule, seed)
    }

    fn targets(&self) -> Result<Targets, NoTargets> {
        self.with_loss().map(|with_loss| with_loss.targets)
    }

    fn run_with_loss_for(
        &self,
        steps: u32,
        loss: &mut dyn Loss,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> Result<TrainingRun, NoTargets> {
        let gradient = self.with_loss()?.gradient;
        Ok(self.train(Some((loss, gradient)), steps, rule, seed))
    }
}

/// A loss in place of the learner's, and how it is followed.
type GivenLoss<'a, E, L> = (&'a mut dyn Loss, GradientWithLoss<E, L>);

impl<E: Environment<Observation: Sync>, L: Learner<E>> ReinforcementTask<E, L> {
    fn with_loss(&self) -> Result<WithLoss<E, L>, NoTargets> {
        self.learner.with_loss().map_err(|reason| NoTargets {
            task: self.description.name,
            reason,
        })
    }

    fn train<'a>(
        &'a self,
        loss: Option<GivenLoss<'a, E, L>>,
        steps: u32,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> TrainingRun {
        let run = Run {
            task: self.description.name,
            seed,
        };
        let parameters = self.model.initialise(&mut run.stream("initialisation"));
        let mut problem = ReinforcementProblem {
            task: self,
            loss,
            experience: self.learner.begin(&run, self.policy(&parameters)),
            evaluation: EvaluationEpisodes::new(self.evaluation_episodes, &self.model, &run),
        };
        let layout = self.model.layout();
        let schedule = self.schedule.cut_to(steps);
        train(&mut problem, rule, layout, schedule, parameters)
    }
}

/// One run's experience and evaluation episodes.
struct ReinforcementProblem<'a, E: Environment, L: Learner<E>> {
    task: &'a ReinforcementTask<E, L>,
    loss: Option<GivenLoss<'a, E, L>>,
    experience: L::Experience,
    evaluation: EvaluationEpisodes<E>,
}

impl<E: Environment, L: Learner<E>> Problem for ReinforcementProblem<'_, E, L> {
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        let policy = self.task.policy(parameters);
        let learner = &self.task.learner;
        let experience = &mut self.experience;
        match &mut self.loss {
            None => learner.gradient(experience, policy, gradient),
            Some((loss, gradient_of)) => {
                gradient_of(learner, experience, &mut **loss, policy, gradient);
            }
        }
    }

    fn evaluate(&mut self, step: u32, parameters: &[f32]) -> Evaluation {
        let policy = self.task.policy(parameters);
        Evaluation {
            value: self.evaluation.mean_return(policy, step, L::evaluated),
            companion: None,
        }
    }
}

#[cfg(test)]
mod tests;
