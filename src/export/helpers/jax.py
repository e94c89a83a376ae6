import jax
import jax.numpy as jnp


def product_and_error(a, b):
    """a * b as binary32 has it, and what that leaves out (Dekker 1971)."""
    def halves(x):
        high = 4097.0 * x
        high = high - (high - x)
        return high, x - high

    product, (a1, a2), (b1, b2) = a * b, halves(a), halves(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def fma(a, b, c):
    """a * b + c, rounded once or nearly so: what product and sum leave out is added at the end."""
    product, of_product = product_and_error(a, b)
    total = product + c
    part = total - product
    of_sum = (product - (total - part)) + (c - part)
    error = of_product + of_sum
    return jnp.where(jnp.isfinite(error), total + error, total)


def exp10(a):
    """10 to the power a."""
    return jnp.power(jnp.float32(10.0), a)


def powr(a, b):
    """a to the power b as the exponential of a logarithm: NaN for a < 0, 0**0, inf**0 and 1**inf."""
    undefined = (a < 0) | ((b == 0) & ((a == 0) | jnp.isinf(a))) | ((a == 1) & jnp.isinf(b))
    undefined = undefined | jnp.isnan(a) | jnp.isnan(b)
    return jnp.where(undefined, jnp.nan, jnp.power(jnp.where(undefined, 1.0, a), b))


def log_sum_exp(a):
    """The logarithm of the sum of exponentials, without overflow."""
    greatest = jax.lax.stop_gradient(jnp.max(a))
    below = a - greatest
    # 0, unless XLA computes a anew here and rounds it otherwise than for its maximum.
    left = jax.lax.stop_gradient(jnp.max(below))
    return greatest + (left + jnp.log(jnp.sum(jnp.exp(below - left))))


def clip_norm(a, most):
    """a scaled down to the norm `most`, if its own is greater."""
    norm = jnp.sqrt(jnp.sum(jnp.square(a)))
    return a * jnp.where(most < norm, most / norm, 1.0)


def newton_schulz(a):
    """Nearly the orthogonal matrix next to a, by five Newton-Schulz steps (Jordan 2024, "Muon")."""
    x = a / (jnp.sqrt(jnp.sum(jnp.square(a))) + 1e-7)
    for _ in range(5):
        y = x @ x.T
        x = 3.4445 * x + (-4.775 * y + 2.0315 * (y @ y)) @ x
    return x


def inverse_root(a, degree):
    """a to the power -1/degree by coupled Newton steps (Guo and Higham 2006), for a positive definite a."""
    identity = jnp.eye(a.shape[0], dtype=a.dtype)
    scale = (degree + 1) / (2 * jnp.sqrt(jnp.sum(jnp.square(a))))

    def goes_on(carried):
        number, _, _, distance, before = carried
        return (number == 0) | ((number < 40) & (distance > 1e-6) & (distance < 1.2 * before))

    def advance(carried):
        number, x, m, before, _ = carried
        step = identity * (1 + 1 / degree) - m / degree
        x, m = x @ step, jnp.linalg.matrix_power(step, degree) @ m
        return number + 1, x, m, jnp.max(jnp.abs(m - identity)), before

    infinity = jnp.asarray(jnp.inf, a.dtype)
    start = (0, identity * scale ** (1 / degree), scale * a, infinity, infinity)
    return jax.lax.while_loop(goes_on, advance, start)[1]


def inverse_root_derivative(a, direction, degree):
    """The derivative of inverse_root at a in a symmetric direction."""
    identity = jnp.eye(a.shape[0], dtype=a.dtype)
    scale = (degree + 1) / (2 * jnp.sqrt(jnp.sum(jnp.square(a))))

    def goes_on(carried):
        number, _, _, _, _, distance, before = carried
        return (number == 0) | ((number < 40) & (distance > 1e-6) & (distance < 1.2 * before))

    def advance(carried):
        number, x, m, dx, dm, before, _ = carried
        step, dstep = identity * (1 + 1 / degree) - m / degree, -dm / degree
        dx, x = dx @ step + x @ dstep, x @ step
        power, dpower = step, dstep
        for _ in range(degree // 2):
            power, dpower = power @ power, dpower @ power + power @ dpower
        dm, m = dpower @ m + power @ dm, power @ m
        return number + 1, x, m, dx, dm, jnp.max(jnp.abs(m - identity)), before

    infinity = jnp.asarray(jnp.inf, a.dtype)
    root = identity * scale ** (1 / degree)
    start = (0, root, scale * a, jnp.zeros_like(a), scale * direction, infinity, infinity)
    return jax.lax.while_loop(goes_on, advance, start)[3]


def set_element(a, place, number):
    """a with `number` for one element: of equal parts of [0, 1], row by row, the one in whose part `place` is."""
    product, error = product_and_error(place, jnp.float32(a.size))
    index = jnp.floor(product)
    # No rounding may carry a place over to the next element.
    index = jnp.where((index == product) & (error < 0), index - 1, index)
    index = jnp.clip(jnp.nan_to_num(index), 0, a.size - 1)
    is_chosen = jnp.arange(a.size, dtype=jnp.float32).reshape(a.shape) == index
    return jnp.where(is_chosen, number, a)


def random_words(first_key, second_key, like):
    """Two random words for each element, by Philox-2x32-10 (Salmon et al. 2011)."""
    def bits(key):
        key = jnp.asarray(key, jnp.float32)
        return jax.lax.bitcast_convert_type(jnp.where(jnp.isnan(key), jnp.nan, key), jnp.uint32)

    def product(a):
        # The two halves of the 64 bits of 0xD256D193 * a, by halves of 16 bits.
        low, high = a & 0xFFFF, a >> 16
        crossed = (low * jnp.uint32(0xD193) >> 16) + low * jnp.uint32(0xD256)
        carried = (crossed & 0xFFFF) + high * jnp.uint32(0xD193)
        return high * jnp.uint32(0xD256) + (crossed >> 16) + (carried >> 16), a * jnp.uint32(0xD256D193)

    high = jnp.arange(like.size, dtype=jnp.uint32).reshape(like.shape)
    low = jnp.full(like.shape, bits(first_key))
    key = bits(second_key)
    for _ in range(10):
        upper, lower = product(high)
        high, low = upper ^ key ^ low, lower
        key = key + jnp.uint32(0x9E3779B9)
    return high, low


def uniform(first_key, second_key, like):
    """Uniform random numbers in [0, 1), the same for the same keys."""
    high, _ = random_words(first_key, second_key, like)
    return (high >> 8).astype(jnp.float32) * 2**-24


def normal(first_key, second_key, like):
    """Standard normal random numbers, the same for the same keys."""
    high, low = random_words(first_key, second_key, like)
    radius = 1 - (high >> 8).astype(jnp.float32) * 2**-24
    angle = 2 * jnp.pi * ((low >> 8).astype(jnp.float32) * 2**-24)
    return jnp.sqrt(-2 * jnp.log(radius)) * jnp.cos(angle)
