"""Wave equations beyond the acoustic one, for jaxseis and its rivals: forward and gradient of all shots.

A medium is smooth; sources are explosions, or pressures, near the top; receivers a line of vertical displacements or
pressures there. Devito's contenders are written as its users write them: damping of 40 cells, OpenMP, shots in turn.
"""

import json
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Experiment:
    """Sizes, m, ms, km/s, g/cm^3, kHz."""

    shape: tuple[int, ...] = (301, 301)
    steps: int = 1000
    shots: int = 4
    spacing: float = 10.0
    step: float = 1.3
    frequency: float = 0.0125
    fastest: float = 3.6

    def tiny(self) -> "Experiment":
        """The same with next to no work."""
        return replace(self, shape=(40,) * len(self.shape), steps=12, shots=1)

    @cached_property
    def vp(self) -> np.ndarray:
        """P velocity."""
        depth = np.linspace(0, 1, self.shape[-1]) * np.ones(self.shape)
        return (2.0 + 0.8 * depth).astype(np.float32)

    def parameters(self, equation: str) -> dict[str, np.ndarray]:
        """The medium of an equation by its name."""
        one, vp = np.ones(self.shape, np.float32), self.vp
        thomsen = {"epsilon": 0.15 * one, "delta": 0.08 * one}
        pressure = {"m": 1 / vp**2, "buoyancy": 1 / (1.8 + 0.1 * vp)}
        tilted = {"theta": 0.5 * one} | ({"phi": 0.3 * one} if len(self.shape) == 3 else {})
        elastic = {"vp": vp, "vs": vp / 2, "rho": 1.8 + 0.1 * vp}
        return {
            "Acoustic": pressure,
            "VTI": pressure | thomsen,
            "TTI": pressure | thomsen | tilted,
            "Elastic": elastic,
        }[equation]

    @cached_property
    def wavelet(self) -> np.ndarray:
        """Ricker wavelet (time,)."""
        a = np.pi * self.frequency * (self.step * np.arange(self.steps) - 1 / self.frequency)
        return ((1 - 2 * a**2) * np.exp(-(a**2))).astype(np.float32)

    @cached_property
    def sources(self) -> np.ndarray:
        """Nodes (shot, space)."""
        return self._line(np.linspace(0.1, 0.9, self.shots))

    @cached_property
    def receivers(self) -> np.ndarray:
        """Nodes (receiver, space)."""
        return self._line(np.linspace(0, 1, self.shape[0]))

    def _line(self, x: np.ndarray) -> np.ndarray:
        nodes = np.array([n // 2 for n in self.shape]) * np.ones((len(x), 1), int)
        nodes[:, 0], nodes[:, -1] = np.rint(x * (self.shape[0] - 1)), 2
        return nodes


class Jaxseis:
    """jaxseis with defaults throughout."""

    def __init__(self, e: Experiment, name: str, adjoint: bool = True):
        import jax
        import jax.numpy as jnp

        import jaxseis as js

        equation = {"Acoustic": js.Acoustic(density=True), "VTI": js.VTI(), "TTI": js.TTI(), "Elastic": js.Elastic()}
        time = js.TimeAxis((e.steps - 1) * e.step, e.step)
        self.wave = wave = js.WaveEquation(js.Grid(e.shape, e.spacing), equation[name], time, e.fastest)
        if wave.step != e.step:
            raise ValueError(f"jaxseis would resample {e.step} ms to {wave.step} ms.")
        at = [dict(zip(wave.grid.axes, nodes.T * e.spacing, strict=True)) for nodes in (e.sources, e.receivers)]
        act, measure = (js.Dilatation(), js.Displacement("z")) if name == "Elastic" else (None, None)
        ends = js.Projection(js.Geometry(**at[0]), wave, act), js.Projection(js.Geometry.spread(**at[1]), wave, measure)
        F, q = js.Modeling(wave, *ends), jnp.asarray(e.wavelet)
        self.medium, self.calls = js.Medium(**e.parameters(name)), 0
        self._forward = jax.jit(lambda medium: F(medium) @ q)
        self._gradient = jax.jit(jax.grad(lambda medium, d: js.misfit.least_squares(F(medium) @ q, d)))
        self.observed = np.zeros((e.shots, e.steps, len(e.receivers)), np.float32)

    def model(self) -> Any:
        """The medium, changed a little each time, so that no cache can answer."""
        import jax

        self.calls += 1
        return jax.tree.map(lambda p: p * np.float32(1 + 1e-6 * self.calls), self.medium)

    def forward(self) -> np.ndarray:
        """Data."""
        return np.asarray(self._forward(self.model()))

    def gradient(self) -> Any:
        """Gradients in all parameters."""
        import jax

        return jax.block_until_ready(self._gradient(self.model(), self.observed))


class Deepwave:
    """``deepwave.elastic``, order 8, PML of 20 cells, all shots as one batch."""

    def __init__(self, e: Experiment, name: str = "Elastic"):
        import deepwave
        import torch

        self.e, self.torch, self.deepwave = e, torch, deepwave
        p = {k: torch.tensor(1000 * v) for k, v in e.parameters("Elastic").items()}
        moduli = deepwave.vpvsrho_to_lambmubuoyancy(p["vp"], p["vs"], p["rho"])
        self.medium = [x.requires_grad_() for x in moduli]
        sources = torch.tensor(e.sources)[:, None]
        wavelet, receivers = torch.tensor(e.wavelet).repeat(e.shots, 1, 1), torch.tensor(e.receivers[:-1])
        self.arguments: dict[str, Any] = {
            "source_amplitudes_pressure_rate": wavelet,
            "source_locations_pressure_rate": sources,
            "receiver_locations_x": receivers.repeat(e.shots, 1, 1),
            "accuracy": 8,
            "pml_freq": 1000 * e.frequency,
        }

    def _propagate(self) -> Any:
        out = self.deepwave.elastic(*self.medium, self.e.spacing, self.e.step / 1000, **self.arguments)
        return next(x for x in reversed(out) if x.ndim == 3 and x.shape[-1] == self.e.steps and x.shape[1] > 1)

    def forward(self) -> Any:
        """Data."""
        with self.torch.no_grad():
            return self._propagate().numpy()

    def gradient(self) -> Any:
        """Gradients in both Lame parameters and buoyancy."""
        for x in self.medium:
            x.grad = None
        self._propagate().square().sum().backward()
        return [x.grad for x in self.medium]


class Devito:
    """Devito's own programs: the same differences for pressures, velocity and stress for elastic waves."""

    CELLS = 40

    def __init__(self, e: Experiment, name: str):
        from devito import Grid, Operator, SparseTimeFunction, configuration

        configuration["log-level"] = "ERROR"
        self.e, pad = e, self.CELLS
        shape = tuple(n + 2 * pad for n in e.shape)
        extent = tuple((n - 1) * e.spacing for n in shape)
        self.grid = Grid(shape, extent, origin=(-pad * e.spacing,) * len(shape), dtype=np.float32)
        self.damp = self._function("damp", self._layer())
        self.p = {k: self._function(k, np.pad(v, pad, mode="edge")) for k, v in e.parameters(name).items()}
        self.src = SparseTimeFunction(name="src", grid=self.grid, npoint=1, nt=e.steps)
        self.rec = SparseTimeFunction(name="rec", grid=self.grid, npoint=len(e.receivers), nt=e.steps)
        self.src.data[:, 0], self.rec.coordinates.data[:] = e.wavelet, e.receivers * e.spacing
        equations, self.fields = getattr(self, f"_{name.lower()}")()
        self.operator = Operator(equations, subs=self.grid.spacing_map, language="openmp")
        self.operator.cfunction  # noqa: B018 (compiles)

    def _function(self, name: str, values: np.ndarray) -> Any:
        from devito import Function

        f = Function(name=name, grid=self.grid, space_order=8)
        f.data[:] = values
        return f

    def _layer(self) -> np.ndarray:
        damp, strength = np.zeros(self.grid.shape, np.float32), 1.5 * np.log(1000) / self.CELLS
        for axis, n in enumerate(damp.shape):
            depth = np.maximum(self.CELLS - np.arange(n), np.arange(n) - (n - 1 - self.CELLS)).clip(0) / self.CELLS
            profile = strength / self.e.spacing * (depth - np.sin(2 * np.pi * depth) / (2 * np.pi))
            damp += profile.reshape([-1 if a == axis else 1 for a in range(damp.ndim)])
        return damp

    def _time_function(self, name: str, **options: Any) -> Any:
        from devito import TimeFunction

        return TimeFunction(name=name, grid=self.grid, space_order=8, time_order=2, **options)

    def _ends(self, u: Any, mass: Any) -> list[Any]:
        dt = self.grid.time_dim.spacing
        return [self.src.inject(field=u.forward, expr=self.src * dt**2 / mass), self.rec.interpolate(expr=u)]

    def _stepped(self, u: Any, mass: Any, force: Any) -> Any:
        from devito import Eq, solve

        return Eq(u.forward, solve(mass * (u.dt2 + self.damp * u.dt) - force, u.forward))

    def _acoustic(self) -> tuple[list[Any], list[Any]]:
        u, b = self._time_function("u"), self.p["buoyancy"]
        mass = self.p["m"] * b
        force = sum(self._back(b * self._half(u, d), d) for d in self.grid.dimensions)
        return [self._stepped(u, mass, force), *self._ends(u, mass)], [u]

    def _half(self, u: Any, d: Any) -> Any:
        return getattr(u, f"d{d.name}")(x0=d + d.spacing / 2)

    def _back(self, f: Any, d: Any) -> Any:
        return getattr(f, f"d{d.name}")(x0=d - d.spacing / 2)

    def _vti(self) -> tuple[list[Any], list[Any]]:
        """Two fields, each pulled by the other along the vertical."""
        from devito import sqrt

        u, v, p, f = self._time_function("u"), self._time_function("v"), self.p, 0.91
        b, z = p["buoyancy"], self.grid.dimensions[-1]
        g2 = 2 * (p["epsilon"] - p["delta"]) / (f + 2 * p["epsilon"])
        across = {u: 1 + 2 * p["epsilon"], v: 1 - f}
        along = {(u, u): 1 - f * g2, (v, v): 1 - f + f * g2, (u, v): f * sqrt(g2 * (1 - g2))}
        equations = []
        for w, other in ((u, v), (v, u)):
            force = sum(self._back(b * across[w] * self._half(w, d), d) for d in self.grid.dimensions[:-1])
            coupled = along[u, v] * self._half(other, z)
            force += self._back(b * (along[w, w] * self._half(w, z) + coupled), z)
            equations.append(self._stepped(w, p["m"] * b, force))
        return [*equations, *self._ends(u, p["m"] * b)], [u, v]

    def _tti(self) -> tuple[list[Any], list[Any]]:
        """The scheme of jaxseis, theory/tti.md: a diagonal part on staggered differences, a full one on centred."""
        u, v, dims = self._time_function("u"), self._time_function("v"), self.grid.dimensions
        c = {k: self._function(k, x) for k, x in self._tilted_stiffness().items()}
        names, equations = "xz" if len(dims) == 2 else "xyz", []
        mass = c["M"]
        for w, other, kind in ((u, v, "p"), (v, u, "r")):
            force = sum(self._back(c[f"s_{kind}{n}"] * self._half(w, d), d) for n, d in zip(names, dims, strict=True))
            own = "PP" if kind == "p" else "RR"
            for i, d in zip(names, dims, strict=True):
                stress = sum(
                    c[f"{own}_{min(i, j)}{max(i, j)}"] * getattr(w, f"d{dj.name}")
                    + c[f"PR_{min(i, j)}{max(i, j)}"] * getattr(other, f"d{dj.name}")
                    for j, dj in zip(names, dims, strict=True)
                )
                force += getattr(stress, f"d{d.name}")
            equations.append(self._stepped(w, mass, force))
        return [*equations, *self._ends(u, mass)], [u, v]

    def _tilted_stiffness(self) -> dict[str, np.ndarray]:
        import jaxseis as js

        medium = js.Medium(**{k: np.asarray(f.data[:]) for k, f in self.p.items()})
        return {k: np.asarray(x) for k, x in js.TTI().coefficients(medium).items()}

    def _elastic(self) -> tuple[list[Any], list[Any]]:
        """Velocity and stress, as in Devito's tutorial on elastic waves."""
        from devito import Eq, TensorTimeFunction, VectorTimeFunction, diag, div, grad, solve

        p, options = self.p, {"grid": self.grid, "space_order": 8, "time_order": 1}
        v, tau = VectorTimeFunction(name="v", **options), TensorTimeFunction(name="tau", **options)
        mu = self._function("mu", p["rho"].data[:] * p["vs"].data[:] ** 2)
        lam = self._function("lam", p["rho"].data[:] * p["vp"].data[:] ** 2 - 2 * mu.data[:])
        b = self._function("b", 1 / p["rho"].data[:])
        keep = self._function("keep", 1 - self.e.step * self._layer())
        strain = grad(v.forward) + grad(v.forward).transpose(inner=False)
        dt = self.grid.time_dim.spacing
        first = Eq(v.forward, keep * solve(v.dt - b * div(tau), v.forward))
        second = Eq(tau.forward, keep * solve(tau.dt - lam * diag(div(v.forward)) - mu * strain, tau.forward))
        ends = []
        for i in range(len(self.e.shape)):
            ends.append(self.src.inject(field=tau.forward[i, i], expr=self.src * dt))
        ends.append(self.rec.interpolate(expr=v[-1]))
        return [first, second, *ends], [*v, *{id(t): t for t in tau}.values()]

    def forward(self) -> np.ndarray:
        """Data."""
        data = []
        for nodes in self.e.sources:
            self.src.coordinates.data[:] = nodes * self.e.spacing
            for field in self.fields:
                field.data.fill(0)
            self.operator.apply(dt=self.e.step)
            data.append(np.array(self.rec.data))
        return np.stack(data)


def has_deepwave() -> bool:
    """Whether Deepwave can be imported."""
    from importlib.util import find_spec

    return find_spec("deepwave") is not None


def main() -> None:
    """The fresh process of a cold build: the first data of a small problem."""
    name, shape = sys.argv[1], tuple(json.loads(sys.argv[2]))
    Jaxseis(Experiment(shape=shape, steps=10, shots=1, step=1.0), name).forward()
    print("done")


if __name__ == "__main__":
    main()
