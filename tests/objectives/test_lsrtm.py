"""The linearised objective: value, gradient, weights, parts of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import experiment
from helpers.tolerances import TAYLOR, assert_close, largest

import jaxseis as js

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")


def problem(name="2-D bare constant density", **options):
    e = experiment(name)
    return e, js.LSRTM(e.J, e.y, **options)


@pytest.mark.parametrize("name", ["2-D bare constant density", "2-D free surface variable density"])
def test_value_and_gradient(name):
    e, phi = problem(name)
    residual = e.J @ e.dm - e.y
    expected = 0.5 * jnp.sum(residual**2), e.J.T @ residual
    assert_close(phi.value_and_grad(e.dm), expected)
    assert_close(jax.value_and_grad(phi)(e.dm), expected)
    assert_close(jax.jit(lambda phi, dm: phi.value_and_grad(dm))(phi, e.dm), expected)
    assert js.taylor_test(phi, e.dm, e.case.perturbation(seed=40), tolerance=TAYLOR)


def test_it_vanishes_for_its_own_data():
    e, _ = problem()
    value, gradient = js.LSRTM(e.J, e.J @ e.dm).value_and_grad(e.dm)
    assert value == 0
    assert largest(gradient) == 0


def test_weights():
    e, phi = problem(data_weights=np.linspace(0, 2, 41)[:, None], shot_weights=[2.0, 0.5])
    w = np.linspace(0, 2, 41)[:, None] * np.array([2.0, 0.5])[:, None, None]
    residual = w * (e.J @ e.dm - e.y)
    assert_close(phi.value_and_grad(e.dm), (0.5 * jnp.sum(residual**2), e.J.T @ (w * residual)))
    assert_close(phi(e.dm), 0.5 * jnp.sum(residual**2))


@pytest.mark.parametrize("shots", [0, slice(1, None), np.array([1, 0])], ids=str)
def test_some_shots(shots, monkeypatch):
    monkeypatch.setenv("JAXSEIS_THREADS", "1")
    e, phi = problem(shot_weights=[2.0, 0.5])
    chosen = np.atleast_1d(np.arange(2)[shots])
    part = js.LSRTM(e.J[chosen], e.y[chosen], shot_weights=np.array([2.0, 0.5])[chosen])
    assert_close(phi[shots].value_and_grad(e.dm), part.value_and_grad(e.dm))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": np.zeros((2, 41, 4))}, r"observed: expected shape \(2, 41, 5\) \(shot, time, receiver\), got"),
        ({"data_weights": np.ones((3, 1, 1))}, "data_weights: expected an array that broadcasts to the data"),
        ({"shot_weights": np.ones((2, 1))}, r"shot_weights: expected shape \(2,\) \(shot\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    e, _ = problem()
    with pytest.raises(ValueError, match=message):
        js.LSRTM(e.J, **{"observed": e.y} | change)
