"""Vectors: pytrees of arrays, their structure, their inner product, and the check of an operand.

A structure is a pytree of ``jax.ShapeDtypeStruct``; all are real or complex, never integer.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array, PyTree


def inner(x: PyTree, y: PyTree) -> Array:
    """The real inner product ``<x, y> = Re sum conj(x) y`` over all arrays of two pytrees.

    Arguments:
        x, y: pytrees of JAX or NumPy arrays of the same structure; NumPy arrays stay on the host.

    Returns one real number. ``inner(x, x)`` is the squared norm.

    ```python
    inner(jnp.array([1j, 2.0]), jnp.array([1j, 1.0]))  # 3.0
    ```
    """
    pairs = zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=True)
    return sum((a.conj() * b).real.sum() for a, b in pairs)  # type: ignore[return-value]


def structure_of(x: PyTree) -> PyTree:
    """Shapes and dtypes of a pytree: ``jax.ShapeDtypeStruct`` in place of every array.

    Integers count as floats, because operators act on real or complex numbers.
    Raises ValueError for Python numbers, which are no arrays: a shape is no structure.

    ```python
    structure_of(np.zeros((2, 3)))  # ShapeDtypeStruct(shape=(2, 3), dtype=float64)
    ```
    """
    if any(type(v) in (bool, int, float, complex) for v in jax.tree.leaves(x)):
        shape = tuple(jax.tree.leaves(x))
        remedy = f"For an array of shape {shape}, write jax.ShapeDtypeStruct({shape}, jnp.float32)."
        raise _checks.fail("structure", "arrays, or jax.ShapeDtypeStruct", x, remedy)
    return jax.tree.map(lambda v: jax.ShapeDtypeStruct(np.shape(v), _inexact(jnp.result_type(v))), x)


def same_structure(x: PyTree, y: PyTree) -> bool:
    """Whether two structures have the same containers, shapes and dtypes."""
    return jax.tree.flatten(structure_of(x)) == jax.tree.flatten(structure_of(y))


def freeze(structure: PyTree) -> tuple:
    """A structure as a hashable value, fit for a static field; ``thaw`` undoes it."""
    leaves, treedef = jax.tree.flatten(structure_of(structure))
    return treedef, tuple(leaves)


def thaw(frozen: tuple) -> PyTree:
    """The structure from which ``freeze`` made its argument."""
    treedef, leaves = frozen
    return treedef.unflatten(leaves)


def tree_conj(x: PyTree) -> PyTree:
    """The conjugate of every array."""
    return jax.tree.map(jnp.conj, x)


def tree_sum(terms: Iterable[PyTree]) -> PyTree:
    """The sum of pytrees of one structure."""
    return reduce(lambda a, b: jax.tree.map(jnp.add, a, b), terms)


def describe(structure: PyTree, axes: Sequence[str] = ()) -> str:
    """A structure in words, for messages: ``shape (3, 4) (x, z) of float64``."""
    if not isinstance(structure, jax.ShapeDtypeStruct):
        return eqx.tree_pformat(structure, struct_as_array=True)
    labels = f" ({', '.join(axes)})" if axes else ""
    return f"shape {structure.shape}{labels} of {structure.dtype}"


def as_operand(name: str, x: PyTree, structure: PyTree, axes: Sequence[str]) -> PyTree:
    """``x`` as arrays of exactly this structure, converted where that loses nothing."""
    wanted, treedef = jax.tree.flatten(structure)
    try:
        arrays = [jnp.asarray(part) for part in treedef.flatten_up_to(x)]
    except (TypeError, ValueError) as error:
        raise _checks.fail(name, describe(structure, axes), shown(x)) from error
    if [a.shape for a in arrays] != [w.shape for w in wanted]:
        raise _checks.fail(name, describe(structure, axes), describe(structure_of(treedef.unflatten(arrays))))
    for part, array, want in zip(treedef.flatten_up_to(x), arrays, wanted, strict=True):
        _check_conversion(name, part, array, want)
    return treedef.unflatten([a.astype(w.dtype) for a, w in zip(arrays, wanted, strict=True)])


def _check_conversion(name: str, given: Any, array: Array, want: jax.ShapeDtypeStruct) -> None:
    if is_complex(array) and not is_complex(want):
        remedy = "Take the real part, x.real, if the imaginary part is not meant."
        raise _checks.fail(name, f"real numbers, {want.dtype}", array.dtype, remedy)
    # Python numbers and weakly typed arrays carry no precision that could be lost.
    typed = hasattr(given, "dtype") and not getattr(given, "weak_type", False)
    if typed and not np.can_cast(_inexact(array.dtype, want.dtype), want.dtype, "safe"):
        raise _checks.fail(name, str(want.dtype), array.dtype, f"Round it with x.astype('{want.dtype}').")


def shown(x: Any) -> str:
    """What a user gave, in one line, for messages."""
    if isinstance(x, lx.AbstractLinearOperator):
        return f"the operator {getattr(x, 'name', type(x).__name__)}"
    return eqx.tree_pformat(x, short_arrays=True).replace("\n", " ")


def _inexact(dtype: Any, default: Any = float) -> Any:
    return dtype if jnp.issubdtype(dtype, jnp.inexact) else jnp.result_type(default)


def as_inexact(x: Any) -> Array:
    """``x`` as a JAX array of real or complex numbers; integers become floats and have derivatives."""
    array = jnp.asarray(x)
    return array.astype(_inexact(array.dtype))


def is_complex(x: Any) -> bool:
    """Whether an array or a ``jax.ShapeDtypeStruct`` has a complex dtype."""
    return jnp.issubdtype(x.dtype, jnp.complexfloating)


def complexified(s: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """The complex structure of the same shape and precision."""
    return jax.ShapeDtypeStruct(s.shape, np.result_type(s.dtype, np.complex64))


def real_parts(x: PyTree) -> PyTree:
    """The vector with the pair of real and imaginary part in place of each complex array."""
    return jax.tree.map(lambda v: (v.real, v.imag) if is_complex(v) else v, x)


def from_real_parts(parts: PyTree, structure: PyTree) -> PyTree:
    """The vector of a structure from what ``real_parts`` made of it."""
    return jax.tree.map(lambda s, p: jax.lax.complex(*p) if is_complex(s) else p, structure, parts)


def promoted(*terms: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """The structure of a sum of arrays of one shape."""
    return jax.ShapeDtypeStruct(terms[0].shape, np.result_type(*(s.dtype for s in terms)))


def cast(x: PyTree, structure: PyTree) -> PyTree:
    """Real to complex is the inclusion; complex to real, its transpose, takes the real part."""
    return jax.tree.map(lambda v, s: (v if is_complex(s) else v.real).astype(s.dtype), x, structure)
