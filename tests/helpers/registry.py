"""Every operator that the contract tests run on: a name, and a function that makes it.

Add one entry for each new operator; it inherits all the tests of ``tests/operators/test_contracts.py``.
Keep the shapes small: some tests build the dense matrix.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

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
}
