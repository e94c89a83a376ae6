"""AdamW's update by Python libraries, on one thread: nanoseconds per element, dispatch included.

All take the same steps from the same weights, which is checked against NumPy in binary64 first.
"""

import time

import measure

measure.use_one_thread()

import numpy as np  # noqa: E402

torch = measure.installed("torch")
jax = measure.installed("jax")

LEARNING_RATE, BETA1, BETA2, EPSILON, WEIGHT_DECAY = 1e-3, 0.9, 0.999, 1e-8, 0.01
CHECKED_STEPS = 5
# After so few steps of a thousandth each; the weights are below 1.
TOLERANCE = 1e-6


class InNumpy:
    """In place, with one temporary array; also the reference, in binary64."""

    def __init__(self, weights, gradient, dtype=np.float32):
        self.w, self.g = weights.astype(dtype), gradient.astype(dtype)
        self.m, self.v, self.t = (np.zeros_like(self.w) for _ in range(3))
        self.steps = 0

    def step(self):
        w, g, m, v, t = self.w, self.g, self.m, self.v, self.t
        self.steps += 1
        root_weights = (1 - BETA2**self.steps) ** 0.5
        rate = LEARNING_RATE * root_weights / (1 - BETA1**self.steps)
        np.subtract(g, m, out=t)
        t *= 1 - BETA1
        m += t
        np.multiply(g, g, out=t)
        t -= v
        t *= 1 - BETA2
        v += t
        np.sqrt(v, out=t)
        t += EPSILON * root_weights
        np.divide(m, t, out=t)
        t *= rate
        w *= 1 - LEARNING_RATE * WEIGHT_DECAY
        w -= t

    def weights(self):
        return self.w


class InJax:
    """One compiled function, whose results take the place of its arguments."""

    def __init__(self, weights, gradient):
        jnp = jax.numpy

        def update(w, g, m, v, m_weights, v_weights):
            m = m + (1 - BETA1) * (g - m)
            v = v + (1 - BETA2) * (g * g - v)
            m_weights = m_weights + (1 - BETA1) * (1 - m_weights)
            v_weights = v_weights + (1 - BETA2) * (1 - v_weights)
            root_weights = jnp.sqrt(v_weights)
            rate = LEARNING_RATE * root_weights / m_weights
            decayed = w * (1 - LEARNING_RATE * WEIGHT_DECAY)
            w = decayed - rate * m / (jnp.sqrt(v) + EPSILON * root_weights)
            return w, m, v, m_weights, v_weights

        self.update = jax.jit(update, donate_argnums=(0, 2, 3, 4, 5))
        self.g = jnp.array(gradient)
        zeros = [jnp.zeros(weights.shape, jnp.float32) for _ in range(2)]
        scalars = [jnp.zeros((), jnp.float32) for _ in range(2)]
        self.state = (jnp.array(weights), *zeros, *scalars)

    def step(self):
        w, *others = self.state
        self.state = self.update(w, self.g, *others)
        self.state[0].block_until_ready()

    def weights(self):
        return np.asarray(self.state[0])


class InTorch:
    """torch.optim.AdamW, fused, or compiled by torch.compile."""

    def __init__(self, weights, gradient, compiled):
        self.parameter = torch.nn.Parameter(torch.tensor(weights))
        self.parameter.grad = torch.tensor(gradient)
        how = {"foreach": False} if compiled else {"fused": True}
        rate = torch.tensor(LEARNING_RATE) if compiled else LEARNING_RATE
        optimizer = torch.optim.AdamW(
            [self.parameter], lr=rate, betas=(BETA1, BETA2), eps=EPSILON, weight_decay=WEIGHT_DECAY, **how
        )
        self.step = torch.compile(optimizer.step) if compiled else optimizer.step

    def weights(self):
        return self.parameter.detach().numpy()


def contenders(weights, gradient):
    made = {"numpy in place": InNumpy(weights, gradient)}
    if jax:
        made["jax.jit, donated"] = InJax(weights, gradient)
    if torch:
        made["torch fused"] = InTorch(weights, gradient, compiled=False)
        made["torch.compile"] = InTorch(weights, gradient, compiled=True)
    return made


def main():
    parser = measure.options(__doc__)
    parser.add_argument("--elements", default="1024,16384,1048576,16777216", help="numbers of elements")
    arguments = parser.parse_args()
    if torch:
        torch.set_num_threads(1)
    for elements in map(int, arguments.elements.split(",")):
        generator = np.random.default_rng(elements)
        weights, gradient = (generator.uniform(-1, 1, elements).astype(np.float32) for _ in range(2))
        made = contenders(weights, gradient)
        reference = InNumpy(weights, gradient, np.float64)
        for _ in range(CHECKED_STEPS):
            reference.step()
        for name, contender in made.items():
            start = time.perf_counter()
            contender.step()
            print(f"  {elements} elements, {name}: the first step took {time.perf_counter() - start:.2f} s")
            for _ in range(CHECKED_STEPS - 1):
                contender.step()
            error = np.abs(contender.weights() - reference.weights()).max()
            if not error <= TOLERANCE:
                raise SystemExit(f"{name} is {error} off")
        seconds = measure.interleave({name: one.step for name, one in made.items()}, arguments)
        figures = {name: once_s * 1e9 / elements for name, once_s in seconds.items()}
        measure.report("adamw", str(elements), "ns/element", figures, arguments)


if __name__ == "__main__":
    main()
