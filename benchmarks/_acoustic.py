"""One acoustic experiment, written three times: for jaxseis, for Devito and for Deepwave.

Each contender has ``forward()``, ``born()`` and ``gradient()`` of all shots, with compiled code ready
after construction, and its usual absorbing layer: PML of 10 cells, damping of 40 cells, PML of 20 cells.
Run as a script it is the fresh process of a benchmark: ``_acoustic.py peak CONTENDER`` prints the
peak memory of a gradient, ``_acoustic.py gradient`` makes the first gradient of a small problem.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from _timing import high_water_mb


@dataclass(frozen=True)
class Experiment:
    """A smooth model of 1.5 to 3 km/s, sources and receivers near the top; m, ms, km/s, kHz."""

    shape: tuple[int, ...] = (301, 301)
    steps: int = 1000
    shots: int = 8
    spacing: float = 10.0
    step: float = 1.4
    frequency: float = 0.0125
    fastest: float = 3.0

    def tiny(self, shots: int) -> "Experiment":
        """The same with next to no work: it loads every kernel."""
        return replace(self, shape=(40,) * len(self.shape), steps=12, shots=shots)

    @cached_property
    def start(self) -> np.ndarray:
        """Velocity of the starting model."""
        x, *_, z = np.meshgrid(*(np.linspace(0, 1, n) for n in self.shape), indexing="ij")
        return (1.5 + 1.3 * z + 0.2 * z * np.sin(2 * np.pi * x)).astype(np.float32)

    @cached_property
    def true(self) -> np.ndarray:
        """Velocity with an anomaly in the middle."""
        axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in self.shape), indexing="ij")
        return (self.start + 0.1 * np.exp(-30 * sum(x**2 for x in axes))).astype(np.float32)

    @cached_property
    def wavelet(self) -> np.ndarray:
        """Ricker wavelet (time,)."""
        a = np.pi * self.frequency * (self.step * np.arange(self.steps) - 1 / self.frequency)
        return ((1 - 2 * a**2) * np.exp(-(a**2))).astype(np.float32)

    @cached_property
    def sources(self) -> np.ndarray:
        """Nodes (shot, space)."""
        return self._line(np.linspace(0.1, 0.9, self.shots + 1)[: self.shots])

    @cached_property
    def receivers(self) -> np.ndarray:
        """Nodes (receiver, space): one at each node of x."""
        return self._line(np.linspace(0, 1, self.shape[0]))

    def _line(self, x: np.ndarray) -> np.ndarray:
        nodes = np.array([n // 2 for n in self.shape]) * np.ones((len(x), 1), int)
        nodes[:, 0], nodes[:, -1] = np.rint(x * (self.shape[0] - 1)), 2
        return nodes


class Jaxseis:
    """jaxseis, defaults throughout: PML(10), compiled kernels, wavefields kept at the Nyquist rate."""

    def __init__(self, e: Experiment, engine: str = "devito", adjoint: bool = True):
        import jax
        import jax.numpy as jnp

        import jaxseis as js

        time = js.TimeAxis((e.steps - 1) * e.step, e.step)
        self.wave = js.WaveEquation(js.Grid(e.shape, e.spacing), js.Acoustic(), time, e.fastest, engine=engine)
        if (self.wave.step, self.wave.problem.steps) != (e.step, e.steps):
            raise ValueError(f"jaxseis would resample {e.step} ms to {self.wave.step} ms.")
        names = self.wave.grid.axes
        at = [dict(zip(names, nodes.T * e.spacing, strict=True)) for nodes in (e.sources, e.receivers)]
        self.F = F = js.Modeling(self.wave, js.Geometry(**at[0]), js.Geometry.spread(**at[1]))
        self.m, true = js.squared_slowness(jnp.asarray(e.start)), js.squared_slowness(jnp.asarray(e.true))
        self.q, self.dm, self.calls = jnp.asarray(e.wavelet), true - self.m, 0
        self.jitted_forward = jax.jit(lambda m: F(m) @ self.q).lower(self.m).compile()
        if adjoint:
            d = jax.ShapeDtypeStruct((e.shots, e.steps, len(e.receivers)), self.m.dtype)
            loss = jax.value_and_grad(lambda m, d: js.misfit.least_squares(F(m) @ self.q, d))
            self._gradient = jax.jit(loss).lower(self.m, d).compile()
            self._born = jax.jit(lambda m, dm: F.jacobian(m, self.q) @ dm).lower(self.m, self.m).compile()
            self.observed = jnp.asarray(self.jitted_forward(true))

    def model(self) -> Any:
        """The model, changed a little each time as an inversion would, so that no cache can answer."""
        self.calls += 1
        return self.m * np.float32(1 + 1e-6 * self.calls)

    def forward(self) -> np.ndarray:
        """Data (shot, time, receiver)."""
        return np.asarray(self.jitted_forward(self.model()))

    def born(self) -> np.ndarray:
        """Scattered data."""
        return np.asarray(self._born(self.model(), self.dm))

    def gradient(self) -> np.ndarray:
        """Gradient in squared slowness."""
        return np.asarray(self._gradient(self.model(), self.observed)[1])

    @cached_property
    def interval(self) -> int:
        """Steps between the levels at which the default storage keeps the wavefield."""
        from jaxseis.engines._host import nyquist_interval

        source = self.F.sources.source(self.F(self.m).broadcast_input(self.q))
        return int(nyquist_interval(source, self.wave.problem.steps))


class Devito:
    """What Devito's users write: ``m u_tt - lap u + damp u_t = q`` with OpenMP, shots one after another."""

    CELLS = 40

    def __init__(self, e: Experiment, adjoint: bool = True):
        from devito import Eq, Function, Grid, Operator, SparseTimeFunction, TimeFunction, configuration, solve

        configuration["log-level"] = "ERROR"
        self.e, pad = e, self.CELLS
        shape = tuple(n + 2 * pad for n in e.shape)
        extent = tuple((n - 1) * e.spacing for n in shape)
        self.grid = grid = Grid(shape, extent, origin=(-pad * e.spacing,) * len(shape), dtype=np.float32)
        self.fields = {"time_order": 2, "space_order": 8, "grid": grid}
        self.m, self.damp = Function(name="m", grid=grid, space_order=8), Function(name="damp", grid=grid)
        self.m.data[:], self.damp.data[:] = self.squared_slowness(e.start), self.layer()
        self.u = u = TimeFunction(name="u", **self.fields)
        self.src = SparseTimeFunction(name="src", grid=grid, npoint=1, nt=e.steps)
        self.rec = SparseTimeFunction(name="rec", grid=grid, npoint=len(e.receivers), nt=e.steps)
        self.src.data[:, 0], self.rec.coordinates.data[:] = e.wavelet, e.receivers * e.spacing
        self.drive = lambda u: self.src.inject(field=u.forward, expr=self.src * grid.time_dim.spacing**2 / self.m)
        self.make = lambda eqs: Operator(eqs, subs=grid.spacing_map, language="openmp")
        self.wave = lambda u: self.m * u.dt2 - u.laplace + self.damp * u.dt
        self.step = Eq(u.forward, solve(self.wave(u), u.forward))
        self._forward = self.make([self.step, self.drive(u), self.rec.interpolate(expr=u)])
        self._forward.cfunction  # noqa: B018 (compiles)
        if adjoint:
            self._make_born(e)
            self._make_gradient(e)

    def squared_slowness(self, velocity: np.ndarray) -> np.ndarray:
        """On the padded grid."""
        return np.pad(1 / velocity**2, self.CELLS, mode="edge")

    def layer(self) -> np.ndarray:
        """Damping as in Devito's own examples."""
        damp, strength = np.zeros(self.grid.shape, np.float32), 1.5 * np.log(1000) / self.CELLS
        for axis, n in enumerate(damp.shape):
            depth = np.maximum(self.CELLS - np.arange(n), np.arange(n) - (n - 1 - self.CELLS)).clip(0) / self.CELLS
            profile = strength / self.e.spacing * (depth - np.sin(2 * np.pi * depth) / (2 * np.pi))
            damp += profile.reshape([-1 if a == axis else 1 for a in range(damp.ndim)])
        return damp

    def _make_born(self, e: Experiment) -> None:
        from devito import Eq, Function, TimeFunction, solve

        self.du, dm = TimeFunction(name="du", **self.fields), Function(name="dm", grid=self.grid)
        dm.data[:] = self.squared_slowness(e.true) - self.squared_slowness(e.start)
        scattered = Eq(self.du.forward, solve(self.wave(self.du) + dm * self.u.dt2, self.du.forward))
        sampled = self.rec.interpolate(expr=self.du)
        self._born = self.make([self.step, self.drive(self.u), scattered, sampled])
        self._born.cfunction  # noqa: B018

    def _make_gradient(self, e: Experiment) -> None:
        from devito import Eq, Function, Inc, TimeFunction, solve

        self.saved = TimeFunction(name="saved", save=e.steps, **self.fields)
        self.v = TimeFunction(name="v", **self.fields)
        step = Eq(self.saved.forward, solve(self.wave(self.saved), self.saved.forward))
        self._saving = self.make([step, self.drive(self.saved), self.rec.interpolate(expr=self.saved)])
        self.sum, v, dt = Function(name="grad", grid=self.grid), self.v, self.grid.time_dim.spacing
        back = Eq(v.backward, solve(self.m * v.dt2 - v.laplace + self.damp * v.dt.T, v.backward))
        driven = self.rec.inject(field=v.backward, expr=self.rec * dt**2 / self.m)
        self._backward = self.make([back, driven, Inc(self.sum, -self.saved * v.dt2)])
        for operator in (self._saving, self._backward):
            operator.cfunction  # noqa: B018
        self.m.data[:] = self.squared_slowness(e.true)
        self.observed = self.forward()
        self.m.data[:] = self.squared_slowness(e.start)

    def _shot(self, shot: int, *fields: Any) -> None:
        self.src.coordinates.data[:] = self.e.sources[shot] * self.e.spacing
        for field in fields:
            field.data.fill(0)

    def _data(self, operator: Any, *fields: Any) -> np.ndarray:
        data = []
        for shot in range(self.e.shots):
            self._shot(shot, *fields)
            operator.apply(dt=self.e.step)
            data.append(np.array(self.rec.data))
        return np.stack(data)

    def forward(self) -> np.ndarray:
        """Data (shot, time, receiver)."""
        return self._data(self._forward, self.u)

    def born(self) -> np.ndarray:
        """Scattered data."""
        return self._data(self._born, self.u, self.du)

    def gradient(self) -> np.ndarray:
        """Gradient in squared slowness, every level of the wavefield kept for one shot."""
        self.sum.data.fill(0)
        for shot in range(self.e.shots):
            self._shot(shot, self.v)
            self._saving.apply(dt=self.e.step)
            self.rec.data[:] -= self.observed[shot]
            self._backward.apply(dt=self.e.step)
        return np.array(self.sum.data[(slice(self.CELLS, -self.CELLS),) * len(self.e.shape)])


class Deepwave:
    """``deepwave.scalar`` in metres and seconds, order 8, PML of 20 cells, all shots as one batch."""

    def __init__(self, e: Experiment, interval: int = 1):
        import deepwave
        import torch

        self.e, self.torch, self.deepwave = e, torch, deepwave
        self.v, self.dv = torch.tensor(1000 * e.start), torch.tensor(1000 * (e.true - e.start))
        self.experiment: dict[str, Any] = {
            "source_amplitudes": torch.tensor(e.wavelet).repeat(e.shots, 1, 1),
            "source_locations": torch.tensor(e.sources)[:, None],
            "receiver_locations": torch.tensor(e.receivers).repeat(e.shots, 1, 1),
            "accuracy": 8,
            "pml_freq": 1000 * e.frequency,
            # it must divide the number of steps
            "model_gradient_sampling_interval": max(i for i in range(1, interval + 1) if e.steps % i == 0),
        }
        self.observed = self._propagate(self.v + self.dv)

    def _propagate(self, v: Any) -> Any:
        return self.deepwave.scalar(v, self.e.spacing, self.e.step / 1000, **self.experiment)[-1]

    def forward(self) -> np.ndarray:
        """Data (shot, time, receiver)."""
        with self.torch.no_grad():
            return self._propagate(self.v).numpy().transpose(0, 2, 1)

    def born(self) -> np.ndarray:
        """Scattered data."""
        with self.torch.no_grad():
            options = {"sc_" * (k == "receiver_locations") + k: v for k, v in self.experiment.items()}
            d = self.deepwave.scalar_born(self.v, self.e.spacing, self.e.step / 1000, dv=self.dv, **options)[-1]
        return d.numpy().transpose(0, 2, 1)

    def gradient(self) -> np.ndarray:
        """Gradient in velocity."""
        v = self.v.clone().requires_grad_()
        (0.5 * (self._propagate(v) - self.observed).square().sum()).backward()
        return v.grad.numpy()


CONTENDERS = {"jaxseis": Jaxseis, "devito": Devito, "deepwave": Deepwave}


def has_deepwave() -> bool:
    """Whether Deepwave is installed."""
    return find_spec("deepwave") is not None


def warm_up(contender: Any, e: Experiment, **options: Any) -> None:
    """Load every kernel of a contender, inside one shot and over several."""
    for shots in (1, 2):
        small = contender(e.tiny(shots), **options)
        small.forward()
        if options.get("adjoint", True):
            small.gradient()
            small.born()


def peak_mb(name: str, e: Experiment) -> float:
    """Memory that a gradient needs beyond what a tiny one does: the model, data and all, MB."""
    warm_up(CONTENDERS[name], e)
    before = high_water_mb()
    CONTENDERS[name](e).gradient()
    return high_water_mb() - before


def main() -> None:
    """The fresh process of a benchmark: what to do, and the experiment as JSON."""
    what, *names, experiment = sys.argv[1:]
    facts = json.loads(experiment)
    e = Experiment(**facts | {"shape": tuple(facts["shape"])})
    if what == "gradient":
        Jaxseis(e).gradient()
        print("done", flush=True)
    else:
        print(peak_mb(names[0], e), flush=True)


def as_argument(e: Experiment) -> str:
    """An experiment for the command line of a fresh process."""
    return json.dumps(asdict(e))


if __name__ == "__main__":
    main()
