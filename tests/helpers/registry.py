"""Every operator that the contract tests run on: a name, and a function that makes it.

Add one entry for each new operator; it inherits all the tests of ``tests/operators/test_contracts.py``.
Keep the shapes small: some tests build the dense matrix.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

import jaxseis as js
from jaxseis.operators._base import LinearOperator, structure_of
from jaxseis.operators.basic import (
    BlockDiag,
    Diagonal,
    FunctionOperator,
    HStack,
    Identity,
    Matrix,
    Restriction,
    VStack,
)


def normal(*shape: int, seed: int = 0, dtype=float) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape, dtype)


def matrix(rows: int, columns: int, seed: int = 0, dtype=float) -> Matrix:
    return Matrix(normal(rows, columns, seed=seed, dtype=dtype))


def smoothing() -> FunctionOperator:
    """A convolution whose filter is closed over."""
    taps = normal(3)
    return FunctionOperator(lambda x: jnp.convolve(x, taps), structure_of(jnp.zeros(5)))


def fourier(dtype=float) -> FunctionOperator:
    return FunctionOperator(jnp.fft.fft, jax.ShapeDtypeStruct((4,), dtype))


def picked(axis: int = 1) -> Restriction:
    return Restriction([2, 0, 2], axis=axis, in_structure=structure_of(jnp.zeros((3, 4))))


def explicit() -> FunctionOperator:
    return FunctionOperator(jnp.cumsum, jnp.zeros(4), transpose=lambda y: jnp.cumsum(y[::-1])[::-1])


REAL_VECTOR = jax.ShapeDtypeStruct((4,), float)
COMPLEX_ARRAY = jax.ShapeDtypeStruct((2, 3), complex)

def wave(**changes):
    """A wave equation so small that its operators have dense forms."""
    grid, time = js.Grid((9, 8), 10.0), js.TimeAxis(duration=33.0, step=3.0)
    return js.WaveEquation(grid, js.Acoustic(), time, 2.0, absorbing=js.PML(cells=3), **changes)


def ends(A):
    """Receivers and sources of the small experiment: two shots."""
    sources = js.Geometry(x=jnp.array([22.0, 61.0]), z=31.0)
    return js.Projection(js.Geometry.spread(x=jnp.array([5.0, 44.0, 80.0]), z=18.0), A), js.Projection(sources, A)


def modelling(**changes):
    """F at a model that varies."""
    A = wave(**changes)
    return js.Modeling(A, *reversed(ends(A))), 0.4 + 0.2 * normal(9, 8) ** 2 / (1 + normal(9, 8) ** 2)


def propagation(**changes):
    """Pr A(m)^-1 Ps^T."""
    F, m = modelling(**changes)
    return F(m)


def born(**changes):
    """The Jacobian of the small experiment."""
    F, m = modelling(**changes)
    return F.jacobian(m, normal(2, 12, 1))


def extended():
    """Pr A(m)^-1 Pw^T."""
    A = wave()
    return ends(A)[0] @ A(jnp.full(A.grid.shape, 0.3)).inv @ js.ExtendedSource(normal(12), A).with_shots(1).T


OPERATORS: dict[str, Callable[[], LinearOperator]] = {
    "identity": lambda: Identity(jnp.zeros((2, 3))),
    "identity of a pytree": lambda: Identity({"m": jnp.zeros(2), "q": (jnp.zeros((2, 2)), jnp.zeros(1))}),
    "diagonal": lambda: Diagonal(normal(2, 3)),
    "diagonal of a pytree": lambda: Diagonal({"m": normal(2), "q": normal(3)}),
    "complex diagonal": lambda: Diagonal(normal(4, dtype=complex)),
    "real weights on complex": lambda: Diagonal(normal(2, 1), COMPLEX_ARRAY),
    "complex weights on real": lambda: Diagonal(normal(4, dtype=complex), REAL_VECTOR),
    "matrix": lambda: matrix(3, 4),
    "complex matrix": lambda: matrix(3, 4, dtype=complex),
    "float32 matrix": lambda: matrix(3, 4, dtype=jnp.float32),
    "function": smoothing,
    "function with a transpose": explicit,
    "fourier of real": fourier,
    "fourier of complex": lambda: fourier(complex),
    "complex conjugation": lambda: FunctionOperator(jnp.conj, COMPLEX_ARRAY),
    "real part": lambda: FunctionOperator(jnp.real, COMPLEX_ARRAY),
    "restriction": picked,
    "restriction of axis 0": lambda: picked(axis=0),
    "vstack": lambda: VStack([matrix(3, 4), Diagonal(normal(4))]),
    "vstack of real and complex": lambda: VStack([matrix(3, 4), fourier()]),
    "hstack": lambda: HStack([matrix(3, 4), matrix(3, 2, seed=1)]),
    "blockdiag": lambda: BlockDiag([matrix(3, 4), picked()]),
    "scaled": lambda: 3.0 * matrix(3, 4),
    "real scaled to complex": lambda: 2j * matrix(3, 4),
    "fourier scaled": lambda: (1 + 2j) * fourier(),
    "negated": lambda: -matrix(3, 4),
    "sum": lambda: matrix(3, 4) + matrix(3, 4, seed=1) - 2 * matrix(3, 4, seed=2),
    "sum of real and complex": lambda: matrix(4, 4) + fourier(),
    "composition": lambda: matrix(2, 3, seed=1) @ matrix(3, 4) @ explicit(),
    "difference of compositions": lambda: matrix(2, 3, seed=1) @ matrix(3, 4) - matrix(2, 3) @ matrix(3, 4, seed=1),
    "transpose": lambda: smoothing().T,
    "adjoint": lambda: matrix(3, 4, dtype=complex).H,
    "adjoint of fourier of real": lambda: fourier().H,
    "conjugate": lambda: fourier(complex).conj(),
    "gram": lambda: fourier().H @ fourier(),
    "resample": lambda: js.Resample(js.Resampling(1.0, 21, 2.5, 9), shots=2, receivers=3),
    "projection": lambda: ends(wave())[0].with_shots(2),
    "propagation": propagation,
    "born": born,
    "extended source": extended,
}
