"""Smoothing, history, wavelets and surveys."""

import csv

import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js
from jaxseis.workflows import Source, Survey, acquisition_of
from jaxseis.workflows.history import History, Row
from jaxseis.workflows.smoothing import gaussian_smoothing
from jaxseis.workflows.wavelet import wavelet

GRID, TIME = js.Grid((41, 31), (20.0, 10.0)), js.TimeAxis(500.0, 4.0)


# --- smoothing -----------------------------------------------------------------------------------


def test_smoothing_keeps_constants_and_spreads_by_its_length():
    smooth = gaussian_smoothing(GRID, 40.0)
    assert np.allclose(smooth(jnp.ones(GRID.shape)), 1.0, rtol=1e-12)
    spike = smooth(jnp.zeros(GRID.shape).at[20, 15].set(1.0))
    x = GRID.coordinates("x") - 400.0
    assert np.isclose(np.sum(x**2 * spike.sum(1)) / spike.sum(), 40.0**2, rtol=1e-3)


def test_no_length_changes_nothing():
    x = jnp.arange(6.0).reshape(2, 3)
    assert gaussian_smoothing(GRID, 0.0)(x) is x


# --- history -------------------------------------------------------------------------------------


def test_rows_are_a_table_on_disk(tmp_path):
    history = History(tmp_path / "new")
    rows = [Row.of(i, 3.0, 0.5 / (i + 1), 0.1234567, np.array([4, i])) for i in range(3)]
    for row in rows:
        history.add(row)
    with (tmp_path / "new" / "log.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [float(r["misfit"]) for r in table] == [0.5, 0.25, 0.5 / 3]
    assert table[2] == {"iteration": "2", "band_hz": "3.0", "misfit": str(0.5 / 3), "seconds": "0.123", "shots": "4 2"}
    assert History(tmp_path / "new", [list(r) for r in rows[:1]]).rows == rows[:1]
    assert len((tmp_path / "new" / "log.csv").read_text().splitlines()) == 2


def test_a_misfit_that_is_not_finite_names_the_shots():
    with pytest.raises(ValueError, match="misfit: expected a finite number, got nan in iteration 7, with shots 1 4"):
        Row.of(7, 3.0, np.nan, 0.0, np.array([1, 4]))


# --- wavelets ------------------------------------------------------------------------------------


def test_a_ricker_wavelet_with_amplitude_and_delay():
    q = wavelet(Source(peak_frequency_hz=8.0, delay_ms=200.0, amplitude=-3.0), TIME)
    assert np.array_equal(q, -3.0 * js.ricker(TIME, 0.008, 200.0))
    with pytest.raises(ValueError, match=r"\[source\] peak_frequency_hz: expected less than 125 Hz"):
        wavelet(Source(peak_frequency_hz=125.0), TIME)


@pytest.mark.parametrize("name", ["w.txt", "w.npz"])
def test_a_wavelet_from_a_file_is_resampled(tmp_path, name):
    fine = js.TimeAxis(400.0, 2.0)
    samples = np.asarray(js.ricker(fine, 0.01, 200.0))
    path = tmp_path / name
    np.savetxt(path, samples) if name == "w.txt" else np.savez(path, wavelet=samples)
    q = wavelet(Source(file=str(path), step_ms=2.0), TIME)
    assert np.allclose(q, js.ricker(TIME, 0.01, 200.0), atol=1e-6)


def test_files_without_a_wavelet_are_errors(tmp_path):
    np.savetxt(tmp_path / "table.txt", np.ones((3, 2)))
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    np.savetxt(tmp_path / "nan.txt", [0.0, np.nan])
    for name, message in {
        "table.txt": r"one column of samples, got shape \(3, 2\)",
        "other.npz": "an array named 'wavelet', got only \\['x'\\]",
        "nan.txt": "finite numbers",
    }.items():
        with pytest.raises(ValueError, match=message):
            wavelet(Source(file=str(tmp_path / name), step_ms=2.0), TIME)


# --- surveys -------------------------------------------------------------------------------------

LINE = {"source_x_m": (100, 700, 4), "source_z_m": 20, "receiver_x_m": (0, 800, 5), "receiver_z_m": 40}
LINE["record_ms"] = 500


def test_a_fixed_spread():
    sources, receivers, time = acquisition_of(Survey(**LINE), GRID)
    assert np.array_equal(sources.positions[:, 0], [[100, 20], [300, 20], [500, 20], [700, 20]])
    assert receivers.shared
    assert np.array_equal(receivers.positions[0], [[0, 40], [200, 40], [400, 40], [600, 40], [800, 40]])
    assert time == js.TimeAxis(500.0, 4.0)


def test_a_spread_that_moves_ends_with_the_model():
    survey = Survey(**LINE | {"moving": True, "receiver_x_m": (-200, 200, 5)})
    receivers = acquisition_of(survey, GRID).receivers
    assert np.array_equal(receivers.mask.sum(1), [4, 5, 5, 4])
    assert np.array_equal(receivers.positions[1, :, 0], [100, 200, 300, 400, 500])
    assert np.all(receivers.positions[..., 1] == 40)


def test_a_spread_that_is_outside_is_an_error():
    with pytest.raises(ValueError, match="receiver_x_m: expected receivers inside the model, got none for source 0"):
        acquisition_of(Survey(**LINE | {"moving": True, "receiver_x_m": (-900, -800, 5)}), GRID)


def test_lines_make_a_rectangle():
    flat = LINE | {"source_y_m": (0, 100, 2), "receiver_y_m": (0, 100, 3)}
    sources, receivers, _ = acquisition_of(Survey(**flat), js.Grid((41, 6, 31), 20.0))
    assert sources.positions.shape == (8, 1, 3)
    assert receivers.positions.shape == (1, 15, 3)
    assert np.array_equal(sources.positions[4, 0], [100, 100, 20])
    for survey, grid in ((flat, GRID), (LINE, js.Grid((41, 6, 31), 20.0))):
        with pytest.raises(ValueError, match="source_y_m: expected positions of . coordinates, got"):
            acquisition_of(Survey(**survey), grid)
