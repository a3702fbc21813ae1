"""Operators of the wave equation, in an experiment so small that they have dense forms."""

from collections.abc import Callable

import jax.numpy as jnp

import jaxseis as js
from helpers.operators.basic import normal
from jaxseis.operators._base import LinearOperator


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
    "resample": lambda: js.Resample(js.Resampling(1.0, 21, 2.5, 9), shots=2, receivers=3),
    "projection": lambda: ends(wave())[0].with_shots(2),
    "propagation": propagation,
    "born": born,
    "extended source": extended,
}
