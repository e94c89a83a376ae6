//! Many episodes of one environment, a step of all at a time.
//!
//! Episodes lie in blocks of [`LANES`], their states in columns, so that rustc makes vectors of the loop over a
//! block. What a step does to an episode is the same arithmetic at every width, and on its own.

use multiversion::multiversion;

use super::numbers::LANES;
use super::{Environment, Numbers, Status};
use crate::Stream;

/// Episodes side by side, each as far as it has come.
pub struct Lockstep<E: Environment> {
    blocks: Vec<Block<E>>,
    episodes: usize,
}

/// [`LANES`] episodes. Those past the last that is in use are stepped along, and never looked at.
struct Block<E: Environment> {
    states: <E::State as Numbers>::Columns,
    elapsed_steps: [u32; LANES],
}

impl<E: Environment> Lockstep<E> {
    /// No episodes yet, but room for so many.
    #[must_use]
    pub fn with_room_for(episodes: usize) -> Self {
        let empty = || Block {
            states: E::State::zero_columns(),
            elapsed_steps: [0; LANES],
        };
        Self {
            blocks: std::iter::repeat_with(empty)
                .take(episodes.div_ceil(LANES))
                .collect(),
            episodes: 0,
        }
    }

    /// So many fresh episodes, drawn one after the other.
    #[must_use]
    pub fn new(episodes: usize, numbers: &mut Stream) -> Self {
        let mut lockstep = Self::with_room_for(episodes);
        lockstep.begin_all(episodes, numbers);
        lockstep
    }

    /// Throws away all episodes for so many fresh ones, drawn one after the other. Allocates nothing.
    ///
    /// # Panics
    ///
    /// If there is no room for them.
    pub fn begin_all(&mut self, episodes: usize, numbers: &mut Stream) {
        assert!(episodes <= self.blocks.len() * LANES, "no room");
        self.episodes = episodes;
        for episode in 0..episodes {
            self.begin(episode, E::initial_state(numbers));
        }
    }

    /// How many episodes there are.
    #[must_use]
    pub fn episodes(&self) -> usize {
        self.episodes
    }

    /// Begins a new episode from `state` in the place of an old one.
    ///
    /// # Panics
    ///
    /// If there is no such episode.
    pub fn begin(&mut self, episode: usize, state: E::State) {
        assert!(episode < self.episodes, "no episode {episode}");
        let block = &mut self.blocks[episode / LANES];
        state.write(&mut block.states, episode % LANES);
        block.elapsed_steps[episode % LANES] = 0;
    }

    /// Begins new episodes in the place of those that have ended, drawn one after the other.
    ///
    /// # Panics
    ///
    /// If there is not one status for each episode.
    pub fn begin_after_ends(&mut self, statuses: &[Status], numbers: &mut Stream) {
        assert_eq!(statuses.len(), self.episodes);
        for (episode, status) in statuses.iter().enumerate() {
            if *status != Status::Running {
                self.begin(episode, E::initial_state(numbers));
            }
        }
    }

    /// Ends an episode; the last one takes its place.
    ///
    /// # Panics
    ///
    /// If there is no such episode.
    pub fn swap_remove(&mut self, episode: usize) {
        let last = self.episodes - 1;
        let (state, elapsed_steps) = (self.state(last), self.elapsed_steps(last));
        self.begin(episode, state);
        self.blocks[episode / LANES].elapsed_steps[episode % LANES] = elapsed_steps;
        self.episodes = last;
    }

    /// Takes a step in every episode. Writes what it earned to `rewards` and how the episode stands to `statuses`.
    ///
    /// An episode that has ended must make way for a new one before the next step.
    ///
    /// # Panics
    ///
    /// If there is not one of each slice for each episode.
    pub fn step(&mut self, actions: &[E::Action], rewards: &mut [f32], statuses: &mut [Status]) {
        let lengths = [actions.len(), rewards.len(), statuses.len()];
        assert_eq!(lengths, [self.episodes; 3]);
        step_blocks(&mut self.blocks, actions, rewards, statuses);
    }

    /// Calls `take` for every episode in order, with its index and what is seen of it.
    pub fn observe(&self, mut take: impl FnMut(usize, &[f32])) {
        for (index, block) in self.blocks.iter().enumerate() {
            let first = index * LANES;
            if first >= self.episodes {
                break;
            }
            let observations = observe_block(block);
            for lane in 0..LANES.min(self.episodes - first) {
                take(
                    first + lane,
                    E::Observation::read(&observations, lane).as_ref(),
                );
            }
        }
    }

    /// The state of an episode.
    ///
    /// # Panics
    ///
    /// If there is no such episode.
    #[must_use]
    pub fn state(&self, episode: usize) -> E::State {
        assert!(episode < self.episodes, "no episode {episode}");
        E::State::read(&self.blocks[episode / LANES].states, episode % LANES)
    }

    /// Steps that an episode has come.
    ///
    /// # Panics
    ///
    /// If there is no such episode.
    #[must_use]
    pub fn elapsed_steps(&self, episode: usize) -> u32 {
        assert!(episode < self.episodes, "no episode {episode}");
        self.blocks[episode / LANES].elapsed_steps[episode % LANES]
    }
}

/// Compiled for each kind of vectors that a machine may have. Rust fuses and reorders nothing, so the bits are the same.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn step_blocks<E: Environment>(
    blocks: &mut [Block<E>],
    actions: &[E::Action],
    rewards: &mut [f32],
    statuses: &mut [Status],
) {
    let slices =
        (actions.chunks(LANES).zip(rewards.chunks_mut(LANES))).zip(statuses.chunks_mut(LANES));
    for (block, ((actions, rewards), statuses)) in blocks.iter_mut().zip(slices) {
        let episodes = actions.len();
        let mut lane_actions = [E::Action::default(); LANES];
        lane_actions[..episodes].copy_from_slice(actions);
        // The loop reads and writes arrays of this call only, of which the compiler sees that they do not overlap.
        let (before, mut elapsed_steps) = (block.states, block.elapsed_steps);
        let mut after = E::State::zero_columns();
        let mut lane_rewards = [0.0; LANES];
        let mut lane_statuses = [Status::Running; LANES];
        for lane in 0..LANES {
            let transition = E::step(E::State::read(&before, lane), lane_actions[lane]);
            transition.state.write(&mut after, lane);
            elapsed_steps[lane] += 1;
            lane_rewards[lane] = transition.reward as f32;
            lane_statuses[lane] = if transition.terminated {
                Status::Terminated
            } else if elapsed_steps[lane] >= E::TIME_LIMIT_STEPS {
                Status::Truncated
            } else {
                Status::Running
            };
        }
        (block.states, block.elapsed_steps) = (after, elapsed_steps);
        rewards.copy_from_slice(&lane_rewards[..episodes]);
        statuses.copy_from_slice(&lane_statuses[..episodes]);
    }
}

/// What is seen of each lane. Compiled as [`step_blocks`] is.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn observe_block<E: Environment>(block: &Block<E>) -> <E::Observation as Numbers>::Columns {
    let states = block.states;
    let mut observations = E::Observation::zero_columns();
    for lane in 0..LANES {
        E::observe(E::State::read(&states, lane)).write(&mut observations, lane);
    }
    observations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::{CartPole, Pendulum};
    use crate::stream;

    /// Takes a step in every episode, with the same action.
    fn step<E: Environment>(lockstep: &mut Lockstep<E>, action: E::Action) -> Vec<Status> {
        let episodes = lockstep.episodes();
        let mut statuses = vec![Status::Running; episodes];
        lockstep.step(
            &vec![action; episodes],
            &mut vec![0.0; episodes],
            &mut statuses,
        );
        statuses
    }

    #[test]
    fn the_last_episode_takes_the_place_of_a_removed_one() {
        let mut numbers = stream(1, "test", [0, 0]);
        let mut lockstep = Lockstep::<CartPole>::new(LANES + 3, &mut numbers);
        step(&mut lockstep, CartPole::LEFT);
        // Every other one begins anew, the last among them, so that elapsed steps differ.
        for episode in (0..LANES + 3).step_by(2) {
            lockstep.begin(episode, [episode as f64; 4]);
        }
        let second = lockstep.state(1);
        lockstep.swap_remove(1);
        assert_eq!(lockstep.episodes(), LANES + 2);
        assert_eq!(lockstep.state(1), [(LANES + 2) as f64; 4]);
        assert_ne!(lockstep.state(1), second);
        assert_eq!(
            (lockstep.elapsed_steps(1), lockstep.elapsed_steps(3)),
            (0, 1)
        );
        let last = lockstep.state(LANES + 1);
        lockstep.swap_remove(LANES + 1);
        assert_eq!(lockstep.episodes(), LANES + 1);
        assert_ne!(lockstep.state(LANES), last);
    }

    #[test]
    fn the_time_limit_is_each_episodes_own() {
        let mut numbers = stream(2, "test", [0, 0]);
        let mut lockstep = Lockstep::<Pendulum>::new(2, &mut numbers);
        for _ in 0..50 {
            step(&mut lockstep, 0.0);
        }
        lockstep.begin(0, [0.0, 0.0]);
        for elapsed in 50..200 {
            assert_eq!(lockstep.elapsed_steps(1), elapsed);
            let second = if elapsed < 199 {
                Status::Running
            } else {
                Status::Truncated
            };
            assert_eq!(step(&mut lockstep, 0.0), [Status::Running, second]);
        }
        lockstep.begin_after_ends(&[Status::Running, Status::Truncated], &mut numbers);
        let elapsed = [lockstep.elapsed_steps(0), lockstep.elapsed_steps(1)];
        assert_eq!(elapsed, [150, 0]);
        // The first has neither moved nor been pushed.
        assert_eq!(lockstep.state(0), [0.0, 0.0]);
    }

    #[test]
    fn fresh_episodes_are_drawn_one_after_the_other() {
        let mut numbers = stream(3, "test", [0, 0]);
        let mut lockstep = Lockstep::<CartPole>::with_room_for(20);
        assert_eq!(lockstep.episodes(), 0);
        lockstep.begin_all(18, &mut numbers);
        let mut again = stream(3, "test", [0, 0]);
        for episode in 0..18 {
            assert_eq!(lockstep.state(episode), CartPole::initial_state(&mut again));
        }
        let mut seen = Vec::new();
        lockstep.observe(|episode, observation| {
            assert_eq!(
                observation,
                lockstep.state(episode).map(|value| value as f32)
            );
            seen.push(episode);
        });
        assert_eq!(seen, (0..18).collect::<Vec<_>>());
    }
}
