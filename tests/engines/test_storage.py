"""How wavefields are kept: every strategy gives the same gradient, the cache only saves work."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import experiment
from helpers.tolerances import assert_close, error

import jaxseis as js
from jaxseis.engines import _cascade, _host, _pool, _wavefields

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
CASES = ["2-D bare constant density", "2-D free surface variable density"]
BARE = CASES[0]
LIMIT = "JAXSEIS_WAVEFIELD_BYTES"


@pytest.fixture(autouse=True)
def empty_cache():
    _wavefields.clear()
    yield
    _wavefields.clear()


@pytest.fixture
def runs(monkeypatch):
    """Counts propagations by what they do: runs with receivers, and runs that only recompute."""
    count = Counter()

    class Counted(_cascade.Run):
        def __init__(self, program, shared, source, receiver, *rest):
            count["recomputed" if not receiver else "sampled"] += 1
            super().__init__(program, shared, source, receiver, *rest)

    monkeypatch.setattr(_cascade, "Run", Counted)
    return count


def misfit(e, **changes):
    F = e.case.modeling(**changes)
    return lambda m: 0.5 * jnp.sum((F(m) @ e.q - e.y) ** 2)


def gradients(e, storage):
    """Gradients in the model and in the source."""
    F = e.case.modeling(storage=storage)
    return jax.vjp(lambda m, q: F(m) @ q, e.m, e.q)[1](e.y)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("segments", [None, 1, 2, 1000])
def test_recomputing_changes_no_bit(name, every, segments):
    e = experiment(name)
    kept, recomputed = gradients(e, js.InMemory(every)), gradients(e, js.Recompute(segments, every))
    for a, b in zip(jax.tree.leaves(kept), jax.tree.leaves(recomputed), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("every", [2, 3])
def test_a_subset_of_levels_is_the_adjoint_of_scattering_at_these_levels(every):
    """g = -(k / dt^2) sum over n = 0, k, 2k, ... of u[n] (v[n+1] - 2 v[n] + v[n-1]), v the adjoint field."""
    e = experiment(BARE)
    F, inverse = e.F, e.F.wave(e.m).inv
    u = inverse @ F.sources.T @ e.q
    v = (F.receivers.with_shots(2) @ inverse).T @ e.y
    v = jnp.pad(v, ((0, 0), (1, 1), (0, 0), (0, 0)))  # u[0] = 0, and v vanishes from the last level on
    scattered = (u * (v[:, 2:] - 2 * v[:, 1:-1] + v[:, :-2]))[:, ::every]
    expected = -every / F.wave.step**2 * jnp.sum(scattered, (0, 1))
    assert_close((F.jacobian(e.m, e.q, js.InMemory(every)).T @ e.y).m, expected)


def test_the_nyquist_rate_is_enough_for_a_band_limited_source():
    """A smooth medium, and residuals that have died away at the end of the record."""
    case = experiment("2-D constant density").case.replace(time=js.TimeAxis(duration=600.0, step=1.25))
    depth = np.linspace(0, 1, case.shape[1]) * np.ones((case.shape[0], 1))
    m, other = (js.squared_slowness(1.8 + contrast * depth) for contrast in (0.6, 0.7))
    q, F = js.ricker(case.time, peak_frequency=0.012), case.modeling()
    y = F(other) @ q - F(m) @ q
    exact, thinned = (F.jacobian(m, q, storage).T @ y for storage in (js.InMemory(every=1), js.InMemory()))
    assert error(thinned, exact) > 0
    assert_close(thinned, exact, "nyquist")


@pytest.mark.parametrize(("frequency", "expected"), [(0.4, 1), (0.22, 2), (0.105, 4)])
def test_the_nyquist_interval_of_a_tone(frequency, expected):
    n = np.arange(400)
    tone = np.sin(2 * np.pi * frequency * n) * np.exp(-(((n - 200) / 50) ** 2))
    assert _host.nyquist_interval({"traces": tone[None, :, None]}, n.size) == expected
    assert _host.nyquist_interval({"weights": None, "wavelet": tone[None]}, n.size) == expected


def test_a_wavefield_or_nothing_as_a_source_keeps_every_level():
    assert _host.nyquist_interval({"wavefield": np.zeros((1, 10, 3, 3))}, 10) == 1
    assert _host.nyquist_interval({"traces": np.zeros((1, 10, 1))}, 10) == 1


def test_a_gradient_takes_one_forward_and_one_adjoint_propagation_a_shot(runs):
    e = experiment(BARE)
    jax.value_and_grad(misfit(e))(e.m)
    assert runs == {"sampled": 4}  # two shots, twice


def test_without_room_a_third_propagation_recomputes_to_the_same_result(runs, monkeypatch):
    e = experiment(BARE)
    expected = jax.value_and_grad(misfit(e))(e.m)
    monkeypatch.setenv(LIMIT, "1")
    runs.clear()
    got = jax.value_and_grad(misfit(e))(e.m)
    assert runs == {"sampled": 4, "recomputed": 2}
    assert not _wavefields._entries
    assert_close(got, expected)


def test_migration_at_a_fixed_model_propagates_once_more_each(runs):
    e = experiment(BARE)
    images = []
    for expected in (4, 2, 2):
        runs.clear()
        images.append(e.J.T @ e.y)
        assert runs.total() == expected
    assert_close(images[1:], images[:1] * 2)


@pytest.mark.parametrize("change", ["m", "q", "step"])
def test_the_cache_knows_what_a_wavefield_depends_on(runs, change):
    e = experiment(BARE)
    _ = e.J.T @ e.y
    m, q = (2.0 * v if change == k else v for k, v in (("m", e.m.m), ("q", e.q)))
    F = e.case.modeling(max_velocity=4.0) if change == "step" else e.F
    _ = F.jacobian(m, q).T @ e.y
    assert runs == {"sampled": 4, "recomputed": 4}


@pytest.mark.parametrize(("room", "kept"), [(0.5, 0), (1.5, 1), (2.5, 2), (100, 4)])
def test_the_cache_is_bounded(monkeypatch, room, kept):
    e = experiment(BARE)
    one = int(e.F.wave.problem.steps * np.prod(e.F.wave.problem.shape) * 8)
    monkeypatch.setenv(LIMIT, str(int(room * one)))
    for scale in (1.0, 1.1):
        _ = e.F.jacobian(e.m.m * scale, e.q).T @ e.y
        assert sum(w.nbytes for w in _wavefields._entries.values()) <= room * one
    assert len(_wavefields._entries) == kept


def test_by_default_a_quarter_of_the_memory(monkeypatch):
    monkeypatch.delenv(LIMIT, raising=False)
    assert 2**20 < _wavefields.limit_bytes() < 2**50


def test_buffers_are_used_again(monkeypatch):
    e = experiment(BARE)
    value_and_grad = jax.value_and_grad(misfit(e))
    value_and_grad(e.m)
    _wavefields.clear()
    fresh, aligned = [], _pool.aligned
    monkeypatch.setattr(_pool, "aligned", lambda *a: fresh.append(a) or aligned(*a))
    value_and_grad(e.m)
    assert fresh == []
    monkeypatch.setattr(_pool, "_idle", [])
    value_and_grad(e.m.replace(m=1.01 * e.m.m))
    assert fresh


def test_the_pool_gives_memory_again_zeroed_or_not(monkeypatch):
    monkeypatch.setattr(_pool, "_idle", [])
    buffer = _pool.acquire((7, 11, 13), np.float64)
    assert buffer.ctypes.data % 64 == 0
    buffer.fill(3)
    _pool.release(buffer)
    again = _pool.acquire((7, 11, 13), np.float64, zero=False)
    assert again.ctypes.data == buffer.ctypes.data
    assert again.min() == 3
    _pool.release(again)
    assert _pool.acquire((7, 11, 13), np.float64).max() == 0
    assert _pool.acquire((7, 11, 13), np.float64).ctypes.data != buffer.ctypes.data


def test_the_pool_serves_other_shapes_that_fit(monkeypatch):
    monkeypatch.setattr(_pool, "_idle", [])
    buffer = _pool.acquire((100, 70), np.float64)
    _pool.release(buffer)
    smaller = _pool.acquire((90, 130), np.float32)
    assert smaller.ctypes.data == buffer.ctypes.data
    _pool.release(smaller)
    assert _pool.acquire((100, 70), np.float64).ctypes.data == buffer.ctypes.data


def test_the_pool_does_not_spend_large_pieces_on_small_arrays(monkeypatch):
    monkeypatch.setattr(_pool, "_idle", [])
    buffer = _pool.acquire((1000, 70), np.float64)
    _pool.release(buffer)
    assert _pool.acquire((10, 70), np.float64).ctypes.data != buffer.ctypes.data


def test_the_pool_is_bounded(monkeypatch):
    monkeypatch.setattr(_pool, "_idle", [])
    monkeypatch.setattr(_pool, "LIMIT", 0)
    _pool.release(_pool.acquire((5, 3, 2), np.float32))
    assert _pool._idle == []


@pytest.mark.parametrize("name", CASES)
def test_results_do_not_depend_on_the_number_of_threads(name, monkeypatch):
    e, results = experiment(name), []
    for threads in ("1", "2"):
        monkeypatch.setenv("JAXSEIS_THREADS", threads)
        _wavefields.clear()
        results.append((jax.value_and_grad(misfit(e))(e.m), e.J @ e.dm))
    for a, b in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_inside_a_kernel_give_the_same_result(monkeypatch):
    e, results = experiment(BARE), []
    F = e.F[0]
    J = F.jacobian(e.m, e.q[:1])
    for threads in ("1", "2"):
        monkeypatch.setenv("JAXSEIS_THREADS", threads)
        _wavefields.clear()
        results.append((F(e.m) @ e.q[:1], J @ e.dm, J.T @ e.y[:1]))
    assert_close(results[1], results[0])


def test_the_same_gradient_on_several_python_threads():
    e = experiment(BARE)
    compute = jax.value_and_grad(misfit(e))
    expected = compute(e.m)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: compute(e.m), range(8)):
            assert_close(got, expected)


@pytest.mark.parametrize("storage", [None, "disk", js.PML()])
def test_an_unknown_storage_is_refused(storage):
    with pytest.raises(ValueError, match=r"storage: expected InMemory\(...\) or Recompute\(...\), got "):
        experiment(BARE).case.wave(storage=storage)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.InMemory(every=0), "storage.every: expected a whole number of at least 1"),
        (lambda: js.InMemory(every=1.5), "storage.every: expected a whole number of at least 1"),
        (lambda: js.Recompute(every=-1), "storage.every: expected a whole number of at least 1"),
        (lambda: js.Recompute(segments=0), "storage.segments: expected a whole number of at least 1"),
    ],
)
def test_bad_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()



def test_memory_can_be_released():
    e = experiment(BARE)
    gradient = e.J.T @ e.y
    assert _wavefields._entries
    assert _pool._idle
    js.release_memory()
    assert not _wavefields._entries
    assert not _pool._idle
    assert_close(e.J.T @ e.y, gradient)
