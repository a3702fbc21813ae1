"""Monotone rational-quadratic splines (Durkan, Bekasov, Murray and Papamakarios, Neural Spline Flows, NeurIPS 2019).

Between knots ``(x_k, y_k)``, with ``xi = (x - x_k) / w`` across a bin of width w and height h, slope ``s = h / w``,
derivatives d, e at its two ends, and ``q = xi (1 - xi)``,

    y  = y_k + h (s xi^2 + d q) / D,    D = s (1 - 2 q) + (d + e) q,
    y' = s^2 (e xi^2 + 2 s q + d (1 - xi)^2) / D^2.

All terms are positive, nothing cancels. With ``eta = (y - y_k) / h`` the inverse is the root in [0, 1] of
``(s - b) xi^2 + b xi - s eta = 0``, ``b = d - eta (d + e - 2 s)``, whose discriminant is a sum of squares,

    r^2 = (b - 2 s eta)^2 + 4 s^2 eta (1 - eta),    xi = 2 s eta / (b + r) = (r - b) / (2 (s - b)),

the first form for b >= 0, the second for b < 0.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.flows.layers.elementwise import Elementwise


@dataclass(frozen=True)
class RationalQuadratic(Elementwise):
    """A spline through knots that the parameters place on ``[-bound, bound]``; the identity outside of it.

    Arguments:
        bins: how many bins between knots.
        bound: where the spline ends; there its derivative is 1.
        min_bin: the least width and height of a bin, as a share of the whole.
        min_slope: the least derivative at a knot.

    The parameters of a number: ``bins`` for widths, ``bins`` for heights, and ``bins - 1`` for derivatives at the
    inner knots. At zero all bins are equal and the spline is the identity.

    ```python
    Coupling(12, subnet, map=RationalQuadratic(bins=8, bound=4.0), rngs=rngs)
    ```
    """

    bins: int = 8
    bound: float = 3.0
    min_bin: float = 1e-3
    min_slope: float = 1e-3

    def __post_init__(self):
        _checks.whole("bins", self.bins, 2)
        _checks.positive("bound", self.bound, "standard deviations")
        for name, value, end in (("min_bin", self.min_bin, 1 / self.bins), ("min_slope", self.min_slope, 1)):
            if not 0 < value < end:
                raise _checks.fail(name, f"a number between 0 and {end:g}", value)

    @property
    def count(self) -> int:
        return 3 * self.bins - 1

    def forward(self, x: Array, parameters: Array) -> tuple[Array, Array]:
        within = jnp.abs(x) < self.bound
        knots = self.knots(parameters)
        inside = jnp.where(within, x, 0)  # where it stays, derivatives go through the other branch too
        part = _bin_of(inside, knots.x, knots)
        xi = (inside - part.x) / part.width
        y = part.y + part.height * part.climbed(xi)
        return jnp.where(within, y, x), jnp.where(within, part.log_derivative(xi), 0)

    def inverse(self, y: Array, parameters: Array) -> tuple[Array, Array]:
        within = jnp.abs(y) < self.bound
        knots = self.knots(parameters)
        inside = jnp.where(within, y, 0)
        part = _bin_of(inside, knots.y, knots)
        xi = part.reached((inside - part.y) / part.height)
        x = part.x + part.width * xi
        return jnp.where(within, x, y), jnp.where(within, -part.log_derivative(xi), 0)

    def knots(self, parameters: Array) -> "Knots":
        """Abscissae, ordinates and derivatives of the ``bins + 1`` knots, (..., knot, channel)."""
        widths, heights, slopes = jnp.split(parameters, (self.bins, 2 * self.bins), axis=-2)
        free = jnp.log(jnp.expm1(jnp.asarray(1 - self.min_slope, parameters.dtype)))  # so that zero is slope one
        ends = [(0, 0)] * (parameters.ndim - 2) + [(1, 1), (0, 0)]
        inner = self.min_slope + jax.nn.softplus(slopes + free)
        return Knots(self._places(widths), self._places(heights), jnp.pad(inner, ends, constant_values=1))

    def _places(self, free: Array) -> Array:
        """Knots from -bound to bound, at distances that are positive for any numbers."""
        shares = self.min_bin + (1 - self.min_bin * self.bins) * jax.nn.softmax(free, axis=-2)
        inner = self.bound * (2 * jnp.cumsum(shares[..., :-1, :], axis=-2) - 1)
        end = jnp.full_like(inner[..., :1, :], self.bound)
        return jnp.concatenate([-end, inner, end], axis=-2)


class Knots(NamedTuple):
    """The knots of splines, (..., knot, channel)."""

    x: Array
    y: Array
    slope: Array


class Bin(NamedTuple):
    """The bin of every number: its lower left corner, its size, and the derivatives at its two ends."""

    x: Array
    y: Array
    width: Array
    height: Array
    first: Array
    last: Array

    def climbed(self, xi: Array) -> Array:
        """The share of the height at a share of the width."""
        steep, q = self.height / self.width, xi * (1 - xi)
        return (steep * xi**2 + self.first * q) / self._denominator(q)

    def reached(self, eta: Array) -> Array:
        """The share of the width at a share of the height."""
        steep = self.height / self.width
        b = self.first - eta * (self.first + self.last - 2 * steep)
        r = jnp.sqrt((b - 2 * steep * eta) ** 2 + 4 * steep**2 * eta * (1 - eta))
        falling = jnp.minimum(b, 0)  # each form is given a b that suits it
        return jnp.where(b < 0, (r - falling) / (2 * (steep - falling)), 2 * steep * eta / (jnp.maximum(b, 0) + r))

    def log_derivative(self, xi: Array) -> Array:
        """``log y'``."""
        steep, q = self.height / self.width, xi * (1 - xi)
        numerator = self.last * xi**2 + 2 * steep * q + self.first * (1 - xi) ** 2
        return 2 * jnp.log(steep) + jnp.log(numerator) - 2 * jnp.log(self._denominator(q))

    def _denominator(self, q: Array) -> Array:
        return self.height / self.width * (1 - 2 * q) + (self.first + self.last) * q


def _bin_of(number: Array, edges: Array, knots: Knots) -> Bin:
    """The bin whose edges a number lies between."""
    passed = number[..., None, :] >= edges[..., 1:-1, :]
    index = jnp.sum(passed, axis=-2, keepdims=True)

    def pick(values: Array) -> Array:
        return jnp.take_along_axis(values, index, axis=-2)[..., 0, :]

    x, y, first = (pick(values[..., :-1, :]) for values in knots)
    width, height = (pick(jnp.diff(values, axis=-2)) for values in (knots.x, knots.y))
    return Bin(x, y, width, height, first, pick(knots.slope[..., 1:, :]))
