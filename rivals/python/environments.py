"""Gymnasium's classic control environments on one thread: millions of steps a second, under random actions.

The same as benches/environments.rs of the tasks measures: each step gives an observation and a reward, and a new episode
begins where one has ended. Actions are drawn beforehand.
"""

import measure

measure.use_one_thread()


gymnasium = measure.installed("gymnasium")

ENVIRONMENTS = ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1"]
EPISODES = 64
STEPS = 256


def actions(space, count):
    """Random ones, as they come out of the space."""
    space.seed(1)
    return [space.sample() for _ in range(count)]


def one_by_one(env):
    """One episode after the other."""
    env.reset(seed=1)
    drawn = actions(env.action_space, STEPS)

    def work():
        step, reset = env.step, env.reset
        for action in drawn:
            _, _, terminated, truncated, _ = step(action)
            if terminated or truncated:
                reset()

    return work, STEPS


def side_by_side(envs):
    """Many episodes at once, which begin anew by themselves."""
    envs.reset(seed=1)
    drawn = actions(envs.action_space, STEPS // 8)

    def work():
        for action in drawn:
            envs.step(action)

    return work, len(drawn) * EPISODES


def contenders(name):
    time_limit = gymnasium.spec(name).max_episode_steps
    bare = gymnasium.wrappers.TimeLimit(gymnasium.make(name).unwrapped, time_limit)
    made = {
        "Gymnasium": one_by_one(gymnasium.make(name)),
        "Gymnasium, time limit only": one_by_one(bare),
    }
    if gymnasium.spec(name).vector_entry_point:
        envs = gymnasium.make_vec(name, EPISODES, vectorization_mode="vector_entry_point")
        made["Gymnasium's vector of 64"] = side_by_side(envs)
    return made


def main():
    arguments = measure.options(__doc__).parse_args()
    if not gymnasium:
        return
    for name in ENVIRONMENTS:
        made = contenders(name)
        seconds = measure.interleave({one: work for one, (work, _) in made.items()}, arguments)
        figures = {one: made[one][1] / once_s / 1e6 for one, once_s in seconds.items()}
        measure.report("environments", name, "M steps/s", figures, arguments)


if __name__ == "__main__":
    main()
