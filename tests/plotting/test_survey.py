"""Maps, stacking charts and spectra."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.acquisition import Geometry
from jaxseis.plotting import spectrum, stacking_chart, survey

SHOTS = Geometry(x=jnp.array([0.0, 1000.0]), y=500.0, z=10.0)
SPREAD = Geometry.spread(x=jnp.array([0.0, 500.0, 500.0]), y=jnp.array([0.0, 0.0, 900.0]), z=20.0)


def drawn(ax):
    return [np.asarray(c.get_offsets()) for c in ax.collections]


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def test_a_map_is_seen_from_above_in_kilometres():
    ax = survey(SHOTS, SPREAD, title="Survey")
    receivers, sources = drawn(ax)
    np.testing.assert_allclose(sources, [[0, 0.5], [1, 0.5]])
    np.testing.assert_allclose(receivers, [[0, 0], [0.5, 0], [0.5, 0.9]])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("x (km)", "y (km)", "Survey")
    assert ax.get_aspect() == 1
    assert legend(ax) == ["3 receivers", "2 sources"]


def test_places_count_once_and_padding_never():
    tables = [[[0.0, 0.0, 5.0]], [[0.0, 0.0, 5.0], [100.0, 50.0, 5.0]]]
    ax = survey(SHOTS, Geometry.ragged(tables))
    assert legend(ax) == ["2 receivers", "2 sources"]


def test_in_two_dimensions_depth_goes_down():
    ax = survey(Geometry(x=0.0, z=10.0), Geometry.spread(x=jnp.arange(3.0), z=2000.0))
    assert ax.yaxis_inverted()
    assert ax.get_ylabel() == "depth (km)"
    np.testing.assert_allclose(drawn(ax)[0][:, 1], 2)
    assert survey(Geometry(x=0.0, z=10.0), Geometry(x=1.0, z=10.0), ax).yaxis_inverted()


def test_the_fewer_are_drawn_on_top():
    receivers = Geometry.spread(x=jnp.arange(5.0), y=0.0, z=0.0)
    assert [len(points) for points in drawn(survey(receivers, SHOTS))] == [5, 2]


def test_many_places_are_thinned_fairly_and_the_legend_says_so():
    x, y = np.meshgrid(np.arange(0.0, 4001.0, 10.0), np.arange(0.0, 2001.0, 10.0))
    hole = np.hypot(x - 2000, y - 1000) < 300
    ax = survey(SHOTS, Geometry.spread(x=x[~hole], y=y[~hole], z=0.0), most=1000)
    points = 1000 * drawn(ax)[0]
    assert legend(ax) == [f"{(~hole).sum():,} receivers, one dot every 20 m", "2 sources"]
    assert len(points) == pytest.approx((~hole).sum() / 4, rel=0.05)
    assert np.hypot(points[:, 0] - 2000, points[:, 1] - 1000).min() >= 290
    np.testing.assert_allclose([points.min(), *points.max(axis=0)], [5, 4000, 2000], atol=5)


def test_a_stacking_chart_has_a_dot_for_every_trace():
    sources = Geometry(x=jnp.array([100.0, 200.0]), z=5.0)
    ax = stacking_chart(sources, Geometry.ragged([[[0.0, 5.0], [50.0, 5.0]], [[300.0, 5.0]]]))
    np.testing.assert_allclose(drawn(ax)[0], [[0, 0.1], [0.05, 0.1], [0.3, 0.2]], atol=1e-7)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("receiver x (km)", "source x (km)")
    assert legend(ax) == ["3 traces"]
    assert legend(stacking_chart(SHOTS, SPREAD)) == ["4 traces"]  # two of the receivers are at one x
    assert stacking_chart(SHOTS, SPREAD, axis="y").get_xlabel() == "receiver y (km)"


def test_the_spectrum_of_gaussians_is_a_gaussian_in_hertz(time):
    width = 0.03  # s
    pulse = np.exp(-0.5 * ((time.values / 1000 - 0.5) / width) ** 2)
    frequency, amplitude = spectrum(pulse[:, None] * np.array([1.0, -3.0]), time).lines[0].get_data()
    assert frequency[-1] == pytest.approx(50, rel=0.02)
    expected = 2 * width * np.sqrt(2 * np.pi) * np.exp(-2 * (np.pi * width * frequency) ** 2)
    np.testing.assert_allclose(amplitude, expected, atol=1e-10)
    np.testing.assert_allclose(spectrum(pulse, time).lines[0].get_ydata(), expected / 2, atol=1e-10)


def test_spectra_share_axes(traces, time):
    ax = spectrum(traces, time, label="before", relative=True)
    assert spectrum(0.1 * traces, time, ax=ax, label="after", relative=True, logarithmic=True) is ax
    assert [line.get_ydata().max() for line in ax.lines] == [1, 1]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("frequency (Hz)", "amplitude / largest", "log")
    assert legend(ax) == ["before", "after"]


def test_padded_receivers_do_not_count_in_a_spectrum(traces, time):
    receivers = Geometry.ragged([np.zeros((n, 2)) for n in (4, 12)])[0]
    expected = spectrum(traces[:, :4], time).lines[0].get_ydata()
    np.testing.assert_allclose(spectrum(traces, time, receivers).lines[0].get_ydata(), expected)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: survey(SHOTS, Geometry(x=0.0, z=0.0)), r"receivers: expected 3 coordinates, as the sources have"),
        (lambda: survey(Geometry(z=0.0), Geometry(z=1.0)), r"sources: expected two or three coordinates"),
        (lambda: stacking_chart(SHOTS, SPREAD, axis="offset"), r"axis: expected one of \('x', 'y', 'z'\), got 'off"),
        (lambda: stacking_chart(SHOTS, SHOTS[:1]), r"receivers: expected 2 shots, as the sources have, got 1"),
        (lambda: spectrum(np.ones((2, 3, 4)), js.TimeAxis(8.0, 4.0)), r"traces: expected axes \(time, receiver\)"),
        (lambda: spectrum(np.ones(3), [0.0, 1.0, 3.0]), r"time: expected evenly spaced samples, got steps from 0.001"),
    ],
)
def test_errors(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
