r"""The windows of the uniform discrete curvelet transform, as formulas.

A frequency k = (k_1, ..., k_D) of a signal of shape (N_1, ..., N_D) is written as q_d = 3 k_d / (2 N_d): the unit is
4 pi / 3 radians per sample, the outer edge of the finest scale, and Nyquist's frequency is q = 3/4. With Meyer's step

    b(t) = t^4 (35 - 84 t + 70 t^2 - 20 t^3)  on [0, 1],  0 before, 1 after,    b(t) + b(1 - t) = 1

the low pass that ends at 2^-s, the ring of scale s (0 is the finest), and wedge l of the n in a pyramid are

    H_s(q) = prod_d b(2 - 2 |2^s q_d|)
    F_s(q) = H_s(q) - H_{s+1}(q)
    B(u - l),    B(u) = b((u + a) / 2a) - b((u - 1 + a) / 2a)

These are squares of windows. In the pyramid |q_o| <= |q_p| of axis p, u = n (q_o / |q_p| + 1) / 2 counts wedges
across axis o, and a is how far each reaches into the next. Neighbours add up to one by the property of b, and so do
the repeats of H_0 by the period of a discrete spectrum.

Reference: T. T. Nguyen and H. Chauris, Uniform discrete curvelet transform, IEEE Transactions on Signal
Processing 58 (2010), 3618-3634.
"""

from collections.abc import Sequence

import numpy as np


def step(t: np.ndarray) -> np.ndarray:
    """b(t), which has three continuous derivatives."""
    t = np.clip(t, 0, 1)
    squared = t * t
    return squared * squared * (35 + t * (-84 + t * (70 - 20 * t)))


def low_pass(q: Sequence[np.ndarray], s: int) -> np.ndarray:
    """H_s(q); the arrays of ``q``, one for each axis, broadcast."""
    total = np.ones(())
    for v in q:
        total = total * step(2 - 2 * np.abs(2**s * v))
    return total


def ring(q: Sequence[np.ndarray], s: int) -> np.ndarray:
    """F_s(q), which lives on 2^-s / 4 < max |q_d| < 2^-s."""
    return low_pass(q, s) - low_pass(q, s + 1)


def slope(primary: np.ndarray, other: np.ndarray) -> np.ndarray:
    """r = q_o / |q_p| where it is at most 1, continued by sign(r) (2 - 1/|r|).

    Beyond the edge |r| = 1 the pyramid of axis o begins, with slope 1/r: both are equally far from the edge there.
    """
    r = other / np.abs(primary)
    with np.errstate(divide="ignore"):
        return np.where(np.abs(r) <= 1, r, 2 * np.sign(r) - 1 / r)


def wedge(u: np.ndarray, overlap: float) -> np.ndarray:
    """B(u), which lives on -a < u < 1 + a."""
    return step((u + overlap) / (2 * overlap)) - step((u - 1 + overlap) / (2 * overlap))


def default_overlap(angles: Sequence[int]) -> float:
    """A tenth of the largest a with 2^(1/n) (1 + 2a) (1 + a) < n (after Nguyen and Chauris), n the fewest wedges."""
    n = min((n for n in angles if n > 1), default=3)
    return 0.1 * (np.sqrt(1 + 8 * n / 2 ** (1 / n)) - 3) / 4
