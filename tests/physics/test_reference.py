r"""A shot record, Born data and a gradient computed by another program.

``judi_acoustic.npz`` (described in the README beside it) was made with JUDI 4.1.7 (Witte et al., Geophysics 84(3),
2019): constant density, order 8, float32. Its records end before anything meets the sponge and comes back. JUDI drives
and records levels 1..nt-2 only, so source[0] is unused and the last level not recorded; its gradient is ``dt J.T r``
with r the synthetic minus the observed data. Rounding of float32 is what remains: agreement to about 1e-5.
"""

import numpy as np
import pytest

from jaxseis import PML, Acoustic, Geometry, Grid, Modeling, TimeAxis, WaveEquation


@pytest.fixture(scope="module")
def judi(data_dir):
    """The arrays, in float64."""
    with np.load(data_dir / "judi_acoustic.npz") as archive:
        return {name: archive[name].astype(float) for name in archive.files}


@pytest.fixture(scope="module")
def experiment(judi):
    """The modelling operator, the models and the source."""
    dt, q = float(judi["dt"]), judi["q"][:, 0].copy()
    q[0] = 0
    A = WaveEquation(
        Grid(judi["vp"].shape, float(judi["h"])), Acoustic(), TimeAxis(dt * (len(q) - 1), dt), 2.5, absorbing=PML(10)
    )
    assert A.step == dt
    at = [dict(zip(("x", "z"), judi[end].T, strict=True)) for end in ("src", "rec")]
    ends = Geometry(**at[0]), Geometry.spread(**at[1])
    return Modeling(A, *ends), judi["vp"] ** -2, judi["vp0"] ** -2, q


def difference(ours, theirs):
    """Relative L2 norm."""
    return np.linalg.norm(np.asarray(ours) - theirs) / np.linalg.norm(theirs)


def test_shot_records(judi, experiment):
    F, m, m0, q = experiment
    assert difference((F(m) @ q)[0, :-1], judi["d"][:-1]) < 2e-5
    assert difference((F(m0) @ q)[0, :-1], judi["d0"][:-1]) < 2e-5


def test_born_data(judi, experiment):
    F, m, m0, q = experiment
    assert difference((F.jacobian(m0, q) @ (m - m0))[0, :-1], judi["dlin"][:-1]) < 3e-5


def test_gradient(judi, experiment):
    F, _, m0, q = experiment
    residual = judi["d0"] - judi["d"]
    assert np.all(residual[-1] == 0)
    assert difference(judi["dt"] * (F.jacobian(m0, q).T @ residual[None]), judi["grad"]) < 2e-5
