"""The numbers of a problem in the form its kernels take: coefficients, profiles, sizes and bounds."""

from functools import lru_cache
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES
from jaxseis.engines import _kernel
from jaxseis.engines._problem import Problem
from jaxseis.engines._symbols import at_position
from jaxseis.engines._threads import threads
from jaxseis.engines._validate import check_coefficients

Arrays = dict[str, Any]


class Coefficients:
    """The numbers of a problem that all its shots share, ready for the kernels."""

    def __init__(self, problem: Problem, c: Arrays):
        check_coefficients(problem, c)
        self.problem = problem
        dt, equation = problem.step, problem.equation
        arrays: Arrays = {}
        for name in problem.masses:
            damping = problem.dampings.get(name)
            damped = problem.damped(name, c)
            arrays[f"r_{name}"] = dt**2 / (c[name] * damped)
            if problem.sponge or damping:
                arrays |= {f"two_{name}": 2 / damped, f"one_{name}": (2 - damped) / damped}
        arrays |= {f"c_{name}": c[name] for name in equation.stiffness_names(problem.ndim)}
        self.arrays = _static(problem) | {k: _kernel.aligned_copy(v, problem.dtype) for k, v in arrays.items()}

    def scalars(self, width: int, parallel: bool) -> dict[str, float]:
        """Bounds, spacings and thread counts of a kernel."""
        return _scalars(self.problem, width) | {"nthreads": threads() if parallel else 1, "nthreads_nonaffine": 1}


def changes(problem: Problem, dc: Arrays) -> Arrays:
    """A direction in the coefficients, ready for the program "scatter"."""
    dt = problem.step
    arrays = {f"dr_{name}": -dc[name] / dt**2 for name in problem.masses}
    arrays |= {f"drC_{name}": -dc[damping] / (2 * dt) for name, damping in problem.dampings.items()}
    arrays |= {f"dc_{name}": dc[name] for name in problem.equation.stiffness_names(problem.ndim)}
    return {k: _kernel.aligned_copy(v, problem.dtype) for k, v in arrays.items()}


@lru_cache(maxsize=4)  # fields as large as the grid
def _static(problem: Problem) -> Arrays:
    """Profiles of the layer along each axis, and the mass factors; kernels only read them."""
    arrays: Arrays = {}
    for parity in set(problem.masses.values()) if problem.absorbing else ():
        names = (at_position(name, parity) for name in ("D1", "D2", "D3"))
        arrays |= dict(zip(names, problem.mass_factors(parity), strict=True))
    for axis in range(problem.ndim):
        for parity in (0, 1):
            filters = {"": problem.filter(axis, parity), "stretch": problem.stretch(axis, parity)}
            filters |= {"across": problem.filter(axis, parity, across=True)}
            for name, (a, b) in filters.items():
                profiles = {"a": a, "b": b, "c": (1 + a) * b, "onea": 1 + a}
                arrays |= {f"{name}{k}_{axis}_{parity}": v for k, v in profiles.items()}
    return {k: _kernel.aligned_copy(v, problem.dtype) for k, v in arrays.items()}


@lru_cache(maxsize=16)
def sizes(problem: Problem) -> dict[str, int]:
    """Sizes of the dimensions of a kernel's arrays."""
    rows = {f"layer_{a}": w + 2 * problem.reach for a, w in zip(problem.grid.axes, _layer_widths(problem), strict=True)}
    return dict(zip(problem.grid.axes, problem.shape, strict=True)) | rows | {"t": 3}


def _layer_widths(problem: Problem) -> tuple[int, ...]:
    """Nodes of each axis that its layer's arrays keep: both strips, and so many between that differences
    on the one never reach the other."""
    return tuple(min(n, 2 * (problem.cells + 1 + problem.reach)) for n in problem.shape)


@lru_cache(maxsize=16)
def _scalars(problem: Problem, width: int) -> dict[str, float]:
    scalars: dict[str, float] = {}
    widths, reach = _layer_widths(problem), problem.reach
    for axis, name in enumerate(SPACE_AXES[problem.ndim]):
        n, h, cells = problem.shape[axis], problem.grid.spacing[axis], problem.cells
        low = 0 if problem.pad[axis][0] == 0 else min(cells + reach, n)
        scalars |= {f"{name}_m": 0, f"{name}_M": n - 1, f"k_{name}_m": 0, f"k_{name}_M": width - 1}
        scalars |= {f"left_{name}": reach, f"right_{name}": reach + widths[axis] - n}
        scalars |= {f"inverse_{name}": 1 / h, f"inverse2_{name}": 1 / h**2}
        scalars |= {f"{name}_left_half": cells + 1, f"{name}_right_half": cells + 1}
        scalars |= {f"{name}_left_reach": low, f"{name}_right_reach": min(cells + reach, n - low)}
    for mechanism, rate in enumerate(problem.equation.relaxation_rates):
        onea, b = problem.relaxation(rate)
        scalars |= {f"relax_onea_{mechanism}": onea, f"relax_b_{mechanism}": b}
    return scalars


_ENDS = {"src": "sources", "rec": "receivers"}


def points(problem: Problem, end: str, window: Any | None, shot: int, width: int) -> tuple[Arrays, dict[str, float]]:
    """Kernel arrays of an end's points in each field (channels, padded first nodes, weights along each axis),
    and how many there are."""
    arrays: Arrays = {}
    counts: dict[str, float] = {}
    index, weights, channel = _of_shot(problem, window, shot, width)
    if np.isnan(weights).any():
        outside = channel[np.flatnonzero(np.isnan(weights).any(axis=(1, 2)))[0]]
        raise _checks.fail(_ENDS[end], "positions inside the grid", f"shot {shot} point {outside} outside")
    for field in problem.fields:
        these, name = window.of(field) if window else slice(0), f"{end}_{field}"
        counts |= {f"p_{name}_m": 0, f"p_{name}_M": len(channel[these]) - 1}
        arrays[f"{name}_channel"] = _kernel.aligned_copy(channel[these], np.int32)
        for a in range(problem.ndim):
            arrays[f"{name}_node_{a}"] = _kernel.aligned_copy(index[these, a] + problem.pad[a][0], np.int32)
            arrays[f"{name}_weight_{a}"] = _kernel.aligned_copy(weights[these, a], problem.dtype)
    return arrays, counts


def _of_shot(problem: Problem, window: Any | None, shot: int, width: int) -> tuple[np.ndarray, ...]:
    if window is None:
        return np.zeros((0, problem.ndim), np.int32), np.zeros((0, problem.ndim, width)), np.zeros(0, np.int32)
    return tuple(np.asarray(x[min(shot, len(x) - 1)]) for x in (window.index, window.weights, window.channel))
