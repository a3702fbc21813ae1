"""Gathers, wiggles and compared traces."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.acquisition import Geometry
from jaxseis.plotting import compare_traces, gather, wiggle

POSITIONS = np.linspace(0.0, 1100.0, 12)


def test_gather_in_seconds_and_kilometres(traces, time):
    ax = gather(traces, time, POSITIONS, title="Shot")
    image = ax.images[0]
    np.testing.assert_allclose(image.get_extent(), (-0.05, 1.15, 1.005, -0.005))
    np.testing.assert_array_equal(image.get_array(), traces)
    assert ax.get_ylim() == (1.0, 0.0)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("receiver position (km)", "time (s)", "Shot")


def test_gather_is_clipped_at_the_percentile(traces, time):
    limit = np.percentile(np.abs(traces), 90)
    ax = gather(traces, time, clip=90, colorbar=True)
    assert ax.images[0].get_clim() == (-limit, limit)
    assert ax.images[0].colorbar.ax.get_ylabel() == "amplitude"
    assert ax.get_xlabel() == "receiver"


def test_receivers_are_put_in_order(traces, time):
    image = gather(traces, time, POSITIONS[::-1]).images[0]
    np.testing.assert_array_equal(image.get_array(), traces[:, ::-1])


def test_uneven_receivers_become_a_mesh(traces, time):
    ax = gather(traces, time, POSITIONS**2)
    assert not ax.images
    np.testing.assert_array_equal(ax.collections[0].get_array(), traces)


@pytest.mark.parametrize(
    ("receivers", "label"),
    [
        (Geometry.spread(x=jnp.asarray(POSITIONS), z=25.0), "receiver x (km)"),
        (Geometry.spread(x=100.0, z=jnp.asarray(POSITIONS)), "receiver depth (km)"),
        (Geometry.spread(x=100.0, y=jnp.asarray(POSITIONS), z=25.0), "receiver y (km)"),
    ],
)
def test_geometry_is_drawn_along_its_extent(traces, time, receivers, label):
    ax = gather(traces, time, receivers)
    assert ax.get_xlabel() == label
    np.testing.assert_allclose(ax.images[0].get_extent()[:2], (-0.05, 1.15), rtol=1e-6)


def test_padded_receivers_are_left_out(traces, time):
    tables = [np.stack([POSITIONS[:n], np.zeros(n)], 1) for n in (9, 12)]
    ax = gather(traces, time, Geometry.ragged(tables)[0])
    np.testing.assert_array_equal(ax.images[0].get_array(), traces[:, :9])


def test_wiggle_draws_every_trace_at_its_place(traces, time):
    ax = wiggle(traces, time, POSITIONS, clip=100)
    assert len(ax.lines) == 12
    assert len(ax.collections) == 12
    scale = 0.1 / np.abs(traces).max()  # km: the largest is as wide as the distance between traces
    np.testing.assert_allclose(ax.lines[3].get_xdata(), 0.3 + scale * traces[:, 3])
    np.testing.assert_allclose(ax.lines[3].get_ydata(), time.values / 1000)
    assert ax.get_ylim() == (1.0, 0.0)


def test_wiggle_cuts_what_is_wider_than_the_clip(traces, time):
    ax = wiggle(traces, time, POSITIONS, clip=50, gain=2.0, fill=False)
    assert not ax.collections
    assert np.max(np.abs(ax.lines[0].get_xdata())) == pytest.approx(0.2)


def test_compared_traces_share_places_and_scale(traces, time):
    ax = compare_traces(traces, 0.5 * traces, time, POSITIONS, count=3, labels=("true", "mine"))
    full, dashed = ax.lines[:3], ax.lines[3:]
    assert len(dashed) == 3
    for one, other in zip(full, dashed, strict=True):
        base = POSITIONS / 1000
        place = base[np.argmin(np.abs(base - np.mean(one.get_xdata())))]
        np.testing.assert_allclose(other.get_xdata() - place, 0.5 * (one.get_xdata() - place), atol=1e-12)
    assert full[0].get_linestyle() == "-"
    assert dashed[0].get_linestyle() == "--"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["true", "mine"]


def test_compare_draws_all_where_there_are_fewer(traces, time):
    assert len(compare_traces(traces, traces, time, count=50).lines) == 24


@pytest.mark.parametrize("draw", [gather, wiggle])
def test_wrong_shapes_are_errors(draw, traces, time):
    with pytest.raises(ValueError, match=r"traces: expected axes \(time, receiver\), got .* Pick one shot"):
        draw(traces[None], time)
    with pytest.raises(ValueError, match=r"time: expected shape \(100,\) \(time\), got shape \(101,\)"):
        draw(traces[:-1], time)
    with pytest.raises(ValueError, match=r"receivers: expected shape \(12,\)"):
        draw(traces, time, POSITIONS[:5])
    with pytest.raises(ValueError, match=r"receivers: expected the receivers of one shot, got 2 shots"):
        draw(traces, time, Geometry(x=np.stack([POSITIONS, POSITIONS]), z=0.0))


def test_compare_checks_its_arguments(traces, time):
    with pytest.raises(ValueError, match=r"predicted: expected shape \(101, 12\) \(time, receiver\)"):
        compare_traces(traces, traces[:, :3], time)
    with pytest.raises(ValueError, match="count: expected at least one trace, got 0"):
        compare_traces(traces, traces, time, count=0)
