//! A pole hinged on a cart, to be kept upright by pushing the cart left or right.
//!
//! Equations of motion after Barto, Sutton and Anderson 1983 as corrected by Florian 2007 ("Correct equations for the
//! dynamics of the cart-pole system", equations 23 and 24, without friction); constants, limits, reset and the order of the
//! Euler step as in Gymnasium 1.x `classic_control/cartpole.py` and its registration of `CartPole-v1`.

use super::trigonometry::sine_cosine_near_zero;
use super::{ActionSpace, Environment, Transition, uniform_within};
use crate::Stream;

const GRAVITY: f64 = 9.8; // m/s²
const CART_MASS: f64 = 1.0; // kg
const POLE_MASS: f64 = 0.1; // kg
const TOTAL_MASS: f64 = CART_MASS + POLE_MASS;
const POLE_HALF_LENGTH: f64 = 0.5; // m
const FORCE: f64 = 10.0; // N
const TIME_STEP: f64 = 0.02; // s
const POSITION_LIMIT: f64 = 2.4; // m
const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0; // rad
/// A fresh episode's state is uniform in ± this.
const INITIAL_BOUND: f64 = 0.05;

/// Position in m, velocity in m/s, the pole's angle from upright in rad, its angular velocity in rad/s.
type State = [f64; 4];

/// CartPole-v1. The state is seen as it is. Every step earns 1, and an episode ends when the cart leaves the track or the
/// pole falls.
#[derive(Debug, Clone, Copy)]
pub struct CartPole;

impl CartPole {
    /// The action that pushes the cart left.
    pub const LEFT: u32 = 0;
    /// The action that pushes it right.
    pub const RIGHT: u32 = 1;
}

impl Environment for CartPole {
    type State = State;
    type Observation = [f32; 4];
    type Action = u32;

    const NAME: &'static str = "CartPole-v1";
    const ACTIONS: ActionSpace = ActionSpace::Discrete { actions: 2 };
    const TIME_LIMIT_STEPS: u32 = 500;

    fn initial_state(numbers: &mut Stream) -> State {
        std::array::from_fn(|_| uniform_within(INITIAL_BOUND, numbers))
    }

    #[inline(always)]
    fn step(state: State, action: u32) -> Transition<State> {
        let [position, velocity, angle, angular_velocity] = state;
        let force = if action == Self::RIGHT { FORCE } else { -FORCE };
        let (sine, cosine) = sine_cosine_near_zero(angle);
        let pole_moment = POLE_MASS * POLE_HALF_LENGTH;
        let push =
            (force + pole_moment * (angular_velocity * angular_velocity) * sine) / TOTAL_MASS;
        let angular_acceleration = (GRAVITY * sine - cosine * push)
            / (POLE_HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cosine * cosine) / TOTAL_MASS));
        let acceleration = push - pole_moment * angular_acceleration * cosine / TOTAL_MASS;

        // Explicit Euler: positions move with the velocities from before the step.
        let position = position + TIME_STEP * velocity;
        let velocity = velocity + TIME_STEP * acceleration;
        let angle = angle + TIME_STEP * angular_velocity;
        let angular_velocity = angular_velocity + TIME_STEP * angular_acceleration;
        Transition {
            state: [position, velocity, angle, angular_velocity],
            reward: 1.0,
            terminated: position.abs() > POSITION_LIMIT || angle.abs() > ANGLE_LIMIT,
        }
    }

    #[inline(always)]
    fn observe(state: State) -> [f32; 4] {
        state.map(|number| number as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::tests::assert_initial_range;

    #[test]
    fn episodes_begin_where_gymnasiums_do() {
        assert_initial_range::<CartPole>([0.0; 4], [0.05; 4]);
    }
}
