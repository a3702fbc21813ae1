"""The norm of an operator, its largest singular value, by power iteration.

    y = A v,    sigma = |y|,    w = A.H (y / sigma),    v <- w / |w|

with the real inner product, so that operators which are linear over the real numbers only have a norm too. It ends
where ``|A.H A v - sigma^2 v| <= tolerance sigma^2``: some singular value s then has ``|s^2 - sigma^2| <= tolerance
sigma^2``, and from a random start it is the largest one unless others are so close that they cannot be told apart.
Powers of sigma are never formed: the norm of an operator may be any number that its precision has.

Golub and Van Loan, Matrix Computations (2013), section 8.2.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import inner


def operator_norm(
    A: LinearOperator, key: jax.Array | None = None, tolerance: float = 1e-3, max_steps: int = 100
) -> Array:
    """The largest ``|A x| / |x|``, from below.

    Arguments:
        A: linear operator.
        key: of the random start; the same one every time if None.
        tolerance: relative, on the square of the norm.
        max_steps: the largest number of applications of ``A`` and ``A.H`` each.

    Returns one real number, in the precision of the range. It is differentiable in the arrays of A where the largest
    singular value is a single one, and it can be called under ``jit``. Where singular values crowd below the largest
    it may fall short by more than the tolerance: multiply by 1.05 where a bound is needed.
    Raises ValueError for a tolerance that is not positive.

    ```python
    operator_norm(Matrix(jnp.diag(jnp.array([1.0, -3.0]))))  # 3.0
    ```
    """
    check_operator("A", A)
    tolerance = _checks.positive("tolerance", tolerance, "1, a relative error")
    max_steps = _checks.whole("max_steps", max_steps, 1)
    return _norm_of(A, jax.random.key(0) if key is None else key, tolerance, max_steps)


@eqx.filter_jit
def _norm_of(A: LinearOperator, key: Array, tolerance: float, max_steps: int) -> Array:
    start = _unit(_random(A.in_structure(), key))
    # Held fixed, for then the derivative of |A v| is that of the singular value.
    v = _singular_vector(_constant(A), start, tolerance, max_steps)
    return _length(A.mv(v))


def _singular_vector(A: LinearOperator, v: PyTree, tolerance: float, max_steps: int) -> PyTree:
    def going_on(now: Any) -> Array:
        k, _, error = now
        return (k < max_steps) & (error > tolerance)

    def iterate(now: Any) -> Any:
        k, v, _ = now
        y = A.mv(v)
        w = A.H.mv(_unit(y))
        # |w - sigma v|^2 = |w|^2 - sigma^2, since <w, v> = sigma
        sigma = _length(y).astype(one.dtype)
        ratio = _length(w).astype(one.dtype) / jnp.where(sigma > 0, sigma, 1.0)
        return k + 1, _unit(w), jnp.sqrt(jnp.maximum(ratio**2 - 1, 0))

    one = jnp.ones_like(_length(v))
    return jax.lax.while_loop(going_on, iterate, (jnp.asarray(0), v, jnp.inf * one))[1]


def _random(structure: PyTree, key: Array) -> PyTree:
    leaves, treedef = jax.tree.flatten(structure)
    keys = jax.random.split(key, len(leaves))
    return treedef.unflatten([jax.random.normal(k, s.shape, s.dtype) for k, s in zip(keys, leaves, strict=True)])


def _length(x: PyTree) -> Array:
    """``|x|``, with derivative zero at zero; without its largest entry no square vanishes or overflows."""
    sizes = [jnp.max(jnp.abs(v), initial=0) for v in jax.tree.leaves(x)]
    largest = jax.lax.stop_gradient(jnp.max(jnp.stack(sizes)))
    scale = jnp.where(largest > 0, largest, 1.0)
    scaled = _divided(x, scale)
    squares = inner(scaled, scaled)
    return scale * jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)


def _unit(x: PyTree) -> PyTree:
    """``x / |x|``, or zero."""
    length = _length(x)
    return _divided(x, jnp.where(length > 0, length, 1.0))


def _divided(x: PyTree, scale: Array) -> PyTree:
    return jax.tree.map(lambda v: v / scale.astype(jnp.finfo(v.dtype).dtype), x)


def _constant(A: LinearOperator) -> LinearOperator:
    arrays, rest = eqx.partition(A, eqx.is_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)
