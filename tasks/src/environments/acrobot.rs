//! Two links, the upper one hanging from a fixed joint, with a motor between them that has to swing the end up.
//!
//! Equations of motion as in Sutton and Barto's book ("Reinforcement Learning: An Introduction", the acrobot
//! of chapter 11 in the first edition), which differ by one term from Sutton's paper of 1996; one step of the classic
//! Runge-Kutta method of fourth order. Constants, limits and reset as in Gymnasium 1.x `classic_control/acrobot.py`.

use std::f64::consts::{FRAC_PI_2, PI};

use super::trigonometry::{cosine, sine_cosine, within_half_a_turn};
use super::{ActionSpace, Environment, Transition, uniform_within};
use crate::Stream;

const GRAVITY: f64 = 9.8; // m/s²
const MASS: f64 = 1.0; // kg, of each link
const LENGTH: f64 = 1.0; // m, of the upper link
const CENTRE: f64 = 0.5; // m from a link's joint to its centre of mass
const INERTIA: f64 = 1.0; // kg m², of each link
const TIME_STEP: f64 = 0.2; // s
const VELOCITY_LIMITS: [f64; 2] = [4.0 * PI, 9.0 * PI]; // rad/s
/// A fresh episode's state is uniform in ± this.
const INITIAL_BOUND: f64 = 0.1;

/// The upper link's angle from hanging in rad, the lower's relative to it, and their angular velocities in rad/s.
type State = [f64; 4];

/// Acrobot-v1. Actions 0, 1 and 2 are torques of −1, 0 and 1 N m. What is seen: cosine and sine of the first angle,
/// cosine and sine of the second, both velocities. Every step costs 1, but for the one that brings the end
/// more than a link's length above the joint, with which the episode ends.
#[derive(Debug, Clone, Copy)]
pub struct Acrobot;

impl Environment for Acrobot {
    type State = State;
    type Observation = [f32; 6];
    type Action = u32;

    const NAME: &'static str = "Acrobot-v1";
    const ACTIONS: ActionSpace = ActionSpace::Discrete { actions: 3 };
    const TIME_LIMIT_STEPS: u32 = 500;

    fn initial_state(numbers: &mut Stream) -> State {
        // Gymnasium rounds the first state to binary32, and no other.
        std::array::from_fn(|_| f64::from(uniform_within(INITIAL_BOUND, numbers) as f32))
    }

    #[inline(always)]
    fn step(state: State, action: u32) -> Transition<State> {
        let torque = f64::from(action) - 1.0;
        let moved = |slope: State, time| -> State {
            std::array::from_fn(|index| state[index] + time * slope[index])
        };
        let first = slope(state, torque);
        let second = slope(moved(first, TIME_STEP / 2.0), torque);
        let third = slope(moved(second, TIME_STEP / 2.0), torque);
        let fourth = slope(moved(third, TIME_STEP), torque);
        let mean: State = std::array::from_fn(|index| {
            first[index] + 2.0 * second[index] + 2.0 * third[index] + fourth[index]
        });
        let [upper, lower, upper_velocity, lower_velocity] = moved(mean, TIME_STEP / 6.0);

        let state = [
            within_half_a_turn(upper),
            within_half_a_turn(lower),
            upper_velocity.clamp(-VELOCITY_LIMITS[0], VELOCITY_LIMITS[0]),
            lower_velocity.clamp(-VELOCITY_LIMITS[1], VELOCITY_LIMITS[1]),
        ];
        let height = -cosine(state[0]) - cosine(state[1] + state[0]);
        let terminated = height > LENGTH;
        Transition {
            state,
            reward: if terminated { 0.0 } else { -1.0 },
            terminated,
        }
    }

    #[inline(always)]
    fn observe([upper, lower, upper_velocity, lower_velocity]: State) -> [f32; 6] {
        let (upper_sine, upper_cosine) = sine_cosine(upper);
        let (lower_sine, lower_cosine) = sine_cosine(lower);
        [
            upper_cosine,
            upper_sine,
            lower_cosine,
            lower_sine,
            upper_velocity,
            lower_velocity,
        ]
        .map(|number| number as f32)
    }
}

/// How fast the state changes, per second.
#[inline(always)]
fn slope([upper, lower, upper_velocity, lower_velocity]: State, torque: f64) -> State {
    let (sine, cosine_of_lower) = sine_cosine(lower);
    let coupling = MASS * LENGTH * CENTRE;
    let upper_inertia = MASS * (CENTRE * CENTRE)
        + MASS * (LENGTH * LENGTH + CENTRE * CENTRE + 2.0 * LENGTH * CENTRE * cosine_of_lower)
        + INERTIA
        + INERTIA;
    let shared_inertia = MASS * (CENTRE * CENTRE + LENGTH * CENTRE * cosine_of_lower) + INERTIA;
    let lower_weight = MASS * CENTRE * GRAVITY * cosine(upper + lower - FRAC_PI_2);
    let upper_forces = -coupling * (lower_velocity * lower_velocity) * sine
        - 2.0 * coupling * lower_velocity * upper_velocity * sine
        + (MASS * CENTRE + MASS * LENGTH) * GRAVITY * cosine(upper - FRAC_PI_2)
        + lower_weight;
    let lower_acceleration = (torque + shared_inertia / upper_inertia * upper_forces
        - coupling * (upper_velocity * upper_velocity) * sine
        - lower_weight)
        / (MASS * (CENTRE * CENTRE) + INERTIA - shared_inertia * shared_inertia / upper_inertia);
    let upper_acceleration = -(shared_inertia * lower_acceleration + upper_forces) / upper_inertia;
    [
        upper_velocity,
        lower_velocity,
        upper_acceleration,
        lower_acceleration,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::tests::assert_initial_range;

    #[test]
    fn episodes_begin_where_gymnasiums_do() {
        assert_initial_range::<Acrobot>([0.0; 4], [0.1; 4]);
    }
}
