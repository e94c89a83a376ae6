import math

import torch


def fma(a, b, c):
    """a * b + c, rounded once as nearly as binary64 can."""
    return (a.double() * b.double() + c.double()).float()


def exp10(a):
    """10 to the power a."""
    return torch.pow(10.0, a)


def cbrt(a):
    """The cube root."""
    return torch.sign(a) * torch.pow(torch.abs(a).double(), 1 / 3).float()


def powr(a, b):
    """a to the power b as the exponential of a logarithm: NaN for a < 0, 0**0, inf**0 and 1**inf."""
    undefined = (a < 0) | ((b == 0) & ((a == 0) | torch.isinf(a))) | ((a == 1) & torch.isinf(b))
    undefined = undefined | torch.isnan(a) | torch.isnan(b)
    return torch.where(undefined, torch.nan, torch.pow(torch.where(undefined, 1.0, a), b))


def clip_norm(a, most):
    """a scaled down to the norm `most`, if its own is greater."""
    norm = torch.linalg.vector_norm(a)
    return a * torch.where(most < norm, most / norm, 1.0)


def newton_schulz(a):
    """Nearly the orthogonal matrix next to a, by five Newton-Schulz steps (Jordan 2024, "Muon")."""
    x = a / (torch.linalg.vector_norm(a) + 1e-7)
    for _ in range(5):
        y = x @ x.T
        x = 3.4445 * x + (-4.775 * y + 2.0315 * (y @ y)) @ x
    return x


def inverse_root(a, degree):
    """a to the power -1/degree by coupled Newton steps (Guo and Higham 2006), for a positive definite a."""
    identity = torch.eye(a.shape[0], dtype=a.dtype, device=a.device)
    scale = (degree + 1) / (2 * torch.linalg.vector_norm(a))
    x, m = identity * scale ** (1 / degree), scale * a
    distance = math.inf
    for _ in range(40):
        step = identity * (1 + 1 / degree) - m / degree
        x, m = x @ step, torch.linalg.matrix_power(step, degree) @ m
        before, distance = distance, torch.max(torch.abs(m - identity)).item()
        if not 1e-6 < distance < 1.2 * before:
            break
    return x


def inverse_root_derivative(a, direction, degree):
    """The derivative of inverse_root at a in a symmetric direction."""
    identity = torch.eye(a.shape[0], dtype=a.dtype, device=a.device)
    scale = (degree + 1) / (2 * torch.linalg.vector_norm(a))
    x, m = identity * scale ** (1 / degree), scale * a
    dx, dm = torch.zeros_like(a), scale * direction
    distance = math.inf
    for _ in range(40):
        step, dstep = identity * (1 + 1 / degree) - m / degree, -dm / degree
        dx, x = dx @ step + x @ dstep, x @ step
        power, dpower = step, dstep
        for _ in range(degree // 2):
            power, dpower = power @ power, dpower @ power + power @ dpower
        dm, m = dpower @ m + power @ dm, power @ m
        before, distance = distance, torch.max(torch.abs(m - identity)).item()
        if not 1e-6 < distance < 1.2 * before:
            break
    return dx


def set_element(a, place, number):
    """a with `number` for one element: of equal parts of [0, 1], row by row, the one in whose part `place` is."""
    index = torch.nan_to_num(place.double() * a.numel()).clamp(0, a.numel() - 1).long()
    is_chosen = torch.arange(a.numel(), device=a.device).reshape(a.shape) == index
    return torch.where(is_chosen, number, a)


def random_words(first_key, second_key, like):
    """Two random words for each element, by Philox-2x32-10 (Salmon et al. 2011)."""
    def bits(key):
        key = torch.nan_to_num(key.float(), nan=math.nan, posinf=math.inf, neginf=-math.inf)
        return key.view(torch.int32).long() & 0xFFFFFFFF

    high = torch.arange(like.numel(), device=like.device).reshape(like.shape)
    low = bits(first_key) + torch.zeros_like(high)
    key = bits(second_key)
    for _ in range(10):
        # The product's 64 bits, whatever their sign.
        product = 0xD256D193 * high
        high, low = ((product >> 32) & 0xFFFFFFFF) ^ key ^ low, product & 0xFFFFFFFF
        key = (key + 0x9E3779B9) & 0xFFFFFFFF
    return high, low


def uniform(first_key, second_key, like):
    """Uniform random numbers in [0, 1), the same for the same keys."""
    high, _ = random_words(first_key, second_key, like)
    return (high >> 8).float() * 2**-24


def normal(first_key, second_key, like):
    """Standard normal random numbers, the same for the same keys."""
    high, low = random_words(first_key, second_key, like)
    radius = 1 - (high >> 8).float() * 2**-24
    angle = 2 * math.pi * ((low >> 8).float() * 2**-24)
    return torch.sqrt(-2 * torch.log(radius)) * torch.cos(angle)
