"""A wave equation on a grid: everything static about A(m), and the checks of what it is given."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks, differences
from jaxseis._types import Array
from jaxseis.absorbing import PML, Sponge
from jaxseis.acquisition import TimeAxis
from jaxseis.engines import default_engine
from jaxseis.engines._problem import Problem, largest_step
from jaxseis.engines._validate import check_coefficients
from jaxseis.engines.storage import InMemory, Storage
from jaxseis.equations._base import Equation
from jaxseis.equations._surface import at_surface, surface_nodes
from jaxseis.grid import Grid
from jaxseis.interpolation import Interpolation, Linear
from jaxseis.model import Medium
from jaxseis.resampling import Resampling, choose_step, overrun
from jaxseis.wave.inverse import Inverse

ENGINES = ("devito", "xla")
COURANT = 0.95
"""Fraction of the stability limit used as time step."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class WaveEquation:
    """The discrete wave equation ``A(m) u = q``: ``A(m).inv`` is the operator from sources to wavefields.

    Arguments:
        grid: where the model parameters live.
        equation: which physics, for instance ``Acoustic()``.
        time: the time axis of sources and data, ms. The equation is solved on a finer axis where
            stability demands it, and signals are resampled on the way in and out.
        max_velocity: km/s, at least the largest velocity of every model used; it fixes the time step. Strong
            contrasts of density from node to node need more; the error says how much.
        space_order: even order of the space differences, 2 to 16.
        absorbing: ``PML(cells=10)``, ``Sponge(cells=40)`` or None (a reflecting edge).
        free_surface: whether the first node of the z axis is a free surface, where the pressure, or the traction of
            elastic waves, vanishes.
        interpolation: of sources and receivers, ``Linear()`` or ``Sinc(radius=4)``.
        storage: how gradients keep the wavefield, ``InMemory()`` or ``Recompute()``; the "xla" engine has
            its own way, and every level.
        correct_dispersion: remove the time dispersion of the leapfrog steps from sources and data.
        differentiation: "reverse" (a ``custom_vjp``), or "any" for jvp and linearize through the model too.
        engine: "devito" (compiled kernels; the default where there is a C compiler) or "xla".
        dtype: "float32" or "float64"; by default float64 if ``jax_enable_x64`` is on.

    Static and hashable, without arrays. Raises ValueError for arguments out of range.

    ```python
    A = WaveEquation(grid, Acoustic(), time, max_velocity=6.0)
    d = Pr @ A(m).inv @ Ps.T @ q
    ```
    """

    grid: Grid
    equation: Equation
    time: TimeAxis
    max_velocity: float
    space_order: int = field(default=8, kw_only=True)
    absorbing: PML | Sponge | None = field(default=PML(), kw_only=True)
    free_surface: bool = field(default=False, kw_only=True)
    interpolation: Interpolation = field(default=Linear(), kw_only=True)
    storage: Storage = field(default=InMemory(), kw_only=True)
    correct_dispersion: bool = field(default=False, kw_only=True)
    differentiation: str = field(default="reverse", kw_only=True)
    engine: str = field(default="", kw_only=True)
    dtype: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        _checks.kind_is("grid", self.grid, Grid, "a Grid")
        _checks.kind_is("time", self.time, TimeAxis, "a TimeAxis")
        _checks.kind_is("equation", self.equation, Equation, "a wave equation such as Acoustic()")
        _checks.kind_is("interpolation", self.interpolation, Interpolation, "Linear() or Sinc(radius=...)")
        velocity = _checks.positive("max_velocity", self.max_velocity, "km/s")
        if velocity > 100:
            raise _checks.fail("max_velocity", "km/s", velocity, f"Is it in m/s? Write {velocity / 1000:g}.")
        object.__setattr__(self, "max_velocity", velocity)
        object.__setattr__(self, "space_order", differences.check_order(self.space_order))
        _one_of("engine", self.engine, ("", *ENGINES))
        _one_of("differentiation", self.differentiation, ("reverse", "any"))
        _checks.kind_is("storage", self.storage, Storage, "InMemory(...) or Recompute(...)")
        layers = (PML, Sponge, type(None))
        _checks.kind_is("absorbing", self.absorbing, layers, "PML(cells=...), Sponge(cells=...) or None")
        object.__setattr__(self, "engine", self.engine or default_engine())
        object.__setattr__(self, "dtype", _dtype_name(self.dtype))
        self._check_dtype()
        self._check_layer()
        self._check_sizes()

    def _check_layer(self) -> None:
        if self.problem.multiaxial and self.problem.laplacian:
            raise _checks.fail(
                "absorbing",
                "PML(multiaxial=0) with an equation of constant density, which needs no more",
                self.absorbing,
                "Use Acoustic(density=True) for such a layer.",
            )

    def _check_sizes(self) -> None:
        layer = self.problem.cells
        needed = surface_nodes(self.equation, self.grid.ndim, self.space_order, layer) if self.free_surface else 1
        if self.problem.shape[-1] < needed:
            raise _checks.fail(
                "grid.shape",
                f"at least {needed} nodes along z, layer included, below a free surface",
                self.problem.shape[-1],
                "Lower space_order.",
            )
        limit = largest_step(self.equation, self.grid, self.space_order, self.max_velocity)
        if self.time.step < limit / 200:
            raise _checks.fail(
                "time.step",
                f"milliseconds (the stability limit is {limit:.3g} ms)",
                self.time.step,
                f"Is it in seconds? Write seconds({self.time.step:g}).",
            )
        if self.time.step > 200 * limit:
            raise _checks.fail(
                "grid.spacing",
                f"metres (with {min(self.grid.spacing):g} m the stability limit is {limit:.3g} ms)",
                self.grid.spacing,
                f"Are they in kilometres? Write {1000 * min(self.grid.spacing):g}.",
            )

    def _check_dtype(self) -> None:
        _one_of("dtype", self.dtype, ("float32", "float64"))
        if self.dtype == "float64" and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
            raise _checks.fail(
                "dtype",
                "float32 while JAX's 64-bit mode is off",
                "float64",
                'Call jax.config.update("jax_enable_x64", True) first.',
            )

    def __call__(self, m: Any) -> "Bound":
        """The equation at a model: squared slowness, or a Medium with the equation's parameters."""
        return Bound(self, self.medium(m))

    def replace(self, **changes: Any) -> "WaveEquation":
        """A copy with some arguments changed."""
        return replace(self, **changes)

    @cached_property
    def problem(self) -> Problem:
        """The discrete problem that the engines solve."""
        limit = largest_step(self.equation, self.grid, self.space_order, self.max_velocity)
        step, size = choose_step(self.time, COURANT * limit)
        return Problem(
            self.equation,
            self.grid,
            step,
            size + (overrun(self.time, step) if self.correct_dispersion else 0),
            self.space_order,
            self.absorbing,
            self.free_surface,
            float(self.max_velocity),
            self.interpolation.margin + self._half_cells(),
            self.dtype,
        )

    def _half_cells(self) -> int:
        """Nodes beyond the grid that samples of staggered fields reach."""
        ndim = self.grid.ndim
        return int(any(any(self.equation.parity(f, ndim)) for f in self.equation.fields(ndim)))

    def same_fields(self, other: "WaveEquation") -> bool:
        """Whether wavefields of the two are the same thing: grid, time axes, sampling and precision."""
        names = ("grid", "time", "step", "free_surface", "interpolation", "correct_dispersion", "dtype")
        return all(getattr(self, n) == getattr(other, n) for n in names)

    @property
    def step(self) -> float:
        """The time step of the computation, ms."""
        return self.problem.step

    @property
    def resample_source(self) -> Resampling:
        """From the user's time axis to the computational one."""
        kind = "source" if self.correct_dispersion else None
        return Resampling(self.time.step, self.time.size, self.step, self.problem.steps, kind)

    @property
    def resample_data(self) -> Resampling:
        """From the computational time axis to the user's."""
        kind = "receiver" if self.correct_dispersion else None
        return Resampling(self.step, self.problem.steps, self.time.step, self.time.size, kind)

    def medium(self, m: Any) -> Medium:
        """``m`` as a checked Medium in the equation's precision."""
        if m is None or isinstance(m, (dict, str)):
            raise _checks.fail("m", "an array on the grid, or a Medium", type(m).__name__)
        medium = m if isinstance(m, Medium) else Medium(m=m)
        choices = [tuple(sorted(names)) for names in self.equation.parameterizations]
        if medium.names not in choices:
            raise _checks.fail("medium", "a Medium with " + " or ".join(map(", ".join, choices)), repr(medium))
        medium = Medium(**{n: self.as_array(n, getattr(medium, n)) for n in medium.names})
        for name in medium.names:
            _checks.shape_is(name, getattr(medium, name), self.grid.shape, self.grid.axes)
        _checks.when_concrete(self._check_values, medium)
        return medium

    def as_array(self, name: str, value: Any) -> Array:
        """``value`` as an array of the equation's precision; losing precision silently is an error."""
        if getattr(value, "dtype", None) == np.float64 and self.dtype == "float32":
            remedy = "Write x.astype(numpy.float32)"
            if not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
                remedy += ', or call jax.config.update("jax_enable_x64", True) for double precision'
            raise _checks.fail(name, "a float32 array", "a float64 one", remedy + ".")
        if jnp.iscomplexobj(value):
            raise _checks.fail(name, "real numbers", "complex ones")
        return jnp.asarray(value, self.dtype)

    def _check_values(self, medium: Medium) -> None:
        for name in medium.names:
            _checks.finite(name, getattr(medium, name))
        for name in set(self.equation.positive) & set(medium.names):
            least = float(np.min(np.asarray(getattr(medium, name))))
            if least <= 0:
                what = "positive squared slowness, s^2/km^2" if name == "m" else "positive numbers"
                raise _checks.fail(name, what, f"a minimum of {least:g}")
        self.equation.check(medium)
        fastest = float(np.sqrt(np.max(np.asarray(self.equation.squared_velocity(medium)))))
        if fastest > 100:
            name, unit, example = ("m", "squared slowness in s^2/km^2", "m = squared_slowness(v / 1000)")
            if "m" not in medium:
                name, unit, example = ("medium", "velocities in km/s, densities in g/cm^3", "vp / 1000")
            raise _checks.fail(
                name,
                unit,
                f"a velocity of {fastest:g} km/s",
                f"Velocities in m/s must be divided by 1000: {example}.",
            )
        if fastest > self.max_velocity * (1 + 1e-5):
            raise _checks.fail(
                "m" if "m" in medium else "medium",
                f"velocities up to max_velocity = {self.max_velocity:g} km/s",
                f"{fastest:.6g} km/s",
                f"The step of {self.step:.4g} ms would be unstable: make the WaveEquation with a larger max_velocity.",
            )
        if not self.equation.laplacian(self.grid.ndim):
            check_coefficients(self.problem, jax.tree.map(np.asarray, self.coefficients(medium)))

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """Coefficients on the padded grid: parameters continue into the layer with their edge values."""
        return _coefficients(self.problem, medium)

    def warn_if_coarse(self, medium: Medium, highest: float) -> None:
        """Warn with the number if the highest frequency (kHz) has fewer than three points per wavelength."""
        slowest = float(np.sqrt(np.min(np.asarray(self.equation.slowest(medium)))))
        points = slowest / (highest * max(self.grid.spacing)) if highest else np.inf
        if points < 3:
            warnings.warn(
                f"Only {points:.2f} points per wavelength at {slowest:g} km/s and {1000 * highest:.3g} Hz, the "
                f"highest frequency of the source: numerical dispersion will be strong. "
                "Refine the grid or lower the frequency.",
                stacklevel=_checks.stack_level(),
            )


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Bound:
    """A wave equation at a model, ``A(m)``."""

    wave: WaveEquation = field(metadata={"static": True})
    medium: Medium

    @property
    def inv(self) -> Inverse:
        """The operator ``A(m)^-1`` from sources to wavefields, ``(shot, time, *grid)`` both."""
        return Inverse(self.wave, self.medium)


@partial(jax.jit, static_argnums=0)  # its many small operations would be compiled one by one otherwise
def _coefficients(problem: Problem, medium: Medium) -> dict[str, Array]:
    padded = jax.tree.map(lambda p: jnp.pad(p, problem.pad, mode="edge"), medium)
    c = problem.equation.coefficients(padded)
    if problem.free_surface and not problem.laplacian:
        c = at_surface(problem.equation, c, problem.order)
    return {k: v.astype(problem.dtype) for k, v in c.items()}


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _checks.fail(name, "one of " + ", ".join(repr(c) for c in choices if c), repr(value))


def _dtype_name(given: Any) -> str:
    """The name of a type, or what was given where it is none: the check of the choices says so."""
    try:
        return np.dtype(given or jnp.result_type(float)).name
    except TypeError:
        return given
