"""What operators with real coefficients on one array have in common, and the names of its axes."""

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, is_complex, structure_of, thaw


class RealOperator(LinearOperator):
    """An operator with real coefficients, hence its own conjugate, on one array, real or complex."""

    _structure: eqx.AbstractVar[tuple]

    def in_structure(self) -> PyTree:
        return thaw(self._structure)

    def conj(self) -> LinearOperator:
        return self

    def is_complex_linear(self) -> bool:
        return all(map(is_complex, jax.tree.leaves((self.in_structure(), self.out_structure()))))


def one_array(name: str, structure: PyTree) -> jax.ShapeDtypeStruct:
    """The structure of one array, or an error if it is a pytree."""
    found = structure_of(structure)
    if not isinstance(found, jax.ShapeDtypeStruct):
        raise _checks.fail(f"in_structure of {name}", "one array", describe(found))
    return found


def gather(name: str, structure: jax.ShapeDtypeStruct, axes: tuple[str, str], rows: int) -> None:
    """An error unless a structure is that of an array (rows, time)."""
    if len(structure.shape) != 2 or structure.shape[0] != rows:
        expected = f"one array ({', '.join(axes)}), {rows} along the first axis"
        remedy = f"For one whose time comes first, put Transpose((1, 0), ...) in front: {name}(...) @ Transpose(...)."
        raise _checks.fail(f"in_structure of {name}", expected, describe(structure), remedy)


def axes_of(name: str, axes: int | Sequence[int] | None, structure: jax.ShapeDtypeStruct) -> tuple[int, ...]:
    """Axes counted from the first, each once; all of them if None."""
    ndim = len(structure.shape)
    given = list(range(ndim)) if axes is None else np.atleast_1d(axes).tolist()
    found = tuple(int(a) % ndim for a in given if -ndim <= a < ndim and a % 1 == 0)
    if len(found) != len(given) or len(set(found)) != len(found):
        raise _checks.fail(f"axis of {name}", f"different axes of {describe(structure)}", axes)
    return found


def axis_of(name: str, axis: int, structure: jax.ShapeDtypeStruct) -> int:
    """One axis counted from the first."""
    return axes_of(name, axis, structure)[0]


def one_each(name: str, values: float | Sequence[float], count: int) -> tuple[float, ...]:
    """``values`` as one for each of ``count`` axes; a single number serves for all."""
    given = [float(v) for v in np.ravel(values)]
    if np.ndim(values) > 0 and len(given) != count:
        raise _checks.fail(name, f"one number, or one for each of {count} axes", values)
    return tuple(given) if np.ndim(values) else tuple(given * count)


def real_dtype(structure: jax.ShapeDtypeStruct) -> np.dtype:
    """The dtype of real numbers with the precision of an array."""
    return np.zeros(0, structure.dtype).real.dtype if is_complex(structure) else structure.dtype
