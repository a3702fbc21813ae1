"""From a configuration to an experiment: files, units, processing, and what does not fit together."""

import numpy as np
import pytest
from helpers import inversion

import jaxseis as js
from jaxseis import io
from jaxseis.preconditioners import OffsetRange, ResampleTo, TopMute
from jaxseis.workflows import FWISettings, experiment_of
from jaxseis.workflows.config_file import checked


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survey")
    inversion.write_files(folder)
    io.save_model(folder / "start.npz", inversion.GRID, {"vp": inversion.models()[1]})
    return folder


def configured(folder, **changes):
    """A small configuration; a section that is None is left out."""
    sections = {
        "data": {"files": str(folder)},
        "model": {"file": str(folder / "start.npz"), "water_velocity_km_s": 1.5},
        "source": {"peak_frequency_hz": 8.0},
        "modelling": {"dtype": "float64", "absorbing_cells": 5, "max_velocity_km_s": 2.7},
    }
    given = {**dict.fromkeys(sections, {}), **changes}
    return checked({name: sections.get(name, {}) | entries for name, entries in given.items() if entries is not None})


def test_everything_is_there(folder):
    expected = inversion.experiment()
    got = experiment_of(configured(folder), show=False)
    assert got.wave == expected.wave
    assert np.allclose(got.velocity, expected.velocity, rtol=1e-6)  # a file of single precision
    assert np.array_equal(got.water, expected.water)
    assert np.array_equal(got.wavelet, expected.wavelet)
    assert np.array_equal(got.shots.traces, expected.shots.traces)
    assert len(got.shots) == 3


def test_processing_happens_on_reading(folder):
    processing = {"step_ms": 10.0, "mute_velocity_km_s": 1.6, "offsets_m": [100, 500]}
    config = configured(folder, processing=processing, data={"record_ms": 400.0})
    got = experiment_of(config, show=False)
    coarse = js.TimeAxis(400.0, 10.0)
    assert got.wave.time == coarse
    expected = ResampleTo(coarse)(inversion.observed())
    assert np.array_equal(got.shots[:2].load().traces, expected.traces[:2])
    assert np.array_equal(got.wavelet, js.ricker(coarse, 0.008))
    assert got.weighting == (TopMute(1.6, 0.0, 100.0), OffsetRange(100.0, 500.0))


@pytest.mark.parametrize(("text", "chosen"), [("1:", [1, 2]), ([2, 0], [2, 0]), ("::2", [0, 2]), ("-1", [2])])
def test_shots_can_be_chosen(folder, text, chosen):
    shots = experiment_of(configured(folder, data={"shots": text}), show=False).shots
    assert list(shots.numbers) == chosen


def test_an_index_is_kept_and_used_alone(folder, tmp_path):
    kept = str(tmp_path / "survey.npz")
    experiment_of(configured(folder, data={"index": kept}), show=False)
    alone = experiment_of(configured(folder, data={"files": [], "index": kept}), show=False)
    assert len(alone.shots) == 3


def test_squared_slowness_and_raw_models(folder, tmp_path):
    start = inversion.models()[1].astype("<f4")
    io.save_model(tmp_path / "m.npz", inversion.GRID, {"m": 1 / start**2})
    (1000 * start).T.tofile(tmp_path / "v.bin")
    raw = {"file": str(tmp_path / "v.bin"), "shape": (41, 31), "spacing_m": 20.0, "order": "F", "unit": "m/s"}
    raw["spacing_m"] = [20.0, 20.0]
    for model in ({"file": str(tmp_path / "m.npz"), "array": "m"}, raw):
        got = experiment_of(configured(folder, model=model), show=False)
        assert np.allclose(got.velocity, start, rtol=1e-6)


def test_water_by_depth(folder):
    model = {"water_velocity_km_s": None, "water_depth_m": 70.0}
    assert np.array_equal(experiment_of(configured(folder, model=model), show=False).water.sum(1), np.full(41, 4))


def test_the_amplitude_that_fits(folder):
    # Predicted is the start's data; observed is the recording, whose wavelet has amplitude one.
    got = experiment_of(configured(folder, source={"amplitude": "fit"}), show=False)
    of = inversion.experiment()
    p = of.modeling()(js.squared_slowness(of.velocity)) @ of.wavelet
    expected = float((p * of.shots.traces).sum() / (p * p).sum())
    assert np.allclose(got.wavelet, expected * of.wavelet, rtol=1e-5, atol=1e-12)


def test_max_velocity_covers_the_bounds_of_an_inversion(folder):
    config = configured(folder, modelling={"max_velocity_km_s": None})
    assert experiment_of(config, show=False).wave.max_velocity == pytest.approx(1.01 * 2.0)
    bounds = FWISettings(bands_hz=4.0, bounds_km_s=(1.5, 3.0))
    assert experiment_of(config, bounds, show=False).wave.max_velocity == pytest.approx(1.01 * 3.0)


ERRORS = {
    "no data": ({"data": None}, r"\[data\]: expected this section in the configuration, got none"),
    "no model": ({"model": None}, r"\[model\]: expected this section"),
    "no source": ({"source": None}, r"\[source\]: expected this section"),
    "outside": ({"data": {"origin_m": (500, 0)}}, r"sources: expected positions inside .* shot 0 point 0 at \(-380"),
    "record": ({"data": {"record_ms": 900.0}}, r"\[data\] record_ms: expected at most the 500 ms recorded, got 900"),
    "shots": ({"data": {"shots": "0:x"}}, r"\[data\] shots: expected numbers, or text such as"),
    "Nyquist": ({"source": {"peak_frequency_hz": 100}}, r"\[source\] peak_frequency_hz: expected less than 100 Hz"),
    "max_velocity": ({"modelling": {"max_velocity_km_s": 1.9}}, "max_velocity_km_s: expected at least 2,"),
    "unit": ({"model": {"unit": "m/s"}}, "expected velocities in m/s, got a maximum of 2"),
    "array": ({"model": {"array": "vs"}}, "expected an array named 'vs', got only"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_does_not_fit_together(folder, case):
    changes, message = ERRORS[case]
    with pytest.raises(ValueError, match=message):
        experiment_of(configured(folder, **changes), show=False)


def test_a_grid_too_coarse_for_the_band_is_warned_of(folder):
    with pytest.warns(UserWarning, match="points per wavelength at 1.5 km/s"):
        experiment_of(configured(folder, source={"peak_frequency_hz": 12.0}), show=False)
    narrow = FWISettings(bands_hz=4.0, bounds_km_s=(1.5, 2.6))  # the band cuts what the grid cannot hold
    experiment_of(configured(folder, source={"peak_frequency_hz": 12.0}), narrow, show=False)
