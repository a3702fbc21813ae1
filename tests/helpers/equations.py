"""Every wave equation that the contract tests run on, in every setting.

Add an equation to ``EQUATIONS``, its parameters to ``RANGES`` and the ``SETTINGS`` it shall be run in to ``QUICK`` and
``SLOW``, and it inherits all the tests of ``tests/engines/test_equation_contracts.py``. Grids are tiny,
records short, media rough and sources white: what must hold exactly holds for them.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxseis as js

EQUATIONS = {
    "constant density": js.Acoustic(),
    "variable density": js.Acoustic(density=True),
    "VTI": js.VTI(),
    "TTI": js.TTI(),
    "elastic": js.Elastic(),
    "elastic VTI": js.ElasticVTI(),
    "damped": js.Damped(js.Acoustic(), frequency=0.02),
    "viscoacoustic": js.Viscous(js.Acoustic(density=True), band=(0.002, 0.04), mechanisms=2),
    "viscoelastic": js.Viscous(js.Elastic(), band=(0.002, 0.04), mechanisms=1),
}

RANGES = {"m": (0.25, 0.4), "buoyancy": (0.4, 1.0), "epsilon": (0.1, 0.2), "delta": (-0.05, 0.05), "gamma": (0.0, 0.1)}
RANGES |= {"theta": (-1.5, 1.5), "phi": (0.0, 6.0)}
RANGES |= dict.fromkeys(("inverse_q", "inverse_qp", "inverse_qs"), (0.01, 0.1))
RANGES |= {"vp": (1.4, 1.8), "vs": (0.4, 0.7), "rho": (1.0, 1.5)}
"""Parameters of random media; velocities must stay below ``MAX_VELOCITY``, perturbed ones too."""

MAX_VELOCITY = 3.0
TIME = js.TimeAxis(duration=50.0, step=1.25)  # below the stability limit of every case: no resampling
PLANE, BOX, TALL = (21, 17), (9, 8, 7), (7, 6, 13)
SETTINGS: dict[str, dict[str, Any]] = {
    "2-D": {"absorbing": js.PML(5)},
    "2-D free surface": {"absorbing": js.PML(5), "free_surface": True, "space_order": 2},
    "2-D sponge": {"absorbing": js.Sponge(6), "free_surface": True, "space_order": 4},
    "2-D multiaxial": {"absorbing": js.PML(5, multiaxial=0.3), "free_surface": True, "space_order": 2},
    "2-D bare": {"absorbing": None},
    "2-D float32": {"absorbing": js.Sponge(6), "dtype": "float32"},
    "3-D multiaxial": {"shape": BOX, "absorbing": js.PML(3, multiaxial=0.3), "free_surface": True, "space_order": 2},
    "3-D": {"shape": BOX, "absorbing": js.PML(4), "space_order": 2},
    "3-D free surface": {"shape": TALL, "absorbing": js.PML(3), "free_surface": True, "space_order": 8},
    "3-D sponge": {"shape": BOX, "absorbing": js.Sponge(4), "space_order": 4},
    "1-D": {"shape": (25,), "absorbing": js.PML(5), "free_surface": True, "space_order": 4},
}
QUICK = {
    "constant density": ("2-D", "2-D free surface", "2-D sponge", "2-D bare", "2-D float32", "3-D"),
    "variable density": ("2-D float32",),
    "VTI": (),
    "TTI": (),
    "elastic": ("2-D free surface",),
    "elastic VTI": (),
    "damped": ("2-D",),
    "viscoacoustic": ("2-D sponge",),
    "viscoelastic": (),
}
"""The settings of each equation that the default tests run."""

SLOW = {
    "constant density": ("3-D free surface", "3-D sponge", "1-D"),
    "variable density": ("2-D", "2-D free surface", "3-D multiaxial", "3-D free surface"),
    "VTI": ("2-D sponge", "2-D free surface"),
    "TTI": ("2-D sponge", "3-D"),
    "elastic": ("2-D", "2-D multiaxial", "3-D free surface", "1-D"),
    "elastic VTI": ("2-D free surface",),
    "damped": ("3-D free surface",),
    "viscoacoustic": (),
    "viscoelastic": ("2-D free surface",),
}
"""The settings that only the slow ones run: their kernels take long to build. TTI is VTI, and more; elastic VTI and
viscoelastic waves run in two dimensions only, elastic ones in three."""

assert set(QUICK) == set(SLOW) == set(EQUATIONS)


@dataclass(frozen=True)
class Case:
    """One equation in one setting."""

    equation: Any
    shape: tuple[int, ...] = PLANE
    time: js.TimeAxis = TIME
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> str:
        return self.options.get("dtype", "float64")

    @property
    def grid(self) -> js.Grid:
        ndim = len(self.shape)
        return js.Grid(self.shape, spacing=(10.0, 9.0, 11.0)[:ndim], origin=(100.0, -20.0, 5.0)[:ndim])

    def wave(self, **changes) -> js.WaveEquation:
        options = {"max_velocity": MAX_VELOCITY, "engine": "devito", "storage": js.InMemory(every=1)}
        return js.WaveEquation(self.grid, self.equation, self.time, **options | self.options | changes)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters of the medium: the first of the equation's sets, or the fullest in three dimensions."""
        sets = self.equation.parameterizations
        return max(sets, key=len) if len(self.shape) == 3 else sets[0]

    def medium(self, seed: int = 0) -> js.Medium:
        rng = np.random.default_rng(seed)
        return js.Medium(**{n: self.array(rng.uniform(*RANGES[n], self.shape)) for n in self.names})

    @property
    def acting(self) -> tuple[str, ...]:
        """The parameters on which the data depend: those of shear do not where there is but one axis."""
        alone = self.equation.displacement and len(self.shape) == 1
        return tuple(name for name in self.names if not (alone and name == "vs"))

    def array(self, values) -> jax.Array:
        return jnp.asarray(values, self.dtype)

    def noise(self, *shape: int, seed: int = 0) -> jax.Array:
        return self.array(np.random.default_rng(seed).normal(size=shape))

    def perturbation(self, seed: int = 10) -> js.Medium:
        names = enumerate(self.names, seed)
        return js.Medium(**{name: 0.1 * self.noise(*self.shape, seed=s) for s, name in names})

    def points(self, fractions) -> dict[str, np.ndarray]:
        """Coordinates at fractions (points, space) of the grid's extent."""
        positions = np.array(self.grid.origin) + np.asarray(fractions, float) * np.array(self.grid.extent)
        return dict(zip(self.grid.axes, positions.T, strict=True))

    def random_points(self, count: int, seed: int, low: float = 0.02, high: float = 0.98) -> dict[str, np.ndarray]:
        return self.points(np.random.default_rng(seed).uniform(low, high, (count, len(self.shape))))

    def table(self, points: dict[str, np.ndarray]) -> np.ndarray:
        """Coordinates as a table (points, space)."""
        return np.stack(list(points.values()), axis=1)

    @property
    def sources(self) -> js.Geometry:
        """Two shots: anywhere, and at a corner node."""
        inside = np.random.default_rng(3).uniform(0.2, 0.8, len(self.shape))
        return js.Geometry(**self.points([inside, np.ones(len(self.shape))]))

    @property
    def receivers(self) -> js.Geometry:
        """A spread of five: anywhere, and at two corner nodes."""
        inside = np.random.default_rng(4).uniform(0.05, 0.95, (3, len(self.shape)))
        corner = np.ones(len(self.shape))
        return js.Geometry.spread(**self.points([*inside, corner, corner - np.eye(len(self.shape))[0]]))

    @property
    def quantities(self) -> tuple[Any, Any]:
        """What acts at sources and what is measured at receivers."""
        first, last = self.grid.axes[0], self.grid.axes[-1]
        source = js.MomentTensor(**{first + first: 1.0, first + last: 0.3} if first != last else {"zz": 1.0})
        return (source, js.Displacement(last)) if self.equation.displacement else (None, None)

    def modeling(self, sources=None, receivers=None, swapped=False, **changes) -> js.Modeling:
        wave, (act, measure) = self.wave(**changes), self.quantities[:: -1 if swapped else 1]
        ends = ((sources, self.sources, act), (receivers, self.receivers, measure))
        return js.Modeling(wave, *(js.Projection(default if g is None else g, wave, q) for g, default, q in ends))

    def replace(self, **changes) -> "Case":
        return replace(self, **changes)


def _case(equation: str, setting: str) -> Case:
    options = dict(SETTINGS[setting])
    return Case(EQUATIONS[equation], options.pop("shape", PLANE), options=options)


CASES = {f"{setting} {equation}": _case(equation, setting) for setting in SETTINGS for equation in EQUATIONS}


def parameters(*, dtype: str = "float64", where=lambda case: True) -> list[Any]:
    """Names of cases for ``pytest.mark.parametrize``, the expensive ones marked slow."""
    return [
        pytest.param(name, marks=pytest.mark.slow if table is SLOW else ())
        for table in (QUICK, SLOW)
        for equation, settings in table.items()
        for setting in settings
        for name, case in [(f"{setting} {equation}", _case(equation, setting))]
        if case.dtype == dtype and where(case)
    ]


@dataclass(frozen=True)
class Experiment:
    """A case with everything that a test of it needs."""

    case: Case
    F: js.Modeling
    m: js.Medium
    dm: js.Medium
    q: jax.Array
    y: jax.Array

    @property
    def J(self) -> js.Jacobian:
        return self.F.jacobian(self.m, self.q)


@lru_cache
def experiment(name: str) -> Experiment:
    """The experiment of a case; made once."""
    case = CASES[name]
    F, nt = case.modeling(), case.time.size
    return Experiment(
        case, F, case.medium(), case.perturbation(), case.noise(2, nt, 1, seed=1), case.noise(2, nt, 5, seed=2)
    )
