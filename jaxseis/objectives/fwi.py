"""Full-waveform inversion: the nonlinear least-squares objective.

    phi(m) = misfit(w (F(m) q), w d),        grad phi = J(m)^T w misfit'(...)

Reference: Tarantola, Geophysics 49 (1984); Virieux and Operto, Geophysics 74 (2009).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.acquisition import keep_axis
from jaxseis.objectives._select import changed
from jaxseis.objectives._weights import check_observed, combined
from jaxseis.objectives.misfit import least_squares
from jaxseis.wave.modeling import Modeling


class FWI(eqx.Module):
    """``phi(m) = misfit(w F(m) q, w d)``, a function of the model; a pytree.

    Arguments:
        F: the modelling operator.
        q: the source: a wavelet (time,), or (shot, time, source).
        observed: data d, (shot, time, receiver[, component]), or Shots.
        misfit: a function (predicted, observed) -> number; least squares by default.
        data_weights: broadcast to the data.
        shot_weights: (shot,).

    ``phi(m)`` is the value, ``phi.value_and_grad(m)`` value and gradient in one pass over the shots
    (one forward and one adjoint propagation each), ``phi[shots]`` the objective of some shots.
    Raises ValueError if shapes do not fit.

    ```python
    phi = FWI(F, q, d)
    value, gradient = jax.jit(lambda phi, m: phi.value_and_grad(m))(phi, m0)
    ```
    """

    F: Modeling
    q: Array
    observed: Array
    weights: Array
    misfit: Callable[[Array, Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        F: Modeling,
        q: Any,
        observed: Any,
        misfit: Callable[[Array, Array], Array] = least_squares,
        data_weights: Any = None,
        shot_weights: Any = None,
    ):
        self.F, self.misfit = F, misfit
        self.q = F.wave.as_array("q", q)
        self.observed = F.wave.as_array("observed", getattr(observed, "traces", observed))
        check_observed(self.observed, F.receivers.samples(F.shots or 1).shape)
        self.weights = combined(self.observed, data_weights, shot_weights)

    def __call__(self, m: PyTree) -> Array:
        """The value at the model ``m``."""
        return self.misfit(self.weights * (self.F(m) @ self.q), self.weights * self.observed)

    def value_and_grad(self, m: PyTree, shots_at_once: int | None = None) -> tuple[Array, PyTree]:
        """Value and gradient at ``m``.

        ``shots_at_once`` bounds the wavefields in memory: forward and adjoint of so many shots alternate.
        The misfit must then be a sum over shots. By default all shots go forward, then all back.
        """
        if shots_at_once is not None:
            shots_at_once = _checks.whole("shots_at_once", shots_at_once, 1, "None takes all shots together.")
        if shots_at_once is None or shots_at_once >= self.observed.shape[0]:
            return jax.value_and_grad(self.__call__)(m)
        zero = (jnp.zeros((), self.observed.dtype), jax.tree.map(jnp.zeros_like, m))
        whole = self.observed.shape[0] // shots_at_once * shots_at_once

        def add(total: PyTree, shots: Array) -> tuple[PyTree, None]:
            return jax.tree.map(jnp.add, total, self[shots].value_and_grad(m)), None

        total, _ = jax.lax.scan(add, zero, jnp.arange(whole).reshape(-1, shots_at_once))
        rest = jnp.arange(whole, self.observed.shape[0])
        return add(total, rest)[0] if rest.size else total

    def __len__(self) -> int:
        """Number of shots."""
        return self.observed.shape[0]

    def __getitem__(self, shots: Any) -> "FWI":
        """The objective of the selected shots."""
        i = keep_axis(shots, self.observed.shape[0])
        q = self.q[i] if self.q.ndim > 1 else self.q
        return changed(self, F=self.F[i], q=q, observed=self.observed[i], weights=self.weights[i])
