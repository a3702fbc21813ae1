"""Least squares: value, gradient, weights, shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.tolerances import TAYLOR, assert_close

import jaxseis as js

RNG = np.random.default_rng(0)
PREDICTED, OBSERVED = jnp.asarray(RNG.normal(size=(2, 2, 5, 3)))
WEIGHTS = {
    "none": 1.0,
    "a number": 2.0,
    "data": jnp.asarray(RNG.normal(size=(2, 5, 3))),
    "shots": jnp.asarray(RNG.normal(size=(2, 1, 1))),
    "receivers": jnp.asarray(RNG.normal(size=(3,))),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_value_and_gradient(name):
    w = WEIGHTS[name]
    value, gradient = jax.value_and_grad(js.misfit.least_squares)(PREDICTED, OBSERVED, w)
    residual = np.broadcast_to(w, PREDICTED.shape) * np.asarray(PREDICTED - OBSERVED)
    assert_close(value, 0.5 * np.sum(residual**2))
    assert_close(gradient, w**2 * (PREDICTED - OBSERVED))
    assert js.taylor_test(lambda d: js.misfit.least_squares(d, OBSERVED, w), PREDICTED, tolerance=TAYLOR)


def test_equal_data_have_no_misfit():
    value, gradient = jax.value_and_grad(js.misfit.least_squares)(OBSERVED, OBSERVED)
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 1), (1, 5, 3)])
def test_other_shapes_are_refused_rather_than_broadcast(shape):
    with pytest.raises(ValueError, match=r"observed: expected shape \(2, 5, 3\), got shape"):
        js.misfit.least_squares(PREDICTED, jnp.zeros(shape))
    with pytest.raises(ValueError, match=r"observed: expected shape \(2, 5, 3\), got shape"):
        jax.jit(js.misfit.least_squares)(PREDICTED, jnp.zeros(shape))
