//! Every environment beside Gymnasium: what `fixtures/make_environments.py` recorded is replayed.
//!
//! Statuses must be equal, and observations and rewards equal but for their rounding to binary32: NumPy's sines and ours
//! may differ in the last place of binary64, and what comes of it may lie on the other side of a rounding's boundary.

use std::fmt::Debug;
use std::io::Read;
use std::str::FromStr;

use flate2::read::GzDecoder;
use mlevolve_tasks::environments::{
    Action, ActionSpace, Environment, Lockstep, Numbers, Status, Visitor, visit_all,
};
use mlevolve_tasks::stream;

/// An episode as it was recorded: its beginning, and what each action led to.
struct Episode<E: Environment> {
    moments: Vec<Moment<E>>,
}

struct Moment<E: Environment> {
    /// What led here; nothing at the beginning.
    action: E::Action,
    reward: f32,
    status: Status,
    observation: Vec<f32>,
    /// Known at the beginning and every twenty steps from there.
    state: Option<E::State>,
}

fn number<T: FromStr<Err: Debug>>(field: &str) -> T {
    field.parse().expect(field)
}

fn episodes<E: Environment>() -> Vec<Episode<E>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/environments");
    let path = format!("{directory}/{}.csv.gz", E::NAME);
    let file = std::fs::File::open(&path).expect(&path);
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect(&path);

    let mut episodes: Vec<Episode<E>> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (facts, numbers) = fields.split_at(5);
        let (observation, state) = numbers.split_at(E::Observation::LEN);
        assert_eq!(state.len(), E::State::LEN);
        let begins = facts[1].is_empty();
        if begins {
            assert_eq!(number::<usize>(facts[0]), episodes.len());
            episodes.push(Episode {
                moments: Vec::new(),
            });
        }
        let moment = Moment {
            action: if begins {
                E::Action::default()
            } else {
                number(facts[1])
            },
            reward: if begins { 0.0 } else { number(facts[2]) },
            status: match (facts[3], facts[4]) {
                ("1", _) => Status::Terminated,
                (_, "1") => Status::Truncated,
                _ => Status::Running,
            },
            observation: observation.iter().map(|field| number(field)).collect(),
            state: (!state[0].is_empty()).then(|| E::State::from_fn(|index| number(state[index]))),
        };
        let episode = episodes.last_mut().expect("the first line begins one");
        episode.moments.push(moment);
    }
    episodes
}

/// How many binary32 numbers lie between two.
fn distance_ulp(a: f32, b: f32) -> u32 {
    let place = |number: f32| {
        let magnitude = (number.to_bits() & (u32::MAX >> 1)) as i32;
        if number.is_sign_negative() {
            -magnitude
        } else {
            magnitude
        }
    };
    place(a).abs_diff(place(b))
}

/// How near the numbers compared so far were.
#[derive(Default)]
struct Nearness {
    numbers: usize,
    unequal: usize,
}

impl Nearness {
    fn assert(&mut self, ours: &[f32], theirs: &[f32], place: impl Fn() -> String) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            let distance = distance_ulp(*ours, *theirs);
            assert!(distance <= 1, "{}: {ours} for {theirs}", place());
            self.numbers += 1;
            self.unequal += usize::from(distance > 0);
        }
    }

    /// A rounding's boundary is seldom between two numbers that differ in the last places of binary64. In the
    /// recordings that are here, it never is; those of another NumPy may have one.
    fn assert_nearly_all_equal(&self, name: &str) {
        println!(
            "{name}: {} of {} numbers differ",
            self.unequal, self.numbers
        );
        assert!(self.unequal * 1_000 <= self.numbers, "{name}");
    }
}

/// All episodes side by side, each from its first state on, with nothing put right on the way.
struct WholeEpisodes;

impl Visitor for WholeEpisodes {
    fn visit<E: Environment>(&mut self) {
        let episodes = episodes::<E>();
        let mut nearness = Nearness::default();
        let mut lockstep = Lockstep::<E>::new(episodes.len(), &mut stream(1, "test", [0, 0]));
        for (index, episode) in episodes.iter().enumerate() {
            let state = episode.moments[0].state.expect("the first state is known");
            lockstep.begin(index, state);
        }
        lockstep.observe(|index, observation| {
            let place = || format!("{}, the beginning of episode {index}", E::NAME);
            nearness.assert(observation, &episodes[index].moments[0].observation, place);
        });

        let mut rewards = vec![0.0; episodes.len()];
        let mut statuses = vec![Status::Running; episodes.len()];
        let mut running: Vec<usize> = (0..episodes.len()).collect();
        let mut step = 0;
        while !running.is_empty() {
            step += 1;
            let moment = |index: usize| &episodes[running[index]].moments[step];
            let place =
                |index: usize| format!("{}, episode {}, step {step}", E::NAME, running[index]);
            let actions: Vec<E::Action> = (0..running.len())
                .map(|index| moment(index).action)
                .collect();
            let (rewards, statuses) = (
                &mut rewards[..running.len()],
                &mut statuses[..running.len()],
            );
            lockstep.step(&actions, rewards, statuses);
            lockstep.observe(|index, observation| {
                nearness.assert(observation, &moment(index).observation, || place(index));
            });
            for index in 0..running.len() {
                nearness.assert(&[rewards[index]], &[moment(index).reward], || place(index));
                assert_eq!(statuses[index], moment(index).status, "{}", place(index));
            }
            for index in (0..running.len()).rev() {
                if episodes[running[index]].moments.len() == step + 1 {
                    lockstep.swap_remove(index);
                    running.swap_remove(index);
                }
            }
        }
        nearness.assert_nearly_all_equal(E::NAME);
    }
}

/// From every recorded state to the next one.
struct FromEveryRecordedState;

impl Visitor for FromEveryRecordedState {
    fn visit<E: Environment>(&mut self) {
        let mut nearness = Nearness::default();
        for (index, episode) in episodes::<E>().iter().enumerate() {
            let mut state = E::State::from_fn(|_| f64::NAN);
            for (step, moment) in episode.moments.iter().enumerate() {
                let place = || format!("{}, episode {index}, step {step}", E::NAME);
                if step > 0 {
                    let transition = E::step(state, moment.action);
                    state = transition.state;
                    nearness.assert(&[transition.reward as f32], &[moment.reward], place);
                    let terminated = moment.status == Status::Terminated;
                    assert_eq!(transition.terminated, terminated, "{}", place());
                }
                state = moment.state.unwrap_or(state);
                nearness.assert(E::observe(state).as_ref(), &moment.observation, place);
            }
        }
        nearness.assert_nearly_all_equal(E::NAME);
    }
}

/// What the recordings hold, so that the other tests have something to say.
struct Coverage;

impl Visitor for Coverage {
    fn visit<E: Environment>(&mut self) {
        let name = E::NAME;
        let episodes = episodes::<E>();
        let moments = || episodes.iter().flat_map(|episode| &episode.moments[1..]);
        assert!(moments().count() >= 3_000, "{name}");
        let some = |status| moments().any(|moment| moment.status == status);
        assert!(some(Status::Truncated), "{name}");
        assert_eq!(some(Status::Terminated), name != "Pendulum-v1", "{name}");
        if let ActionSpace::Discrete { actions } = E::ACTIONS {
            let mut seen: Vec<String> = moments()
                .map(|moment| format!("{:?}", moment.action))
                .collect();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), actions as usize, "{name}");
        }
        let truncated = |episode: &&Episode<E>| {
            episode.moments.last().expect("a beginning").status == Status::Truncated
        };
        for episode in episodes.iter().filter(truncated) {
            assert_eq!(
                episode.moments.len() - 1,
                E::TIME_LIMIT_STEPS as usize,
                "{name}"
            );
        }
    }
}

/// Lockstep, compiled for the widest vectors of the machine, beside single steps, compiled for the plainest ones.
struct Widths;

impl Visitor for Widths {
    fn visit<E: Environment>(&mut self) {
        const EPISODES: usize = 37;
        const STEPS: usize = 2_000;
        let mut resets = stream(3, "test", [0, 0]);
        let mut exploration = stream(4, "test", [0, 0]);
        let mut lockstep = Lockstep::<E>::new(EPISODES, &mut resets);
        let (mut rewards, mut statuses) = ([0.0; EPISODES], [Status::Running; EPISODES]);
        for _ in 0..STEPS {
            let actions: [E::Action; EPISODES] =
                std::array::from_fn(|_| E::Action::random(E::ACTIONS, &mut exploration));
            let alone: [_; EPISODES] =
                std::array::from_fn(|episode| E::step(lockstep.state(episode), actions[episode]));
            lockstep.step(&actions, &mut rewards, &mut statuses);
            lockstep.observe(|episode, observation| {
                let ours = E::observe(alone[episode].state);
                let bits = |numbers: &[f32]| {
                    numbers
                        .iter()
                        .map(|number| number.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(bits(observation), bits(ours.as_ref()), "{}", E::NAME);
            });
            for (episode, transition) in alone.iter().enumerate() {
                let bits = |state: E::State| {
                    state
                        .as_ref()
                        .iter()
                        .map(|number| number.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(
                    bits(lockstep.state(episode)),
                    bits(transition.state),
                    "{}",
                    E::NAME
                );
                assert_eq!(
                    rewards[episode].to_bits(),
                    (transition.reward as f32).to_bits()
                );
                assert_eq!(
                    statuses[episode] == Status::Terminated,
                    transition.terminated
                );
            }
            lockstep.begin_after_ends(&statuses, &mut resets);
        }
    }
}

#[test]
fn recordings_cover_what_can_happen() {
    visit_all(&mut Coverage);
}

#[test]
fn whole_episodes_are_gymnasiums() {
    visit_all(&mut WholeEpisodes);
}

#[test]
fn every_step_is_gymnasiums() {
    visit_all(&mut FromEveryRecordedState);
}

#[test]
fn vectors_of_episodes_have_the_bits_of_single_ones() {
    visit_all(&mut Widths);
}
