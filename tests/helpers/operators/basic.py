"""Elementary operators, blocks of them, and the algebra."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np

from jaxseis.operators import (
    Batched,
    Block,
    BlockDiag,
    Cast,
    Conj,
    Diagonal,
    Flip,
    FunctionOperator,
    HostOperator,
    HStack,
    Identity,
    Imag,
    Kronecker,
    LowRank,
    Mask,
    Matrix,
    Outer,
    Pad,
    Permutation,
    Real,
    Reshape,
    Restriction,
    Roll,
    Selection,
    Transpose,
    VStack,
    Zeros,
    from_lineax,
)
from jaxseis.operators._base import LinearOperator, structure_of


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
    return FunctionOperator(jnp.cumsum, jnp.zeros(4), adjoint=lambda y: jnp.cumsum(y[::-1])[::-1])


def on_host() -> HostOperator:
    """``x -> i cumsum x`` by NumPy, from real to complex numbers."""

    def adjoint(y):
        return np.cumsum((-1j * y)[::-1])[::-1].real

    return HostOperator(lambda x: 1j * np.cumsum(x), adjoint, jnp.zeros(3), 1j * jnp.zeros(3))


def fourier_rows(rows: int = 3) -> LinearOperator:
    """Real parts of some rows of a Fourier transform."""
    return (Real(jnp.zeros(4, complex)) @ fourier())[:rows]


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
    "function with an adjoint": explicit,
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
    "zeros": lambda: Zeros({"a": jnp.zeros(2)}, (jnp.zeros(3), jnp.zeros(1, complex))),
    "mask": lambda: Mask(np.array([[True], [False]]), COMPLEX_ARRAY),
    "diagonals in one": lambda: Diagonal(normal(4)) @ Diagonal(normal(4, seed=1)),
    "selection": lambda: Selection((slice(None, None, 2), np.array([1, 1, 0])), jnp.zeros((3, 4))),
    "part of a pytree": lambda: Selection("q", {"m": jnp.zeros(2), "q": (jnp.zeros(3), jnp.zeros(1))}),
    "part of a matrix": lambda: matrix(3, 4)[1:, [0, 2, 2]],
    "restriction with many repeats": lambda: Restriction([0] * 10, 0, jnp.zeros(2)),
    "permutation": lambda: Permutation([2, 0, 1], 1, COMPLEX_ARRAY),
    "roll": lambda: Roll((1, -1), (0, 1), jnp.zeros((2, 3))),
    "flip": lambda: Flip(1, jnp.zeros((2, 3))),
    "reshape": lambda: Reshape((3, -1), COMPLEX_ARRAY),
    "axes in another order": lambda: Transpose((1, 0), COMPLEX_ARRAY),
    "padded with zeros": lambda: Pad([(1, 0), (0, 2)], COMPLEX_ARRAY),
    "padded by a mirror": lambda: Pad([(3, 1)], jnp.zeros(2), "mirror"),
    "padded by the edge": lambda: Pad([(1, 2)], jnp.zeros(3), "edge"),
    "padded periodically": lambda: Pad([(1, 5)], jnp.zeros(3), "periodic"),
    "real": lambda: Real(COMPLEX_ARRAY),
    "imaginary part of float32": lambda: Imag(jax.ShapeDtypeStruct((3,), jnp.complex64)),
    "conj": lambda: Conj(COMPLEX_ARRAY),
    "cast to complex": lambda: Cast(complex, {"a": jnp.zeros(2)}),
    "kronecker": lambda: Kronecker(matrix(2, 3), matrix(3, 2, seed=1)),
    "kronecker of real and complex": lambda: Kronecker(matrix(2, 3, dtype=complex), fourier()),
    "low rank": lambda: LowRank(normal(3, 2), normal(2, 2, 2, seed=1)),
    "complex low rank": lambda: LowRank(normal(3, 2), normal(4, 2, seed=1, dtype=complex)),
    "outer": lambda: Outer(normal(3, dtype=complex), normal(2)),
    "batched": lambda: Batched(matrix(3, 2), 4),
    "batch of operators": lambda: Batched(jax.vmap(Diagonal)(normal(3, 2, dtype=complex)), 3, axis=0),
    "block": lambda: Block([[matrix(3, 4), fourier_rows()], [None, fourier_rows(2)]]),
    "power": lambda: matrix(3, 3) ** 3,
    "zeroth power": lambda: matrix(3, 3) ** 0,
    "host": on_host,
    "operator of lineax": lambda: from_lineax(lx.MatrixLinearOperator(normal(3, 4, dtype=complex))),
}
