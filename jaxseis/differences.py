"""Finite differences of even order on a regular grid.

Taylor matching gives closed forms (Fornberg, Math. Comp. 51, 1988). With order ``2r``:

    f''(x_i)       ~ (1/h^2) [c_0 f_i + sum_k c_k (f_{i+k} + f_{i-k})],            k = 1..r
    f'(x_{i+1/2})  ~ (1/h)   sum_k d_k (f_{i+k} - f_{i+1-k}),                      k = 1..r
    f'(x_i)        ~ (1/h)   sum_k e_k (f_{i+k} - f_{i-k}),                        k = 1..r
"""

from fractions import Fraction
from functools import lru_cache
from math import factorial, prod

import numpy as np

from jaxseis import _checks

ORDERS = tuple(range(2, 17, 2))


def check_order(order: int) -> int:
    """``order`` if it is an even number from 2 to 16, or an error."""
    if not isinstance(order, (int, float, np.number)) or order not in ORDERS:
        raise _checks.fail("space_order", "an even number from 2 to 16", order)
    return int(order)


@lru_cache
def second(order: int) -> tuple[float, ...]:
    """Weights ``(c_0, c_1, ..., c_r)`` of the centred second difference."""
    r = order // 2
    side = [
        Fraction(2 * (-1) ** (k + 1) * factorial(r) ** 2, k**2 * factorial(r - k) * factorial(r + k))
        for k in range(1, r + 1)
    ]
    return tuple(float(c) for c in (-2 * sum(side), *side))


@lru_cache
def staggered(order: int) -> tuple[float, ...]:
    """Weights ``(d_1, ..., d_r)`` of the first difference to the midpoint of two nodes."""
    r = order // 2
    odd = prod(range(1, 2 * r, 2)) ** 2
    return tuple(
        float(
            Fraction(
                (-1) ** (k + 1) * odd, 2 ** (2 * r - 2) * (2 * k - 1) ** 2 * factorial(r - k) * factorial(r + k - 1)
            )
        )
        for k in range(1, r + 1)
    )


@lru_cache
def centred(order: int) -> tuple[float, ...]:
    """Weights ``(e_1, ..., e_r)`` of the first difference at the nodes."""
    r = order // 2
    return tuple(
        float(Fraction((-1) ** (k + 1) * factorial(r) ** 2, k * factorial(r - k) * factorial(r + k)))
        for k in range(1, r + 1)
    )


def second_symbol_max(order: int) -> float:
    """Largest value of minus the symbol of the second difference (at the Nyquist wavenumber), h = 1."""
    c = second(order)
    return -c[0] + 2 * sum(abs(ck) for ck in c[1:])


def staggered_symbol_max(order: int) -> float:
    """Largest absolute value of the symbol of the staggered first difference, h = 1."""
    return 2 * sum(abs(dk) for dk in staggered(order))


def layer_order(order: int) -> int:
    """Order of the staggered difference that corrects a second difference in an absorbing layer.

    It must be lower than the interior's, so that the squared symbol of the staggered difference never
    exceeds the symbol of the second difference: with equal orders their difference is negative near
    the Nyquist wavenumber and the field grows after some thousand steps. At order 2 they are equal.
    """
    return max(2, order - 2)
