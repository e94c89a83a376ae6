import math

import numpy as np


def fma(a, b, c):
    """a * b + c, rounded once as nearly as binary64 can."""
    return np.float32(np.float64(a) * np.float64(b) + np.float64(c))


def exp10(a):
    """10 to the power a."""
    return np.power(np.float32(10), a)


def sigmoid(a):
    """1 / (1 + exp(-a)), without overflow."""
    small = np.exp(-np.abs(a))
    return np.where(a < 0, small, np.float32(1)) / (1 + small)


def powr(a, b):
    """a to the power b as the exponential of a logarithm: NaN for a < 0, 0**0, inf**0 and 1**inf."""
    undefined = (a < 0) | ((b == 0) & ((a == 0) | np.isinf(a))) | ((a == 1) & np.isinf(b))
    return np.where(undefined | np.isnan(a) | np.isnan(b), np.float32(np.nan), np.power(np.abs(a), b))


def erf(a):
    """The error function."""
    return np.vectorize(math.erf, otypes=[np.float32])(a)


def gelu(a):
    """a times the distribution function of the standard normal distribution."""
    tail = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), otypes=[np.float32])
    a = np.maximum(a, np.float32(-1e30))  # Not 0 times infinity.
    return a * tail(a)


def clip_norm(a, most):
    """a scaled down to the norm `most`, if its own is greater."""
    norm = np.sqrt(np.sum(np.square(a)))
    return a * (most / norm if most < norm else np.float32(1))


def log_sum_exp(a):
    """The logarithm of the sum of exponentials, without overflow."""
    greatest = np.max(a)
    return greatest + np.log(np.sum(np.exp(a - greatest)))


def softmax(a):
    """Exponentials over their sum, without overflow."""
    powers = np.exp(a - np.max(a))
    return powers / np.sum(powers)


def row_softmax(a):
    """The softmax of each row."""
    powers = np.exp(a - a.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def row_log_sum_exp(a):
    """The logarithm of the sum of exponentials of each row, as a column."""
    greatest = a.max(1, keepdims=True)
    return greatest + np.log(np.exp(a - greatest).sum(1, keepdims=True))


def newton_schulz(a):
    """Nearly the orthogonal matrix next to a, by five Newton-Schulz steps (Jordan 2024, "Muon")."""
    x = a / (np.sqrt(np.sum(np.square(a))) + np.float32(1e-7))
    for _ in range(5):
        y = x @ x.T
        x = np.float32(3.4445) * x + (np.float32(-4.775) * y + np.float32(2.0315) * (y @ y)) @ x
    return x


def inverse_root(a, degree):
    """a to the power -1/degree by coupled Newton steps (Guo and Higham 2006), for a positive definite a."""
    identity = np.eye(a.shape[0], dtype=np.float32)
    scale = np.float32(degree + 1) / (2 * np.sqrt(np.sum(np.square(a))))
    x, m = identity * scale ** np.float32(1 / degree), scale * a
    distance = np.float32(np.inf)
    for _ in range(40):
        step = identity * np.float32(1 + 1 / degree) - m / np.float32(degree)
        x, m = x @ step, np.linalg.matrix_power(step, degree) @ m
        before, distance = distance, np.max(np.abs(m - identity))
        if not 1e-6 < distance < 1.2 * before:
            break
    return x


def inverse_root_derivative(a, direction, degree):
    """The derivative of inverse_root at a in a symmetric direction."""
    identity = np.eye(a.shape[0], dtype=np.float32)
    scale = np.float32(degree + 1) / (2 * np.sqrt(np.sum(np.square(a))))
    x, m = identity * scale ** np.float32(1 / degree), scale * a
    dx, dm = np.zeros_like(a), scale * direction
    distance = np.float32(np.inf)
    for _ in range(40):
        step, dstep = identity * np.float32(1 + 1 / degree) - m / np.float32(degree), -dm / np.float32(degree)
        dx, x = dx @ step + x @ dstep, x @ step
        power, dpower = step, dstep
        for _ in range(degree // 2):
            power, dpower = power @ power, dpower @ power + power @ dpower
        dm, m = dpower @ m + power @ dm, power @ m
        before, distance = distance, np.max(np.abs(m - identity))
        if not 1e-6 < distance < 1.2 * before:
            break
    return dx


def set_element(a, place, number):
    """a with `number` for one element: of equal parts of [0, 1], row by row, the one in whose part `place` is."""
    result = np.array(a)
    index = np.nan_to_num(np.float64(place) * result.size)
    result.flat[int(np.clip(index, 0, result.size - 1))] = number
    return result


def random_words(first_key, second_key, like):
    """Two random words for each element, by Philox-2x32-10 (Salmon et al. 2011)."""
    def bits(key):
        key = np.float32(np.nan) if np.isnan(key) else np.float32(key)
        return np.uint64(key.view(np.uint32))

    mask = np.uint64(0xFFFFFFFF)
    high = np.arange(like.size, dtype=np.uint64).reshape(like.shape)
    low = np.full(like.shape, bits(first_key))
    key = bits(second_key)
    for _ in range(10):
        product = np.uint64(0xD256D193) * high
        high, low = (product >> np.uint64(32)) ^ key ^ low, product & mask
        key = (key + np.uint64(0x9E3779B9)) & mask
    return high, low


def uniform(first_key, second_key, like):
    """Uniform random numbers in [0, 1), the same for the same keys."""
    high, _ = random_words(first_key, second_key, like)
    return (high >> np.uint64(8)).astype(np.float32) * np.float32(2**-24)


def normal(first_key, second_key, like):
    """Standard normal random numbers, the same for the same keys."""
    high, low = random_words(first_key, second_key, like)
    radius = 1 - (high >> np.uint64(8)).astype(np.float32) * np.float32(2**-24)
    angle = np.float32(2 * np.pi) * ((low >> np.uint64(8)).astype(np.float32) * np.float32(2**-24))
    return np.sqrt(-2 * np.log(radius)) * np.cos(angle)
