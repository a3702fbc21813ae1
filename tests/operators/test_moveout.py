"""Spreading along curves and moveout correction, against PyLops and direct sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.operators.moveout import NMO, Spread, read

TABLE = 9 * np.random.default_rng(0).uniform(size=(2, 5, 3)) - 0.5
TABLE[0, 1, 2] = np.nan


def test_a_trace_is_read_between_its_samples_and_is_zero_outside():
    trace = jnp.array([1.0, 3.0, 2.0])
    numbers = jnp.array([0.0, 0.25, 2.0, 2.5, 3.0, 1e9, -0.5, -1.0, -1e9, jnp.nan])
    np.testing.assert_allclose(read(trace, numbers), [1, 1.5, 2, 1, 0, 0, 0.5, 0, 0, 0])


def test_spread_is_that_of_pylops():
    pylops = pytest.importorskip("pylops")
    table = np.clip(TABLE, 0, 6.9)  # PyLops leaves out what is partly outside
    whole = np.floor(table)
    reference = pylops.Spread((2, 5), (3, 8), table=whole, dtable=table - whole)
    m, d = np.random.default_rng(1).normal(size=(2, 5)), np.random.default_rng(2).normal(size=(3, 8))
    A = Spread(table, 8, m)
    np.testing.assert_allclose(A @ m, np.reshape(reference @ m.ravel(), d.shape), atol=1e-13)
    np.testing.assert_allclose(A.T @ d, np.reshape(reference.H @ d.ravel(), m.shape), atol=1e-13)


def test_spread_without_a_curve_spreads_nothing():
    m = jnp.zeros((2, 5)).at[0, 1].set(1.0)
    assert not np.any((Spread(TABLE, 8, m) @ m)[2])
    assert np.all(np.isfinite(jax.grad(lambda table: jnp.sum((Spread(table, 8, m) @ m) ** 2))(jnp.asarray(TABLE))))


def test_nmo_flattens_a_hyperbola():
    h, t = np.linspace(0, 1000.0, 11), 4.0 * np.arange(200)
    arrivals = np.sqrt(300.0**2 + (h / 2.0) ** 2)
    gather = np.exp(-(((t - arrivals[:, None]) / 30) ** 2))
    corrected = NMO(2.0, h, gather, sampling=4.0) @ gather
    assert np.all(np.argmax(corrected, 1) == 75)


def test_nmo_is_the_direct_sum():
    h, v, t0 = np.array([0.0, 0.7, 1.5]), 1 + 0.1 * np.arange(8), 0.2 + 0.25 * np.arange(8)
    gather = np.random.default_rng(3).normal(size=(3, 8))
    t = np.sqrt(t0**2 + (h[:, None] / v) ** 2)
    expected = [np.interp((s - 0.2) / 0.25, np.arange(9), [*d, 0], right=0) for s, d in zip(t, gather, strict=True)]
    A = NMO(v, h, gather, sampling=0.25, start=0.2, stretch=0.5)
    np.testing.assert_allclose(A @ gather, np.where(t <= 1.5 * t0, expected, 0), atol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spread(TABLE, 8, np.ones((5, 2))), r"table of Spread: expected real numbers \(x0, t0, x\)"),
        (lambda: Spread(TABLE[0], 8, np.ones((2, 5))), "table of Spread"),
        (lambda: Spread(TABLE, 0, np.ones((2, 5))), "samples of Spread: expected a whole number of at least 1"),
        (lambda: NMO(2.0, [1.0], np.ones((2, 5)), sampling=1), r"NMO: expected one array \(offset, time\), 1 along"),
        (lambda: NMO(2.0, [1.0, 2.0], np.ones((5, 2)), sampling=1), r"NMO: .*put Transpose\(\(1, 0\), ...\) in"),
        (lambda: NMO(2.0, 1.0, np.ones((1, 5)), sampling=1), "offsets of NMO: expected numbers along one axis"),
        (lambda: Spread(TABLE, 8, np.ones((2, 5))) @ np.ones((5, 2)), r"expected shape \(2, 5\) \(x0, t0\)"),
        (lambda: NMO([2.0], [1.0, 2.0], np.ones((2, 5)), sampling=1), r"velocity of NMO: expected shape \(5,\)"),
        (lambda: NMO(2.0, [1.0], np.ones(5), sampling=1), "in_structure of NMO: expected one array"),
        (lambda: NMO(2.0, [1.0], np.ones((1, 5)), sampling=1, stretch=-1), "stretch: expected zero or a positive"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
