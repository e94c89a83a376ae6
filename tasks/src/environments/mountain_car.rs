//! A car in a valley, too weak to drive up the slope, with as good as an engine forwards, backwards, or off.
//!
//! Moore's problem (1990) as in Sutton and Barto's book; constants, limits, reset and the order of clipping as in
//! Gymnasium 1.x `classic_control/mountain_car.py`.

use super::trigonometry::cosine;
use super::{ActionSpace, Environment, Transition, uniform_within};
use crate::Stream;

const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;
const POSITIONS: [f64; 2] = [-1.2, 0.6];
const SPEED_LIMIT: f64 = 0.07;
const GOAL_POSITION: f64 = 0.5;
/// A fresh episode begins at rest at ± 0.1 of here, close to the valley's bottom.
const INITIAL_POSITION: f64 = -0.5;
const INITIAL_BOUND: f64 = 0.1;

/// Position and velocity, in units of the problem's own.
type State = [f64; 2];

/// MountainCar-v0. Actions 0, 1 and 2 push back, not at all, and forward. The state is seen as it is. Every step costs
/// 1, and the episode ends at the goal on the right.
#[derive(Debug, Clone, Copy)]
pub struct MountainCar;

impl Environment for MountainCar {
    type State = State;
    type Observation = [f32; 2];
    type Action = u32;

    const NAME: &'static str = "MountainCar-v0";
    const ACTIONS: ActionSpace = ActionSpace::Discrete { actions: 3 };
    const TIME_LIMIT_STEPS: u32 = 200;

    fn initial_state(numbers: &mut Stream) -> State {
        [
            INITIAL_POSITION + uniform_within(INITIAL_BOUND, numbers),
            0.0,
        ]
    }

    #[inline(always)]
    fn step([position, velocity]: State, action: u32) -> Transition<State> {
        let push = (f64::from(action) - 1.0) * FORCE;
        let velocity = velocity + (push + cosine(3.0 * position) * -GRAVITY);
        let velocity = velocity.clamp(-SPEED_LIMIT, SPEED_LIMIT);
        let position = (position + velocity).clamp(POSITIONS[0], POSITIONS[1]);
        // The wall on the left stops the car.
        let stopped = position == POSITIONS[0] && velocity < 0.0;
        let velocity = if stopped { 0.0 } else { velocity };
        Transition {
            state: [position, velocity],
            reward: -1.0,
            terminated: position >= GOAL_POSITION && velocity >= 0.0,
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
        assert_initial_range::<MountainCar>([-0.5, 0.0], [0.1, 0.0]);
    }
}
