"""Folded layers cut by faults, drawn from keys."""

import jax
import numpy as np
import pytest

from jaxseis.datasets import Layering, faulted_layers

KEYS = jax.random.split(jax.random.key(0), 30)


def draw(**options) -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(lambda key: faulted_layers(key, (48, 40), **options)))(KEYS))


def test_velocities_begin_with_the_slowest_and_grow_with_depth():
    earths = draw()
    assert earths.shape == (30, 48, 40)
    assert earths.min() == 1.5
    thirds = [part.mean() for part in np.array_split(earths, 3, axis=2)]
    assert thirds[0] + 0.5 < thirds[1] < thirds[2] - 0.5


def test_without_folds_and_faults_layers_are_flat():
    earths = draw(faults=0, layering=Layering(folding=0.0))
    np.testing.assert_array_equal(earths, np.broadcast_to(earths[:, :1], earths.shape))


def test_a_fault_displaces_layers():
    flat = Layering(folding=0.0)
    assert np.mean(np.ptp(draw(faults=1, layering=flat), axis=1) > 0.1) > 0.1


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"layers: expected a whole number of at least 2, got 1"):
        faulted_layers(KEYS[0], (8, 8), layers=1)
    with pytest.raises(ValueError, match=r"faults: expected a whole number of at least 0, got -1"):
        faulted_layers(KEYS[0], (8, 8), faults=-1)
