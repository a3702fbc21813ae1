"""Posteriors of a normal model that are right, too narrow, too wide, and off.

theta ~ N(0, 1), y = theta + e with e ~ N(0, 1): theta | y ~ N(y/2, 1/2), for three components that are independent.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest

CASES, N, COMPONENTS = 400, 99, 3


class Posteriors(NamedTuple):
    """Truths (cases, component), and samples (n, cases, component)."""

    truths: jax.Array
    samples: jax.Array


def normal_model(width=1.0, shift=0.0) -> Posteriors:
    """Samples of N(y/2 + shift, width^2/2) instead."""
    keys = jax.random.split(jax.random.key(11), 3)
    truths, noise = (jax.random.normal(k, (CASES, COMPONENTS), jnp.float64) for k in keys[:2])
    spread = jax.random.normal(keys[2], (N, CASES, COMPONENTS), jnp.float64) * width / jnp.sqrt(2)
    return Posteriors(truths, (truths + noise) / 2 + shift + spread)


@pytest.fixture(scope="session")
def calibrated():
    return normal_model()


@pytest.fixture(scope="session")
def narrow():
    return normal_model(width=0.5)


@pytest.fixture(scope="session")
def wide():
    return normal_model(width=2.0)


@pytest.fixture(scope="session")
def high():
    return normal_model(shift=0.5)
