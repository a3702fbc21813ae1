"""A synthetic earth: water, folded layers cut by normal faults, and a body of salt.

Notation: ``x`` and ``z`` run from 0 to 1 over the grid. Every point has a deposited depth, at which its
rock would lie had nothing moved; folds, faults and rising salt change that depth, and the layers are
drawn in it. So every interface is displaced consistently, whatever the number of layers.
"""

import numpy as np

from jaxseis import _checks
from jaxseis.grid import Grid

WATER, SHALLOWEST, DEEPEST, SALT = 1.5, 1.6, 4.2, 4.5  # km/s
WATER_DEPTH = 0.08  # of the depth of the grid
FAULT_DIP = np.radians(60.0)


def faulted_layers_with_salt(
    grid: Grid | None = None, seed: int = 0, layers: int = 14, faults: int = 4, salt: bool = True
) -> np.ndarray:
    """Velocities of a made-up earth with water, folded and faulted layers, and salt.

    Arguments:
        grid: two axes (x, z), or three (x, y, z), where the section wanders along y and the salt closes
            on both sides; 5 km by 2.5 km at 25 m by default.
        seed: another seed is another earth; the same one gives the same numbers.
        layers: number of layers under the water, 1.6 to 4.2 km/s, faster on the whole with depth.
        faults: number of normal faults.
        salt: whether there is a body of salt, at 4.5 km/s.

    Returns float32 velocities of shape ``grid.shape``, km/s; water is 1.5 km/s with a flat bottom.
    Raises ValueError for a grid of one axis, fewer than one layer or a negative number of faults.

    ```python
    grid = Grid((201, 101), 25.0)
    velocity = faulted_layers_with_salt(grid, seed=3)  # (201, 101)
    ```
    """
    grid = Grid((201, 101), (25.0, 25.0)) if grid is None else grid
    _check(grid, layers, faults)
    # Each ingredient has random numbers of its own: one more fault does not redraw the layers.
    for_layers, for_folds, for_faults, for_salt = np.random.default_rng(seed).spawn(4)
    x, y, z = _section(grid)
    middle = for_salt.uniform(0.4, 0.65)
    depth = (z - WATER_DEPTH) / (1 - WATER_DEPTH)
    depth = depth - _throw(x, z, faults, grid.extent[-1] / grid.extent[0], for_faults)
    depth = depth + _uplift(x, z, for_folds) + (_dome(x, y, z, middle) if salt else 0.0)
    velocity = _layered(depth, layers, for_layers)
    if salt:
        velocity[_inside_salt(x, y, z, middle, for_salt)] = SALT
    return np.where(z < WATER_DEPTH, WATER, velocity).astype(np.float32)


def _check(grid: Grid, layers: int, faults: int) -> None:
    if grid.ndim < 2:
        raise _checks.fail("grid", "two axes (x, z) or three (x, y, z)", grid.axes)
    if layers < 1:
        raise _checks.fail("layers", "at least one", layers)
    if faults < 0:
        raise _checks.fail("faults", "none or more", faults)


def _section(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x, y, z between 0 and 1, full arrays; y is 0.5 on a section of two axes."""
    unit = np.meshgrid(*(np.linspace(0.0, 1.0, n) for n in grid.shape), indexing="ij")
    if grid.ndim == 2:
        return unit[0], np.full(grid.shape, 0.5), unit[1]
    x, y, z = unit
    return x + 0.06 * np.sin(2 * np.pi * (y - 0.5)), y, z


def _throw(x: np.ndarray, z: np.ndarray, faults: int, slenderness: float, rng: np.random.Generator) -> np.ndarray:
    """How far down the faults have moved the rock at each point: the hanging wall drops."""
    total = np.zeros(np.broadcast_shapes(x.shape, z.shape))
    for i in range(faults):
        foot = (i + rng.uniform(0.3, 0.7)) / faults
        dips_to = rng.choice([-1.0, 1.0])
        above_fault = dips_to * (x - foot) - (z - 0.5) * slenderness / np.tan(FAULT_DIP)
        # The throw is greatest at the fault and dies out away from it, so faults do not add up to a slope.
        drop = rng.uniform(0.05, 0.09) * np.exp(-above_fault / rng.uniform(0.12, 0.2))
        total += np.where(above_fault > 0, drop, 0.0)
    return total


def _uplift(x: np.ndarray, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Regional dip and folds, gentler near the water bottom."""
    fold = rng.uniform(-0.08, 0.08) * (x - 0.5)
    for waves in (0.7, 1.6, 2.9):
        fold = fold + rng.uniform(0.4, 1.0) * 0.045 / waves * np.sin(2 * np.pi * (waves * x + rng.uniform()))
    return fold * (0.4 + z)


def _dome(x: np.ndarray, y: np.ndarray, z: np.ndarray, middle: float) -> np.ndarray:
    """Layers pulled up by the rising salt."""
    return 0.1 * np.minimum(2 * z, 1.0) * np.exp(-(((x - middle) / 0.13) ** 2) - ((y - 0.5) / 0.3) ** 2)


def _layered(depth: np.ndarray, layers: int, rng: np.random.Generator) -> np.ndarray:
    """Velocity of the layer that each deposited depth belongs to, km/s."""
    thickness = rng.uniform(0.4, 1.6, layers)
    tops = (np.cumsum(thickness) - thickness) / thickness.sum()
    trend = SHALLOWEST + (DEEPEST - SHALLOWEST) * tops**0.8
    # Slow shale and fast sand or lime take turns, so that every interface reflects.
    turns = (-1.0) ** np.arange(layers) * rng.uniform(0.05, 0.25, layers)
    velocities = np.clip(trend + turns, SHALLOWEST, DEEPEST)
    # What dropped below the water bottom was filled up: layers begin above the depth of zero.
    return velocities[np.searchsorted(-0.15 + 1.1 * tops[1:], depth)]


def _inside_salt(x: np.ndarray, y: np.ndarray, z: np.ndarray, middle: float, rng: np.random.Generator) -> np.ndarray:
    """Whether each point is in the salt: a stem that rises from the base into two rounded lobes.

    Bells are added up and cut at one level, which joins them smoothly.
    """
    lean = rng.uniform(-0.04, 0.04)
    lobe, other = rng.uniform(0.05, 0.09, 2)
    level = _bell(x - middle - lean, z - 1.0, 0.055, 0.5)
    level = level + _bell(x - middle - lobe, z - rng.uniform(0.36, 0.42), 0.09, 0.1)
    level = level + _bell(x - middle + other, z - rng.uniform(0.38, 0.46), 0.08, 0.1)
    return level * np.exp(-(((y - 0.5) / 0.3) ** 2)) > np.exp(-1)


def _bell(right: np.ndarray, down: np.ndarray, width: float, height: float) -> np.ndarray:
    return np.exp(-((right / width) ** 2) - (down / height) ** 2)
