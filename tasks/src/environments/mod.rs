//! The worlds that reinforcement learning happens in: Gymnasium's classic control problems, in lockstep.
//!
//! An environment is its equations: an [`Environment`] says how an episode begins, what an action does to the state, and
//! what of it can be seen. [`Lockstep`] runs many episodes of one environment side by side, which is what learners want
//! and what is fast: states lie in columns, and one pass over them steps a vector of episodes at a time.
//!
//! ```text
//!   stream ──initial_state──► Lockstep ──observe──► a row of numbers for each episode ──► the learner
//!                              ▲    │                                                         │
//!                              │    └─step─► a reward and a Status for each                   │
//!                              └──────────────────────────── an action for each ◄─────────────┘
//! ```
//!
//! Equations, constants, limits and the order of arithmetic are those of Gymnasium 1.x; `tests/gymnasium.rs` replays
//! what was recorded from it. Where it computes in binary32, so does the environment here. Steps are plain arithmetic
//! without branches, calls or contraction, so every width of vectors gives the same bits.
//!
//! Adding an environment is a file beside this one and a row in the table below. The tests then ask for what
//! `tests/fixtures/make_environments.py` records of it.
//!
//! ```
//! use mlevolve_tasks::environments::{CartPole, Lockstep, Status};
//! use mlevolve_tasks::stream;
//!
//! let mut resets = stream(1, "environment resets", [0, 0]);
//! let mut carts = Lockstep::<CartPole>::new(3, &mut resets);
//! let (mut rewards, mut statuses) = ([0.0; 3], [Status::Running; 3]);
//! carts.step(&[0, 1, 1], &mut rewards, &mut statuses);
//! assert_eq!((rewards, statuses), ([1.0; 3], [Status::Running; 3]));
//! // What the step led to, the last observation of an episode that ended with it included.
//! carts.observe(|cart, observation| println!("{cart}: {observation:?}"));
//! carts.begin_after_ends(&statuses, &mut resets);
//! ```

mod lockstep;
mod numbers;
mod trigonometry;

use std::fmt::Debug;
use std::str::FromStr;

use rand::RngExt;

pub use lockstep::Lockstep;
pub use numbers::Numbers;

use crate::Stream;

/// A problem of control: one of Gymnasium's, under its name.
pub trait Environment: 'static {
    /// What an episode's future depends on, besides actions: an array of `f64`.
    type State: Numbers<Number = f64>;
    /// What the learner sees of it: an array of `f32`.
    type Observation: Numbers<Number = f32>;
    /// The index of one of [`ActionSpace::Discrete`], or the number of [`ActionSpace::Continuous`].
    type Action: Action;

    /// Gymnasium's identifier, with its version.
    const NAME: &'static str;
    /// What the learner can do.
    const ACTIONS: ActionSpace;
    /// Steps after which an episode is cut off.
    const TIME_LIMIT_STEPS: u32;

    /// Draws how an episode begins.
    fn initial_state(numbers: &mut Stream) -> Self::State;

    /// What an action does. For a state that an episode has ended in, and for a discrete action that there is not, the
    /// result has no meaning.
    ///
    /// Compiled for each width of vectors, so implementations are marked `#[inline(always)]` and call nothing that is not.
    fn step(state: Self::State, action: Self::Action) -> Transition<Self::State>;

    /// What is seen of a state. Implemented as [`step`](Self::step) is.
    fn observe(state: Self::State) -> Self::Observation;
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition<State> {
    /// The state after it.
    pub state: State,
    /// What it earned.
    pub reward: f64,
    /// Whether it ended the episode, by success or failure.
    pub terminated: bool,
}

/// What a learner can do in an environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActionSpace {
    /// One of so many actions; an action is an index below it.
    Discrete {
        /// How many there are.
        actions: u32,
    },
    /// A number; one beyond `bound` on either side acts as if it was at it.
    Continuous {
        /// The greatest that is told from greater ones.
        bound: f32,
    },
}

impl ActionSpace {
    /// How many numbers a policy or a value function gives for it: one for each discrete action, or the action.
    #[must_use]
    pub const fn outputs(self) -> usize {
        match self {
            Self::Discrete { actions } => actions as usize,
            Self::Continuous { .. } => 1,
        }
    }
}

/// A kind of action: `u32`, an index, or `f32`, a number.
pub trait Action:
    Copy + Debug + Default + PartialEq + Send + FromStr<Err: Debug> + 'static
{
    /// Draws an action, each equally likely.
    ///
    /// # Panics
    ///
    /// If the space is of the other kind.
    fn random(space: ActionSpace, numbers: &mut Stream) -> Self;
}

impl Action for u32 {
    fn random(space: ActionSpace, numbers: &mut Stream) -> Self {
        let ActionSpace::Discrete { actions } = space else {
            panic!("an index is no action of {space:?}")
        };
        numbers.random_range(0..actions)
    }
}

impl Action for f32 {
    fn random(space: ActionSpace, numbers: &mut Stream) -> Self {
        let ActionSpace::Continuous { bound } = space else {
            panic!("a number is no action of {space:?}")
        };
        uniform_within(f64::from(bound), numbers) as f32
    }
}

/// How an episode stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It goes on.
    Running,
    /// The environment ended it. Nothing comes after.
    Terminated,
    /// The time limit cut it off, though it could have gone on.
    Truncated,
}

/// Something to do with every environment of the table, whatever its types.
pub trait Visitor {
    /// Does it with one.
    fn visit<E: Environment>(&mut self);
}

macro_rules! environments {
    ($($file:ident: $environment:ident),* $(,)?) => {
        $(
            mod $file;
            pub use $file::$environment;
        )*

        /// Visits every environment, in the order of the table.
        pub fn visit_all(visitor: &mut impl Visitor) {
            $(visitor.visit::<$environment>();)*
        }
    };
}

// The table: a file's name, and the environment in it.
environments! {
    cart_pole: CartPole,
    acrobot: Acrobot,
    mountain_car: MountainCar,
    mountain_car_continuous: MountainCarContinuous,
    pendulum: Pendulum,
}

/// A number from −`bound` to `bound`, each equally likely.
fn uniform_within(bound: f64, numbers: &mut Stream) -> f64 {
    bound * (2.0 * numbers.random::<f64>() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Whether initial states are within ± `bounds` of `centre`, and go nearly as far.
    pub(super) fn assert_initial_range<E: Environment>(centre: E::State, bounds: E::State) {
        let mut numbers = stream(1, "test", [0, 0]);
        let states: Vec<E::State> = (0..10_000)
            .map(|_| E::initial_state(&mut numbers))
            .collect();
        for index in 0..E::State::LEN {
            let (centre, bound) = (centre.as_ref()[index], bounds.as_ref()[index]);
            let offsets = || states.iter().map(|state| state.as_ref()[index] - centre);
            let rounding = 1e-6 * bound;
            assert!(offsets().all(|offset| offset.abs() <= bound + rounding));
            // Ten thousand draws miss the outermost hundredth on a side with a probability of 10⁻⁴⁴.
            assert!(offsets().any(|offset| offset >= 0.98 * bound));
            assert!(offsets().any(|offset| offset <= -0.98 * bound));
        }
    }

    #[test]
    fn random_actions_are_all_those_of_their_space() {
        let mut numbers = stream(2, "test", [0, 0]);
        let space = ActionSpace::Discrete { actions: 3 };
        let drawn: Vec<u32> = (0..100)
            .map(|_| Action::random(space, &mut numbers))
            .collect();
        assert!((0..3).all(|action| drawn.contains(&action)) && drawn.iter().max() == Some(&2));
        let space = ActionSpace::Continuous { bound: 2.0 };
        let drawn: Vec<f32> = (0..100)
            .map(|_| Action::random(space, &mut numbers))
            .collect();
        assert!(drawn.iter().all(|action| action.abs() <= 2.0));
        assert!(
            drawn.iter().any(|action| *action < -1.5) && drawn.iter().any(|action| *action > 1.5)
        );
    }
}
