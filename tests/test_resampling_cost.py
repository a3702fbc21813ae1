"""The bands and the transforms that resampling is made of against plain sums, and what they cost."""

import tracemalloc
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec
from scipy.special import erfc

from jaxseis.resampling import Resampling
from jaxseis.resampling._banded import Banded
from jaxseis.resampling._continuation import continued
from jaxseis.resampling._spectrum import Spectrum
from jaxseis.resampling.resampling import _map

RNG = np.random.default_rng(3)
KINDS = [None, "source", "receiver"]


def between(size, kind):
    """From 2 ms to 1 ms, or back for a record of leapfrog."""
    ends = (2.0, size, 1.0, 2 * size - 1)
    return Resampling(*ends[2:], *ends[:2], kind) if kind == "receiver" else Resampling(*ends, kind)


@pytest.mark.parametrize("size", [300, 40, 7, 1])
def test_bands_are_the_matrix(size):
    """Whatever the number of samples, and with positions beyond both ends."""
    hat = lambda s: np.maximum(1 - np.abs(s) / 9.5, 0)  # noqa: E731
    positions = np.cumsum(RNG.uniform(0, 2, 500)) - 60
    x = RNG.standard_normal((size, 3))
    full = hat(np.subtract.outer(positions, np.arange(-5, size - 5))) @ x
    np.testing.assert_allclose(Banded(positions, hat, 9.5, -5, size, float)(jnp.asarray(x)), full, atol=1e-13)


@pytest.mark.parametrize("size", [2, 19, 500])
@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-6), (np.float64, 1e-13)])
def test_the_spectrum_is_the_sum(size, dtype, error):
    """To rounding: phases of up to 1550 radians are known to 1e-13."""
    angles = np.sort(RNG.uniform(0, 6.2, 300))
    x = RNG.standard_normal((size, 4)).astype(dtype)
    spectrum = Spectrum(angles, size, dtype)
    direct = np.exp(-1j * np.outer(angles, np.arange(size) - spectrum.centre)) @ x
    found = spectrum(jnp.asarray(x))
    assert found.dtype == np.result_type(dtype, np.complex64)
    assert np.linalg.norm(found - direct) < error * np.linalg.norm(direct)


@pytest.mark.parametrize(("dt", "error"), [(4 / 3, 1e-13), (4.0, 1e-11)])
def test_the_warped_map_is_the_integral(dt, error):
    """The formula for q_n by the trapezoidal rule. For long steps the pass band ends at 1e-8 where w does."""
    h, size, margin = 4.0, 60, 59
    n, j = np.arange(round(59 * h / dt) + 1), np.arange(-margin, size + margin)
    cut = min(np.pi / h, 2 / dt / 1.25)
    w = np.pi / dt * (np.arange(-8192, 8192) + 0.5) / 8192
    warped = 2 / dt * np.sin(w * dt / 2)
    weight = 0.5 * erfc(16 * (np.abs(warped) / cut - 1)) * np.sqrt(np.cos(w * dt / 2))
    left, right = np.exp(1j * np.outer(n * dt, w)), np.exp(-1j * np.outer(warped, j * h))
    kernel = h / (2 * np.pi) * (w[1] - w[0]) * ((left * weight) @ right).real
    x = RNG.standard_normal((size, 1))
    expected = kernel @ np.asarray(continued(jnp.asarray(x), margin))
    found = Resampling(h, size, dt, n.size, "source")(x, axis=0)
    np.testing.assert_allclose(found, expected, atol=error * np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
def test_memory_grows_with_the_length_and_not_with_its_square(kind):
    """What building takes at its peak, and what XLA then takes besides arguments and results."""
    peaks = []
    for size in (3001, 12001):
        r = between(size, kind)
        x = jax.ShapeDtypeStruct((r.source_size, 1), np.float32)
        tracemalloc.start()
        apply = _map.__wrapped__(r, np.dtype(np.float32))  # not a kept one
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        used = apply.lower(x).compile().memory_analysis()
        peaks.append((peak, used.temp_size_in_bytes))
    (build, run), (later_build, later_run) = peaks
    assert later_build < 4.5 * build
    assert later_run < 4.5 * run
    assert later_build < 0.1 * 4 * 12001 * 24001  # bytes of the matrix


@pytest.mark.parametrize("kind", KINDS)
def test_shots_may_lie_on_several_devices(kind):
    r = between(40, kind)
    mesh = jax.make_mesh((2,), ("shots",), axis_types=(jax.sharding.AxisType.Auto,))
    each = PartitionSpec("shots")
    split = partial(jax.shard_map, mesh=mesh, in_specs=each, out_specs=each)
    x, y = (jnp.asarray(RNG.standard_normal((4, n, 3))) for n in (r.source_size, r.target_size))
    np.testing.assert_allclose(jax.jit(split(r))(x), r(x), atol=1e-14)
    back = lambda f: jax.jit(jax.grad(lambda x: jnp.vdot(f(x), y)))(x)  # noqa: E731
    np.testing.assert_allclose(back(split(r)), back(r), atol=1e-14)
