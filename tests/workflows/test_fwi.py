"""Inversion: it fits the data, keeps the water, and goes on after an interruption as if there had been none."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import inversion

from jaxseis.preconditioners import TopMute
from jaxseis.workflows import experiment, fwi, invert


@pytest.fixture(scope="module", autouse=True)
def steps():
    """The compiled steps of this module by their settings: compiling costs more than iterating here."""
    made, make = {}, fwi.make_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fwi, "make_step", lambda e, settings: made.setdefault(settings, make(e, settings)))
        yield made


@pytest.fixture(scope="module")
def result(steps):
    return invert(inversion.experiment(), inversion.SETTINGS, show=False)


def test_the_misfit_falls_and_the_model_gets_better(result):
    true, start = inversion.models()
    assert [row.band_hz for row in result.history] == [4.0, 4.0, 4.0, 8.0, 8.0]
    assert result.history[2].misfit < result.history[0].misfit
    assert result.history[4].misfit < result.history[3].misfit
    assert np.linalg.norm(result.velocity - true) < np.linalg.norm(start - true)


def test_water_stays_and_bounds_hold(result):
    water = inversion.experiment().water
    assert np.array_equal(result.velocity[water], inversion.models()[1][water])
    assert result.velocity[~water].min() >= 1.5
    assert result.velocity.max() <= 2.6 * (1 + 1e-12)


def test_shots_in_files_give_the_same_model(tmp_path, result):
    shots = inversion.write_files(tmp_path)
    from_files = invert(inversion.experiment(shots), inversion.SETTINGS, show=False)
    assert np.array_equal(from_files.velocity, result.velocity)
    assert [r.shots for r in from_files.history] == [r.shots for r in result.history]


def interrupt(monkeypatch, after):
    """Let an inversion fail in the iteration after so many."""
    whole, made = fwi.make_step, 0

    def make_step(*arguments):
        step = whole(*arguments)

        def counted(*inputs):
            nonlocal made
            made += 1
            if made > after:
                raise KeyboardInterrupt
            return step(*inputs)

        return counted

    monkeypatch.setattr(fwi, "make_step", make_step)


@pytest.mark.parametrize("after", [3, pytest.param(1, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)])
def test_an_interrupted_inversion_reaches_the_same_model(tmp_path, monkeypatch, result, after):
    fwi.save_checkpoint(tmp_path / fwi.CHECKPOINT, {}, [], {})  # of something else: it is replaced
    with monkeypatch.context() as patch:
        interrupt(patch, after)
        with pytest.raises(KeyboardInterrupt):
            invert(inversion.experiment(), inversion.SETTINGS, tmp_path, show=False)
    if after > 1:
        kept = np.load(tmp_path / fwi.CHECKPOINT)["note"]
        assert str(kept).count("[") - 1 == after // 2 * 2  # rows up to the last checkpoint
    resume = after > 1  # there is no checkpoint before the second iteration
    resumed = invert(inversion.experiment(), inversion.SETTINGS, tmp_path, resume=resume, show=False)
    assert np.array_equal(resumed.velocity, result.velocity)
    assert [row[:3] for row in resumed.history] == [row[:3] for row in result.history]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + len(result.history)
    finished = invert(inversion.experiment(), inversion.SETTINGS, tmp_path, resume=True, show=False)
    assert np.array_equal(finished.velocity, result.velocity)
    refuses_another(tmp_path)


def refuses_another(folder):
    other = inversion.SETTINGS.model_copy(update={"seed": 3})
    with pytest.raises(ValueError, match=r"checkpoint of the same run, got one with seed = 0 \(now 3\)"):
        invert(inversion.experiment(), other, folder, resume=True)
    muted = replace(inversion.experiment(), weighting=(TopMute(1.5, 0.0, 50.0),))
    with pytest.raises(ValueError, match="one with weighting = .*now .*TopMute"):
        invert(muted, inversion.SETTINGS, folder, resume=True)
    assert len((folder / "log.csv").read_text().splitlines()) == 6  # the log of the run is still there


def test_one_compilation_serves_all_batches_and_bands(result, steps):
    of = inversion.experiment()
    step, start = steps[inversion.SETTINGS], fwi.start_of(of)
    state, _ = step(start, of.shots[np.array([0, 2])], 0.008, 1.0)
    change = of.with_water(1 / np.sqrt(state.m)) - of.velocity
    assert np.isclose(np.abs(change).max(), inversion.SETTINGS.step_km_s, rtol=0.05)  # right to first order
    assert step._cache_size() == 1


@pytest.mark.slow
def test_a_perfect_start_stays():
    perfect = replace(inversion.experiment(), velocity=inversion.models()[0])
    silent = replace(perfect, shots=perfect.shots * 0.0, wavelet=np.zeros(inversion.TIME.size))
    settings = inversion.SETTINGS.model_copy(update={"bands_hz": (4.0,), "iterations": (2,)})
    result = invert(silent, settings, show=False)
    assert np.allclose(result.velocity, inversion.models()[0], rtol=1e-12)
    assert result.history[-1].misfit == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bounds_km_s": (1.9, 1.95)}, r"bounds that hold the start model, 2 to 2 km/s, got \(1.9"),
        ({"bounds_km_s": (1.5, 3.0)}, "at most max_velocity, 2.7 km/s, got 3"),
        ({"bands_hz": (4.0, 400.0)}, "bands_hz: expected less than 100 Hz, half the sampling rate of 5 ms, got 400"),
    ],
)
def test_settings_that_do_not_fit_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        invert(inversion.experiment(), inversion.SETTINGS.model_copy(update=change))


def test_all_water_is_an_error():
    with pytest.raises(ValueError, match="a model that is not all water"):
        invert(replace(inversion.experiment(), water=np.ones(inversion.GRID.shape)), inversion.SETTINGS)


def test_an_experiment_checks_its_parts():
    good = inversion.experiment()
    with pytest.raises(ValueError, match=r"wavelet: expected shape \(101,\)"):
        replace(good, wavelet=np.zeros(5))
    with pytest.raises(ValueError, match="shots.time: expected the time axis of the wave equation"):
        replace(good, wave=good.wave.replace(time=inversion.TIME.__class__(400.0, 4.0)), wavelet=np.zeros(101))
    small = replace(good.wave.grid, shape=(11, 31))
    with pytest.raises(ValueError, match="sources: expected positions inside the grid"):
        experiment.Experiment(good.wave.replace(grid=small), good.wavelet, np.ones((11, 31)), good.shots)


SCRIPT = """
import sys
from pathlib import Path
import jax
jax.config.update("jax_enable_x64", True)
from helpers import inversion
from jaxseis.workflows import invert
settings = inversion.SETTINGS.model_copy(update={"iterations": (40, 20), "checkpoint_every": 1})
result = invert(inversion.experiment(), settings, Path(sys.argv[1]), resume=sys.argv[2:] == ["resume"], show=False)
result.velocity.tofile(Path(sys.argv[1]) / "velocity")
"""


def run_in_a_process(folder, *arguments):
    folders = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), *arguments], env=environment)


@pytest.mark.slow
def test_a_killed_process_is_taken_up_again(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run_in_a_process(whole).wait() == 0
    process = run_in_a_process(killed)
    log = killed / "log.csv"
    while not log.exists() or len(log.read_text().splitlines()) < 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "velocity").exists()
    assert run_in_a_process(killed, "resume").wait() == 0
    assert (killed / "velocity").read_bytes() == (whole / "velocity").read_bytes()
