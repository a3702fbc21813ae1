"""The misfit against the iteration."""

import numpy as np
import pytest

from jaxseis.plotting import misfit_curve


def test_values_against_iterations():
    ax = misfit_curve([4.0, 2.0, 1.0], title="Inversion")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4, 2, 1])
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("iteration", "misfit", "Inversion")
    assert ax.get_legend() is None


def test_relative_to_the_first():
    ax = misfit_curve([4.0, 2.0, 1.0], relative=True, logarithmic=False)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 0.5, 0.25])
    assert ax.get_yscale() == "linear"
    assert ax.get_ylabel() == "misfit / first misfit"


def test_two_curves_on_the_same_axes():
    ax = misfit_curve([4.0, 2.0], label="first")
    assert misfit_curve([3.0, 1.0], ax, label="second") is ax
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["first", "second"]


@pytest.mark.parametrize("values", [[4000.0, 3900.0, 3800.0], [4.0, 1.0, 0.2], [1.0, 1e-3, 1e-8]])
def test_logarithmic_axes_have_labels_within_their_limits(values):
    ax = misfit_curve(values)
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    shown = [t.get_text() for t in ax.get_yticklabels() if low <= t.get_position()[1] <= high and t.get_text()]
    assert 2 <= len(shown) <= 12


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1.0]], {}, r"values: expected one misfit for each iteration, got shape \(1, 1\)"),
        ([], {}, r"values: expected one misfit for each iteration, got shape \(0,\)"),
        ([1.0, np.nan], {}, r"values: expected finite numbers, got nan at index \(1,\)"),
        ([1.0, 0.0], {}, r"values: expected positive numbers, got 0. Pass logarithmic=False"),
        ([0.0, 1.0], {"relative": True, "logarithmic": False}, r"values: expected a first misfit to divide by"),
    ],
)
def test_errors(values, options, message):
    with pytest.raises(ValueError, match=message):
        misfit_curve(values, **options)
