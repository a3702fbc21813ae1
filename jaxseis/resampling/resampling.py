"""Band-limited resampling between time axes, and removal of the time dispersion of leapfrog.

**Interpolation.** A signal with samples ``x_j`` at ``j h`` has the values

    x(t) = r sum_j k((t - j h) / H) x_j,    k(s) = sinc(s) exp(-(s / w)^2),

with H the longer of the two steps and ``r = h / H``. The spectrum of k is
``P(w / wc) = erfc(4 (w / wc - 1) / b) / 2``, ``wc = pi / H``, ``b = 1/4``, when ``w = 8 / (pi b)``
samples: one to 1e-8 up to 75 % of the lower Nyquist frequency, one half there, and zero to 1e-8 from
125 % on, so that a coarser axis is not aliased into the first 75 %. k is one at zero and zero at other
whole numbers: refinement by a whole number keeps the samples it is given.

**Dispersion.** Leapfrog, ``u[n+1] - 2 u[n] + u[n-1] = dt^2 (L u[n] + q[n])``, multiplies the
transform of u at frequency w by ``-w'^2`` where exact integration has ``-w^2``, with

    w' = (2 / dt) sin(w dt / 2).

So leapfrog at w does what exact integration does at w', for every L that does not depend on time.
(A damping term by centred differences keeps a relative error ``(w dt)^2 / 8`` of its own.)
With ``X(w') = sum_j x_j h exp(-i w' j h)`` the transform of the user's signal,

    source:    q_n  = 1/2pi int P(w') a(w) X(w') exp(i w n dt) dw,     a(w) = sqrt(dw'/dw) = sqrt(cos(w dt / 2)),
    receiver:  its transpose times dt / h, which is its inverse where P is one.

The product of both factors a is the Jacobian that turns the integral over w into one over w'; giving
half to each side makes the one the transpose of the other. Frequencies above ``2 / dt`` do not exist
for leapfrog and are dropped: the pass band P ends there, ``wc = min(pi / h, 2 / dt / (1 + b))``.
Accuracy is full below ``0.75 wc``, where P is one.

**Ends.** A signal is continued past its ends by odd reflection, ``x(-t) = 2 x(0) - x(t)``, which fades to
zero: lines are reproduced up to the ends, and a signal that does not vanish there does not ring.
Signals arrive early in leapfrog by a time ``t (w dt)^2 / 8`` that vanishes with w, so the receiver map
looks back in time, but for an Airy tail of width ``(t dt^2 / 8)^(1/3)``, and for the width of k. To correct
a record up to its last sample, leapfrog has to run on by as much: see ``overrun``. (Where a source is still
on at the end, what it does later is not known, and the last samples of the record feel its continuation.)

**Cost.** Interpolation is a banded matrix, kept as its bands. The kernel of leapfrog is not banded, for what arrives
early does so by a time that grows with the record; its frequencies are computed instead, X at frequencies that are
not equally spaced and the integral over w by an inverse FFT. Memory and time grow in both with the number of
samples, time by a logarithm more.

Reference: Koene, Robertsson, Broggini and Andersson (2018), Eliminating time dispersion from seismic
wave modeling, Geophysical Journal International 213(1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._compat import together
from jaxseis._types import Array
from jaxseis.resampling._banded import Banded
from jaxseis.resampling._continuation import continued
from jaxseis.resampling._pass_band import REACH, kernel, reach
from jaxseis.resampling._warping import Warping


@jax.tree_util.register_static
@dataclass(frozen=True)
class Resampling:
    """The linear map from samples on one time axis to samples of the same function on another.

    ``y = K x`` with the kernel K at the top of this file. Both axes start at time zero.
    An operator is static: it has no array leaves, is hashable and compares by value. JAX transposes
    it exactly.

    Arguments:
        source_step, source_size: step (ms) and number of samples of what comes in.
        target_step, target_size: step (ms) and number of samples of what goes out. After the end
            of the source there is only its continuation, which fades to zero.
        dispersion: None; or "source", for a signal that will drive leapfrog with the target step;
            or "receiver", for a record made by leapfrog with the source step. Leapfrog between the
            two gives the result of exact integration in time.

    Raises ValueError for steps that are not positive, fewer than two samples, or another word for
    dispersion.

    ```python
    time = TimeAxis(duration=1000.0, step=4.0)
    dt, size = choose_step(time, limit=1.5)
    q = Resampling(time.step, time.size, dt, size)(ricker(time, 0.010), axis=0)  # (751,)
    ```
    """

    source_step: float
    source_size: int
    target_step: float
    target_size: int
    dispersion: str | None = None

    def __post_init__(self) -> None:
        for end in ("source", "target"):
            step, size = f"{end}_step", f"{end}_size"
            object.__setattr__(self, step, _checks.positive(step, getattr(self, step), "milliseconds"))
            if int(getattr(self, size)) != getattr(self, size) or getattr(self, size) < 2:
                raise _checks.fail(size, "a whole number of samples, at least two", getattr(self, size))
            object.__setattr__(self, size, int(getattr(self, size)))
        if self.dispersion not in (None, "source", "receiver"):
            raise _checks.fail("dispersion", 'None, "source" or "receiver"', repr(self.dispersion))

    def __call__(self, x: Array, axis: int = -2) -> Array:
        """Resample along one axis.

        Arguments:
            x: samples, by default traces (..., time, receiver); real or complex.
            axis: the time axis of ``x``.

        Returns an array like ``x``, same precision, with ``target_size`` samples along the axis.
        Raises ValueError if ``x`` has no such axis or another number of samples there.
        """
        x = _floating(x)
        if not -x.ndim <= axis < x.ndim or x.shape[axis] != self.source_size:
            expected = f"{self.source_size} samples along axis {axis}"
            raise _checks.fail("x", expected, f"shape {x.shape}", "Name the time axis: axis=0 for one signal (time,).")
        if self._is_identity:
            return x
        if jnp.iscomplexobj(x):
            return jax.lax.complex(self(x.real, axis), self(x.imag, axis))
        rows = jnp.moveaxis(x, axis, 0)
        others = rows.shape[1:]
        y = _map(self, x.dtype)(rows.reshape(self.source_size, prod(others)))
        return jnp.moveaxis(y.reshape(self.target_size, *others), 0, axis)

    @property
    def matrix(self) -> np.ndarray:
        """The map as a read-only float64 array (target_size, source_size)."""
        return _matrix(self)

    @property
    def _coarser(self) -> float:
        return max(self.source_step, self.target_step)

    @property
    def _is_identity(self) -> bool:
        source, target = (self.source_step, self.source_size), (self.target_step, self.target_size)
        return source == target and self.dispersion is None


@lru_cache(maxsize=8)
def _matrix(r: Resampling) -> np.ndarray:
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        matrix = np.array(_map(r, np.dtype(float))(jnp.eye(r.source_size)))
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=16)
def _map(r: Resampling, dtype: np.dtype) -> Callable[[Array], Array]:
    """The map of samples (time, trace) of a type: between the target's and the source's continued ones."""
    margin = min(2 * int(np.ceil(REACH * r._coarser / r.source_step)), r.source_size - 1)
    source = range(-margin, r.source_size + margin)
    apply = {None: _interpolating, "source": _driving, "receiver": _recording}[r.dispersion](r, source, dtype)
    return jax.jit(lambda x: apply(continued(x, margin)))  # one program, where it is not part of a larger one


def _interpolating(r: Resampling, source: range, dtype: Any) -> Callable[[Array], Array]:
    ratio = r.source_step / r._coarser
    positions = np.arange(r.target_size) * r.target_step / r.source_step
    scaled = lambda s: ratio * kernel(ratio * s)  # noqa: E731
    return Banded(positions, scaled, reach(dtype) / ratio, source.start, len(source), dtype)


def _driving(r: Resampling, source: range, dtype: Any) -> Callable[[Array], Array]:
    return Warping(r.target_step, range(r.target_size), r.source_step, source, dtype)


def _recording(r: Resampling, source: range, dtype: Any) -> Callable[[Array], Array]:
    driving = Warping(r.source_step, source, r.target_step, range(r.target_size), dtype)

    def transposed(x: Array) -> Array:
        like = together((jnp.zeros((r.target_size, x.shape[1]), x.dtype), x))[0]
        return r.source_step / r.target_step * jax.linear_transpose(driving, like)(x)[0]

    return transposed


def _floating(x: Array) -> Array:
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(jnp.result_type(float))
