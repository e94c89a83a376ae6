//! The car in the valley with an engine that can be throttled, and fuel that costs.
//!
//! Constants, limits and reset as in Gymnasium 1.x `classic_control/continuous_mountain_car.py`. It keeps the state in
//! binary32 from the first step on, and NumPy then computes in binary32 what has a number of the state or an action in
//! it: so do the lines below.

use super::trigonometry::cosine;
use super::{ActionSpace, Environment, Transition, uniform_within};
use crate::Stream;

const POWER: f64 = 0.0015;
const GRAVITY: f64 = 0.0025;
const POSITIONS: [f32; 2] = [-1.2, 0.6];
const SPEED_LIMIT: f32 = 0.07;
const GOAL_POSITION: f32 = 0.45;
const GOAL_REWARD: f64 = 100.0;
/// A fresh episode begins at rest at ± 0.1 of here, close to the valley's bottom.
const INITIAL_POSITION: f64 = -0.5;
const INITIAL_BOUND: f64 = 0.1;

/// Position and velocity, in units of the problem's own; binary32 numbers, but for the position that an episode begins at.
type State = [f64; 2];

/// MountainCarContinuous-v0. The action is the engine's throttle, from −1 to 1. The state is seen as it is. A step
/// costs a tenth of the throttle's square, also of what is beyond ±1; the goal on the right is worth 100 and ends the episode.
#[derive(Debug, Clone, Copy)]
pub struct MountainCarContinuous;

impl Environment for MountainCarContinuous {
    type State = State;
    type Observation = [f32; 2];
    type Action = f32;

    const NAME: &'static str = "MountainCarContinuous-v0";
    const ACTIONS: ActionSpace = ActionSpace::Continuous { bound: 1.0 };
    const TIME_LIMIT_STEPS: u32 = 999;

    fn initial_state(numbers: &mut Stream) -> State {
        [
            INITIAL_POSITION + uniform_within(INITIAL_BOUND, numbers),
            0.0,
        ]
    }

    #[inline(always)]
    fn step([position, velocity]: State, action: f32) -> Transition<State> {
        // A position with more bits than binary32 has is the first one, which is tripled in binary64.
        let is_first = f64::from(position as f32) != position;
        let tripled = 3.0 * position;
        let angle = if is_first {
            tripled
        } else {
            f64::from(tripled as f32)
        };
        let slope = GRAVITY * cosine(angle);
        // A clipped action is a number of Python's, which the difference keeps in binary64.
        let push = if action.abs() > 1.0 {
            (f64::from(action.clamp(-1.0, 1.0)) * POWER - slope) as f32
        } else {
            action * POWER as f32 - slope as f32
        };
        let velocity = (velocity as f32 + push).clamp(-SPEED_LIMIT, SPEED_LIMIT);
        let position = (position + f64::from(velocity)) as f32;
        let position = position.clamp(POSITIONS[0], POSITIONS[1]);
        // The wall on the left stops the car.
        let stopped = position == POSITIONS[0] && velocity < 0.0;
        let velocity = if stopped { 0.0 } else { velocity };

        let terminated = position >= GOAL_POSITION && velocity >= 0.0;
        let earned = if terminated { GOAL_REWARD } else { 0.0 };
        Transition {
            state: [f64::from(position), f64::from(velocity)],
            reward: earned - f64::from(action) * f64::from(action) * 0.1,
            terminated,
        }
    }

    #[inline(always)]
    fn observe(state: State) -> [f32; 2] {
        state.map(|number| number as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::tests::assert_initial_range;

    #[test]
    fn episodes_begin_where_gymnasiums_do() {
        assert_initial_range::<MountainCarContinuous>([-0.5, 0.0], [0.1, 0.0]);
    }
}
