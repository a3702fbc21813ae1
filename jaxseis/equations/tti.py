"""Tilted transverse isotropy (TTI): the VTI system of vti.py about a symmetry axis n of any direction.

With n = (sin theta cos phi, sin theta sin phi, cos theta), z down (in two dimensions phi = 0), the derivatives along
n and across it replace the vertical and horizontal ones:

    m b p_tt = div [(a_p I + (c_pp - a_p) n n^T) grad p + c_pr n n^T grad r] + q,
    m b r_tt = div [c_pr n n^T grad p + (a_r I + (c_rr - a_r) n n^T) grad r],

    a_p = b (1 + 2 epsilon),  c_pp = b (1 - f g^2),  c_rr = b (1 - f + f g^2),  a_r = b (1 - f),
    c_pr = b f g sqrt(1 - g^2),   g^2 = 2 (epsilon - delta) / (f + 2 epsilon),   f = 1 - (vs/vp)^2.

The stiffness couples derivatives along different axes, which staggered differences put at different positions. So S is
split into two parts, each symmetric and positive semidefinite at every point:

    S = diag(s_p I, s_r I) + R.

The first is diagonal and takes staggered differences; R is full and takes centred differences, all at the nodes, where
the parameters are. Energy is then conserved in any medium, and no average enters. Centred differences alone would
leave the checkerboard without stiffness; the diagonal part, as large as R allows, keeps such waves above the band of
the signal. With s_r = a_r/4, the largest s_p that leaves R semidefinite along n is

    s_p = b (1 - f) [1 - (1 - f g^2)/4] / (1 - f + f g^2 - (1 - f)/4),

and across n it is a_p; the smaller of the two is taken.

Reference: as for vti.py, whose derivation holds for any axis; Zhang, Zhang and Zhang, Geophysics 76 (2011), WA3-WA11,
on why the tilted system must be built from self-adjoint operators.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES, Array
from jaxseis.equations._base import Derivative, Equation, Strain, half
from jaxseis.equations.vti import VTI, squared_coupling
from jaxseis.model import Medium

SHARE = 0.25
"""Share of a_r that the staggered part takes of the second field."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class TTI(VTI):
    """P waves in TTI media: the parameters of :class:`VTI`, with velocities along the tilted axis, and angles.

    The medium has ``m``, ``buoyancy``, ``epsilon``, ``delta <= epsilon``, the tilt ``theta`` of the symmetry axis
    from the vertical (radians; in 2-D positive towards x, z down) and in 3-D its azimuth ``phi`` from x to y (0 if
    left out).

    Arguments:
        shear: ratio of shear to P velocity along the axis, from 0 (excluded) to 1 (excluded).

    ```python
    A = WaveEquation(grid, TTI(), time, max_velocity=4.0)
    d = Modeling(A, sources, receivers)(Medium(m=m, buoyancy=b, epsilon=epsilon, delta=delta, theta=theta)) @ q
    ```
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shear == 0:
            raise _checks.fail("shear", "a ratio of velocities above 0", self.shear, "It steadies the second field.")

    @property
    def parameterizations(self) -> tuple[tuple[str, ...], ...]:
        """With one angle, or in 3-D with two."""
        thomsen = super().required
        return ((*thomsen, "theta"), (*thomsen, "phi", "theta"))

    def check(self, medium: Medium) -> None:
        """Angles in radians, and as for VTI."""
        for name in {"theta", "phi"}.intersection(medium.names):
            largest = float(np.max(np.abs(np.asarray(getattr(medium, name)))))
            if largest > 2 * np.pi:
                raise _checks.fail(name, "radians", f"angles up to {largest:g}", f"Write jnp.radians({name}).")
        super().check(medium)

    @property
    def multiaxial(self) -> float:
        """Without it fields grow, at a tilt of 45 degrees with epsilon = 0.25 and delta = 0.05 for one."""
        return 0.1

    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """The gradients of both fields, staggered (small letters) and centred (capitals)."""
        return tuple(
            Strain(f"{field.upper() if centred else field}{name}", (Derivative(field, axis, centred),))
            for centred in (False, True)
            for field in self.fields(ndim)
            for axis, name in enumerate(SPACE_AXES[ndim])
        )

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """The staggered part by strain, and the symmetric blocks PP, PR, RR of the centred one."""
        diagonal = tuple(f"s_{field}{name}" for field in self.fields(ndim) for name in SPACE_AXES[ndim])
        pairs = ["".join(pair) for pair in combinations_with_replacement(SPACE_AXES[ndim], 2)]
        return (*diagonal, *(f"{block}_{pair}" for block in ("PP", "PR", "RR") for pair in pairs))

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """M = m b and the full part at the nodes, the diagonal part at the midpoints."""
        b, f, g2 = medium.buoyancy, self._f, squared_coupling(medium, self._f)
        axes = SPACE_AXES[b.ndim]
        a_p, a_r = 1 + 2 * medium.epsilon, 1 - f
        c = {"PP": 1 - f * g2, "PR": f * jnp.sqrt(g2 * (1 - g2)), "RR": 1 - f + f * g2}
        s_r = SHARE * a_r
        s_p = jnp.minimum(a_p, (a_r - s_r * c["PP"]) / (c["RR"] - s_r))
        staggered = {"p": s_p, "r": s_r}
        across = {"PP": a_p - s_p, "PR": 0.0, "RR": a_r - s_r}
        along = {"PP": c["PP"] - a_p, "PR": c["PR"], "RR": c["RR"] - a_r}
        n = dict(zip(axes, _axis(medium), strict=True))
        diagonal = {f"s_{k}{i}": half(s * b, a) for k, s in staggered.items() for a, i in enumerate(axes)}
        full = {
            f"{block}_{i}{j}": b * (along[block] * n[i] * n[j] + (across[block] if i == j else 0.0))
            for block in across
            for i, j in combinations_with_replacement(axes, 2)
        }
        return {"M": medium.m * b} | diagonal | full

    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """The diagonal part, and the product of the symmetric matrix R with the centred derivatives."""
        stress = {}
        for name, strain in e.items():
            field, i = name
            if field in "pr":
                stress[name] = c[f"s_{name}"] * strain
            else:
                centred = (k for k in e if k[0] in "PR")
                stress[name] = sum(c[f"{_sorted(field, k[0])}_{_sorted(i, k[1])}"] * e[k] for k in centred)
        return stress

    def bound(self, c: dict[str, Any], reach: dict[str, float]) -> dict[str, Any]:
        """The sums of absolute values along the rows of S."""
        return Equation.bound(self, c, reach)


def _sorted(a: str, b: str) -> str:
    return min(a, b) + max(a, b)


def _axis(medium: Medium) -> tuple[Array, ...]:
    """The symmetry axis n on the axes of the grid."""
    theta = medium.theta
    if theta.ndim == 1:
        return (jnp.ones_like(theta),)
    if theta.ndim == 2:
        return jnp.sin(theta), jnp.cos(theta)
    phi = medium.phi if "phi" in medium else jnp.zeros_like(theta)
    return jnp.sin(theta) * jnp.cos(phi), jnp.sin(theta) * jnp.sin(phi), jnp.cos(theta)
