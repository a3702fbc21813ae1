"""Checks that an operator is linear, that its adjoint is its adjoint, and that a derivative is one.

All are scale-free (multiplying the operator by any number leaves them alone) and judged by the
precision of the arrays. Sums are taken in float64 on the host, whatever the precision of the operator.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, inner, is_complex, same_structure, structure_of, tree_conj

DOT_TOLERANCES = {"float64": 1e-12, "float32": 1e-6}
LINEARITY_TOLERANCES = {"float64": 1e-12, "float32": 1e-5}
"""Relative errors that are allowed, by precision. In a dot test the rounding of hundreds of time steps averages out."""


class CheckResult(NamedTuple):
    """A relative error and what was allowed; true if the check passed."""

    check: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is a number within the tolerance."""
        return bool(self.error <= self.tolerance)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        return f"{self.check} {verdict}: relative error {self.error:.2e}, tolerance {self.tolerance:.0e}"


def dot_test(A: LinearOperator, key: jax.Array | None = None, tolerance: float | None = None) -> CheckResult:
    """Whether ``A.H`` is the adjoint of ``A``.

        error = |<A x, y> - <x, A.H y>| / (|A x| |y|),    <x, y> = Re sum conj(x) y

    for random x and y; zero if both products vanish. Since ``A.H y = conj(A.T conj(y))`` this checks
    the transpose too.

    Arguments:
        A: any linear operator.
        key: of the random numbers; the same ones every time if None.
        tolerance: largest error allowed; by default 1e-12 in float64 and 1e-6 in float32.

    Returns a result that is true if the test passed and prints its figures.
    Raises ValueError if ``A`` or ``A.H`` returns another structure than it declares.

    ```python
    assert dot_test(Matrix(jnp.ones((2, 3))))
    ```
    """
    keys = jax.random.split(_key(key))
    x, y = random_like(A.in_structure(), keys[0]), random_like(A.out_structure(), keys[1])
    Ax, Ahy = _wide(_apply(A, x)), _wide(_apply(A.H, y))
    difference = abs(float(inner(Ax, _wide(y))) - float(inner(_wide(x), Ahy)))
    return CheckResult("dot test", _ratio(difference, _norm(Ax) * _norm(y)), _tolerance(A, tolerance, DOT_TOLERANCES))


def linearity_test(A: LinearOperator, key: jax.Array | None = None, tolerance: float | None = None) -> CheckResult:
    """Whether ``A`` is linear over the real numbers.

        error = max( |A (x + y) - A x - A y| / (|A x| + |A y|),  |A (c x) - c A x| / |c A x| )

    for random x and y and c = 1.375, exact in every precision. Arguments, result and errors as in ``dot_test``, but
    in float32 an error of 1e-5 is allowed.

    ```python
    assert linearity_test(Matrix(jnp.ones((2, 3))))
    ```
    """
    x, y = (random_like(A.in_structure(), k) for k in jax.random.split(_key(key)))
    c = 1.375
    Ax, Ay = _wide(_apply(A, x)), _wide(_apply(A, y))
    cAx = _over(Ax, 1 / c)
    additive = _minus(_minus(_wide(_apply(A, jax.tree.map(jnp.add, x, y))), Ax), Ay)
    homogeneous = _minus(_wide(_apply(A, jax.tree.map(lambda v: c * v, x))), cAx)
    error = max(_ratio(_norm(additive), _norm(Ax) + _norm(Ay)), _ratio(_norm(homogeneous), _norm(cAx)), key=_nan_last)
    return CheckResult("linearity test", error, _tolerance(A, tolerance, LINEARITY_TOLERANCES))


class TaylorResult(NamedTuple):
    """Orders of the Taylor remainders; true if they are 1 and 2 within the tolerance.

    ``second`` is infinite if the second remainder is rounding only, as for a linear function.
    """

    first: float
    second: float
    tolerance: float
    steps: tuple[float, ...]
    differences: tuple[float, ...]
    remainders: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Whether both orders are what they must be."""
        second = self.second == np.inf or abs(self.second - 2) < self.tolerance
        return bool(abs(self.first - 1) < self.tolerance and second)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        orders = f"orders {self.first:.3f} (1) and {self.second:.3f} (2), tolerance {self.tolerance:g}"
        rows = zip(self.steps, self.differences, self.remainders, strict=True)
        table = "".join(f"\n  h = {h:.3e}   first {a:.3e}   second {b:.3e}" for h, a, b in rows)
        return f"Taylor test {verdict}: {orders}{table}"


def taylor_test(
    f: Callable[[PyTree], PyTree],
    x: PyTree,
    dx: PyTree | None = None,
    derivative: Callable[[PyTree], PyTree] | None = None,
    steps: Sequence[float] | None = None,
    tolerance: float = 0.05,
) -> TaylorResult:
    """Whether a derivative is that of ``f``: the orders, as h tends to 0, of

        |f(x + h dx) - f(x)|                       must be 1
        |f(x + h dx) - f(x) - h derivative(dx)|    must be 2

    Arguments:
        f: function of a pytree; its value is an array or a pytree.
        x: where; real or complex arrays.
        dx: direction, of the structure of x; random, as large as x in each array, if None.
        derivative: dx -> directional derivative, of the structure of f(x). By default reverse mode, so
            that functions with a custom_vjp can be tested; it must be given where f is not one real number.
        steps: three or more values of h; by default five halvings, as small as rounding allows. In
            float32 it leaves little room: prefer float64, or a direction and steps of your own.
        tolerance: largest departure from 1 and 2.

    Returns a result that is true if both orders are right and prints the table.
    Raises ValueError if the derivative is missing or has the wrong structure, or there are fewer steps.
    A direction along which the first or second derivative vanishes has other orders: give another dx.

    ```python
    assert taylor_test(lambda x: jnp.sum(jnp.sin(x) ** 2), jnp.arange(3.0))
    ```
    """
    x = jax.tree.map(jnp.asarray, x)
    dx = _direction(x) if dx is None else jax.tree.map(jnp.asarray, dx)
    fx = jax.tree.map(jnp.asarray, f(x))
    remainders = _remainders(f, x, dx, fx, _slope(derivative or _reverse_mode(f, x, fx), dx, fx))
    eps = _epsilon(structure_of((x, fx)))
    unit = _unit_step(x, dx)
    rounding = max(eps * _norm(fx), remainders(unit * eps**0.75)[1])
    if steps is None:
        steps = _steps(unit, eps, rounding, remainders(unit * eps**0.25)[1])
    if len(steps) < 3:
        raise _checks.fail("steps", "three or more values of h", steps)
    first, second = zip(*map(remainders, steps), strict=True)
    orders = [_order(steps, values, rounding) for values in (first, second)]
    if max(second) <= 30 * rounding:
        orders[1] = np.inf
    return TaylorResult(orders[0], orders[1], tolerance, tuple(steps), first, second)


def _slope(derivative: Callable, dx: PyTree, fx: PyTree) -> PyTree:
    slope = _wide(derivative(dx))
    if not same_structure(slope, _wide(fx)):
        raise _checks.fail("derivative(dx)", describe(structure_of(fx)), describe(structure_of(slope)))
    return slope


def _remainders(f: Callable, x: PyTree, dx: PyTree, fx: PyTree, slope: PyTree) -> Callable[[float], tuple]:
    """Both remainders as a function of h."""

    def remainders(h: float) -> tuple[float, float]:
        moved = f(jax.tree.map(lambda v, d: (v + h * d).astype(v.dtype), x, dx))
        difference = _minus(_wide(moved), _wide(fx))
        return _norm(difference), _norm(_minus(difference, _over(slope, 1 / h)))

    return remainders


def _reverse_mode(f: Callable, x: PyTree, fx: PyTree) -> Callable[[PyTree], PyTree]:
    if not isinstance(fx, jax.Array) or fx.shape != () or is_complex(fx):
        raise _checks.fail("derivative", "a function dx -> f'(x) dx, since f is not one real number", None)
    (g,) = jax.vjp(f, x)[1](jnp.ones_like(fx))
    # JAX returns the g for which df = Re sum g dx, without a conjugate.
    return lambda dx: np.asarray(inner(_wide(tree_conj(g)), _wide(dx)))


def _direction(x: PyTree) -> PyTree:
    noise = random_like(structure_of(x), _key(None))
    return jax.tree.map(lambda v, n: (_largest([v]) or 1.0) * n.astype(v.dtype), x, noise)


def _unit_step(x: PyTree, dx: PyTree) -> float:
    """The h for which h dx is a tenth of x in the array where it is relatively largest."""
    sizes = [(_largest([v]) or 1.0, _largest([d])) for v, d in zip(*map(jax.tree.leaves, (x, dx)), strict=True)]
    return 0.1 * min((v / d for v, d in sizes if d > 0), default=1.0)


def _steps(unit: float, eps: float, rounding: float, remainder: float) -> list[float]:
    """Five halvings, the last where the second remainder, about ``c h^2``, stands well above rounding.

    The margin, half of eps^(-1/8) in h, was found by trial: rounding and the next order in h disturb
    the fit about equally, in either precision.
    """
    c = max(remainder, rounding, np.finfo(float).tiny) / eps**0.5
    last = min(0.5 * (rounding / c) ** 0.5 * eps**-0.125, 0.25) or 0.25
    return [unit * last * 2.0**k for k in (4, 3, 2, 1, 0)]


def _order(steps: Sequence[float], values: Sequence[float], rounding: float) -> float:
    """The p of ``value = c h^p exp(b h)`` by least squares; the exponential stands for the next order in h.

    A logarithm counts less where rounding makes it uncertain.
    """
    if not all(np.isfinite(values)) or min(values) <= 0:
        return float("nan")
    h = np.asarray(steps) / max(steps)
    weights = 1 / (0.003 + rounding / np.asarray(values))
    table = np.stack([np.log(h), h, np.ones_like(h)], axis=1)
    return float(np.linalg.lstsq(table * weights[:, None], np.log(values) * weights, rcond=None)[0][0])


def random_like(structure: PyTree, key: jax.Array) -> PyTree:
    """Normally distributed arrays of a structure, complex where it is; for a key that is not traced.

    ```python
    x = random_like(A.in_structure(), jax.random.key(0))
    ```
    """
    # NumPy draws them: JAX would compile a generator for every shape
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return jax.tree.map(lambda s: jnp.asarray(_normal(generator, s), s.dtype), structure)


def _normal(generator: np.random.Generator, s: jax.ShapeDtypeStruct) -> np.ndarray:
    """Of variance one, half of it in each part of a complex number."""
    parts = generator.standard_normal((2, *s.shape))
    return (parts[0] + 1j * parts[1]) / np.sqrt(2) if is_complex(s) else parts[0]


def _key(key: jax.Array | None) -> jax.Array:
    return jax.random.key(0) if key is None else key


def _apply(A: LinearOperator, x: PyTree) -> PyTree:
    y = A.mv(x)
    if not same_structure(y, A.out_structure()):
        raise _checks.fail(f"result of {A.name}", describe(A.out_structure(), A.out_axes()), describe(structure_of(y)))
    return y


def _epsilon(structure: PyTree) -> float:
    return max(float(jnp.finfo(s.dtype).eps) for s in jax.tree.leaves(structure))


def _tolerance(A: LinearOperator, tolerance: float | None, by_precision: dict[str, float]) -> float:
    if tolerance is not None:
        return tolerance
    structure = (A.in_structure(), A.out_structure())
    coarsest = max((jnp.finfo(s.dtype) for s in jax.tree.leaves(structure)), key=lambda info: float(info.eps))
    return by_precision.get(str(coarsest.dtype), 10 * float(coarsest.eps))


# Vectors on the host, in double precision.


def _wide(x: PyTree) -> PyTree:
    return jax.tree.map(lambda v: np.asarray(v, dtype=complex if jnp.iscomplexobj(v) else float), x)


def _minus(x: PyTree, y: PyTree) -> PyTree:
    return jax.tree.map(np.subtract, x, y)


def _over(x: PyTree, scale: float) -> PyTree:
    return jax.tree.map(lambda v: v / scale, x)


def _largest(x: PyTree) -> float:
    return float(np.max([np.max(np.abs(v), initial=0.0) for v in jax.tree.leaves(x)], initial=0.0))


def _norm(x: PyTree) -> float:
    """The norm, with the largest entry divided out so that squares neither vanish nor overflow."""
    wide = _wide(x)
    scale = _largest(wide)
    return scale * float(inner(y := _over(wide, scale), y)) ** 0.5 if 0 < scale < np.inf else scale


def _ratio(error: float, size: float) -> float:
    """error / size; zero if both are, infinite if only the size is."""
    if size == 0:
        return 0.0 if error == 0 else float("inf")
    return error / size


def _nan_last(error: float) -> tuple[bool, float]:
    return np.isnan(error), error
