"""Modelling and its linearisation: the nonlinear map from models to data as one object."""

from typing import Any

import equinox as eqx
import jax

from jaxseis import _checks, rules
from jaxseis._types import Array, PyTree
from jaxseis.acquisition import Geometry, keep_axis
from jaxseis.engines.storage import Storage
from jaxseis.model import Medium
from jaxseis.operators import LinearOperator, structure_of
from jaxseis.wave.inverse import Inverse
from jaxseis.wave.projection import End, Projection
from jaxseis.wave.wave_equation import WaveEquation


class Modeling(eqx.Module):
    """``F(m) q = Pr A(m)^-1 Ps^T q``: data of an experiment as a function of the model.

    Arguments:
        wave: the wave equation.
        sources: their geometry, or an :class:`ExtendedSource`.
        receivers: their geometry.

    ``F(m)`` is the linear operator from sources (shot, time, source) to data (shot, time, receiver) at
    the model m; ``F(m) @ q`` is differentiable in m, q and the positions. ``F[i]`` is the experiment of
    some shots, ``F.jacobian(m, q)`` the Born operator. A wavelet (time,) drives all sources.

    ```python
    F = Modeling(A, sources, receivers)
    d = F(m) @ q
    gradient = jax.grad(lambda m: 0.5 * jnp.sum((F(m) @ q - d) ** 2))(m0)
    ```
    """

    wave: WaveEquation = eqx.field(static=True)
    sources: End
    receivers: End

    def __init__(self, wave: WaveEquation, sources: Geometry | End, receivers: Geometry | End):
        self.wave = wave
        self.sources = _end("sources", sources, wave)
        self.receivers = _end("receivers", receivers, wave)

    def __call__(self, m: PyTree) -> Inverse:
        """The operator at the model ``m``."""
        reverse = self.wave.differentiation == "reverse"
        return Inverse(self.wave, self.wave.medium(m), self.sources, self.receivers, reverse)

    def __getitem__(self, shots: Any) -> "Modeling":
        """The experiment of the selected shots."""
        return Modeling(self.wave, _select(self.sources, shots), _select(self.receivers, shots))

    def __len__(self) -> int:
        """Number of shots."""
        return self.shots or 1

    @property
    def shots(self) -> int | None:
        """Number of shots."""
        return self.sources.shots if self.sources.shots is not None else self.receivers.shots

    def jacobian(self, m: PyTree, q: Any, storage: Storage = rules.EXACT) -> "Jacobian":
        """The derivative of ``m -> F(m) q``, with an exact transpose unless ``storage`` thins the wavefield."""
        return Jacobian(self, m, q, storage)

    def jvp(self, m: PyTree, dm: PyTree, q: Any) -> tuple[Array, Array]:
        """``F(m) q`` and its derivative along ``dm``: the forward mode of the nonlinear map."""
        return self(m) @ q, self.jacobian(m, q) @ dm


class Jacobian(LinearOperator):
    """The Born operator ``J = dF(m) q / dm``: perturbations to scattered data; ``J.T`` migrates.

    Arguments:
        F: the modelling operator.
        m: the background, squared slowness or a Medium.
        q: the source, as for ``F(m) @ q``.
        storage: how ``J.T`` keeps the wavefield. With the default, every level, J.T is the exact
            transpose of J; ``InMemory()`` keeps the Nyquist rate, which is faster and accurate to 1e-3 or so.

    ``J @ dm`` has the data's shape (shot, time, receiver), ``J.T @ d`` that of the model.

    ```python
    J = F.jacobian(m0, q)
    image = J.T @ (d - F(m0) @ q)
    ```
    """

    F: Modeling
    medium: Medium
    q: Array
    storage: Storage = eqx.field(static=True)
    as_medium: bool = eqx.field(static=True)

    def __init__(self, F: Modeling, m: PyTree, q: Any, storage: Storage = rules.EXACT):
        _checks.kind_is("storage", storage, Storage, "InMemory(...) or Recompute(...)")
        self.F, self.storage, self.as_medium = F, storage, isinstance(m, Medium)
        self.medium = F.wave.medium(m)
        operator = F(self.medium)
        x = operator.broadcast_input(q)
        self.q = x
        _checks.shape_is("q", x, operator.in_structure().shape, operator.in_axes())
        _checks.when_concrete(operator.check_source, x, self.medium)

    def __getitem__(self, shots: Any) -> "Jacobian":
        """The Born operator of the selected shots."""
        m = self.medium if self.as_medium else self.medium.m
        pick = keep_axis(shots, self.q.shape[0])
        return Jacobian(self.F[pick], m, self.q[pick], self.storage)

    def in_structure(self) -> PyTree:
        """A perturbation of the model."""
        structure = structure_of(self.medium)
        return structure if self.as_medium else structure.m

    def in_axes(self) -> tuple[str, ...]:
        """Names of the axes of the model."""
        return self.F.wave.grid.axes

    def out_structure(self) -> jax.ShapeDtypeStruct:
        """The data."""
        return self.F(self.medium).out_structure()

    def out_axes(self) -> tuple[str, ...]:
        """Names of the axes of the data."""
        return self.F.receivers.out_axes()

    def mv(self, dm: PyTree) -> Array:
        """Scatter."""
        wave, F = self.F.wave, self.F
        change = dm if self.as_medium else Medium(m=dm)
        c, dc = jax.jvp(wave.coefficients, (self.medium,), (change,))
        source, receiver = F.sources.source(self.q), F.receivers.receiver()
        return F.receivers.received(rules.scatter(wave.problem, wave.engine, self.storage, c, dc, source, receiver))


def _end(name: str, given: Any, wave: WaveEquation) -> End:
    if isinstance(given, End):
        return given
    if not isinstance(given, Geometry):
        raise _checks.fail(name, "a Geometry, a Projection or an ExtendedSource", type(given).__name__)
    try:
        return Projection(given, wave)
    except ValueError as error:
        raise ValueError(str(error).replace("geometry", name, 1)) from None


def _select(end: End, shots: Any) -> End:
    if isinstance(end, Projection):
        return end.replace(end.geometry[shots])
    raise _checks.fail("F[...]", "sources and receivers at points", type(end).__name__)
