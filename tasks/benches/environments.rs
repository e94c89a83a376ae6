//! Steps a second of every environment: many episodes in lockstep, under random actions.
//!
//! ```text
//! cargo bench --package mlevolve-tasks --bench environments
//! ```
//!
//! A step is what a learner needs of one: the reward and status, the observation put into a row, and a new episode
//! where one has ended. Actions are drawn beforehand. `rivals/python/environments.py` measures Gymnasium at the same.

#[path = "../../benches/shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use clap::Parser;
use measure::{Contender, Measuring, Unit, interleave, report};
use mlevolve_tasks::environments::{
    Action, Environment, Lockstep, Numbers, Status, Visitor, visit_all,
};
use mlevolve_tasks::stream;

const EPISODES: usize = 64;
/// Steps of all episodes in one repetition.
const STEPS: usize = 256;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

struct Measure(Measuring);

impl Visitor for Measure {
    fn visit<E: Environment>(&mut self) {
        let Self(measuring) = self;
        let mut numbers = stream(1, "benchmark", [4, 0]);
        let actions: Vec<E::Action> = (0..STEPS * EPISODES)
            .map(|_| E::Action::random(E::ACTIONS, &mut numbers))
            .collect();
        let length = E::Observation::LEN;
        let mut observations = vec![0.0; EPISODES * length];
        let (mut rewards, mut statuses) = ([0.0; EPISODES], [Status::Running; EPISODES]);
        let contender = Contender::new("mlevolve", move |episodes: &mut Lockstep<E>| {
            for actions in actions.chunks_exact(EPISODES) {
                episodes.step(actions, &mut rewards, &mut statuses);
                episodes.observe(|episode, observation| {
                    observations[episode * length..][..length].copy_from_slice(observation);
                });
                episodes.begin_after_ends(&statuses, &mut numbers);
            }
            std::hint::black_box((&observations, &rewards));
        });
        let mut episodes = Lockstep::<E>::new(EPISODES, &mut stream(1, "benchmark", [5, 0]));
        let series = interleave(&mut episodes, &mut [contender], measuring);
        let work = (STEPS * EPISODES) as f64;
        let unit = Unit::MegaStepsPerSecond;
        report("environments", E::NAME, unit, work, &series, measuring);
    }
}

fn main() {
    visit_all(&mut Measure(Options::parse().measuring));
}
