//! A rod that hangs from a motor, to be swung up and held upright with little torque.
//!
//! Equation of motion of a uniform rod, semi-implicit Euler; constants, limits, reset and reward as in Gymnasium 1.x
//! `classic_control/pendulum.py`.

use std::f64::consts::PI;

use super::trigonometry::{sine_cosine, within_half_a_turn};
use super::{ActionSpace, Environment, Transition, uniform_within};
use crate::Stream;

const GRAVITY: f64 = 10.0; // m/s²
const MASS: f64 = 1.0; // kg
const LENGTH: f64 = 1.0; // m
const TIME_STEP: f64 = 0.05; // s
const SPEED_LIMIT: f64 = 8.0; // rad/s
const TORQUE_LIMIT: f32 = 2.0; // N m
/// A fresh episode's angle is uniform in ± π, its angular velocity in ± this.
const INITIAL_VELOCITY_BOUND: f64 = 1.0;

/// The angle from upright in rad, over as many turns as were made, and the angular velocity in rad/s.
type State = [f64; 2];

/// Pendulum-v1. The action is the torque, from −2 to 2 N m. What is seen: the angle's cosine and sine, and the velocity.
/// A step costs what the angle, the velocity and the torque are away from 0, squared and weighted; no state ends an episode.
#[derive(Debug, Clone, Copy)]
pub struct Pendulum;

impl Environment for Pendulum {
    type State = State;
    type Observation = [f32; 3];
    type Action = f32;

    const NAME: &'static str = "Pendulum-v1";
    const ACTIONS: ActionSpace = ActionSpace::Continuous {
        bound: TORQUE_LIMIT,
    };
    const TIME_LIMIT_STEPS: u32 = 200;

    fn initial_state(numbers: &mut Stream) -> State {
        [PI, INITIAL_VELOCITY_BOUND].map(|bound| uniform_within(bound, numbers))
    }

    #[inline(always)]
    fn step([angle, velocity]: State, action: f32) -> Transition<State> {
        // NumPy computes in binary32 what only has the torque in it.
        let torque = action.clamp(-TORQUE_LIMIT, TORQUE_LIMIT);
        let from_torque = f64::from((3.0 / (MASS * (LENGTH * LENGTH))) as f32 * torque);
        let torque_cost = f64::from(0.001 * (torque * torque));

        let from_upright = within_half_a_turn(angle);
        let cost = from_upright * from_upright + 0.1 * (velocity * velocity) + torque_cost;
        let (sine, _) = sine_cosine(angle);
        let acceleration = 3.0 * GRAVITY / (2.0 * LENGTH) * sine + from_torque;
        let velocity = (velocity + acceleration * TIME_STEP).clamp(-SPEED_LIMIT, SPEED_LIMIT);
        Transition {
            state: [angle + velocity * TIME_STEP, velocity],
            reward: -cost,
            terminated: false,
        }
    }

    #[inline(always)]
    fn observe([angle, velocity]: State) -> [f32; 3] {
        let (sine, cosine) = sine_cosine(angle);
        [cosine, sine, velocity].map(|number| number as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::tests::assert_initial_range;

    #[test]
    fn episodes_begin_where_gymnasiums_do() {
        assert_initial_range::<Pendulum>([0.0, 0.0], [std::f64::consts::PI, 1.0]);
    }
}
