"""A step of training by PyTorch and JAX, on one thread: microseconds, with the batch, both passes and AdamW's update.

The same models, batch sizes and update as benches/training.rs measures. Examples are random numbers of the data's shape
in memory: what they are makes no difference to the time. PyTorch is eager, with its fused AdamW; a JAX step is one
jitted function that gives up its arguments. That models are of the same size is checked; that ours compute the same as
PyTorch's, the tasks' own tests check.
"""

import math

import measure

measure.use_one_thread()

torch = measure.installed("torch")
jax = measure.installed("jax")

LEARNING_RATE, BETA1, BETA2, EPSILON, WEIGHT_DECAY = 1e-3, 0.9, 0.999, 1e-8, 0.01
DIGITS, PIXELS, CLASSES, BATCH = 1437, 64, 10, 64
# What ours have. Both rivals' gated recurrent units have redundant biases for two of their gates.
PARAMETERS = {"digits-mlp": 2410, "digits-conv": 1898, "text-transformer": 17_304, "text-gru": 10_936 + 64}
CHARACTERS, VOCABULARY, POSITIONS, WIDTH, HEADS, WINDOWS = 16_655, 56, 32, 32, 4, 4


def check_size(name, count):
    if count != PARAMETERS[name]:
        raise SystemExit(f"the model of {name} has {count} parameters instead of {PARAMETERS[name]}")


def torch_tasks():
    """For each task its module and a function that draws a batch of inputs and labels."""
    from torch import nn
    from torch.nn import functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.into = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
            self.out = nn.Linear(WIDTH, WIDTH, bias=False)

        def forward(self, x):
            into = self.into(x).view(-1, POSITIONS, 3, HEADS, WIDTH // HEADS)
            query, key, value = into.permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            return self.out(mixed.transpose(1, 2).reshape(-1, POSITIONS, WIDTH))

    class Residual(nn.Module):
        def __init__(self, *inner):
            super().__init__()
            self.inner = nn.Sequential(*inner)

        def forward(self, x):
            return x + self.inner(x)

    class Embedding(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Embedding(VOCABULARY, WIDTH)
            self.position = nn.Parameter(0.1 * torch.randn(POSITIONS, WIDTH))

        def forward(self, x):
            return self.token(x) + self.position

    class Gru(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(WIDTH, WIDTH, batch_first=True)

        def forward(self, x):
            return self.gru(x)[0]

    features, labels = torch.rand(DIGITS, PIXELS), torch.randint(CLASSES, (DIGITS,))
    images, text = features.view(-1, 1, 8, 8), torch.randint(VOCABULARY, (CHARACTERS,))
    window = torch.arange(POSITIONS + 1)

    def digits():
        chosen = torch.randint(DIGITS, (BATCH,))
        return features[chosen], labels[chosen]

    def pictures():
        chosen = torch.randint(DIGITS, (BATCH,))
        return images[chosen], labels[chosen]

    def windows():
        starts = torch.randint(CHARACTERS - POSITIONS, (WINDOWS, 1))
        characters = text[starts + window]
        return characters[:, :-1], characters[:, 1:].reshape(-1)

    convolutions = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64, CLASSES)),
    )
    transformer = nn.Sequential(
        Embedding(),
        Residual(nn.LayerNorm(WIDTH), Attention()),
        Residual(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH)),
        nn.LayerNorm(WIDTH),
        nn.Linear(WIDTH, VOCABULARY),
    )
    return {
        "digits-mlp": (nn.Sequential(nn.Linear(PIXELS, 32), nn.ReLU(), nn.Linear(32, CLASSES)), digits),
        "digits-conv": (convolutions, pictures),
        "text-transformer": (transformer, windows),
        "text-gru": (nn.Sequential(Embedding(), Gru(), nn.Linear(WIDTH, VOCABULARY)), windows),
    }


def torch_steps():
    torch.set_num_threads(1)

    def step_of(model, batch):
        from torch.nn import functional

        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=LEARNING_RATE,
            betas=(BETA1, BETA2),
            eps=EPSILON,
            weight_decay=WEIGHT_DECAY,
            fused=True,
        )

        def step():
            inputs, labels = batch()
            optimizer.zero_grad()
            logits = model(inputs)
            functional.cross_entropy(logits.reshape(len(labels), -1), labels).backward()
            optimizer.step()

        return step

    tasks = torch_tasks()
    for name, (model, _) in tasks.items():
        check_size(name, sum(parameter.numel() for parameter in model.parameters()))
    return {name: step_of(*task) for name, task in tasks.items()}


def jax_tasks():
    """For each task its parameters, its logits as a function of them, and how a batch is drawn."""
    numpy = jax.numpy
    keys = iter(jax.random.split(jax.random.key(1), 64))

    def normal(*shape):
        return 0.1 * jax.random.normal(next(keys), shape)

    def dense(inputs, outputs):
        return {"weight": normal(inputs, outputs), "bias": numpy.zeros(outputs)}

    def apply(layer, x):
        return x @ layer["weight"] + layer["bias"]

    def norm(layer, x):
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt(variance + 1e-5) * layer["gain"] + layer["bias"]

    def gains():
        return {"gain": numpy.ones(WIDTH), "bias": numpy.zeros(WIDTH)}

    def embedding():
        return {"token": normal(VOCABULARY, WIDTH), "position": normal(POSITIONS, WIDTH)}

    def embedded(layer, x):
        return layer["token"][x] + layer["position"]

    features, labels = jax.random.uniform(next(keys), (DIGITS, PIXELS)), jax.random.randint(next(keys), (DIGITS,), 0, CLASSES)
    text = jax.random.randint(next(keys), (CHARACTERS,), 0, VOCABULARY)
    causal = numpy.tril(numpy.ones((POSITIONS, POSITIONS), bool))

    def digits(key):
        chosen = jax.random.randint(key, (BATCH,), 0, DIGITS)
        return features[chosen], labels[chosen]

    def windows(key):
        starts = jax.random.randint(key, (WINDOWS, 1), 0, CHARACTERS - POSITIONS)
        characters = text[starts + numpy.arange(POSITIONS + 1)]
        return characters[:, :-1], characters[:, 1:]

    def perceptron(p, x):
        return apply(p["output"], jax.nn.relu(apply(p["hidden"], x)))

    def convolution(layer, x):
        layout = ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x, layer["weight"], (1, 1), "SAME", dimension_numbers=layout)
        x = jax.nn.relu(x + layer["bias"])
        n, height, width, channels = x.shape
        return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))

    def convolutions(p, x):
        x = convolution(p["first"], x.reshape(-1, 8, 8, 1))
        return apply(p["output"], convolution(p["second"], x).reshape(BATCH, -1))

    def transformer(p, x):
        x = embedded(p["embedding"], x)
        into = (norm(p["norm 1"], x) @ p["into"]).reshape(-1, POSITIONS, 3, HEADS, WIDTH // HEADS)
        query, key, value = numpy.moveaxis(into, 2, 0)
        scores = numpy.einsum("bthd,bshd->bhts", query, key) / math.sqrt(WIDTH // HEADS)
        shares = jax.nn.softmax(numpy.where(causal, scores, -numpy.inf), -1)
        x = x + numpy.einsum("bhts,bshd->bthd", shares, value).reshape(-1, POSITIONS, WIDTH) @ p["out"]
        x = x + apply(p["second"], jax.nn.relu(apply(p["first"], norm(p["norm 2"], x))))
        return apply(p["output"], norm(p["norm 3"], x))

    def gru(p, x):
        into = apply(p["into"], embedded(p["embedding"], x))

        def advance(state, into):
            of_state = apply(p["state"], state)
            reset, update = (jax.nn.sigmoid(into[:, at] + of_state[:, at]) for at in (slice(WIDTH), slice(WIDTH, 2 * WIDTH)))
            new = numpy.tanh(into[:, 2 * WIDTH :] + reset * of_state[:, 2 * WIDTH :])
            state = (1 - update) * new + update * state
            return state, state

        _, states = jax.lax.scan(advance, numpy.zeros((WINDOWS, WIDTH)), numpy.moveaxis(into, 1, 0))
        return apply(p["output"], numpy.moveaxis(states, 0, 1))

    return {
        "digits-mlp": ({"hidden": dense(PIXELS, 32), "output": dense(32, CLASSES)}, perceptron, digits),
        "digits-conv": (
            {
                "first": {"weight": normal(3, 3, 1, 8), "bias": numpy.zeros(8)},
                "second": {"weight": normal(3, 3, 8, 16), "bias": numpy.zeros(16)},
                "output": dense(64, CLASSES),
            },
            convolutions,
            digits,
        ),
        "text-transformer": (
            {
                "embedding": embedding(),
                **{f"norm {number}": gains() for number in (1, 2, 3)},
                "into": normal(WIDTH, 3 * WIDTH),
                "out": normal(WIDTH, WIDTH),
                "first": dense(WIDTH, 4 * WIDTH),
                "second": dense(4 * WIDTH, WIDTH),
                "output": dense(WIDTH, VOCABULARY),
            },
            transformer,
            windows,
        ),
        "text-gru": (
            {
                "embedding": embedding(),
                "into": dense(WIDTH, 3 * WIDTH),
                "state": dense(WIDTH, 3 * WIDTH),
                "output": dense(WIDTH, VOCABULARY),
            },
            gru,
            windows,
        ),
    }


def jax_steps():
    numpy = jax.numpy

    def step_of(parameters, logits, batch):
        def update(parameters, m, v, step, key):
            inputs, labels = batch(key)

            def loss(parameters):
                logarithms = jax.nn.log_softmax(logits(parameters, inputs))
                return -numpy.take_along_axis(logarithms, labels[..., None], -1).mean()

            gradient = jax.grad(loss)(parameters)
            step = step + 1
            m = jax.tree.map(lambda m, g: m + (1 - BETA1) * (g - m), m, gradient)
            v = jax.tree.map(lambda v, g: v + (1 - BETA2) * (g * g - v), v, gradient)
            of_m, of_v = 1 - BETA1**step, 1 - BETA2**step

            def moved(w, m, v):
                decayed = w * (1 - LEARNING_RATE * WEIGHT_DECAY)
                return decayed - LEARNING_RATE * (m / of_m) / (numpy.sqrt(v / of_v) + EPSILON)

            parameters = jax.tree.map(moved, parameters, m, v)
            return parameters, m, v, step, jax.random.split(key)[0]

        update = jax.jit(update, donate_argnums=(0, 1, 2, 3, 4))
        zeros = (jax.tree.map(numpy.zeros_like, parameters) for _ in range(2))
        state = [(parameters, *zeros, numpy.float32(0), jax.random.key(2))]

        def step():
            state[0] = update(*state[0])
            jax.block_until_ready(state[0][0])

        return step

    tasks = jax_tasks()
    for name, (parameters, *_) in tasks.items():
        check_size(name, sum(leaf.size for leaf in jax.tree.leaves(parameters)))
    return {name: step_of(*task) for name, task in tasks.items()}


def main():
    arguments = measure.options(__doc__).parse_args()
    steps = {
        "torch eager, fused AdamW": torch_steps() if torch else {},
        "jax.jit": jax_steps() if jax else {},
    }
    for name in ("digits-mlp", "digits-conv", "text-transformer", "text-gru"):
        contenders = {rival: of[name] for rival, of in steps.items() if name in of}
        if contenders:
            seconds = measure.interleave(contenders, arguments)
            figures = {rival: once_s * 1e6 for rival, once_s in seconds.items()}
            measure.report("training step", name, "us", figures, arguments)


if __name__ == "__main__":
    main()
