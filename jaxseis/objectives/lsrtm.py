"""Least-squares reverse-time migration: the linearised objective.

    phi(dm) = 1/2 |w (J dm - d)|^2,        grad phi = J^T w^2 (J dm - d)

Reference: Nemeth, Wu and Schuster, Geophysics 64 (1999).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis._types import Array, PyTree
from jaxseis.acquisition import keep_axis
from jaxseis.objectives._select import changed
from jaxseis.objectives._weights import check_observed, combined
from jaxseis.objectives.misfit import least_squares
from jaxseis.wave.modeling import Jacobian


class LSRTM(eqx.Module):
    """``phi(dm) = 1/2 |w (J dm - d)|^2``: least-squares migration, the linearised objective.

    Arguments:
        J: the Born operator at the background model.
        observed: scattered data, (shot, time, receiver[, component]), or Shots.
        data_weights, shot_weights: as for :class:`FWI`.

    ``phi(dm)``, ``phi.value_and_grad(dm)`` and ``phi[shots]`` as for FWI. With a linear solver use the
    operator itself: ``lineax.linear_solve(J, d, lineax.LSMR(...))``.

    ```python
    phi = LSRTM(F.jacobian(m0, q), d - F(m0) @ q)
    value, gradient = phi.value_and_grad(jnp.zeros(grid.shape))
    ```
    """

    J: Jacobian
    observed: Array
    weights: Array

    def __init__(self, J: Jacobian, observed: Any, data_weights: Any = None, shot_weights: Any = None):
        self.J = J
        self.observed = J.F.wave.as_array("observed", getattr(observed, "traces", observed))
        check_observed(self.observed, J.out_structure().shape)
        self.weights = combined(self.observed, data_weights, shot_weights)

    def __call__(self, dm: PyTree) -> Array:
        """The value at the perturbation ``dm``."""
        return least_squares(self.J @ dm, self.observed, self.weights)

    def value_and_grad(self, dm: PyTree) -> tuple[Array, PyTree]:
        """Value and gradient: one Born propagation and one migration."""
        residual = self.weights * (self.J @ dm - self.observed)
        return 0.5 * jnp.sum(residual**2), self.J.T @ (self.weights * residual)

    def __len__(self) -> int:
        """Number of shots."""
        return self.observed.shape[0]

    def __getitem__(self, shots: Any) -> "LSRTM":
        """The objective of the selected shots."""
        i = keep_axis(shots, self.observed.shape[0])
        return changed(self, J=self.J[i], observed=self.observed[i], weights=self.weights[i])
