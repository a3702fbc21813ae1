"""Born modelling and migration of batches of shots in the background of an experiment, compiled once each."""

import jax
import jax.numpy as jnp

from jaxseis._types import Array
from jaxseis.acquisition import Geometry
from jaxseis.model import squared_slowness
from jaxseis.shots import Shots
from jaxseis.units import hertz
from jaxseis.wave.modeling import Modeling
from jaxseis.workflows.bands import Prepared, samples_spread
from jaxseis.workflows.experiment import Experiment
from jaxseis.workflows.wavelet import check_hertz


class Linearized:
    """The Born operator J of an experiment, for some shots at a time.

    Arguments:
        experiment: background, wavelet, wave equation and weights w.
        subtract_background: whether data d stand for ``d - F(m) q``.
        lowpass_hz: corner of a low-pass of data and wavelet; none by default.

    ``migrated(shots)`` is ``J^T w^2 d`` and ``|w d|^2``, ``normal(x, sources, receivers)`` is ``J^T w^2 J x``.

    ```python
    image, energy = Linearized(experiment, subtract_background=True).migrated(experiment.shots[:4])
    ```
    """

    def __init__(self, experiment: Experiment, subtract_background: bool, lowpass_hz: float | None = None):
        step = experiment.wave.time.step
        if lowpass_hz is not None:
            check_hertz("lowpass_hz", lowpass_hz, step)
        self._experiment, self._subtract = experiment, subtract_background
        self._corner = None if lowpass_hz is None else hertz(lowpass_hz)
        self._samples = 0 if self._corner is None else samples_spread(self._corner, step)
        self.migrated = jax.jit(self._migrated)
        self.normal = jax.jit(self._normal)

    def _parts(self, shots: Shots) -> tuple[Modeling, Array, Prepared]:
        """Modelling operator, background and what is modelled, of some shots."""
        experiment = self._experiment
        parts = experiment.prepared(shots, self._corner, self._samples)
        return experiment.modeling(shots, parts.time), squared_slowness(jnp.asarray(experiment.velocity)), parts

    def _migrated(self, shots: Shots) -> tuple[Array, Array]:
        F, m, (_, q, d, w) = self._parts(shots)
        # One forward propagation serves both the prediction and the image.
        predicted, transpose = jax.vjp(lambda m: F(m) @ q, m)
        d = d - predicted if self._subtract else d
        return transpose(w**2 * d)[0], jnp.sum((w * d) ** 2)

    def _normal(self, x: Array, sources: Geometry, receivers: Geometry) -> Array:
        wave, shots = self._experiment.wave, sources.shots or receivers.shots or 1
        silent = Shots(jnp.zeros((shots, wave.time.size, receivers.points), wave.dtype), sources, receivers, wave.time)
        F, m, (_, q, _, w) = self._parts(silent)
        # Wavefields at the Nyquist rate: the transpose is accurate to 1e-3 or so, in less memory.
        J = F.jacobian(m, q, F.wave.storage)
        return J.T @ (w**2 * (J @ x.astype(wave.dtype)))
