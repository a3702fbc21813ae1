"""Derivatives, integrals, means, interpolation, curves in time, windows, and random measurements."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxseis.operators._base import LinearOperator
from jaxseis.operators.derivative import DirectionalDerivative, FirstDerivative, Gradient, Laplacian
from jaxseis.operators.integration import CausalIntegration
from jaxseis.operators.interpolate import Cubic, Interpolate, InterpolatePoints, Sinc
from jaxseis.operators.measurement import Gaussian, GaussianMatrix, RandomPhase
from jaxseis.operators.moveout import NMO, Spread
from jaxseis.operators.patches import Patches
from jaxseis.operators.radon import FourierRadon, HyperbolicRadon, Radon
from jaxseis.operators.smoothing import GaussianSmoothing, Smoothing
from jaxseis.operators.stacking import SumAxis

KEY = jax.random.key(7)
SLOPES, OFFSETS = jnp.array([-0.7, 0.3, 1.1]), jnp.array([-1.0, 0.1, 0.5, 2.0])


def real(*shape: int, dtype=float) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def positions(*shape: int, high: float) -> jax.Array:
    return high * jax.random.uniform(KEY, shape)


def table() -> jax.Array:
    """Curves of which some leave the data, with a hole."""
    return (8 * positions(2, 5, 3, high=1) - 1).at[0, 1, 2].set(jnp.nan)


OPERATORS: dict[str, Callable[[], LinearOperator]] = {
    "first derivative of order 5": lambda: FirstDerivative(1, real(2, 6, dtype=complex), edge=True, order=5),
    "laplacian": lambda: Laplacian(real(3, 4, dtype=jnp.float32), weights=(1.0, 2.0), sampling=(0.5, 2.0), edge=True),
    "gradient": lambda: Gradient(real(3, 4), edge=True),
    "directional derivative": lambda: DirectionalDerivative(positions(2, 3, 4, high=1), real(3, 4, dtype=complex)),
    "integration": lambda: CausalIntegration(0, real(19, 2, dtype=complex), kind="trapezoidal", decay=0.9),
    "smoothing": lambda: Smoothing((3, 5), real(6, 4, dtype=complex)),
    "gaussian smoothing": lambda: GaussianSmoothing((0.0, 0.8), real(3, 5), truncate=2.0),
    "cubic interpolation": lambda: Interpolate(
        jnp.array([2.1, 0.3, 0.9], jnp.float32), 0, real(4, 2, dtype=jnp.float32), Cubic()
    ),
    "sinc interpolation": lambda: Interpolate(positions(3, high=5), 0, real(6), Sinc(3)),
    "bilinear interpolation": lambda: InterpolatePoints(positions(6, 2, high=2), real(2, 3, 3, dtype=complex)),
    "spread": lambda: Spread(table(), 6, real(2, 5, dtype=complex)),
    "nmo": lambda: NMO(1.5, OFFSETS, real(4, 7), sampling=0.5, stretch=0.6),
    "linear radon": lambda: Radon(SLOPES, OFFSETS, real(3, 7, dtype=complex), sampling=0.4),
    "hyperbolic radon": lambda: HyperbolicRadon(
        *(v.astype(jnp.float32) for v in (SLOPES, OFFSETS)), real(3, 6, dtype=jnp.float32), sampling=0.3
    ),
    "fourier radon": lambda: FourierRadon(SLOPES, OFFSETS, real(3, 5), sampling=0.4, nfft=9),
    "patches": lambda: Patches((4, 3), (2, 1), real(2, 7, 4, dtype=complex)),
    "sum over an axis": lambda: SumAxis(1, real(2, 3, 2)),
    "random phase": lambda: RandomPhase(KEY, real(4, 5)),
    "random phase of complex": lambda: RandomPhase(KEY, real(3, dtype=jnp.complex64)),
    "gaussian": lambda: Gaussian(KEY, 5, real(2, 3), kind="normalized"),
    "gaussian matrix": lambda: GaussianMatrix(KEY, 3, real(2, 3, dtype=complex), kind="orthonormal"),
}
