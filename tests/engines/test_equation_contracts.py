"""What every wave equation must do in every setting: the cases are in tests/helpers/equations.py."""


import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import CASES, EQUATIONS, experiment, parameters
from helpers.tolerances import TAYLOR, TOLERANCES, assert_close, largest

import jaxseis as js
from jaxseis.operators._base import inner

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")

OTHER_ORDERS = [("constant density", 6), ("constant density", 16), ("VTI", 12)]
QUICK = [("constant density", 8), ("variable density", 16)]
ORDERS = [
    pytest.param(equation, order, marks=() if (equation, order) in QUICK else pytest.mark.slow)
    for equation in EQUATIONS
    for order in (2, 8, 16)
]

DAILY = "2-D free surface constant density"

every_case = pytest.mark.parametrize("name", parameters())
every_case_of_second_order = pytest.mark.parametrize(
    "name", [pytest.param(*p.values, marks=() if p.values == (DAILY,) else pytest.mark.slow) for p in parameters()]
)
# The pure engine takes long to compile what differentiates twice: the symmetry of the Hessian is checked in every case,
# and its agreement in one case of each equation.
FIRST = {CASES[name].equation: name for name in reversed([p.values[0] for p in parameters()])}
one_case_of_each_equation = pytest.mark.parametrize(
    "name", [DAILY, *(pytest.param(name, marks=pytest.mark.slow) for name in FIRST.values())]
)
float32_case = pytest.mark.parametrize("name", parameters(dtype="float32"))


def least_squares(F, q, d):
    return lambda m: js.misfit.least_squares(F(m) @ q, d)


def observed(e):
    """Data of another medium."""
    return e.F(e.case.medium(seed=5)) @ e.q


def derivatives(F, e):
    """Data, Born data, and the gradients in every parameter and in the source."""
    d, vjp = jax.vjp(lambda m, q: F(m) @ q, e.m, e.q)
    return {"data": d, "born": F.jacobian(e.m, e.q) @ e.dm, "gradients": vjp(e.y)}


@every_case
def test_both_engines_agree(name):
    e = experiment(name)
    reference = jax.jit(lambda e_F: derivatives(e_F, e))(e.case.modeling(engine="xla"))
    got = derivatives(e.F, e)
    assert largest(got["born"]) > 0
    for part in got:
        assert_close(got[part], reference[part], "engines")


@float32_case
def test_both_engines_agree_in_single_precision(name):
    e = experiment(name)
    got, reference = (e.case.modeling(engine=engine)(e.m) @ e.q for engine in ("devito", "xla"))
    assert got.dtype == reference.dtype == jnp.float32
    assert_close(got, reference, "engines", "float32")


def test_both_engines_agree_where_the_layers_of_a_narrow_grid_meet():
    """The kernel keeps the layer's arrays in two strips, which here touch and overlap in what they reach."""
    case = CASES["2-D constant density"].replace(shape=(6, 3))
    m, q, d = case.medium(), case.noise(2, case.time.size, 1), case.noise(2, case.time.size, 5, seed=2)
    got, reference = (jax.value_and_grad(least_squares(case.modeling(engine=e), q, d))(m) for e in ("devito", "xla"))
    assert_close(got, reference, "engines")


@every_case
def test_reciprocity(name):
    e = experiment(name)
    q = e.q[0, :, 0]
    a, b = e.case.random_points(3, seed=6), e.case.random_points(2, seed=7)
    there = e.case.modeling(js.Geometry(**a), js.Geometry.spread(**b))(e.m) @ q
    back = e.case.modeling(js.Geometry(**b), js.Geometry.spread(**a), swapped=True)(e.m) @ q
    assert_close(there, back.transpose(2, 1, 0))


@pytest.mark.parametrize("name", parameters() + parameters(dtype="float32"))
def test_the_adjoint_of_modelling_is_its_adjoint(name):
    e = experiment(name)
    assert js.dot_test(e.F(e.m), tolerance=TOLERANCES[e.case.dtype]["adjoint"])


@pytest.mark.parametrize("name", parameters() + parameters(dtype="float32"))
def test_the_adjoint_of_born_scattering_is_its_adjoint(name):
    e = experiment(name)
    assert js.dot_test(e.J, tolerance=TOLERANCES[e.case.dtype]["adjoint"])


PARAMETERS = [
    pytest.param(*p.values, parameter, marks=p.marks)
    for p in parameters()
    for parameter in CASES[p.values[0]].acting
]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_the_gradient_of_the_misfit_in_each_parameter(name, parameter):
    e = experiment(name)
    misfit = least_squares(e.F, e.q, observed(e))
    x, dx = (getattr(v, parameter) for v in (e.m, e.dm))
    assert js.taylor_test(lambda p: misfit(e.m.replace(**{parameter: p})), x, dx, tolerance=TAYLOR)


@every_case
def test_the_gradient_of_the_misfit_in_the_wavelet(name):
    e = experiment(name)
    d = observed(e)
    q, dq = (e.case.noise(e.case.time.size, seed=seed) for seed in (8, 9))
    assert js.taylor_test(lambda q: js.misfit.least_squares(e.F(e.m) @ q, d), q, dq, tolerance=TAYLOR)


def gradient_of_misfit(F, e):
    return jax.grad(lambda m: js.misfit.least_squares(F(m) @ e.q, e.y))


@one_case_of_each_equation
def test_both_engines_agree_in_products_with_the_hessian(name):
    e = experiment(name)
    X = e.case.modeling(engine="xla")
    reference = jax.jit(lambda dm: jax.jvp(gradient_of_misfit(X, e), (e.m,), (dm,))[1])(e.dm)
    assert_close(jax.grad(lambda m: inner(gradient_of_misfit(e.F, e)(m), e.dm))(e.m), reference, "engines")


@pytest.mark.slow
@one_case_of_each_equation
def test_both_engines_agree_in_the_derivatives_of_scattering_and_migration(name):
    """In all that they depend on: both are the same form, of model, perturbation, source and data."""
    e = experiment(name)
    at, X = (e.m, e.dm, e.q, e.y), e.case.modeling(engine="xla")
    scattered = lambda F: lambda m, dm, q, y: inner(F.jacobian(m, q) @ dm, y)  # noqa: E731
    migrated = lambda F: lambda m, dm, q, y: inner(dm, F.jacobian(m, q).T @ y)  # noqa: E731
    reference = jax.jit(jax.grad(scattered(X), (0, 1, 2, 3)))(*at)
    for form in (scattered, migrated):
        assert_close(jax.grad(form(e.F), (0, 1, 2, 3))(*at), reference, "engines")


@every_case_of_second_order
def test_the_hessian_is_symmetric_and_the_derivative_of_the_gradient(name):
    e = experiment(name)
    gradient = jax.jit(jax.grad(least_squares(e.F, e.q, observed(e))))
    product = jax.jit(lambda dm: jax.jvp(gradient, (e.m,), (dm,))[1])
    a, b = e.dm, e.case.perturbation(seed=30)
    Ha, Hb = product(a), product(b)
    assert abs(inner(Ha, b) - inner(a, Hb)) <= TOLERANCES["float64"]["engines"] * abs(inner(Ha, b))
    assert js.taylor_test(gradient, e.m, e.dm, derivative=product, tolerance=TAYLOR)


@every_case
def test_born_scattering_is_the_derivative_of_modelling(name):
    e = experiment(name)
    assert js.taylor_test(lambda m: e.F(m) @ e.q, e.m, e.dm, derivative=lambda dm: e.J @ dm, tolerance=TAYLOR)


@every_case
def test_the_gradient_is_the_migrated_residual(name):
    e = experiment(name)
    d = observed(e)
    assert_close(jax.grad(least_squares(e.F, e.q, d))(e.m), e.J.T @ (e.F(e.m) @ e.q - d))


@every_case
def test_nothing_comes_of_nothing(name):
    e = experiment(name)
    zero_q, zero_m = jax.tree.map(jnp.zeros_like, (e.q, e.m))
    assert largest(e.F(e.m) @ zero_q) == 0
    assert largest(e.J @ zero_m) == 0
    assert largest(e.J.T @ jnp.zeros_like(e.y)) == 0
    d = e.F(e.m) @ e.q
    value, gradient = jax.value_and_grad(least_squares(e.F, e.q, d))(e.m)
    # the data come from one program and the misfit from another, which may round otherwise
    whole, slope = jax.value_and_grad(least_squares(e.F, e.q, jnp.zeros_like(d)))(e.m)
    assert value <= 1e-24 * whole
    assert largest(gradient) <= 1e-12 * largest(slope)


@every_case
def test_one_shot_and_one_receiver(name, monkeypatch):
    monkeypatch.setenv("JAXSEIS_THREADS", "1")
    e = experiment(name)
    receiver = js.Geometry.spread(**{k: v[2:3] for k, v in columns(e.F.receivers.geometry, e.case).items()})
    F = e.case.modeling(e.case.sources[0], receiver)
    q = e.q[:1]
    assert_close(F(e.m) @ q, (e.F(e.m) @ e.q)[:1, :, 2:3])
    alone = jnp.zeros_like(e.y).at[0, :, 2].set(e.y[0, :, 2])
    assert_close(F.jacobian(e.m, q).T @ e.y[:1, :, 2:3], e.J.T @ alone)


def columns(geometry, case):
    return {axis: np.asarray(geometry.positions[0, :, i]) for i, axis in enumerate(case.grid.axes)}


@every_case
def test_ragged_spreads_are_the_shots_one_by_one(name):
    e = experiment(name)
    tables = [e.case.table(e.case.random_points(n, seed=n)) for n in (4, 2)]
    ragged = e.case.modeling(receivers=js.Geometry.ragged(tables))
    d = ragged(e.m) @ e.q
    assert largest(d[1, :, 2:]) == 0
    gradient = jax.tree.map(jnp.zeros_like, e.m)
    for shot, table in enumerate(tables):
        F = e.case.modeling(receivers=js.Geometry.spread(**dict(zip(e.case.grid.axes, table.T, strict=True))))
        assert_close(d[shot, :, : len(table)], (F(e.m) @ e.q)[shot])
        y = jnp.zeros((2, e.case.time.size, len(table))).at[shot].set(e.y[shot, :, : len(table)])
        gradient = jax.tree.map(jnp.add, gradient, F.jacobian(e.m, e.q).T @ y)
    assert_close(ragged.jacobian(e.m, e.q).T @ e.y[..., :4], gradient)
    assert js.dot_test(ragged(e.m), tolerance=TOLERANCES[e.case.dtype]["adjoint"])


@every_case
def test_simultaneous_sources_are_the_sum_of_single_ones(name):
    e = experiment(name)
    points = e.case.random_points(3, seed=11)
    both = js.Geometry(**{k: np.stack([v[[0, 1]], v[[2, 2]]]) for k, v in points.items()})
    q = e.case.noise(2, e.case.time.size, 2, seed=12)
    together = e.case.modeling(both)(e.m) @ q
    singly = e.case.modeling(js.Geometry(**{k: v[[0, 1, 2]] for k, v in points.items()}))
    d = singly(e.m) @ jnp.stack([q[0, :, :1], q[0, :, 1:], q[1].sum(-1, keepdims=True)])
    assert_close(together, jnp.stack([d[0] + d[1], d[2]]))


@every_case
def test_samples_where_a_field_is_are_the_wavefield_there(name):
    """At nodes of two corners, or half a cell on."""
    e = experiment(name)
    ndim = len(e.case.shape)
    nodes = np.array([np.array(e.case.shape) - 2, [0, *(np.array(e.case.shape) - 2)[1:]]])
    wave = e.F.wave
    half = np.array(wave.equation.parity(wave.equation.fields(ndim)[0], ndim)) / 2
    x = np.array(e.case.grid.origin) + (nodes + half) * np.array(e.case.grid.spacing)
    receivers = js.Projection(js.Geometry.spread(**dict(zip(e.case.grid.axes, x.T, strict=True))), wave, js.Field())
    propagated = wave(e.m).inv @ e.F.sources.T
    u, d = propagated @ e.q, (receivers @ propagated) @ e.q
    assert_close(d, jnp.stack([u[(..., *node)] for node in nodes], -1))


@every_case
def test_fields_do_not_grow(name):
    e = experiment(name)
    long = e.case.replace(time=js.TimeAxis(duration=3000 * e.case.time.step, step=e.case.time.step))
    q = jnp.zeros((2, long.time.size, 1)).at[:, : e.q.shape[1]].set(e.q)
    d = np.abs(long.modeling()(e.m) @ q)
    assert np.max(d[:, -500:]) <= np.max(d[:, :500])


@every_case
def test_new_numbers_build_no_kernel(name):
    from jaxseis.engines import _kernel

    e = experiment(name)
    jax.grad(least_squares(e.F, e.q, e.y))(e.m)
    before = _kernel.builds
    other = js.Grid(tuple(n + 2 for n in e.case.shape), 7.0)
    wave = e.F.wave.replace(grid=other, max_velocity=2.9)
    ends = [js.Geometry(**{axis: np.array([20.0, 31.0, 8.0]) for axis in other.axes})]
    ends += [js.Geometry.spread(**{axis: np.array([15.0, 29.0]) for axis in other.axes})]
    projections = (js.Projection(g, wave, quantity) for g, quantity in zip(ends, e.case.quantities, strict=True))
    F, m = js.Modeling(wave, *projections), jax.tree.map(lambda p: jnp.full(other.shape, jnp.mean(p)), e.m)
    jax.grad(lambda m: jnp.sum((F(m) @ e.q[0, :, 0]) ** 2))(m)
    assert _kernel.builds == before


@pytest.mark.parametrize(("equation", "order"), ORDERS)
def test_every_order_is_adjoint(equation, order):
    """Data and Born data against the gradients in source and model, all of one program."""
    e = experiment(f"2-D bare {equation}")
    F = e.case.modeling(engine="xla", space_order=order, absorbing=js.PML(3))
    got = jax.jit(lambda F: derivatives(F, e))(F)
    back_m, back_q = got["gradients"]
    for there, x, back in ((got["data"], e.q, back_q), (got["born"], e.dm, back_m)):
        size = (inner(there, there) * inner(e.y, e.y)) ** 0.5
        assert abs(inner(there, e.y) - inner(x, back)) <= TOLERANCES["float64"]["adjoint"] * size


@pytest.mark.slow
@pytest.mark.parametrize(("equation", "order"), OTHER_ORDERS)
def test_both_engines_agree_at_other_orders(equation, order):
    e = experiment(f"2-D bare {equation}")
    for free_surface in (False, True):
        options = {"space_order": order, "absorbing": js.PML(3), "free_surface": free_surface}
        got, reference = (derivatives(e.case.modeling(engine=g, **options), e) for g in ("devito", "xla"))
        assert_close(got, reference, "engines")


@pytest.mark.parametrize("end", ["sources", "receivers"])
def test_the_gradient_of_the_misfit_in_positions(end):
    e = experiment("2-D bare constant density")
    F = e.case.modeling(interpolation=js.Sinc(radius=4))
    d = F(e.case.medium(seed=5)) @ e.q
    ends = {"sources": e.F.sources.geometry, "receivers": e.F.receivers.geometry}

    def misfit(x):
        moved = ends | {end: js.Geometry(**{axis: x[..., i] for i, axis in enumerate(e.case.grid.axes)})}
        return js.misfit.least_squares(js.Modeling(F.wave, **moved)(e.m) @ e.q, d)

    count = ends[end].points
    x = jnp.stack([e.case.table(e.case.random_points(count, seed, 0.2, 0.8)) for seed in (14, 15)])
    assert js.taylor_test(misfit, x, 10 * e.case.noise(*x.shape, seed=13), tolerance=TAYLOR)
