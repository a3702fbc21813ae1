"""Every layer of the flows, and small networks of them, for the contract tests: a new one is added here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis.backbones.cnn import CNN
from jaxseis.backbones.mlp import MLP
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.composition import Chain, Parallel, Sequential
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.layers.autoregressive import MaskedAutoregressive
from jaxseis.flows.layers.conjugated import Conjugated
from jaxseis.flows.layers.coupling import Coupling
from jaxseis.flows.layers.diagonal_affine import DiagonalAffine
from jaxseis.flows.layers.elementwise import Additive, Affine
from jaxseis.flows.layers.haar import Haar
from jaxseis.flows.layers.hint import HINT
from jaxseis.flows.layers.householder import Householder
from jaxseis.flows.layers.injector import Injector
from jaxseis.flows.layers.leapfrog import Leapfrog
from jaxseis.flows.layers.lu import LU
from jaxseis.flows.layers.scales import Arctan, Sigmoid, Softplus, Tanh
from jaxseis.flows.layers.shuffle import Checkerboard, Columns, Halves
from jaxseis.flows.layers.spline import RationalQuadratic
from jaxseis.flows.layers.triangular import Triangular
from jaxseis.flows.layers.trim import Trim
from jaxseis.flows.layers.wavelet_squeeze import Wavelet
from jaxseis.flows.networks.conditional_hint import ConditionalHINT
from jaxseis.flows.networks.glow import Glow
from jaxseis.flows.networks.hyperbolic import Hyperbolic
from jaxseis.flows.networks.maf import MAF
from jaxseis.flows.networks.real_nvp import RealNVP

DOUBLE = {"param_dtype": jnp.float64}
cnn = partial(CNN, width=5, **DOUBLE)
mlp = partial(MLP, width=6, **DOUBLE)


@dataclass(frozen=True)
class Case:
    """A layer, and the shapes of one sample and one condition; states of several arrays have a tuple of shapes."""

    make: Callable[..., Bijection]
    x: Any
    condition: Any = None

    def layer(self) -> Bijection:
        """With every parameter away from where it starts, so that nothing is zero or one by chance."""
        return perturbed(self.make(rngs=nnx.Rngs(0)))

    def batch(self, count: int) -> tuple[Any, Any]:
        """Random samples and conditions."""
        return normals(self.x, count, 1), normals(self.condition, count, 2)


def perturbed(layer, size: float = 0.1):
    """The layer with random numbers added to its parameters."""
    leaves, structure = jax.tree.flatten(layer)
    keys = jax.random.split(jax.random.key(7), len(leaves))
    moved = [p + size * jax.random.normal(k, p.shape, p.dtype) for p, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, moved)


def normals(shapes: Any, count: int, seed: int) -> Any:
    """Standard normal arrays with a leading axis, in the structure of ``shapes``."""
    if shapes is None:
        return None
    if not isinstance(shapes[0], int):
        return tuple(normals(shape, count, 10 * seed + i) for i, shape in enumerate(shapes))
    return jax.random.normal(jax.random.key(seed), (count, *shapes), jnp.float64)


def coupling(channels, subnet=cnn, **options):
    return partial(Coupling, channels, subnet, **options)


def step(channels, rngs):
    return Sequential([
        ActNorm(channels, **DOUBLE), Householder(channels, rngs=rngs, **DOUBLE), coupling(channels, mlp)(rngs=rngs)
    ])


def still(layer):
    """A layer without random numbers."""
    return lambda rngs: layer()


LAYERS = {
    "ActNorm": Case(still(partial(ActNorm, 3, **DOUBLE)), (4, 3, 3)),
    "ActNorm of vectors": Case(still(partial(ActNorm, 4, **DOUBLE)), (4,)),
    "DiagonalAffine": Case(
        still(lambda: DiagonalAffine((jnp.zeros((3, 2), jnp.float64), jnp.zeros(4, jnp.float64)))), ((3, 2), (4,))
    ),
    "Householder": Case(partial(Householder, 5, **DOUBLE), (3, 2, 5)),
    "Conjugated": Case(
        lambda rngs: Conjugated(Householder(4, rngs=rngs, **DOUBLE), coupling(4, condition_channels=1)(rngs=rngs)),
        (3, 2, 4), (3, 2, 1),
    ),
    "additive coupling": Case(coupling(4, map=Additive()), (3, 2, 4)),
    "affine coupling, tanh": Case(coupling(4, map=Affine(Tanh(2.0))), (3, 2, 4)),
    "affine coupling, arctan": Case(coupling(5, map=Affine(Arctan())), (3, 2, 5)),
    "affine coupling, sigmoid": Case(coupling(4, map=Affine(Sigmoid(0.5, 1.0))), (3, 2, 4)),
    "affine coupling, sigmoid from zero": Case(coupling(2, mlp, map=Affine(Sigmoid(0.0, 1.0))), (2,)),
    "affine coupling, softplus": Case(coupling(4, map=Affine(Softplus())), (3, 2, 4)),
    "1-D coupling": Case(coupling(3, partial(cnn, space=1)), (5, 3)),
    "3-D coupling": Case(coupling(3, partial(cnn, space=3)), (2, 3, 2, 3)),
    "coupling of vectors": Case(coupling(5, mlp), (5,)),
    "coupling with a spatial condition": Case(coupling(4, condition_channels=2), (3, 2, 4), (3, 2, 2)),
    "coupling with a vector condition": Case(coupling(4, condition_channels=3), (3, 2, 4), (3,)),
    "Checkerboard": Case(still(Checkerboard), (4, 6, 3)),
    "Halves": Case(still(Halves), (4, 6, 2)),
    "Columns": Case(still(Columns), (4, 2, 2)),
    "Haar, 1-D": Case(still(Haar), (6, 2)),
    "Haar": Case(still(Haar), (4, 6, 2)),
    "Haar, 3-D": Case(still(Haar), (2, 4, 2, 1)),
    "Trim": Case(partial(Trim, 2, axis=1, subnet=mlp, **DOUBLE), (2, 5, 2)),
    "Trim beside an image": Case(partial(Trim, 2, axis=0, subnet=mlp, image=1, **DOUBLE), (3, 2, 2), (3, 2, 1)),
    "Trim beside a vector": Case(partial(Trim, 2, axis=0, subnet=mlp, vector=3, **DOUBLE), (3, 2, 2), (3,)),
    "Sequential": Case(lambda rngs: step(4, rngs), (4,)),
    "Parallel": Case(
        lambda rngs: Parallel(step(2, rngs), coupling(3, mlp)(rngs=rngs), channels=2), (5,)
    ),
    "reversed": Case(lambda rngs: step(4, rngs).reverse(), (4,)),
    "Chain": Case(lambda rngs: Chain(partial(step, 4), 3, rngs=rngs), (4,)),
}

NETWORKS = {
    "RealNVP": Case(partial(RealNVP, 3, steps=2, width=6, depth=1, **DOUBLE), (3,)),
    "conditional RealNVP": Case(
        partial(RealNVP, 3, steps=2, width=6, depth=1, condition_shape=(2,), **DOUBLE), (3,), (2,)
    ),
    "Glow, 1-D": Case(partial(Glow, (8, 1), scales=2, steps=2, width=4, **DOUBLE), (8, 1)),
    "Glow": Case(partial(Glow, (8, 8, 1), scales=2, steps=2, width=4, **DOUBLE), (8, 8, 1)),
    "Glow of odd sizes": Case(partial(Glow, (7, 5, 3), scales=2, steps=1, width=4, **DOUBLE), (7, 5, 3)),
    "Glow, unsplit": Case(partial(Glow, (4, 4, 1), scales=2, steps=1, width=4, split=False, **DOUBLE), (4, 4, 1)),
    "Glow, 3-D": Case(partial(Glow, (4, 4, 4, 1), scales=1, steps=1, width=4, **DOUBLE), (4, 4, 4, 1)),
    "conditional Glow": Case(
        partial(Glow, (8, 6, 1), scales=2, steps=2, width=4, condition_shape=(8, 6, 2), **DOUBLE), (8, 6, 1), (8, 6, 2)
    ),
    "conditional Glow of odd sizes": Case(
        partial(Glow, (5, 7, 1), scales=2, steps=1, width=4, condition_shape=(5, 7, 2), **DOUBLE), (5, 7, 1), (5, 7, 2)
    ),
    "Glow with a vector condition": Case(
        partial(Glow, (4, 4, 1), scales=2, steps=1, width=4, condition_shape=(3,), **DOUBLE), (4, 4, 1), (3,)
    ),
    "Glow with a condition for each scale": Case(
        partial(Glow, (8, 4, 1), scales=2, steps=1, width=4, condition_shape=((4, 2, 3), (2, 1, 2)), **DOUBLE),
        (8, 4, 1), ((4, 2, 3), (2, 1, 2)),
    ),
}

SPLINE = RationalQuadratic(bins=4, bound=2.0)
small = partial(MLP, width=4, depth=1, **DOUBLE)
TINY = {"steps": 2, "width": 4, **DOUBLE}


LAYERS |= {
    "LU": Case(partial(LU, 5, **DOUBLE), (3, 2, 5)),
    "spline coupling": Case(coupling(5, small, map=SPLINE), (2, 5)),
    "HINT": Case(partial(HINT, 5, small, smallest=2), (5,)),
    "HINT of an image with a condition": Case(
        partial(HINT, 5, partial(cnn, space=2), smallest=3, condition_channels=1), (3, 2, 5), (3, 2, 1)
    ),
    "Injector": Case(partial(Injector, 3, small, condition_channels=2), (3, 3), (3, 2)),
    "Injector of a vector": Case(partial(Injector, 1, small, condition_channels=2), (3, 1), (2,)),
    "Triangular": Case(
        lambda rngs: Triangular(ActNorm(2, **DOUBLE), Injector(3, small, condition_channels=2, rngs=rngs)),
        ((4, 2), (4, 3)),
    ),
    "conditional HINT of vectors": Case(
        partial(RealNVP, 2, coupling=HINT, depth=1, condition_shape=(2,), **TINY), (2,), (2,)
    ),
    "multiscale HINT": Case(partial(Glow, (4, 1), coupling=HINT, scales=1, subnet=small, **TINY), (4, 1)),
    "ConditionalHINT": Case(partial(ConditionalHINT, (3, 1), (3, 2), subnet=small, **TINY), ((3, 1), (3, 2))),
    "posterior of ConditionalHINT": Case(
        lambda rngs: ConditionalHINT((2,), (1,), subnet=small, rngs=rngs, **TINY).posterior(), (1,), (2,)
    ),
    "Leapfrog": Case(partial(Leapfrog, 2, space=2, width=3, **DOUBLE), ((3, 4, 2), (3, 4, 2))),
    "Leapfrog, 1-D": Case(
        partial(Leapfrog, 3, space=1, width=4, activation=nnx.relu, **DOUBLE), ((5, 3), (5, 3))
    ),
    "Hyperbolic": Case(partial(Hyperbolic, (4, 4, 1), scales=(1,), **TINY), (4, 4, 1)),
    "Wavelet, 1-D": Case(still(partial(Wavelet, "db4")), (4, 3)),
    "Wavelet": Case(still(partial(Wavelet, "sym3")), (2, 6, 1)),
    "Wavelet, 3-D": Case(still(partial(Wavelet, "db2")), (2, 4, 2, 1)),
    "MaskedAutoregressive": Case(partial(MaskedAutoregressive, 4, width=6, depth=1, **DOUBLE), (4,)),
    "MaskedAutoregressive of splines": Case(
        partial(MaskedAutoregressive, 3, map=SPLINE, width=4, depth=1, **DOUBLE), (3,)
    ),
    "conditional MAF": Case(partial(MAF, 3, depth=1, condition_shape=(2,), **TINY), (3,), (2,)),
}
