"""Velocity models, perturbations and geometry on a section."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from jaxseis.acquisition import Geometry
from jaxseis.grid import Grid
from jaxseis.plotting import geometry, perturbation, velocity


def colorbar_of(ax):
    return ax.images[0].colorbar


def test_nodes_lie_where_they_should_in_kilometres(grid):
    values = np.arange(31.0 * 21.0).reshape(31, 21)
    ax = velocity(values, grid)
    image = ax.images[0]
    np.testing.assert_allclose(image.get_extent(), (0.45, 3.55, 2.05, -0.05))
    np.testing.assert_array_equal(image.get_array(), values.T)
    assert image.origin == "upper"
    np.testing.assert_allclose((*ax.get_xlim(), *ax.get_ylim()), (0.5, 3.5, 2.0, 0.0))


def test_labels_and_units(grid):
    ax = velocity(np.full(grid.shape, 2.0), grid, title="Model")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("x (km)", "depth (km)", "Model")
    assert colorbar_of(ax).ax.get_ylabel() == "velocity (km/s)"
    assert ax.get_aspect() == 1


def test_very_long_models_are_stretched():
    long = Grid((101, 11), 10.0)
    assert velocity(np.full(long.shape, 2.0), long).get_aspect() == "auto"


def test_colours_follow_the_model_or_the_given_limits(grid):
    values = np.linspace(1.5, 4.0, 31 * 21).reshape(grid.shape)
    assert velocity(values, grid).images[0].get_clim() == (1.5, 4.0)
    assert velocity(values, grid, limits=(1.0, 5.0)).images[0].get_clim() == (1.0, 5.0)


def test_given_axes_are_drawn_on_and_the_settings_left_alone(grid):
    before = dict(plt.rcParams)
    ax = plt.subplots()[1]
    assert velocity(np.full(grid.shape, 2.0), grid, ax, colorbar=False) is ax
    assert colorbar_of(ax) is None
    assert dict(plt.rcParams) == before


def test_perturbation_is_symmetric_and_clipped(grid):
    values = np.zeros(grid.shape)
    values.flat[:100] = -np.arange(1, 101)
    image = perturbation(values, grid, clip=99).images[0]
    expected = np.percentile(np.abs(values), 99)
    assert image.get_clim() == (-expected, expected)
    assert expected < 100
    assert colorbar_of(image.axes).extend == "both"


def test_a_single_spike_is_not_clipped_to_nothing(grid):
    values = np.zeros(grid.shape)
    assert perturbation(values, grid).images[0].get_clim() == (-1, 1)
    values[3, 3] = -4.0
    assert perturbation(values, grid).images[0].get_clim() == (-4, 4)


@pytest.mark.parametrize("draw", [velocity, perturbation])
def test_wrong_shapes_are_errors(draw, grid):
    with pytest.raises(ValueError, match=r"expected shape \(31, 21\) \(x, z\), got shape \(21, 31\)"):
        draw(np.ones((21, 31)), grid)
    with pytest.raises(ValueError, match=r"grid: expected two axes \(x, z\), got .* Draw a section"):
        draw(np.ones((4, 4, 4)), Grid((4, 4, 4), 10.0))


def test_clip_must_be_a_percentile(grid):
    with pytest.raises(ValueError, match="clip: expected a percentile"):
        perturbation(np.ones(grid.shape), grid, clip=0)


def test_geometry_marks_every_place_once(grid):
    sources = Geometry(x=jnp.array([600.0, 700.0, 800.0]), z=25.0)
    receivers = Geometry(x=jnp.tile(jnp.linspace(500.0, 3500.0, 7), (3, 1)), z=50.0)
    ax = geometry(sources, receivers, grid)
    points = {c.get_label(): c.get_offsets() for c in ax.collections}
    np.testing.assert_allclose(points["sources"], [[0.6, 0.025], [0.7, 0.025], [0.8, 0.025]])
    assert points["receivers"].shape == (7, 2)
    assert {t.get_text() for t in ax.get_legend().get_texts()} == {"sources", "receivers"}
    assert ax.get_ylim() == (2.0, 0.0)


def test_geometry_leaves_padding_out(grid):
    receivers = Geometry.ragged([[[600.0, 0.0]], [[700.0, 0.0], [800.0, 0.0]]])
    receivers = Geometry._make(receivers.positions.at[0, 1].set(999.0), receivers.mask, False)
    ax = geometry(Geometry(x=600.0, z=25.0), receivers, grid)
    drawn = next(c for c in ax.collections if c.get_label() == "receivers").get_offsets()
    np.testing.assert_allclose(np.sort(drawn[:, 0]), [0.6, 0.7, 0.8])


def test_geometry_over_a_model_keeps_it(grid):
    ax = velocity(np.full(grid.shape, 2.0), grid, title="Model")
    marked = geometry(Geometry(x=600.0, z=25.0), Geometry.spread(x=jnp.array([700.0, 800.0]), z=0.0), grid, ax)
    assert marked is ax
    assert ax.get_title("left") == "Model"
    assert len(ax.images) == 1
