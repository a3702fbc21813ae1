"""Physical parameters on a grid."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import Array


@jax.tree_util.register_pytree_with_keys_class
class Medium:
    """Named physical parameters of a wave equation, each an array on the grid: a pytree.

    ``Medium(m=..., buoyancy=...)``; the names are those that the equation says in ``required``, or one set of
    its ``parameterizations``.
    Differentiate with respect to a Medium and a Medium comes back. ``medium.replace(m=...)``
    returns a changed copy, ``medium.m`` reads one parameter.

    ```python
    medium = Medium(m=squared_slowness(vp), buoyancy=1 / density)
    ```
    """

    def __init__(self, **parameters: Any):
        if not parameters:
            raise _checks.fail("medium", "at least one parameter, as in Medium(m=...)", "none")
        object.__setattr__(self, "_parameters", dict(sorted(parameters.items())))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A Medium is immutable: use medium.replace({name}=...).")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._parameters:
            raise AttributeError(f"This Medium has {', '.join(self.__dict__.get('_parameters', ()))}; no {name!r}.")
        return self._parameters[name]

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={getattr(v, 'shape', v)}" for k, v in self._parameters.items())
        return f"Medium({inside})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, sorted."""
        return tuple(self._parameters)

    def replace(self, **changes: Any) -> "Medium":
        """A copy with some parameters changed or added."""
        return Medium(**{**self._parameters, **changes})

    def tree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
        """The pytree's leaves with their names."""
        return [(jax.tree_util.GetAttrKey(k), v) for k, v in self._parameters.items()], self.names

    @classmethod
    def tree_unflatten(cls, names: tuple[str, ...], leaves: Any) -> "Medium":
        """Rebuild from names and leaves."""
        self = object.__new__(cls)
        object.__setattr__(self, "_parameters", dict(zip(names, leaves, strict=True)))
        return self


def squared_slowness(velocity: Any) -> Array:
    """Squared slowness ``1 / v^2`` (s^2/km^2) of a velocity in km/s.

    Raises ValueError for velocities that are not positive, or that look like m/s.
    """
    _checks.when_concrete(check_velocity, velocity)
    return 1 / jnp.asarray(velocity) ** 2


def velocity(m: Any) -> Array:
    """Velocity ``m^(-1/2)`` (km/s) of a squared slowness in s^2/km^2."""
    return 1 / jnp.sqrt(jnp.asarray(m))


def gardner(velocity: Any) -> Array:
    """Density (g/cm^3) from velocity (km/s): ``0.31 (1000 v)^(1/4)`` (Gardner et al., Geophysics 39, 1974).

    Raises ValueError for velocities that are not positive, or that look like m/s.
    """
    _checks.when_concrete(check_velocity, velocity)
    return 0.31 * (1000 * jnp.asarray(velocity)) ** 0.25


def water_mask(velocity: Any, water: float = 1.5) -> np.ndarray:
    """Where the water is: from the top node down to the first that is faster than water, within 0.1 %.

    Arguments:
        velocity: model of axes (x, z) or (x, y, z), km/s.
        water: velocity of the water, km/s.

    Returns a boolean array of the shape of ``velocity``; slow rock below the sea floor is not water.
    Raises ValueError for velocities that are not positive, or that look like m/s.

    ```python
    water_mask(np.array([[1.5, 1.5, 2.0, 1.5]]))  # [[True, True, False, False]]
    ```
    """
    velocity = np.asarray(velocity)
    check_velocity(velocity)
    check_velocity(water, "water")
    return np.logical_and.accumulate(velocity <= water * 1.001, axis=-1)


def check_velocity(velocity: Any, name: str = "velocity") -> None:
    """An error unless all of ``velocity`` is finite, positive and small enough to be in km/s."""
    values = np.asarray(velocity)
    _checks.finite(name, values)
    if values.min() <= 0:
        raise _checks.fail(name, "positive numbers, km/s", f"a minimum of {values.min():g}")
    if values.max() > 100:
        raise _checks.fail(name, "km/s", f"a maximum of {values.max():g}", "Velocities in m/s must be divided by 1000.")
