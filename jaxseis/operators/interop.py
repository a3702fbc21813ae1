"""Operators of SciPy and PyLops from ours, and ours from theirs.

Theirs act on raveled NumPy arrays, their adjoint is ``rmatvec``.
"""

from functools import partial
from typing import Any

import jax
import numpy as np
from scipy.sparse.linalg import LinearOperator as ScipyOperator
from scipy.sparse.linalg import aslinearoperator

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, structure_of
from jaxseis.operators.dense import is_over_one_field, vector_form
from jaxseis.operators.host import HostOperator


def as_scipy(operator: LinearOperator) -> ScipyOperator:
    """A ``scipy.sparse.linalg.LinearOperator`` over raveled arrays, for use outside JAX.

    ``matvec`` is A and ``rmatvec`` is A.H. Real and complex together become real, and so does what is linear over the
    real numbers only, as in ``as_dense``.
    Raises ValueError for a complex vector where a real one is meant.

    ```python
    scipy.sparse.linalg.lsqr(as_scipy(A), np.ravel(d))
    ```
    """
    return ScipyOperator(**_host_form(operator))


def as_pylops(operator: LinearOperator) -> Any:
    """A ``pylops.LinearOperator``, for use outside JAX.

    Its ``dims`` and ``dimsd`` are the shapes of domain and range where these are single arrays, both real or both
    complex, and A is linear over their numbers; otherwise vectors are as in ``as_scipy``.
    Raises ImportError without PyLops.

    ```python
    pylops.optimization.basic.lsqr(as_pylops(A), np.ravel(d))
    ```
    """
    import pylops

    form = _host_form(operator)
    shapes = [np.shape(s) for s in (operator.in_structure(), operator.out_structure()) if hasattr(s, "shape")]
    natural = [int(np.prod(s)) for s in shapes] == list(form["shape"])[::-1]
    dims, dimsd = shapes if natural else ((form["shape"][1],), (form["shape"][0],))
    adapter = pylops.LinearOperator(dtype=form["dtype"], dims=dims or (1,), dimsd=dimsd or (1,))
    adapter._matvec, adapter._rmatvec = form["matvec"], form["rmatvec"]
    return adapter


def from_scipy(operator: Any, in_structure: PyTree = None, out_structure: PyTree = None) -> HostOperator:
    """An operator that applies one of SciPy on the host.

    Arguments:
        operator: anything that ``scipy.sparse.linalg.aslinearoperator`` takes: a LinearOperator, a sparse matrix.
        in_structure, out_structure: structures of x and y, single arrays with as many entries as it has columns
            and rows; by default vectors of its dtype.

    Raises ValueError if the sizes do not fit.

    ```python
    from_scipy(scipy.sparse.eye(4, format="csr")) @ jnp.ones(4)
    ```
    """
    theirs = aslinearoperator(operator)
    dtype = jax.dtypes.canonicalize_dtype(theirs.dtype)  # in the precision that JAX has
    rows, columns = (jax.ShapeDtypeStruct((n,), dtype) for n in theirs.shape)
    domain = structure_of(columns if in_structure is None else in_structure)
    range_ = structure_of(rows if out_structure is None else out_structure)
    for name, wanted, got in (("in_structure", columns, domain), ("out_structure", rows, range_)):
        if not isinstance(got, jax.ShapeDtypeStruct) or np.prod(got.shape) != wanted.shape[0]:
            raise _checks.fail(f"{name} of from_scipy", f"one array of {wanted.shape[0]} entries", describe(got))
    return HostOperator(lambda x: theirs.matvec(np.ravel(x)), lambda y: theirs.rmatvec(np.ravel(y)), domain, range_)


def from_pylops(operator: Any, in_structure: PyTree = None, out_structure: PyTree = None) -> HostOperator:
    """An operator that applies one of PyLops on the host, on arrays of its ``dims`` and ``dimsd``.

    Arguments:
        operator: a ``pylops.LinearOperator``.
        in_structure, out_structure: structures of x and y where its own dtype is not that of both, as for the Fourier
            transform of real numbers.

    ```python
    A = from_pylops(pylops.FirstDerivative((100, 50), axis=0))
    ```
    """
    dtype = jax.dtypes.canonicalize_dtype(operator.dtype)
    domain = jax.ShapeDtypeStruct(tuple(operator.dims), dtype) if in_structure is None else in_structure
    range_ = jax.ShapeDtypeStruct(tuple(operator.dimsd), dtype) if out_structure is None else out_structure
    return from_scipy(operator, domain, range_)


def _host_form(operator: LinearOperator) -> dict[str, Any]:
    """Shape, dtype, ``matvec`` and ``rmatvec`` over raveled NumPy arrays."""
    whole = is_over_one_field(operator)
    x, y = vector_form(operator, whole)[0], vector_form(operator.H, whole)[0]

    def on_host(A: LinearOperator, vector: np.ndarray, dtype: np.dtype) -> np.ndarray:
        if np.iscomplexobj(vector) and not np.issubdtype(dtype, np.complexfloating):
            raise _checks.fail(f"operand of {A.name}", f"a real vector, {dtype}", vector.dtype)
        return np.asarray(_apply(A, whole, np.ravel(vector).astype(dtype)))

    return {
        "shape": (y.size, x.size),
        "dtype": np.result_type(x.dtype, y.dtype),
        "matvec": lambda v: on_host(operator, v, x.dtype),
        "rmatvec": lambda v: on_host(operator.H, v, y.dtype),
    }


@partial(jax.jit, static_argnums=1)
def _apply(operator: LinearOperator, whole: bool, vector: Array) -> Array:
    return vector_form(operator, whole)[1](vector)
