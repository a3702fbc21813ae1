"""Shots of a ragged spread, traces of random numbers."""

import jax
import jax.numpy as jnp
import pytest

import jaxseis as js


@pytest.fixture(scope="session")
def ragged() -> js.Shots:
    time, sources = js.TimeAxis(1000.0, 4.0), js.Geometry(x=jnp.array([0.0, 600.0, 1500.0]), z=10.0)
    receivers = js.Geometry.ragged([[[250.0 * i, 10.0] for i in range(n)] for n in (7, 2, 5)])
    return js.Shots(jax.random.normal(jax.random.key(0), (3, time.size, 7)), sources, receivers, time)
