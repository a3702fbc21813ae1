"""From a configuration to an experiment: files opened, units converted, everything checked before waves propagate."""

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, equations, io
from jaxseis.absorbing import PML
from jaxseis.acquisition import TimeAxis
from jaxseis.grid import Grid
from jaxseis.model import squared_slowness, water_mask
from jaxseis.preconditioners import OffsetRange, ResampleTo, TopMute, lowpass
from jaxseis.units import hertz
from jaxseis.wave.wave_equation import WaveEquation
from jaxseis.wavelets import band
from jaxseis.workflows.batches import in_memory
from jaxseis.workflows.config import Config, Data, FWISettings, Model, Modelling, Processing
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.wavelet import check_hertz, wavelet

MARGIN = 1.01  # of the default max_velocity above the fastest velocity that is known to come
FIT_SHOTS = 4  # from which the amplitude of the wavelet is found


def experiment_of(config: Config, inversion: FWISettings | None = None, show: bool = True) -> Experiment:
    """The experiment that a configuration describes; shots stay in their files.

    Arguments:
        config: with the sections data, model and source.
        inversion: of an inversion, whose bounds and bands matter for the time step and the checks.
        show: whether scanning files shows a progress bar.

    Raises ValueError for a section that is missing and for whatever does not fit together.

    ```python
    experiment = experiment_of(read_config("project.toml"))
    ```
    """
    grid, velocity = start_model(needed(config, "model"))
    data = needed(config, "data")
    shots = processed(recorded_shots(data, grid.ndim, show), data, config.processing)
    fastest = max(float(velocity.max()), inversion.bounds_km_s[1] if inversion else 0.0)
    wave = wave_equation(config.modelling, grid, shots.time, fastest)
    source = needed(config, "source")
    experiment = Experiment(
        wave,
        wavelet(source, shots.time),
        velocity,
        shots,
        water_of(needed(config, "model"), grid, velocity),
        weighting(config.processing),
        config.modelling.shots_at_once,
    )
    highest = max(inversion.bands_hz) if inversion else None
    if highest is not None:
        check_hertz("[fwi] bands_hz", highest, shots.time.step)
    warn_if_coarse(experiment, highest)
    return with_fitted_amplitude(experiment) if source.amplitude == "fit" else experiment


def needed(config: Config, section: str) -> Any:
    """A section of the configuration, or an error that says it is missing."""
    found = getattr(config, section)
    if found is None:
        remedy = "`jaxseis config` prints a file with all sections to fill in."
        raise _checks.fail(f"[{section}]", "this section in the configuration", "none", remedy)
    return found


def start_model(model: Model) -> tuple[Grid, np.ndarray]:
    """The grid and the velocity, km/s, in a model file."""
    layout = None
    if model.shape is not None:
        layout = io.RawLayout(model.shape, model.spacing_m, model.origin_m or (), model.dtype, model.order)
    grid, arrays = io.load_model(model.file, model.array, layout=layout, velocity_unit=model.unit)
    values = arrays[model.array]
    return grid, 1 / np.sqrt(values) if model.array == "m" else values


def water_of(model: Model, grid: Grid, velocity: np.ndarray) -> np.ndarray:
    """The cells that are water."""
    if model.water_velocity_km_s is not None:
        return water_mask(velocity, model.water_velocity_km_s)
    top = -np.inf if model.water_depth_m is None else model.water_depth_m
    return np.broadcast_to(grid.coordinates("z") < top, grid.shape)


def recorded_shots(data: Data, ndim: int, show: bool = True) -> io.SegyShots:
    """The shots of a data section, in their files."""
    frame = io.Frame(origin=data.origin_m, azimuth=data.azimuth_deg, ndim=ndim)
    return io.SegyShots(index_of(data, show), frame)[shot_selection(data.shots)]


def index_of(data: Data, show: bool = True) -> io.ShotIndex:
    """The index of the shots in the files of a data section; files are scanned unless that has been done."""
    if not data.files:
        return io.ShotIndex.load(data.index)
    return io.scan(
        data.files,
        keys=data.keys,
        mode=data.mode,
        geometry=io.HeaderGeometry(source_z=data.source_z, receiver_z=data.receiver_z),
        assume=io.Assume(
            byte_order=data.assume_byte_order, format=data.assume_format, interval=data.assume_interval_ms
        ),
        grouping=data.grouping,
        index=data.index,
        show=show,
    )


def shot_selection(text: str | tuple[int, ...]) -> Any:
    """A slice, or shot numbers."""
    if not isinstance(text, str):
        return np.asarray(text)
    try:
        parts = [int(p) if p.strip() else None for p in text.split(":")]
        return slice(*parts) if len(parts) > 1 else np.array(parts, int)
    except (TypeError, ValueError):
        raise _checks.fail("[data] shots", 'numbers, or text such as "0:100:2"', repr(text)) from None


def processed(shots: io.SegyShots, data: Data, processing: Processing) -> io.SegyShots:
    """The shots on the time axis asked for, whenever they are read."""
    time = shots.time
    record = data.record_ms or time.duration
    axis = TimeAxis(min(record, float(time.values[-1])), processing.step_ms or time.step)
    if record > time.duration * (1 + 1e-9):
        raise _checks.fail("[data] record_ms", f"at most the {time.duration:g} ms recorded", record)
    return shots if axis == time else shots.map(ResampleTo(axis))


def weighting(processing: Processing) -> tuple[TopMute | OffsetRange, ...]:
    """Mute and range of offsets."""
    steps = []
    if processing.mute_velocity_km_s is not None:
        line = (processing.mute_velocity_km_s, processing.mute_start_ms, processing.mute_taper_ms)
        steps.append(TopMute(*line))
    if processing.offsets_m is not None:
        steps.append(OffsetRange(*processing.offsets_m))
    return tuple(steps)


def wave_equation(modelling: Modelling, grid: Grid, time: TimeAxis, fastest: float) -> WaveEquation:
    """The wave equation for velocities up to ``fastest``, km/s."""
    most = modelling.max_velocity_km_s or MARGIN * fastest
    if most < fastest * (1 - 1e-5):
        least = f"at least {fastest:g}, the fastest velocity of the model or the bounds"
        raise _checks.fail("[modelling] max_velocity_km_s", least, most)
    return WaveEquation(
        grid,
        getattr(equations, modelling.equation)(),
        time,
        most,
        space_order=modelling.space_order,
        absorbing=PML(modelling.absorbing_cells) if modelling.absorbing_cells else None,
        free_surface=modelling.free_surface,
        engine=modelling.engine,
        dtype=modelling.dtype,
    )


def warn_if_coarse(experiment: Experiment, corner: float | None) -> None:
    """A warning with the number if the grid is too coarse for the highest frequency used, Hz."""
    wave, q = experiment.wave, jnp.asarray(experiment.wavelet)
    if corner is not None:
        # Zeros around it: what is cut off would count as high frequencies.
        q = lowpass(jnp.pad(q, q.size), wave.time.step, hertz(corner), axis=0)
    m = wave.medium(squared_slowness(experiment.velocity))
    wave.warn_if_coarse(m, band(q, wave.time.step)[1])


def with_fitted_amplitude(experiment: Experiment) -> Experiment:
    """The experiment with the wavelet times ``a``, the minimum of ``|w (a F(m) q - d)|`` over some shots."""
    chosen = np.unique(np.linspace(0, len(experiment.shots) - 1, FIT_SHOTS).round().astype(int))
    shots = in_memory(experiment.shots[chosen])
    _, q, d, w = experiment.prepared(shots)
    predicted = w * (experiment.modeling(shots)(squared_slowness(experiment.velocity)) @ q)
    energy = float(jnp.vdot(predicted, predicted))
    if energy == 0:
        raise _checks.fail("[source] amplitude", "a start model that predicts something", "zeros in all shots tried")
    factor = float(jnp.vdot(predicted, w * d)) / energy
    return replace(experiment, wavelet=factor * experiment.wavelet)
