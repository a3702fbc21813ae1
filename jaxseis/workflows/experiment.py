"""Everything a migration or an inversion starts from: wave equation, wavelet, background velocity and shots."""

import hashlib
from dataclasses import dataclass, fields
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import Geometry, TimeAxis
from jaxseis.shots import Shots
from jaxseis.wave.modeling import Modeling
from jaxseis.wave.wave_equation import WaveEquation
from jaxseis.workflows.bands import Prepared, band_limited


class Weights(Protocol):
    """A step of processing that multiplies traces, such as a mute."""

    def weights(self, shots: Shots) -> Array:
        """The factors, which broadcast to (shot, time, receiver)."""
        ...


class Recorded(Protocol):
    """Shots in memory, or read from files when they are asked for."""

    sources: Geometry
    receivers: Geometry

    @property
    def time(self) -> TimeAxis:
        """The time axis of all of them."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, shots: Any) -> Any: ...


@dataclass(frozen=True)
class Experiment:
    """An experiment: shots, and what predicts them.

    Arguments:
        wave: the wave equation, on the time axis of the shots.
        wavelet: the source of all shots, (time,).
        velocity: start model or background on the grid of the wave equation, km/s.
        shots: recorded shots, ``Shots`` or ``io.SegyShots``.
        water: where the model is known and stays, a boolean array like ``velocity``; nowhere by default.
        weighting: mutes and other weights of the data, observed and predicted alike.
        shots_at_once: wavefields of so many shots are in memory together; those of a batch by default.

    Raises ValueError if shapes or time axes do not fit, or if a source or receiver is outside the grid.

    ```python
    experiment = Experiment(wave, ricker(time, hertz(6.0)), start, Shots(observed, sources, receivers, time))
    ```
    """

    wave: WaveEquation
    wavelet: Any
    velocity: Any
    shots: Recorded
    water: Any = None
    weighting: tuple[Weights, ...] = ()
    shots_at_once: int | None = None

    def __post_init__(self) -> None:
        grid, time = self.wave.grid, self.wave.time
        for name, dtype in (("wavelet", self.wave.dtype), ("velocity", self.wave.dtype)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype))
        water = np.zeros(grid.shape, bool) if self.water is None else np.asarray(self.water, bool)
        object.__setattr__(self, "water", water)
        _checks.shape_is("wavelet", self.wavelet, (time.size,), ("time",))
        for name in ("velocity", "water"):
            _checks.shape_is(name, getattr(self, name), grid.shape, grid.axes)
        if self.shots.time != time:
            raise _checks.fail("shots.time", f"the time axis of the wave equation, {time}", self.shots.time)
        self.modeling()  # its checks see the positions of all shots

    @property
    def free(self) -> np.ndarray:
        """Where the model may change: all but the water."""
        return ~self.water

    def with_water(self, velocity: Any) -> np.ndarray:
        """A velocity model with the water of this one, which stays as it is to the last bit."""
        return np.where(self.water, self.velocity, np.asarray(velocity, self.velocity.dtype))

    def modeling(self, shots: Recorded | None = None, time: TimeAxis | None = None) -> Modeling:
        """The modelling operator of some shots, or of all, perhaps on another time axis."""
        shots = self.shots if shots is None else shots
        wave = self.wave if time is None else self.wave.replace(time=time)
        return Modeling(wave, shots.sources, shots.receivers)

    def prepared(self, shots: Shots, corner: Any = None, samples: int = 0) -> Prepared:
        """Wavelet, data and weights of some shots in memory; low-passed if there is a corner, see ``band_limited``."""
        q, d = jnp.asarray(self.wavelet), jnp.asarray(shots.traces, self.wave.dtype)
        parts = Prepared(self.wave.time, q, d, self.data_weights(shots))
        return parts if corner is None else band_limited(parts, corner, samples)

    def data_weights(self, shots: Shots) -> Array:
        """The product of all weights of some shots; it broadcasts to (shot, time, receiver)."""
        product = jnp.ones((1, 1, 1), self.wave.dtype)
        for step in self.weighting:
            product = product * step.weights(shots)
        return product.astype(self.wave.dtype)

    def identity(self) -> dict[str, str]:
        """What tells one experiment from another, by name; long things by a digest."""
        wave = {f"wave.{f.name}": repr(getattr(self.wave, f.name)) for f in fields(self.wave)}
        positions = [g.positions for g in (self.shots.sources, self.shots.receivers)]
        arrays = {"wavelet": [self.wavelet], "velocity": [self.velocity], "water": [self.water], "positions": positions}
        return wave | {"weighting": repr(self.weighting)} | {name: digest(*values) for name, values in arrays.items()}


def digest(*arrays: Any) -> str:
    """Some letters that are the same for the same numbers."""
    whole = hashlib.sha256()
    for array in map(np.asarray, arrays):
        whole.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]
