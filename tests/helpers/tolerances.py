"""The one table of tolerances. Errors are relative to the largest entry of what is expected."""

import jax
import numpy as np

TOLERANCES = {
    "float64": {
        "adjoint": 1e-12,  # |<A x, y> - <x, A' y>| / |A x| |y|
        "engines": 1e-10,  # one equation in two programs
        "rounding": 1e-12,  # one formula in two orders of summation
    },
    "float32": {"adjoint": 1e-6, "engines": 1e-4, "rounding": 1e-5},
}

TAYLOR = 0.05
"""Deviation of the orders of Taylor remainders from 1 and 2."""

ACCURACY = {
    "nyquist": 1e-3,  # gradients from wavefields at the Nyquist rate of the sources
    "differences": 1e-3,  # a derivative against divided differences
    "resampling": 1e-6,  # within the pass band
    "solver": 1e-6,  # what an iterative solver leaves
}
"""Errors of approximation, which do not depend on the precision."""


def largest(tree) -> float:
    """The largest absolute value in a pytree."""
    return max((float(np.max(np.abs(leaf), initial=0)) for leaf in jax.tree.leaves(tree)), default=0.0)


def error(got, expected) -> float:
    """Largest difference of two pytrees, relative to the largest entry of each array expected."""
    got, treedef = jax.tree.flatten(got)
    errors = []
    for a, b in zip(got, treedef.flatten_up_to(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        difference, size = largest(np.asarray(a, float) - np.asarray(b, float)), largest(b)
        errors.append(difference / size if size else difference)
    return float(np.max(errors))  # a NaN stays one


def assert_close(got, expected, kind: str = "rounding", dtype: str = "float64") -> None:
    """Two pytrees of arrays agree to a tolerance of the table."""
    limit = TOLERANCES[dtype][kind] if kind in TOLERANCES[dtype] else ACCURACY[kind]
    assert error(got, expected) <= limit
