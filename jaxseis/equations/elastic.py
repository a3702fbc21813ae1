"""The elastic wave equation, isotropic or transversely isotropic about the vertical, for the displacement.

Newton's law and Hooke's law,

    rho u_tt = div sigma + f,    sigma_ij = sum_kl c_ijkl e_kl,    e_ij = (d_i u_j + d_j u_i) / 2,

are the common form with M = rho, G the symmetrised gradient and S the stiffness:

    sigma_ii = sum_k c_ik e_kk,    sigma_ij = c_s (d_i u_j + d_j u_i),

with c_ii = lambda + 2 mu, c_ik = lambda, c_s = mu in an isotropic medium, and Voigt's c11, c13, c33, c55, c66 in a
VTI one. On the cell each displacement u_i lies half a cell on along its axis i, so that normal strains fall on the
nodes and shear strains on the middles of faces: every derivative is a staggered one. This is the staggered scheme of
velocity and stress with the stresses eliminated: v = u_t obeys the same recursion. Density acts at the displacements,
as the mean of two nodes, the shear modulus at its strain, as the harmonic mean of four (Moczo et al. 2002): it is zero
where one of them is fluid, and the interface of a fluid and a solid needs nothing else.

References: Virieux, Geophysics 51 (1986), 889-901; Moczo, Kristek, Vavrycuk, Archuleta and Halada, BSSA 92 (2002),
3042-3066; Thomsen, Geophysics 51 (1986), 1954-1966.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES, Array
from jaxseis.equations._base import Derivative, Equation, Strain, half
from jaxseis.model import Medium

MODULI: dict[tuple[str, str], Callable[[Medium], tuple[Array, Array]]] = {
    ("vp", "vs"): lambda p: (p.rho * p.vp**2, p.rho * p.vs**2),
    ("lam", "mu"): lambda p: (p.lam + 2 * p.mu, p.mu),
    ("zp", "zs"): lambda p: (p.zp**2 / p.rho, p.zs**2 / p.rho),
    ("mp", "ms"): lambda p: (p.rho / p.mp, p.rho / p.ms),
}
"""The moduli of P and S waves, lambda + 2 mu and mu, by the names of a medium's parameters beside rho."""


def moduli(medium: Medium) -> tuple[Array, Array]:
    """lambda + 2 mu and mu (GPa) of a medium in any of the parameterisations."""
    return next(law(medium) for names, law in MODULI.items() if names[0] in medium)


class _Displacement(Equation):
    """What elastic equations share: fields, strains, and the shape of the stiffness."""

    @property
    def displacement(self) -> bool:
        """The fields are the components of the displacement."""
        return True

    @property
    def required(self) -> tuple[str, ...]:
        """The first of the parameterisations."""
        return self.parameterizations[0]

    @property
    def positive(self) -> tuple[str, ...]:
        """Parameters that must be positive."""
        return ("rho", "vp", "zp", "mp", "ms")

    def fields(self, ndim: int) -> tuple[str, ...]:
        """The components of the displacement."""
        return tuple(f"u{name}" for name in SPACE_AXES[ndim])

    def parity(self, field: str, ndim: int) -> tuple[int, ...]:
        """Half a cell on along its own axis."""
        return tuple(int(field == f"u{name}") for name in SPACE_AXES[ndim])

    def vanishes(self, field: str) -> bool:
        """At a free surface the traction vanishes."""
        return False

    def strains(self, ndim: int) -> tuple[Strain, ...]:
        """Normal strains, and shear strains without the factor 1/2."""
        axes = dict(enumerate(SPACE_AXES[ndim]))
        normal = [Strain(f"e{i}{i}", (Derivative(f"u{i}", a),)) for a, i in axes.items()]
        shear = [
            Strain(f"e{i}{j}", (Derivative(f"u{i}", b), Derivative(f"u{j}", a)))
            for (a, i), (b, j) in combinations(axes.items(), 2)
        ]
        return (*normal, *shear)

    def mass_name(self, field: str) -> str:
        """The density where the component is."""
        return f"M_{field}"

    def coefficients(self, medium: Medium) -> dict[str, Array]:
        """The density at the displacements, the stiffness at the strains."""
        axes = dict(enumerate(SPACE_AXES[medium.rho.ndim]))
        masses = {f"M_u{i}": half(medium.rho, a) for a, i in axes.items()}
        pairs = combinations(axes.items(), 2)
        shear = {f"mu_{i}{j}": _harmonic(self.shear(medium, i + j), (a, b)) for (a, i), (b, j) in pairs}
        return masses | self.normal(medium) | shear

    @property
    def waves(self) -> tuple[str, ...]:
        """P and S."""
        return ("p", "s")

    def scaled_stiffness(self, medium: Medium, factors: dict[str, Array]) -> dict[str, Array]:
        """The stiffness of scaled moduli."""
        c = self.coefficients(self.scaled(medium, factors["p"], factors["s"]))
        return {name: c[name] for name in self.stiffness_names(medium.rho.ndim)}

    @abstractmethod
    def scaled(self, medium: Medium, p: Array, s: Array) -> Medium:
        """A medium with the moduli of P and S waves multiplied by factors."""

    @abstractmethod
    def normal(self, medium: Medium) -> dict[str, Array]:
        """The stiffnesses between normal strains, at the nodes."""

    @abstractmethod
    def shear(self, medium: Medium, axes: str) -> Array:
        """The stiffness of the shear strain between two axes, at the nodes."""

    @abstractmethod
    def coupling(self, c: dict[str, Any], i: str, k: str) -> Any:
        """The stiffness between the normal strains along two axes."""

    def stress(self, c: dict[str, Any], e: dict[str, Any]) -> dict[str, Any]:
        """Hooke's law."""
        axes = [name[1] for name in e if name[1] == name[2]]
        normal = {f"e{i}{i}": sum(self.coupling(c, i, k) * e[f"e{k}{k}"] for k in axes) for i in axes}
        return normal | {name: c[f"mu_{name[1:]}"] * value for name, value in e.items() if name not in normal}


@jax.tree_util.register_static
@dataclass(frozen=True)
class Elastic(_Displacement):
    """Elastic waves in isotropic media, solid or fluid.

    The medium has ``rho`` (g/cm^3) and two parameters more, by which it is differentiated: ``vp, vs`` (km/s),
    ``lam, mu`` (GPa), impedances ``zp, zs`` (km/s g/cm^3) or squared slownesses ``mp, ms`` (s^2/km^2). A fluid has
    ``vs = 0`` (or ``mu`` or ``zs``). The fields are the displacements ``ux``, (``uy``,) ``uz``.

    Sources and receivers say what they are: ``Projection(geometry, A, Displacement("z"))``, a vertical force as a
    source; see quantities.py. Raises ValueError for moduli with which the energy would not be positive.

    ```python
    A = WaveEquation(grid, Elastic(), time, max_velocity=4.0)
    F = Modeling(A, Projection(sources, A, Dilatation()), Projection(receivers, A, Velocity("xz")))
    d = F(Medium(vp=vp, vs=vs, rho=rho)) @ q
    ```
    """

    @property
    def parameterizations(self) -> tuple[tuple[str, ...], ...]:
        """Density with velocities, moduli, impedances or squared slownesses."""
        return tuple((*names, "rho") for names in MODULI)

    def check(self, medium: Medium) -> None:
        """Energy is positive where ``0 <= mu`` and ``n lambda + 2 mu >= 0`` in n dimensions."""
        p, mu = (np.asarray(x) for x in moduli(medium))
        for name in {"vs", "mu", "zs"}.intersection(medium.names):
            _check_shear(np.asarray(getattr(medium, name)))
        n = p.ndim
        if n > 1 and np.any(2 * (n - 1) * mu > n * p):
            expected = f"vs below {np.sqrt(n / (2 * n - 2)):.3f} vp in {n} dimensions"
            raise _checks.fail("medium", expected, "more, or a negative bulk modulus")

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """lambda + 2 mu and lambda at the nodes, mu at the shear strains."""
        pairs = combinations(SPACE_AXES[ndim], 2)
        return ("P", *(["lam"] if ndim > 1 else []), *(f"mu_{i}{j}" for i, j in pairs))

    def scaled(self, medium: Medium, p: Array, s: Array) -> Medium:
        """lambda + 2 mu and mu."""
        modulus, mu = moduli(medium)
        return Medium(lam=modulus * p - 2 * mu * s, mu=mu * s, rho=medium.rho)

    def normal(self, medium: Medium) -> dict[str, Array]:
        """lambda + 2 mu and lambda."""
        p, mu = moduli(medium)
        return {"P": p, "lam": p - 2 * mu} if p.ndim > 1 else {"P": p}

    def shear(self, medium: Medium, axes: str) -> Array:
        """mu."""
        return moduli(medium)[1]

    def condensed(self, c: dict[str, Any]) -> dict[str, Any]:
        """Plane stress: sigma_zz = 0 gives ``e_zz = -lambda/(lambda + 2 mu) (e_xx + e_yy)``."""
        if "lam" not in c:
            return c
        less = c["lam"] * (c["lam"] / c["P"])  # in this order: then nothing is left in a fluid
        return c | {"P": c["P"] - less, "lam": c["lam"] - less}

    def coupling(self, c: dict[str, Any], i: str, k: str) -> Any:
        """lambda + 2 mu on the diagonal, lambda beside it."""
        return c["P"] if i == k else c["lam"]

    def squared_velocity(self, medium: Medium) -> Array:
        """The square of the P velocity."""
        return moduli(medium)[0] / medium.rho

    def slowest(self, medium: Medium) -> Array:
        """The square of the S velocity, or of the P velocity in a fluid."""
        p, mu = moduli(medium)
        return jnp.where(mu > 0, mu, p) / medium.rho


@jax.tree_util.register_static
@dataclass(frozen=True)
class ElasticVTI(_Displacement):
    """Elastic waves in media that are transversely isotropic about the vertical.

    The medium has ``vp, vs`` along the vertical (km/s), ``rho`` (g/cm^3) and Thomsen's ``epsilon``, ``delta`` and,
    in three dimensions, where it acts, ``gamma`` (0 if left out). Otherwise as :class:`Elastic`.

    ```python
    A = WaveEquation(grid, ElasticVTI(), time, max_velocity=4.0)
    ```
    """

    @property
    def parameterizations(self) -> tuple[tuple[str, ...], ...]:
        """Thomsen's, in 3-D with gamma."""
        return (("delta", "epsilon", "rho", "vp", "vs"), ("delta", "epsilon", "gamma", "rho", "vp", "vs"))

    def check(self, medium: Medium) -> None:
        """The stiffness must be positive semidefinite."""
        c = {k: np.asarray(v) for k, v in voigt(medium).items()}
        _check_shear(np.asarray(medium.vs))
        inside = c["c13"] ** 2 <= c["c33"] * (c["c11"] - c["c66"] if c["c11"].ndim == 3 else c["c11"])
        if not np.all(np.isfinite(c["c13"])) or not np.all(inside) or c["c66"].min() < 0:
            raise _checks.fail(
                "medium", "Thomsen parameters of a medium with positive energy", "others", "Reduce epsilon or delta."
            )

    def stiffness_names(self, ndim: int) -> tuple[str, ...]:
        """Those of the axes that there are."""
        normal = {1: ("c33",), 2: ("c11", "c13", "c33"), 3: ("c11", "c12", "c13", "c33")}[ndim]
        return (*normal, *(f"mu_{i}{j}" for i, j in combinations(SPACE_AXES[ndim], 2)))

    def scaled(self, medium: Medium, p: Array, s: Array) -> Medium:
        """c11 and c33 by the one, c55 and c66 by the other; c13 follows from delta."""
        p_velocity, s_velocity = medium.vp**2 * p, medium.vs**2 * s
        root = lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)  # noqa: E731
        return medium.replace(vp=root(p_velocity), vs=root(s_velocity))

    def normal(self, medium: Medium) -> dict[str, Array]:
        """Voigt's c11, c12 = c11 - 2 c66, c13, c33."""
        c = voigt(medium)
        c["c12"] = c["c11"] - 2 * c["c66"]
        return {name: c[name] for name in self.stiffness_names(medium.rho.ndim) if name in c}

    def shear(self, medium: Medium, axes: str) -> Array:
        """c66 in the horizontal plane, c55 in vertical ones."""
        return voigt(medium)["c66" if axes == "xy" else "c55"]

    def condensed(self, c: dict[str, Any]) -> dict[str, Any]:
        """Plane stress: sigma_zz = 0 gives ``e_zz = -c13/c33 (e_xx + e_yy)``."""
        horizontal = {name: c[name] - c["c13"] * (c["c13"] / c["c33"]) for name in ("c11", "c12") if name in c}
        return c | horizontal

    def coupling(self, c: dict[str, Any], i: str, k: str) -> Any:
        """Voigt's stiffness between two axes."""
        if i == k:
            return c["c33" if i == "z" else "c11"]
        return c["c13" if "z" in (i, k) else "c12"]

    def squared_velocity(self, medium: Medium) -> Array:
        """The square of the horizontal P velocity, or of the vertical one where that is larger."""
        return medium.vp**2 * jnp.maximum(1, 1 + 2 * medium.epsilon)

    def slowest(self, medium: Medium) -> Array:
        """The square of the vertical S velocity, or of the P velocity in a fluid."""
        return jnp.where(medium.vs > 0, medium.vs, medium.vp) ** 2


def voigt(medium: Medium) -> dict[str, Array]:
    """c11, c13, c33, c55 and c66 (GPa) from Thomsen's parameters."""
    c33, c55 = medium.rho * medium.vp**2, medium.rho * medium.vs**2
    c13 = jnp.sqrt((c33 - c55) * (c33 * (1 + 2 * medium.delta) - c55)) - c55
    return {
        "c11": c33 * (1 + 2 * medium.epsilon),
        "c13": c13,
        "c33": c33,
        "c55": c55,
        "c66": c55 * (1 + 2 * medium.gamma) if "gamma" in medium else c55,
    }


def _check_shear(x: np.ndarray) -> None:
    if x.min() < 0:
        raise _checks.fail("medium", "a shear modulus or velocity that is not negative", f"a minimum of {x.min():g}")


def _harmonic(x: Array, axes: tuple[int, int]) -> Array:
    """Harmonic mean of four nodes, half a cell on along two axes; zero where one of them is zero."""
    solid = x > 0
    inverse = jnp.where(solid, 1 / jnp.where(solid, x, 1), 0)
    mean, share = inverse, solid.astype(x.dtype)
    for axis in axes:
        mean, share = half(mean, axis), half(share, axis)
    return jnp.where(share == 1, 1 / jnp.where(share == 1, mean, 1), 0)
