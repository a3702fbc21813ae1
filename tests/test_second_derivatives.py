"""Derivatives of gradients on the compiled engine: whatever takes them gives the same, and they are derivatives.

That they agree with those of the XLA engine is a contract of every equation (tests/engines/test_equation_contracts.py).
"""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import Case, experiment
from helpers.tolerances import TAYLOR, TOLERANCES, assert_close, largest

import jaxseis as js
from jaxseis.engines import _host
from jaxseis.operators._base import inner

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
E = experiment("2-D bare constant density")
M, Q, Y, DM = E.m.m, E.q, E.y, E.dm.m
OTHER = E.case.perturbation(seed=30).m
F, ANY = E.F, E.case.modeling(differentiation="any")
MODELS, DIRECTIONS = jnp.stack([M, 1.1 * M, 0.9 * M]), jnp.stack([DM, OTHER, M])
TINY = Case(E.case.equation, (5, 4), js.TimeAxis(duration=20.0, step=1.25), {"absorbing": None})


def loss(m, F=F, q=Q):
    return 0.5 * jnp.sum((F(m) @ q - Y) ** 2)


def slope_along(dm, F=F):
    return lambda m: jnp.sum(jax.grad(loss)(m, F) * dm)


def product(m, dm):
    """The Hessian's product by its formula: that of Gauss and Newton, and the derivative of J(m).T at fixed data."""
    J, r = F.jacobian(m, Q), F(m) @ Q - Y
    return J.T @ (J @ dm) + jax.grad(lambda m: jnp.sum((F.jacobian(m, Q) @ dm) * r))(m)


def over_shots(m):
    def add(total, i):
        return total + 0.5 * jnp.sum((F[i](m) @ Q[i[None]] - Y[i[None]]) ** 2), None

    return jax.lax.scan(add, 0.0, jnp.arange(2))[0]


WAYS = {
    "grad of grad": lambda F: jax.grad(slope_along(DM, F))(M),
    "jit of grad of grad": lambda F: jax.jit(jax.grad(slope_along(DM, F)))(M),
    "grad of jit of grad": lambda F: jax.grad(lambda m: jnp.sum(jax.jit(jax.grad(lambda m: loss(m, F)))(m) * DM))(M),
    "jvp of grad": lambda F: jax.jvp(lambda m: jax.grad(loss)(m, F), (M,), (DM,))[1],
    "jit of jvp of grad": lambda F: jax.jit(lambda m: jax.jvp(lambda m: jax.grad(loss)(m, F), (m,), (DM,))[1])(M),
    "linearize of grad": lambda F: jax.linearize(lambda m: jax.grad(loss)(m, F), M)[1](DM),
    "grad of checkpoint": lambda F: jax.grad(jax.checkpoint(slope_along(DM, F)))(M),
}
FORMS = {
    "grad of jvp": lambda: jax.grad(lambda m: jax.jvp(lambda m: loss(m, ANY), (m,), (DM,))[1])(M),
    "grad of a scan over shots": lambda: jax.grad(lambda m: jnp.sum(jax.grad(over_shots)(m) * DM))(M),
    "jit of that": lambda: jax.jit(jax.grad(lambda m: jnp.sum(jax.grad(over_shots)(m) * DM)))(M),
    "gradient of migration": lambda: jax.grad(
        lambda m: jnp.sum((F.jacobian(m, Q).T @ (F(m) @ Q - Y)) * DM)
    )(M),
}


@pytest.fixture(scope="module")
def expected():
    return product(M, DM)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operator", [F, ANY], ids=["reverse", "any"])
def test_the_product_with_the_hessian(way, operator, expected):
    assert_close(WAYS[way](operator), expected)


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_the_product_with_the_hessian(form, expected):
    assert_close(FORMS[form](), expected)


@pytest.mark.parametrize("operator", [F, ANY], ids=["reverse", "any"])
def test_products_of_several_models(operator):
    one = lambda m, dm: jax.grad(slope_along(dm, operator))(m)  # noqa: E731
    singly = jnp.stack([product(m, dm) for m, dm in zip(MODELS, DIRECTIONS, strict=True)])
    assert_close(jax.jit(jax.vmap(one))(MODELS, DIRECTIONS), singly)
    total = lambda ms: jnp.sum(jax.vmap(jax.grad(lambda m: loss(m, operator)))(ms) * DIRECTIONS)  # noqa: E731
    assert_close(jax.grad(total)(MODELS), singly)


@pytest.mark.slow
def test_the_hessian_of_a_small_model_is_symmetric_and_the_derivative_of_the_gradient():
    X = js.Modeling(TINY.wave(), TINY.sources, js.Geometry.spread(**TINY.random_points(3, seed=1)))
    m, q = TINY.medium().m, TINY.noise(2, TINY.time.size, 1, seed=1)
    g = jax.grad(lambda m: 0.5 * jnp.sum((X(m) @ q) ** 2))
    H = jax.jit(jax.jacrev(g))(m).reshape(20, 20)
    assert_close(H, H.T)
    assert_close(jax.jit(jax.jacfwd(g))(m).reshape(20, 20), H)
    dm = TINY.noise(5, 4, seed=2)
    assert js.taylor_test(g, m, 0.1 * dm, derivative=lambda v: (H @ v.ravel()).reshape(5, 4), tolerance=TAYLOR)


def test_learned_descent_is_differentiable_in_model_data_and_step_lengths():
    """Three steps m - a g(m) with lengths of their own, in a loop that is compiled."""
    scale = 0.1 * largest(M) / largest(jax.grad(loss)(M))

    def descended(m, y, lengths):
        g = jax.grad(lambda m: 0.5 * jnp.sum((F(m) @ Q - y) ** 2))
        return jax.lax.scan(lambda m, a: (m - scale * a * g(m), None), m, lengths)[0]

    misfit = jax.jit(lambda x: jnp.sum((descended(*x) - OTHER) ** 2))
    x, dx = (M, Y, jnp.array([0.5, 0.3, 0.2])), (0.1 * DM, 0.1 * Y, jnp.array([0.1, -0.1, 0.2]))
    assert js.taylor_test(misfit, x, dx, tolerance=TAYLOR)


def assert_derivatives(g, x, dx):
    """The forward derivative by Taylor's remainders, the reverse one by its inner product with that."""
    along, back = jax.jit(lambda dx: jax.jvp(g, (x,), (dx,))), jax.jit(lambda w: jax.vjp(g, x)[1](w)[0])
    assert js.taylor_test(g, x, dx, derivative=lambda v: along(v)[1], tolerance=TAYLOR)
    w, dg = along(dx)
    size = (inner(w, w) * inner(dg, dg)) ** 0.5
    assert abs(inner(dg, w) - inner(dx, back(w))) <= TOLERANCES["float64"]["adjoint"] * size


# --- of what, in what ----------------------------------------------------------------------------


def extended(m, wavelet, weights):
    source = js.ExtendedSource(wavelet, F.wave)
    return js.Projection(E.case.receivers, F.wave) @ F.wave(m).inv @ source.T @ weights


def gradients_of(f, arguments):
    """The gradients of half the squared norm of f, in all its arguments."""
    return jax.grad(lambda x: 0.5 * jnp.sum(f(*x) ** 2))(arguments)


both_modes = pytest.mark.parametrize(
    "options", [{}, pytest.param({"differentiation": "any"}, marks=pytest.mark.slow)], ids=["reverse", "any"]
)
WEIGHTS, DWEIGHTS = (E.case.noise(2, *E.case.shape, seed=s) for s in (40, 41))
WAVELET, DWAVELET = (E.case.noise(2, E.case.time.size, seed=s) for s in (42, 43))
MIXED = {
    "model and source": (lambda m, q: F(m) @ q, (M, Q), (DM, Q[::-1])),
    "model and weights": (lambda m, w: extended(m, Q[:, :, 0], w), (M, WEIGHTS), (DM, DWEIGHTS)),
    "model and wavelet": (lambda m, q: extended(m, q, WEIGHTS), (M, WAVELET), (DM, DWAVELET)),
    "model and the adjoint's data": (lambda m, y: F(m).T @ y, (M, Y), (DM, Y[::-1])),
    "a wavefield": (lambda m: F.wave(m).inv @ F.sources.T @ Q, (M,), (DM,)),
    "scattering": (lambda m, dm, q: F.jacobian(m, q) @ dm, (M, DM, Q), (DM, OTHER, Q[::-1])),
    "migration": (lambda m, y, q: F.jacobian(m, q).T @ y, (M, Y, Q), (DM, Y[::-1], Q[::-1])),
}


@pytest.mark.parametrize("name", MIXED)
def test_gradients_have_derivatives_in_all_their_arguments(name):
    f, x, dx = MIXED[name]
    g = jax.jit(lambda x: gradients_of(f, x))
    assert_derivatives(g, x, jax.tree.map(lambda v: 0.1 * v, dx))


@pytest.mark.slow
@pytest.mark.parametrize("end", ["sources", "receivers"])
@both_modes
def test_the_gradient_in_the_model_has_a_derivative_in_positions(end, options):
    wave = E.case.wave(interpolation=js.Sinc(radius=4), **options)
    ends = {"sources": F.sources.geometry, "receivers": F.receivers.geometry}
    x, dx = (E.case.table(E.case.random_points(ends[end].points, seed, 0.2, 0.8)) for seed in (14, 15))

    def migrated(x):
        moved = js.Geometry.spread(**{axis: x[..., i] for i, axis in enumerate(E.case.grid.axes)})
        X = js.Modeling(wave, **ends | {end: moved})
        return jax.grad(lambda m: jnp.sum((X(m) @ Q) ** 2))(M)

    assert_derivatives(jax.jit(migrated), jnp.asarray(x), jnp.asarray(0.02 * dx))


@both_modes
@pytest.mark.parametrize("traced", [False, True])
def test_a_second_derivative_in_positions_says_what_to_do(options, traced):
    wave = E.case.wave(interpolation=js.Sinc(radius=4), **options)
    x = jnp.asarray(E.case.table(E.case.random_points(2, 14, 0.3, 0.7)))

    def misfit(x, m):
        sources = js.Geometry(**{axis: x[..., i] for i, axis in enumerate(E.case.grid.axes)})
        return jnp.sum((js.Modeling(wave, sources, E.case.receivers)(m) @ Q) ** 2)

    twice = lambda x, m: jax.grad(lambda x: jnp.sum(jax.grad(misfit)(x, m)))(x)  # noqa: E731
    with pytest.raises(NotImplementedError, match=r"second derivative in positions .*engine=\"xla\""):
        (jax.jit(twice) if traced else twice)(x, M)


def test_the_derivative_of_the_hessian():
    hessian = jax.jit(lambda m: jax.jvp(jax.grad(loss), (m,), (DM,))[1])
    assert_derivatives(hessian, M, 0.1 * OTHER)


class _Squared(js.Acoustic):
    """A stress law of another kind."""

    def stress(self, c, e):
        return {name: c[f"b{name[1:]}"] ** 2 * strain for name, strain in e.items()}


def test_a_law_that_is_not_linear_in_its_coefficients_says_what_to_do():
    case = Case(_Squared(density=True), (5, 4), TINY.time, {"absorbing": None})
    X, m, q = case.modeling(), case.medium(), case.noise(2, case.time.size, 1)
    g = jax.grad(lambda m: jnp.sum((X(m) @ q) ** 2))
    assert js.taylor_test(lambda m: jnp.sum((X(m) @ q) ** 2), m, tolerance=TAYLOR)
    for first in (g, lambda m: X.jacobian(m, q) @ m):
        with pytest.raises(NotImplementedError, match="law is not linear in its coefficients"):
            jax.jvp(first, (m,), (m,))


# --- how wavefields are kept ---------------------------------------------------------------------


def test_recomputing_changes_no_bit_of_the_second_derivative():
    e = experiment("2-D constant density")

    def twice(storage):
        X = e.case.modeling(storage=storage)
        g = jax.grad(lambda m: 0.5 * jnp.sum((X(m) @ e.q - e.y) ** 2))
        return jax.grad(lambda m: inner(g(m), e.dm))(e.m)

    kept = twice(js.InMemory(every=1))
    for recomputed in (twice(js.Recompute(every=1)), twice(js.Recompute(segments=2, every=1))):
        np.testing.assert_array_equal(recomputed.m, kept.m)


def test_the_derivative_of_a_thinned_gradient_is_exact():
    thinned = E.case.modeling(storage=js.InMemory(every=4))
    assert largest(jax.grad(loss)(M, thinned) - jax.grad(loss)(M)) > 0
    assert_close(jax.jvp(lambda m: F.jacobian(m, Q, js.InMemory(every=4)).T @ Y, (M,), (DM,))[1],
                 jax.jvp(lambda m: F.jacobian(m, Q).T @ Y, (M,), (DM,))[1])


def test_host_calls_of_a_product_with_the_hessian(monkeypatch):
    """The data and their gradient, the scattered data with their image, and the derivative of migration."""
    count = Counter()
    for kind in ("forward", "born", "gradient"):
        call = getattr(_host, kind)
        monkeypatch.setattr(_host, kind, lambda *a, kind=kind, call=call, **k: (count.update([kind]), call(*a, **k))[1])
    jax.block_until_ready(jax.grad(slope_along(DM))(M))
    assert count == {"forward": 1, "gradient": 3, "born": 1}


def test_in_single_precision():
    case = experiment("2-D float32 constant density").case
    e, X = experiment("2-D float32 constant density"), case.modeling()
    product = jax.jit(lambda m, dm: jax.jvp(jax.grad(lambda m: 0.5 * inner(X(m) @ e.q, X(m) @ e.q)), (m,), (dm,))[1])
    a, b = e.dm, case.perturbation(seed=30)
    Ha, Hb = product(e.m, a), product(e.m, b)
    assert Ha.m.dtype == jnp.float32
    size = (inner(Ha, Ha) * inner(b, b)) ** 0.5
    assert abs(inner(Ha, b) - inner(a, Hb)) <= 10 * TOLERANCES["float32"]["adjoint"] * size
