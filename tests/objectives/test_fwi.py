"""The nonlinear objective: value, gradient, weights, parts of it."""

from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import experiment
from helpers.tolerances import TAYLOR, assert_close, largest

import jaxseis as js

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
SHOTS = 5


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """One shot alone would otherwise need kernels with threads inside."""
    monkeypatch.setenv("JAXSEIS_THREADS", "1")


def problem(**options):
    """Five shots."""
    e = experiment("2-D bare constant density")
    sources = js.Geometry(**e.case.random_points(SHOTS, seed=1))
    F = js.Modeling(e.case.wave(), sources, e.case.receivers)
    q, d = e.case.noise(SHOTS, e.case.time.size, 1, seed=2), e.case.noise(SHOTS, e.case.time.size, 5, seed=3)
    return js.FWI(F, q, d, **options), e.m.m


def by_formula(phi, m, w=1.0):
    residual = w * (phi.F(m) @ phi.q - phi.observed)
    return 0.5 * jnp.sum(residual**2), phi.F.jacobian(m, phi.q).T @ (w * residual)


def test_value_and_gradient():
    phi, m = problem()
    assert_close(phi.value_and_grad(m), by_formula(phi, m))
    assert_close(phi(m), by_formula(phi, m)[0])
    assert_close(jax.value_and_grad(phi)(m), by_formula(phi, m))
    assert js.taylor_test(phi, m, 0.1 * m, tolerance=TAYLOR)


def test_it_vanishes_at_the_true_model():
    phi, m = problem()
    perfect = js.FWI(phi.F, phi.q, phi.F(m) @ phi.q)
    value, gradient = perfect.value_and_grad(m)
    assert value == 0
    assert largest(gradient) == 0


WEIGHTS = {
    "data": {"data_weights": np.random.default_rng(4).normal(size=(SHOTS, 41, 5))},
    "offsets": {"data_weights": np.array([0.0, 1.0, 2.0, 0.5, 1.0])},
    "shots": {"shot_weights": np.array([1.0, 2.0, 0.0, 3.0, 1.0])},
    "both": {"data_weights": np.linspace(0, 1, 41)[:, None], "shot_weights": np.arange(5.0)},
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name):
    options = WEIGHTS[name]
    w = np.asarray(options.get("data_weights", 1.0)) * np.asarray(options.get("shot_weights", 1.0)).reshape(-1, 1, 1)
    phi, m = problem(**options)
    assert_close(phi.value_and_grad(m), by_formula(phi, m, w))


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 5, 9])
def test_a_few_shots_at_once_give_the_same(at_once):
    phi, m = problem(shot_weights=np.arange(1.0, 6.0))
    assert_close(phi.value_and_grad(m, shots_at_once=at_once), phi.value_and_grad(m))


def test_all_of_it_in_jit():
    phi, m = problem()
    whole = jax.jit(lambda phi, m: phi.value_and_grad(m))(phi, m)
    parts = jax.jit(lambda phi, m: phi.value_and_grad(m, shots_at_once=2))(phi, m)
    assert_close([whole, parts], [phi.value_and_grad(m)] * 2)


@pytest.mark.parametrize("shots", [2, slice(1, 4), np.array([3, 0]), [4, 4]], ids=str)
def test_some_shots(shots):
    phi, m = problem(shot_weights=np.arange(1.0, 6.0))
    chosen = np.atleast_1d(np.arange(SHOTS)[shots])
    part = js.FWI(phi.F[chosen], phi.q[chosen], phi.observed[chosen], shot_weights=np.arange(1.0, 6.0)[chosen])
    assert_close(phi[shots].value_and_grad(m), part.value_and_grad(m))


def test_the_shots_add_up():
    phi, m = problem()
    parts = [phi[i].value_and_grad(m) for i in range(SHOTS)]
    assert_close(jax.tree.map(lambda *v: sum(v), *parts), phi.value_and_grad(m))


def test_one_wavelet_serves_all_shots_and_their_selections():
    phi, m = problem()
    q = phi.q[0, :, 0]
    one = js.FWI(phi.F, q, phi.observed)
    full = js.FWI(phi.F, jnp.broadcast_to(q[None, :, None], phi.q.shape), phi.observed)
    assert_close([one(m), one[1:3](m)], [full(m), full[1:3](m)])


def test_random_batches_compile_once():
    phi, m = problem()
    traces = []

    @jax.jit
    def step(phi, m):
        traces.append(1)
        return phi.value_and_grad(m)

    for shots in islice(js.shot_batches(jax.random.key(0), SHOTS, 2), 4):
        assert_close(step(phi[shots], m), phi[shots].value_and_grad(m))
    assert len(traces) == 1


def test_another_misfit():
    phi, m = problem(misfit=lambda a, b: jnp.sum(jnp.log1p((a - b) ** 2)))
    d = phi.F(m) @ phi.q
    assert_close(phi(m), jnp.sum(jnp.log1p((d - phi.observed) ** 2)))
    assert js.taylor_test(phi, m, 0.1 * m, tolerance=TAYLOR)


def test_a_medium_gives_a_medium():
    e = experiment("2-D free surface variable density")
    value, gradient = js.FWI(e.F, e.q, e.y).value_and_grad(e.m, shots_at_once=1)
    assert gradient.names == e.m.names
    assert_close((value, gradient), js.FWI(e.F, e.q, e.y).value_and_grad(e.m))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": np.zeros((5, 41, 4))}, r"observed: expected shape \(5, 41, 5\) \(shot, time, receiver\), got"),
        ({"observed": np.zeros((5, 40, 5))}, r"observed: expected shape \(5, 41, 5\)"),
        ({"data_weights": np.ones((5, 40, 1))}, r"data_weights: expected an array that broadcasts to the data"),
        ({"shot_weights": np.ones(4)}, r"shot_weights: expected shape \(5,\) \(shot\), got shape \(4,\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    phi, _ = problem()
    arguments = {"observed": phi.observed} | change
    with pytest.raises(ValueError, match=message):
        js.FWI(phi.F, phi.q, **arguments)


@pytest.mark.parametrize("at_once", [0, -2, 1.5])
def test_a_bad_number_of_shots_at_once_is_refused(at_once):
    phi, m = problem()
    with pytest.raises(ValueError, match="shots_at_once: expected"):
        phi.value_and_grad(m, shots_at_once=at_once)


def test_a_source_that_does_not_fit_is_refused():
    phi, m = problem()
    with pytest.raises(ValueError, match=r"\(shot, time, point\)"):
        js.FWI(phi.F, phi.q[:, 1:], phi.observed)(m)


def test_shot_records_as_data():
    phi, m = problem()
    records = js.Shots(phi.observed, phi.F.sources.geometry, phi.F.receivers.geometry, phi.F.wave.time)
    assert js.FWI(phi.F, phi.q, records)(m) == phi(m)
    assert js.LSRTM(phi.F.jacobian(m, phi.q), records).observed.shape == phi.observed.shape


def test_a_loop_over_the_shots_ends_and_adds_up():
    phi, m = problem()
    parts = list(phi)
    assert len(parts) == len(phi) == SHOTS
    assert_close(sum(part(m) for part in parts), phi(m))
    with pytest.raises(IndexError, match="shots: expected numbers from 0 to 4, got 5"):
        phi[5]


@pytest.mark.slow
def test_data_of_two_components():
    e = experiment("2-D free surface elastic")
    F = js.Modeling(e.F.wave, e.F.sources, js.Projection(e.case.receivers, e.F.wave, js.Velocity("xz")))
    m, q, d, w = e.m, e.q, e.case.noise(2, e.case.time.size, 5, 2, seed=2), np.array([1.0, 2.0])
    phi = js.FWI(F, q, d, shot_weights=w, data_weights=np.array([1.0, 0.5]))
    weights = w[:, None, None, None] * np.array([1.0, 0.5])
    assert_close(phi(m), 0.5 * jnp.sum((weights * (F(m) @ q - d)) ** 2))
    assert_close(phi.value_and_grad(m, shots_at_once=1), phi.value_and_grad(m))
    with pytest.raises(ValueError, match=r"shape \(2, 41, 5, 2\) \(shot, time, receiver, component\), got"):
        js.FWI(F, q, d[..., 0])
