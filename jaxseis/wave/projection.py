"""Ends of a propagation: what turns wavefields into samples, and by transposition sources into wavefields.

A wavefield is ``(shot, time, *grid)`` on the user's time axis. Composed with ``A(m).inv`` an end is
never applied to a wavefield: the propagation samples and injects as it goes (see inverse.py).
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.acquisition import Geometry, check_inside
from jaxseis.interpolation import Channel, Window, nodes_and_weights, windows
from jaxseis.operators import LinearOperator
from jaxseis.operators._base import Transposed
from jaxseis.resampling import Resampling
from jaxseis.wave import quantities
from jaxseis.wave.quantities import Field, Quantity

if TYPE_CHECKING:
    from jaxseis.wave.wave_equation import WaveEquation

Dict = dict[str, Any]


class End(LinearOperator):
    """One end of a propagation: a map from wavefields to samples.

    Attributes:
        wave: the wave equation, which gives grid and time axis.
        shots: number of shots, or None while it can be any.
    """

    wave: eqx.AbstractVar["WaveEquation"]
    shots: eqx.AbstractVar[int | None]

    def samples(self, shots: int) -> jax.ShapeDtypeStruct:
        """Structure of the samples."""
        raise NotImplementedError

    def source(self, x: Array) -> Dict:
        """Samples as the source of a propagation on the computational time axis."""
        raise NotImplementedError

    def receiver(self) -> Dict:
        """The end as the receiver of a propagation."""
        raise NotImplementedError

    def received(self, y: Array) -> Array:
        """What a propagation gives, as samples on the user's time axis."""
        return y

    def transpose(self) -> "Injection":
        """From samples to wavefields."""
        return Injection(self)

    def with_shots(self, shots: int | None) -> "End":
        """The end for that many shots."""
        copy = object.__new__(type(self))
        for name, value in (vars(self) | {"shots": shots}).items():
            object.__setattr__(copy, name, value)
        return copy

    def in_structure(self) -> jax.ShapeDtypeStruct:
        """Wavefields (shot, time, *grid)."""
        return field_structure(self.wave, self.shots or 1)

    def out_structure(self) -> jax.ShapeDtypeStruct:
        """The samples."""
        return self.samples(self.shots or 1)

    def in_axes(self) -> tuple[str, ...]:
        """Names of the axes of wavefields."""
        return ("shot", "time", *self.wave.grid.axes)

    def __matmul__(self, other: Any) -> Any:
        if not isinstance(other, LinearOperator) and self.shots is None and jnp.ndim(other) == len(self.in_axes()):
            return self.with_shots(jnp.shape(other)[0]) @ other
        return super().__matmul__(other)


class Injection(Transposed):
    """The transpose of an end; like the end, it fits any number of shots until that is known."""

    operator: End

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, LinearOperator) or self.operator.shots is not None:
            return super().__matmul__(other)
        x = self.operator.broadcast_output(other)
        return self.operator.with_shots(jnp.shape(x)[0]).T @ x


def field_structure(wave: "WaveEquation", shots: int) -> jax.ShapeDtypeStruct:
    """Structure of wavefields on the user's grid and time axis."""
    return jax.ShapeDtypeStruct((shots, wave.time.size, *wave.grid.shape), jnp.dtype(wave.dtype))


def resample(r: Resampling, x: Array) -> Array:
    """Resample along the time axis of (shot, time, ...)."""
    return r(x.reshape(*x.shape[:2], -1), axis=1).reshape(x.shape[0], -1, *x.shape[2:])


class FullField(End):
    """The identity on wavefields."""

    wave: "WaveEquation" = eqx.field(static=True)
    shots: int | None = eqx.field(static=True, default=None)

    def samples(self, shots: int) -> jax.ShapeDtypeStruct:
        """The wavefield."""
        return field_structure(self.wave, shots)

    def source(self, x: Array) -> Dict:
        """The wavefield as a source."""
        return {"wavefield": resample(self.wave.resample_source, x)}

    def receiver(self) -> Dict:
        """All of the wavefield."""
        return {"wavefield": None}

    def received(self, y: Array) -> Array:
        """The wavefield on the user's time axis."""
        return resample(self.wave.resample_data, y)

    def mv(self, x: Array) -> Array:
        """The wavefield itself."""
        return x


class Projection(End):
    """Sampling of wavefields at points, ``d[s, t, r] = sum_x w_r(x) u[s, t, x]``; the transpose injects.

    Arguments:
        geometry: positions of the points, metres.
        wave: the wave equation whose wavefields are sampled.
        quantity: what is sampled, or by the transpose what acts, at the points (see quantities.py): by default the
            pressure of acoustic equations; ``Displacement("z")``, ``Velocity("xz")``, ``MomentTensor(xx=1.0)`` and
            so on for elastic ones. Of a quantity with several components traces have one more axis, the last.

    The weights are those of ``wave.interpolation``; a point source is a unit weight on the grid, not
    divided by the cell volume. A window of ``Sinc`` near an edge of the grid reaches nodes beyond it, which a
    propagation has and a wavefield has not, so there ``P @ (A(m).inv @ f)`` differs from ``(P @ A(m).inv) @ f``.
    ``P @ u`` takes wavefields (shot, time, *grid) to traces (shot, time,
    point); ``P.T @ q`` accepts one wavelet (time,) for all points too.
    Raises ValueError naming the points that lie outside the grid.

    ```python
    Pr, Ps = Projection(receivers, A), Projection(sources, A)
    d = Pr @ A(m).inv @ Ps.T @ q
    ```
    """

    geometry: Geometry
    wave: "WaveEquation" = eqx.field(static=True)
    quantity: Quantity = eqx.field(static=True)
    shots: int | None = eqx.field(static=True)

    def __init__(self, geometry: Geometry, wave: "WaveEquation", quantity: Quantity | None = None):
        _checks.kind_is("geometry", geometry, Geometry, "a Geometry, before the wave equation")
        if geometry.ndim != wave.grid.ndim:
            raise _checks.fail(
                "geometry", f"positions along {', '.join(wave.grid.axes)}", f"{geometry.ndim} coordinates"
            )
        _checks.when_concrete(lambda g: check_inside("geometry", g, wave.grid), geometry)
        self.geometry, self.wave, self.shots = geometry, wave, geometry.shots
        self.quantity = quantities.of(wave.equation, quantity)
        self._channels()  # or an error

    def replace(self, geometry: Geometry) -> "Projection":
        """The same quantity elsewhere."""
        return Projection(geometry, self.wave, self.quantity)

    def samples(self, shots: int) -> jax.ShapeDtypeStruct:
        """Traces (shot, time, point[, component])."""
        shape = (shots, self.wave.time.size, self.geometry.points, *self._components())
        return jax.ShapeDtypeStruct(shape, jnp.dtype(self.wave.dtype))

    def _components(self) -> tuple[int, ...]:
        return (self.quantity.components,) if self.quantity.components else ()

    def out_axes(self) -> tuple[str, ...]:
        """Names of the axes of traces."""
        return ("shot", "time", "point", *["component"] * len(self._components()))

    def broadcast_output(self, y: Any) -> Any:
        """One wavelet (time,), or one per shot (shot, time), for all points."""
        if jnp.ndim(y) in (1, 2):
            y, rest = self.wave.as_array("wavelet", y), (self.geometry.points, *self._components())
            y = y[None] if y.ndim == 1 else y
            if y.shape[0] in (1, self.shots or 1):  # else the check of the operand says what is wrong
                y = y.reshape(*y.shape, *[1] * len(rest))
                return jnp.broadcast_to(y, (self.shots or 1, y.shape[1], *rest))
            return y
        return self.wave.as_array("traces", y)

    def _channels(self) -> tuple[Channel, ...]:
        return self.quantity.channels(self.wave.equation, self.wave.grid, self.wave.space_order)

    def window(self) -> Window:
        """Nodes and weights of the points."""
        wave, problem = self.wave, self.wave.problem
        channels, mask = self._channels(), self.geometry.mask
        w = windows(
            wave.interpolation, self.geometry.positions, wave.grid, channels, problem.free_surface, problem.dtype
        )
        if mask is None:
            return w
        used = mask[:, w.channel[0] // len(channels), None, None].astype(problem.dtype)
        return replace(w, weights=w.weights * used, slopes=w.slopes * used)

    def source(self, x: Array) -> Dict:
        """Traces that drive the points."""
        x = x.reshape(*x.shape[:2], -1)
        (x,) = jax.linear_transpose(self._in_time, jax.ShapeDtypeStruct(x.shape, x.dtype))(x)
        return {"traces": resample(self.wave.resample_source, x), **self.receiver()}

    def receiver(self) -> Dict:
        """The points, and the position of each channel."""
        return {"window": self.window(), "positions": jnp.repeat(self.geometry.positions, len(self._channels()), 1)}

    def received(self, y: Array) -> Array:
        """Traces on the user's time axis."""
        y = self._in_time(resample(self.wave.resample_data, y))
        return y.reshape(*y.shape[:2], self.geometry.points, *self._components())

    def _in_time(self, d: Array) -> Array:
        return self.quantity.in_time(d, self.wave.time.step)

    def mv(self, x: Array) -> Array:
        """Sample a wavefield."""
        if not isinstance(self.quantity, Field):
            raise _checks.fail(
                "P @ u", "a quantity that is the field itself", self.quantity, "Compose it: P @ A(m).inv."
            )
        w = self.window()

        def shot(u: Array, index: Array, weights: Array) -> Array:
            nodes, product = nodes_and_weights(index, weights)
            picked = u.at[(slice(None), *nodes)].get(mode="fill", fill_value=0, wrap_negative_indices=False)
            return jnp.sum(picked * product, axis=tuple(range(2, u.ndim + 1)))

        shared = None if w.index.shape[0] == 1 else 0
        index, weights = (v[0] if shared is None else v for v in (w.index, w.weights))
        return jax.vmap(shot, in_axes=(0, shared, shared))(x, index, weights)


class ExtendedSource(End):
    """Correlation with a wavelet, ``w[s, x] = sum_t q[s, t] u[s, t, x]``; its transpose is the source ``w(x) q(t)``.

    Arguments:
        wavelet: (time,), or (shot, time) for one each.
        wave: the wave equation.

    ``P.T @ w`` with weights (shot, *grid) (or (*grid) for one shot) is an extended source; ``Pr @ A(m).inv @ P.T @ w``
    propagates it without forming it. Differentiable in the weights and in the wavelet.

    ```python
    Pw = ExtendedSource(q, A)
    d = Pr @ A(m).inv @ Pw.T @ weights
    ```
    """

    wavelet: Array
    wave: "WaveEquation" = eqx.field(static=True)
    shots: int | None = eqx.field(static=True)

    def __init__(self, wavelet: Any, wave: "WaveEquation"):
        wavelet = jnp.atleast_2d(wave.as_array("wavelet", wavelet))
        _checks.shape_is("wavelet", wavelet, (wavelet.shape[0], wave.time.size), ("shot", "time"))
        self.wavelet, self.wave = wavelet, wave
        self.shots = wavelet.shape[0] if wavelet.shape[0] > 1 else None

    def samples(self, shots: int) -> jax.ShapeDtypeStruct:
        """Weights (shot, *grid)."""
        return jax.ShapeDtypeStruct((shots, *self.wave.grid.shape), jnp.dtype(self.wave.dtype))

    def out_axes(self) -> tuple[str, ...]:
        """Names of the axes of weights."""
        return ("shot", *self.wave.grid.axes)

    def broadcast_output(self, y: Any) -> Any:
        """Weights of one shot."""
        y = self.wave.as_array("weights", y)
        return y[None] if y.ndim == self.wave.grid.ndim else y

    def source(self, x: Array) -> Dict:
        """Weights times wavelet."""
        return {"weights": x, "wavelet": self._on(self.wave.resample_source)}

    def receiver(self) -> Dict:
        """Correlation with the wavelet, which the transpose of resampling brings to the computational axis."""
        problem = self.wave.problem
        down = lambda y: resample(self.wave.resample_data, y[..., None])[..., 0]  # noqa: E731
        like = jax.ShapeDtypeStruct((self.wavelet.shape[0], problem.steps), jnp.dtype(problem.dtype))
        return {"wavelet": jax.linear_transpose(down, like)(self.wavelet)[0]}

    def _on(self, r: Resampling) -> Array:
        return resample(r, self.wavelet[..., None])[..., 0]

    def mv(self, x: Array) -> Array:
        """Correlate a wavefield with the wavelet."""
        return jnp.einsum("st,st...->s...", jnp.broadcast_to(self.wavelet, x.shape[:2]), x)
