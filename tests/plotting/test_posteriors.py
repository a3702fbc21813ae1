"""Posteriors of images, and whether they are right."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from jaxseis.inference import Calibration, Coverage, ecdf_band, sbc_ranks, uncertainty_calibration
from jaxseis.plotting import calibration, coverage, posterior, rank_ecdf, rank_histogram

NUMBERS = np.random.default_rng(0)
RANKS = NUMBERS.integers(0, 20, size=(100, 2))
LEVELS = np.array([0.2, 0.5, 0.8])
FOUND = Coverage(LEVELS, LEVELS**2, LEVELS - 0.1, LEVELS + 0.1)


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def test_bars_count_ranks():
    ax = rank_histogram(np.repeat([0, 1, 2, 3], [5, 1, 2, 4]), 3, bins=2, label="depth", title="SBC")
    assert [bar.get_height() for bar in ax.patches if bar.get_label() == "_nolegend_" or _is_bar(bar)] == [6, 6]
    assert ax.get_xlabel() == "rank of depth among 3 samples"
    assert (ax.get_ylabel(), ax.get_title("left")) == ("cases", "SBC")
    assert legend(ax) == ["95 % if calibrated", "found"]


def _is_bar(patch):
    return type(patch).__name__ == "Rectangle"


def test_all_ranks_are_in_some_bar():
    """Four bars of 19 ranks: none is left out, the last one included."""
    ax = rank_histogram(np.arange(19), 18, bins=4)
    assert sum(bar.get_height() for bar in ax.patches if _is_bar(bar)) == 19
    assert ax.get_xlim() == (0, 19)


def test_curves_of_ranks_are_less_uniform_ones():
    ax = rank_ecdf(RANKS, 19, label=("depth", "width"))
    _, first, second = ax.lines
    np.testing.assert_allclose(first.get_xdata(), ecdf_band(100, 19).fractions)
    below = (RANKS[:, 1, None] < np.arange(1, 20)).mean(axis=0)
    np.testing.assert_allclose(second.get_ydata(), below - np.arange(1, 20) / 20, atol=1e-6)
    assert legend(ax) == ["95 % if calibrated", "depth", "width"]


def test_one_curve_of_ranks_needs_no_name():
    ax = rank_ecdf(RANKS[:, 0], 19, level=0.9, title="SBC")
    assert legend(ax) == ["90 % if calibrated"]
    assert rank_ecdf(RANKS[:, 1], 19, ax, label="width") is ax
    assert legend(ax) == ["90 % if calibrated", "width"]  # one band
    assert (len(ax.lines), len(ax.collections), ax.get_title("left")) == (3, 1, "SBC")


@pytest.mark.parametrize("draw", [rank_histogram, rank_ecdf])
def test_the_title_is_over_the_legend_on_small_axes(draw):
    figure, ax = plt.subplots(figsize=(3.5, 3), layout="constrained")
    draw(RANKS[:, 0], 19, ax, title="ranks of the depth", label="depth")
    figure.canvas.draw()
    title, names = (artist.get_window_extent() for artist in (ax._left_title, ax.get_legend()))
    assert ax.bbox.y1 <= names.y0 < names.y1 <= title.y0 < title.y1 <= figure.bbox.y1


def test_coverage_against_nominal():
    ax = coverage(FOUND, label="intervals", title="Coverage")
    diagonal, curve = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(curve.get_xydata().T, [LEVELS, LEVELS**2])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == (
        "nominal coverage", "empirical coverage", "Coverage",
    )
    assert coverage(FOUND, ax, label="balls") is ax
    assert len(ax.lines) == 3  # one diagonal
    assert legend(ax) == ["intervals", "balls"]


def test_many_components_are_drawn_by_their_mean():
    several = np.stack([LEVELS - 0.1, LEVELS + 0.1], axis=1)
    assert len(coverage(FOUND._replace(empirical=several)).lines) == 3
    many = np.tile(several[:, :, None], (1, 1, 8))
    _, curve = coverage(FOUND._replace(empirical=many)).lines
    np.testing.assert_allclose(curve.get_ydata(), LEVELS)


def test_a_mean_has_no_band_of_one_component():
    many = FOUND._replace(empirical=np.tile(LEVELS[:, None], (1, 8)))
    ax = coverage(many)
    assert len(ax.collections) == 0
    coverage(FOUND, ax)
    coverage(FOUND, ax)
    assert len(ax.collections) == 1


def test_errors_against_spread():
    found = Calibration(np.array([1.0, 2.0]), np.array([1.5, 4.0]), 0.0)
    ax = calibration(found, unit="km/s", label="flow")
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1, 1.5], [2, 4]])
    np.testing.assert_allclose(ax.get_xlim(), (0, 4.2))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted error (km/s)", "error of the posterior mean (km/s)")
    assert calibration(found._replace(error=np.array([1.0, 8.0])), ax) is ax
    assert len(ax.lines) == 3
    np.testing.assert_allclose(ax.get_ylim(), (0, 8.4))


def test_what_the_diagnostics_return_is_what_is_drawn():
    samples = jnp.asarray(NUMBERS.normal(size=(19, 50, 4)))
    truths = jnp.asarray(NUMBERS.normal(size=(50, 4)))
    assert len(calibration(uncertainty_calibration(truths, samples)).lines[1].get_xdata()) == 10
    assert len(rank_ecdf(sbc_ranks(truths, samples), 19).lines) == 5


def test_a_posterior_is_a_row_of_images(grid):
    truth = NUMBERS.normal(size=grid.shape)
    samples = truth + 0.3 * NUMBERS.normal(size=(9, *grid.shape))
    axes = posterior(truth, samples, grid, label="km/s", title="Posterior")
    names = ["truth", "posterior mean", "sample 1", "sample 2", "absolute error", "standard deviation"]
    assert [ax.get_title("left") for ax in axes] == names
    images = [ax.images[0] for ax in axes]
    np.testing.assert_allclose(images[1].get_array(), samples.mean(axis=0).T)
    np.testing.assert_allclose(images[4].get_array(), np.abs(samples.mean(axis=0) - truth).T)
    np.testing.assert_allclose(images[5].get_array(), samples.std(axis=0, ddof=1).T)
    limits = [image.get_clim() for image in images]
    assert limits[:4] == [(truth.min(), truth.max())] * 4
    assert limits[4] == limits[5]
    assert limits[4][0] == 0
    assert (axes[0].get_ylabel(), axes[0].get_xlabel()) == ("depth (km)", "x (km)")
    assert axes[0].figure.get_suptitle() == "Posterior"
    axes[0].figure.canvas.draw()
    low, high = axes[0].figure.bbox.extents[1::2]
    assert all(low <= ax.get_tightbbox().y0 and ax.get_tightbbox().y1 <= high for ax in axes)


def test_a_posterior_without_a_grid_has_no_numbers():
    truth = NUMBERS.normal(size=(8, 6, 1))
    axes = posterior(truth, np.stack([truth, truth + 1]), count=0, limits=(-1.0, 1.0))
    assert len(axes) == 4
    assert axes[0].images[0].get_clim() == (-1, 1)
    axes[0].figure.canvas.draw()
    assert not any(t.get_visible() and t.label1.get_visible() for t in axes[0].xaxis.get_major_ticks())


def test_a_certain_posterior_of_the_truth_can_be_drawn():
    truth = NUMBERS.normal(size=(8, 6))
    assert posterior(truth, np.stack([truth, truth]))[-1].images[0].get_clim() == (0, 1)


def test_a_constant_truth_has_the_scale_of_all_images():
    truth = np.full((8, 6), 2.0)
    samples = truth + NUMBERS.normal(size=(5, 8, 6))
    drawn = [truth, samples.mean(axis=0), *samples[:2]]
    assert posterior(truth, samples)[0].images[0].get_clim() == (np.min(drawn), np.max(drawn))
    assert posterior(truth, np.stack([truth, truth]))[0].images[0].get_clim() == (1.5, 2.5)


def test_colours_go_on_below_a_limit_of_zero():
    truth = NUMBERS.normal(size=(8, 6))
    axes = posterior(truth, np.stack([truth, truth + 1]), limits=(0.0, 8.0))
    assert [axes[i].images[0].colorbar.extend for i in (3, 5)] == ["both", "max"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rank_histogram(RANKS, 19), r"ranks: expected those of one quantity, \(cases,\), got shape \(100, 2\)"),
        (lambda: rank_histogram(RANKS[:, 0], 9), "ranks: expected whole numbers from 0 to n = 9"),
        (lambda: rank_ecdf(RANKS, 19, label=("one",)), "ranks: expected .* as many as labels"),
        (lambda: coverage(FOUND._replace(empirical=np.ones(2))), "found: expected a Coverage over the same levels"),
        (lambda: posterior(np.ones((4, 3)), np.ones((5, 3, 4))), r"samples: expected shape \(5, 4, 3\)"),
        (lambda: posterior(np.ones(4), np.ones((5, 4))), r"truth: expected an image \(x, z\), got shape \(4,\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
