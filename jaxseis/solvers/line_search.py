"""Line searches: how far to go along a path ``x(t)``, ``x(0)`` being the point where the path starts.

Armijo's rule asks for a decrease in proportion to what the gradient promises, from the start or, in the nonmonotone
rule of Grippo et al., from the largest of the last values:

    f(x(t)) <= max(last values) + decrease <g(0), x(t) - x(0)>

The strong Wolfe conditions ask for that (with the last value only), and that the slope has flattened:

    |d/dt f(x(t))| <= curvature |d/dt f(x(0))|

Paths may bend, as a line projected onto bounds does. A trial at which the value or the gradient is not finite counts as
infinitely high, so that searches step back from it. Rounding is forgiven: both rules allow a rise by a few units in the
last place of the value, without which no search could work close to a minimum.

Armijo, Pacific J. Math. 16 (1966); Grippo, Lampariello and Lucidi, SIAM J. Numer. Anal. 23 (1986); Nocedal and Wright,
Numerical Optimization (2006), algorithms 3.5 and 3.6.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.operators._structure import inner
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._loop import cond, while_loop
from jaxseis.solvers._options import check_count, check_option, check_part
from jaxseis.solvers.objective import Point

Path = Callable[[Array], PyTree]
Evaluate = Callable[[PyTree], Point]
_FORGIVEN = 8  # units in the last place


class Searched(eqx.Module):
    """What a line search found: a point, how far along the path, after how many evaluations, and whether it fits.

    If none fits, the point is where the path starts and the step is zero.
    """

    point: Point
    step: Array
    evaluations: Array
    found: Array


class LineSearch(eqx.Module):
    """A rule for the length of a step. ``memory`` is how many of the last values it looks at."""

    memory: eqx.AbstractVar[int]

    @abstractmethod
    def search(self, evaluate: Evaluate, start: Point, path: Path, last: Array) -> Searched:
        """A point on the path.

        Arguments:
            evaluate: x -> the point at x, with value and gradient.
            start: the point at ``path(0)``.
            path: t -> x(t); ``t = 1`` is tried first.
            last: the last values of the objective, (memory,), that of the start among them.
        """


class Armijo(LineSearch):
    """Backtracking from ``t = 1`` by quadratic interpolation.

    Arguments:
        decrease: part of the promised decrease that is asked for.
        shortest, longest: each trial is so many times the last, at least and at most.
        memory: number of last values of which the largest is the reference; 1 is the monotone rule.
        max_trials: largest number of evaluations.

    ```python
    solution = solve(f, LBFGS(search=Armijo()), start)
    ```
    """

    decrease: float = 1e-4
    shortest: float = 0.1
    longest: float = 0.5
    memory: int = eqx.field(static=True, default=1)
    max_trials: int = eqx.field(static=True, default=20)

    def __check_init__(self):
        check_part("decrease", self.decrease)
        check_part("shortest", self.shortest)
        check_part("longest", self.longest)
        for name in ("memory", "max_trials"):
            check_count(name, getattr(self, name))

    def search(self, evaluate: Evaluate, start: Point, path: Path, last: Array) -> Searched:
        reference = jnp.max(last) + _rounding(start.value)

        def going_on(now: Any) -> Array:
            _, searched = now
            return ~searched.found & (searched.evaluations < self.max_trials)

        def trial(now: Any) -> Any:
            t, searched = now
            point = evaluate(path(t))
            promised = inner(start.gradient, vec.add(point.x, start.x, -1.0)).astype(start.value.dtype)
            found = (point.value <= reference + self.decrease * promised) & (promised <= 0)
            shorter = t * jnp.clip(_parabola(point.value - start.value, promised), self.shortest, self.longest)
            return shorter, Searched(point, t, searched.evaluations + 1, found)

        first = jnp.ones((), start.value.dtype)
        _, searched = while_loop(going_on, trial, (first, _nowhere(start)))
        return cond(searched.found, lambda: searched, lambda: _nowhere(start, searched.evaluations))


class Wolfe(LineSearch):
    """Strong Wolfe conditions by bracketing and cubic interpolation.

    Arguments:
        decrease: part of the promised decrease that is asked for.
        curvature: part of the first slope that may be left; 0.9 for quasi-Newton methods, 0.1 for conjugate gradients.
        growth: a trial that is too short is followed by one at most so many times as long.
        max_trials: largest number of evaluations. Where they are used up, the lowest point with enough decrease is
            taken, whatever its slope.

    ```python
    solution = solve(f, LBFGS(search=Wolfe(curvature=0.5)), start)
    ```
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    growth: float = 10.0
    max_trials: int = eqx.field(static=True, default=20)
    memory: ClassVar[int] = 1

    def __check_init__(self):
        expected = f"a number between decrease, {self.decrease}, and 1"
        check_option("curvature", self.curvature, expected, lambda v: self.decrease < v < 1)
        check_count("max_trials", self.max_trials)

    def search(self, evaluate: Evaluate, start: Point, path: Path, last: Array) -> Searched:
        zero, one = jnp.zeros((), start.value.dtype), jnp.ones((), start.value.dtype)
        origin = _Knot(zero, start.value, _slope(path, start, zero))
        nowhere = _Knot(jnp.inf * one, jnp.inf * one, jnp.inf * one)
        bracket = _Bracket(origin, start, nowhere, one, jnp.asarray(0), jnp.asarray(False))

        def going_on(now: _Bracket) -> Array:
            return ~now.found & (now.evaluations < self.max_trials) & (origin.slope < 0)

        bracket = while_loop(going_on, lambda now: self._trial(evaluate, path, origin, now), bracket)
        found = bracket.found | (bracket.low.value < origin.value)
        return Searched(
            cond(found, lambda: bracket.point, lambda: start),
            jnp.where(found, bracket.low.t, 0.0),
            bracket.evaluations,
            found,
        )

    def _trial(self, evaluate: Evaluate, path: Path, origin: "_Knot", now: "_Bracket") -> "_Bracket":
        point = evaluate(path(now.next))
        knot = _Knot(now.next, point.value, _slope(path, point, now.next))
        slack = _rounding(origin.value)
        lowest = jnp.minimum(origin.value + self.decrease * knot.t * origin.slope, now.low.value) + slack
        is_high = ~(knot.value <= lowest)
        found = ~is_high & (jnp.abs(knot.slope) <= self.curvature * jnp.abs(origin.slope))
        # The minimum lies between the lower end and the other one: if the slope at a new lower end
        # points away from the other, the last lower end takes its place.
        turned = ~is_high & (knot.slope * (now.high.t - knot.t) >= 0)
        high = vec.where(is_high, knot, vec.where(turned, now.low, now.high))
        low, best = cond(is_high, lambda: (now.low, now.point), lambda: (knot, point))
        return _Bracket(low, best, high, self._next(now.low, low, high), now.evaluations + 1, found)

    def _next(self, before: "_Knot", low: "_Knot", high: "_Knot") -> Array:
        """Where the cubic through a bracket is lowest; where there is none, longer: where the slopes tend to zero."""
        zero = low.t + vec.over(-low.slope * (low.t - before.t), low.slope - before.slope, jnp.nan)
        zero = jnp.where(low.slope > before.slope, zero, jnp.inf)
        longer = jnp.clip(zero, 1.5 * low.t, self.growth * low.t)
        width = high.t - low.t
        part = jnp.clip(_cubic(width, high.value - low.value, low.slope, high.slope), 0.1, 0.9)
        return jnp.where(jnp.isinf(high.t), longer, low.t + part * width)


class _Knot(eqx.Module):
    """A trial: where, how high, how steep."""

    t: Array
    value: Array
    slope: Array


class _Bracket(eqx.Module):
    """The lowest trial so far with its point, the other end, infinitely far at first, and what to try next."""

    low: _Knot
    point: Point
    high: _Knot
    next: Array
    evaluations: Array
    found: Array


def _nowhere(start: Point, evaluations: Any = 0) -> Searched:
    return Searched(start, jnp.zeros_like(start.value), jnp.asarray(evaluations), jnp.asarray(False))


def _rounding(value: Array) -> Array:
    return _FORGIVEN * jnp.finfo(value.dtype).eps * jnp.abs(value)


def _slope(path: Path, point: Point, t: Array) -> Array:
    """d/dt f(x(t)): less than the gradient promises where the path runs along a bound."""
    _, velocity = jax.jvp(path, (t,), (jnp.ones_like(t),))
    return inner(point.gradient, velocity).astype(t.dtype)


def _parabola(rise: Array, promised: Array) -> Array:
    """Where the parabola with slope ``promised`` at 0 that has risen by ``rise`` at 1 is lowest; 0 if nowhere."""
    return jnp.nan_to_num(vec.over(-promised, 2 * (rise - promised)))


def _cubic(width: Array, rise: Array, slope: Array, end_slope: Array) -> Array:
    """The part of the interval where the cubic with these slopes and this rise is lowest; 1/2 if it has no minimum.

    An end that is infinitely high is kept away from: 0.
    """
    a, b = slope * width, end_slope * width
    d = a + b - 3 * rise
    size = jnp.maximum(jnp.maximum(abs(a), abs(b)), abs(d))
    a, b, d = (vec.over(v, size) for v in (a, b, d))  # their squares may be too small for the precision
    root = jnp.sqrt(d * d - a * b)
    part = 1 - vec.over(b + root - d, b - a + 2 * root, jnp.nan)
    return jnp.where(jnp.isinf(rise), 0.0, jnp.where(jnp.isnan(part), 0.5, part))
