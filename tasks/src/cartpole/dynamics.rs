//! The cart and the pole: CartPole-v1 as Gymnasium defines it.
//!
//! Equations of motion after Barto, Sutton and Anderson 1983 as corrected by Florian 2007 ("Correct equations for the
//! dynamics of the cart-pole system", equations 23 and 24, without friction); constants, limits, reset and the order of the
//! Euler step as in Gymnasium 1.x `classic_control/cartpole.py` and its registration of `CartPole-v1`.

use rand::RngExt;

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

/// Steps after which an episode is cut off. Each step's reward is 1, so this is the largest return too.
pub(super) const TIME_LIMIT_STEPS: u32 = 500;

/// Numbers that an observation holds.
pub(super) const OBSERVATIONS: usize = 4;

/// Different actions.
pub(super) const ACTIONS: usize = 2;

/// The way in which the cart is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Gymnasium's action 0.
    Left,
    /// Gymnasium's action 1.
    Right,
}

/// What a step did to the episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It goes on.
    Running,
    /// The cart left the track or the pole fell.
    Terminated,
    /// It reached [`TIME_LIMIT_STEPS`] upright.
    Truncated,
}

/// One episode in progress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CartPole {
    /// Position in m, velocity in m/s, the pole's angle from upright in rad, its angular velocity in rad/s.
    state: [f64; 4],
    elapsed_steps: u32,
}

impl CartPole {
    /// A fresh episode.
    pub(super) fn reset(numbers: &mut Stream) -> Self {
        let state = std::array::from_fn(|_| INITIAL_BOUND * (2.0 * numbers.random::<f64>() - 1.0));
        Self {
            state,
            elapsed_steps: 0,
        }
    }

    /// The state as the policy sees it.
    pub(super) fn observation(&self) -> [f32; OBSERVATIONS] {
        self.state.map(|value| value as f32)
    }

    /// Moves on by one time step; the reward is always 1.
    pub(super) fn step(&mut self, action: Action) -> Status {
        let [position, velocity, angle, angular_velocity] = self.state;
        let force = match action {
            Action::Left => -FORCE,
            Action::Right => FORCE,
        };
        let (sine, cosine) = libm::sincos(angle);
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
        self.state = [position, velocity, angle, angular_velocity];
        self.elapsed_steps += 1;

        if position.abs() > POSITION_LIMIT || angle.abs() > ANGLE_LIMIT {
            Status::Terminated
        } else if self.elapsed_steps >= TIME_LIMIT_STEPS {
            Status::Truncated
        } else {
            Status::Running
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Transitions recorded from Gymnasium by `tests/fixtures/make_cartpole.py`.
    const FIXTURE: &str = include_str!("../../tests/fixtures/cartpole.csv");

    /// One line of the fixture.
    struct Transition {
        episode: u32,
        elapsed_steps: u32,
        before: [f64; 4],
        action: Action,
        after: [f64; 4],
        status: Status,
    }

    fn transitions() -> Vec<Transition> {
        let mut lines = FIXTURE.lines();
        let header = "episode,elapsed_steps,action,terminated,truncated,x,x_dot,theta,theta_dot,\
            next_x,next_x_dot,next_theta,next_theta_dot";
        assert_eq!(lines.next(), Some(header));
        lines
            .map(|line| {
                let fields: Vec<f64> = line
                    .split(',')
                    .map(|field| field.parse().expect("a number"))
                    .collect();
                Transition {
                    episode: fields[0] as u32,
                    elapsed_steps: fields[1] as u32,
                    action: if fields[2] == 1.0 {
                        Action::Right
                    } else {
                        Action::Left
                    },
                    status: match (fields[3] == 1.0, fields[4] == 1.0) {
                        (true, _) => Status::Terminated,
                        (false, true) => Status::Truncated,
                        (false, false) => Status::Running,
                    },
                    before: std::array::from_fn(|index| fields[5 + index]),
                    after: std::array::from_fn(|index| fields[9 + index]),
                }
            })
            .collect()
    }

    #[test]
    fn every_step_is_gymnasiums() {
        let transitions = transitions();
        for transition in &transitions {
            let Transition {
                episode,
                elapsed_steps,
                ..
            } = transition;
            let mut cart_pole = CartPole {
                state: transition.before,
                elapsed_steps: *elapsed_steps,
            };
            let status = cart_pole.step(transition.action);
            let place = format!("episode {episode}, step {elapsed_steps}");
            assert_eq!(status, transition.status, "{place}");
            for (ours, theirs) in cart_pole.state.iter().zip(transition.after) {
                // NumPy's sine and cosine may differ from libm's in the last place; nothing else differs.
                assert!(
                    (ours - theirs).abs() <= 1e-15 * theirs.abs().max(1.0),
                    "{place}"
                );
            }
        }
        let count = |status| {
            transitions
                .iter()
                .filter(|one| one.status == status)
                .count()
        };
        assert!(transitions.len() >= 1_500);
        assert!(count(Status::Terminated) >= 30 && count(Status::Truncated) >= 1);
    }

    #[test]
    fn whole_episodes_end_when_gymnasiums_do() {
        let mut open: Option<CartPole> = None;
        for transition in transitions() {
            let mut cart_pole = open.take().unwrap_or(CartPole {
                state: transition.before,
                elapsed_steps: 0,
            });
            let status = cart_pole.step(transition.action);
            assert_eq!(status, transition.status, "episode {}", transition.episode);
            open = (status == Status::Running).then_some(cart_pole);
        }
    }

    #[test]
    fn episodes_start_near_upright_and_differ() {
        let mut numbers = stream(1, "test", [0, 0]);
        let states: Vec<_> = (0..1_000)
            .flat_map(|_| CartPole::reset(&mut numbers).state)
            .collect();
        assert!(states.iter().all(|value| value.abs() <= 0.05));
        assert!(
            states.iter().any(|value| *value > 0.045) && states.iter().any(|value| *value < -0.045)
        );
    }

    #[test]
    fn observations_are_the_state_rounded() {
        let cart_pole = CartPole {
            state: [0.1, -0.2, 0.3, -0.4],
            elapsed_steps: 0,
        };
        assert_eq!(cart_pole.observation(), [0.1_f32, -0.2, 0.3, -0.4]);
    }
}
