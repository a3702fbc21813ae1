"""What JAX may do with modelling on the compiled engine: one row for each transformation."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
from helpers.equations import Case, experiment
from helpers.tolerances import assert_close, error

import jaxseis as js
from jaxseis.engines import _host, _kernel
from jaxseis.operators._base import inner

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
E = experiment("2-D bare constant density")
M, Q, Y, DM = E.m.m, E.q, E.y, E.dm.m
F = E.F
ANY = E.case.modeling(differentiation="any")
MODELS = jnp.stack([M, 1.1 * M, 0.9 * M])
TINY = Case(E.case.equation, (5, 4), js.TimeAxis(duration=20.0, step=1.25), {"absorbing": None})


def data(m, q=Q, F=F):
    return F(m) @ q


def loss(m, F=F):
    return 0.5 * jnp.sum((data(m, F=F) - Y) ** 2)


def gradient(m):
    """The gradient of the loss by its formula."""
    return F.jacobian(m, Q).T @ (data(m) - Y)


def stacked(f, xs):
    return jnp.stack([f(x) for x in xs])


def scanned(q, F=F):
    """Shots one by one in a compiled loop."""
    return jax.lax.scan(lambda _, i: (None, (F[i](M) @ q[i[None]])[0]), None, jnp.arange(2))[1]


def scanned_loss(m):
    def add(total, i):
        return total + 0.5 * jnp.sum((F[i](m) @ Q[i[None]] - Y[i[None]]) ** 2), None

    return jax.lax.scan(add, 0.0, jnp.arange(2))[0]


def outer(scale):
    """A model that inner functions close over."""
    m = scale * M
    return jnp.sum(jax.jit(lambda q: F(m) @ q)(Q) * Y) + jnp.sum(jax.checkpoint(lambda q: F(m) @ q)(Q) ** 2)


def outer_slope(scale):
    J, d = F.jacobian(scale * M, Q), data(scale * M)
    return jnp.sum((J @ M) * (Y + 2 * d))


TRANSFORMATIONS = {
    "jit": (lambda: jax.jit(data)(M), lambda: data(M)),
    "jit of F": (lambda: jax.jit(lambda F, m: F(m) @ Q)(F, M), lambda: data(M)),
    "grad": (lambda: jax.grad(loss)(M), lambda: gradient(M)),
    "jit of grad": (lambda: jax.jit(jax.grad(loss))(M), lambda: gradient(M)),
    "value_and_grad": (lambda: jax.value_and_grad(loss)(M), lambda: (loss(M), gradient(M))),
    "jit of value_and_grad": (lambda: jax.jit(jax.value_and_grad(loss))(M), lambda: (loss(M), gradient(M))),
    "vjp in model and source": (
        lambda: jax.vjp(data, M, Q)[1](Y), lambda: (F.jacobian(M, Q).T @ Y, F(M).T @ Y),
    ),
    "vmap over models": (lambda: jax.vmap(data)(MODELS), lambda: stacked(data, MODELS)),
    "vmap over models on another axis": (
        lambda: jax.vmap(data, in_axes=2)(jnp.moveaxis(MODELS, 0, 2)), lambda: stacked(data, MODELS),
    ),
    "jit of vmap of grad": (lambda: jax.jit(jax.vmap(jax.grad(loss)))(MODELS), lambda: stacked(gradient, MODELS)),
    "grad of vmap": (
        lambda: jax.grad(lambda ms: jnp.sum(jax.vmap(loss)(ms)))(MODELS), lambda: stacked(gradient, MODELS),
    ),
    "vmap over sources": (
        lambda: jax.vmap(lambda q: data(M, q))(jnp.stack([Q, 2 * Q, Q + 1])),
        lambda: stacked(lambda q: data(M, q), [Q, 2 * Q, Q + 1]),
    ),
    "vmap over models and sources": (
        lambda: jax.vmap(data)(MODELS, jnp.stack([Q, 2 * Q, Q + 1])),
        lambda: jnp.stack([data(*x) for x in zip(MODELS, [Q, 2 * Q, Q + 1], strict=True)]),
    ),
    "vmap of vmap": (
        lambda: jax.vmap(lambda m: jax.vmap(lambda q: data(m, q))(jnp.stack([Q, 2 * Q])))(MODELS),
        lambda: stacked(lambda m: jnp.stack([data(m), 2 * data(m)]), MODELS),
    ),
    "vmap of the adjoint": (
        lambda: jax.vmap(lambda y: F(M).T @ y)(jnp.stack([Y, Y + 1])),
        lambda: stacked(lambda y: F(M).T @ y, [Y, Y + 1]),
    ),
    "vmap of the Jacobian": (
        lambda: jax.vmap(lambda dm: F.jacobian(M, Q) @ dm)(MODELS),
        lambda: stacked(lambda dm: F.jacobian(M, Q) @ dm, MODELS),
    ),
    "vmap of migration": (
        lambda: jax.vmap(lambda y: F.jacobian(M, Q).T @ y)(jnp.stack([Y, Y + 1])),
        lambda: stacked(lambda y: F.jacobian(M, Q).T @ y, [Y, Y + 1]),
    ),
    "scan over shots": (lambda: scanned(Q), lambda: data(M)),
    "grad of scan over shots": (lambda: jax.grad(scanned_loss)(M), lambda: gradient(M)),
    "grad of checkpoint": (lambda: jax.grad(jax.checkpoint(loss))(M), lambda: gradient(M)),
    "closed-over model": (lambda: jax.grad(outer)(1.1), lambda: outer_slope(1.1)),
    "jvp": (lambda: jax.jvp(lambda m: data(m, F=ANY), (M,), (DM,)), lambda: (data(M), F.jacobian(M, Q) @ DM)),
    "jit of jvp in model and source": (
        lambda: jax.jit(lambda *t: jax.jvp(lambda m, q: data(m, q, ANY), (M, Q), t))(DM, Q + 1)[1],
        lambda: F.jacobian(M, Q) @ DM + data(M, Q + 1),
    ),
    "linearize": (lambda: jax.linearize(lambda m: data(m, F=ANY), M)[1](DM), lambda: F.jacobian(M, Q) @ DM),
    "grad where any derivative is allowed": (lambda: jax.grad(lambda m: loss(m, ANY))(M), lambda: gradient(M)),
    "jvp of a linear map": (lambda: jax.jvp(F(M).mv, (Q,), (Q + 1,)), lambda: (data(M), data(M, Q + 1))),
    "linear_transpose of a linear map": (lambda: jax.linear_transpose(F(M).mv, Q)(Y)[0], lambda: F(M).T @ Y),
    "jvp of the Jacobian": (
        lambda: jax.jvp(F.jacobian(M, Q).mv, (DM,), (M,)), lambda: (F.jacobian(M, Q) @ DM, F.jacobian(M, Q) @ M),
    ),
    "linear_transpose of the Jacobian": (
        lambda: jax.linear_transpose(F.jacobian(M, Q).mv, DM)(Y)[0], lambda: F.jacobian(M, Q).T @ Y,
    ),
    "transpose of the transpose": (
        lambda: jax.linear_transpose(F.jacobian(M, Q).T.mv, Y)(DM)[0], lambda: F.jacobian(M, Q) @ DM,
    ),
    "gradient of scattering in the source": (
        lambda: jax.grad(lambda q: jnp.sum((F.jacobian(M, q) @ DM) * Y))(Q),
        lambda: jax.linear_transpose(lambda q: F.jacobian(M, q) @ DM, Q)(Y)[0],
    ),
    "gradient of a migrated image in the data": (
        lambda: jax.grad(lambda y: jnp.sum((F.jacobian(M, Q).T @ y) * DM))(Y), lambda: F.jacobian(M, Q) @ DM,
    ),
    "gradient of a migrated image in the source": (
        lambda: jax.grad(lambda q: jnp.sum((F.jacobian(M, q).T @ Y) * DM))(Q),
        lambda: jax.grad(lambda q: jnp.sum((F.jacobian(M, q) @ DM) * Y))(Q),
    ),
}


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_transformation(name):
    transformed, plain = TRANSFORMATIONS[name]
    assert_close(transformed(), plain())


# --- dense derivatives on a tiny grid -------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    """``m -> F(m) q`` of 9 receivers times 17 levels on 20 nodes, and its dense derivative."""
    monkeypatch.setenv("JAXSEIS_THREADS", "1")
    spread = js.Geometry.spread(**TINY.random_points(9, seed=1))
    F = js.Modeling(TINY.wave(differentiation="any"), TINY.sources[:1], spread)
    m, q = TINY.medium().m, TINY.noise(1, TINY.time.size, 1, seed=1)
    return F, m, q


@pytest.mark.parametrize("jacobian", [jax.jacfwd, jax.jacrev])
@pytest.mark.parametrize("jit", [jax.jit, lambda f: f])
def test_dense_jacobians(tiny, jacobian, jit):
    F, m, q = tiny
    columns = jnp.stack([F.jacobian(m, q) @ e for e in jnp.eye(20).reshape(20, 5, 4)], -1).reshape(1, 17, 9, 5, 4)
    assert_close(jit(jacobian(lambda m: F(m) @ q))(m), columns)


def test_the_reverse_jacobian_by_custom_vjp(tiny):
    F, m, q = tiny
    reverse = js.Modeling(F.wave.replace(differentiation="reverse"), F.sources, F.receivers)
    assert_close(jax.jacrev(lambda m: reverse(m) @ q)(m), jax.jacrev(lambda m: F(m) @ q)(m))


SOLVERS = {  # with smaller tolerances it depends on rounding whether they end
    "LSMR": lx.LSMR(rtol=1e-12, atol=1e-12, conlim=1e12, max_steps=500),
    "CG": lx.Normal(lx.CG(rtol=1e-12, atol=1e-12, max_steps=500)),
}


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())
def test_iterative_solvers_of_lineax_under_jit(tiny, solver):
    F, m, q = tiny
    sampled = lambda J, dm: lx.linear_solve(J, J @ dm, solver).value  # noqa: E731
    dm = TINY.noise(5, 4, seed=7)
    J = F.jacobian(m, q)
    assert_close(jax.jit(sampled)(J, dm), dm, "solver")


# --- second derivatives --------------------------------------------------------------------------

def test_hessian_products_on_the_xla_engine():
    """Symmetric, and the derivative of the gradient."""
    X = js.Modeling(TINY.wave(engine="xla"), TINY.sources, js.Geometry.spread(**TINY.random_points(3, seed=1)))
    m, q = TINY.medium().m, TINY.noise(2, TINY.time.size, 1, seed=1)
    y = TINY.noise(2, TINY.time.size, 3, seed=2)
    g = jax.jit(jax.grad(lambda m: 0.5 * jnp.sum((X(m) @ q - y) ** 2)))
    product = jax.jit(lambda dm: jax.jvp(g, (m,), (dm,))[1])
    v, w = TINY.noise(5, 4, seed=3), TINY.noise(5, 4, seed=4)
    assert_close(inner(v, product(w)), inner(product(v), w))
    step = 1e-5
    assert_close(product(v), (g(m + step * v) - g(m - step * v)) / (2 * step), "differences")


def test_forward_mode_of_the_reverse_map_is_refused_by_jax():
    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jvp(loss, (M,), (DM,))


# --- host calls, traces, kernels -----------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """Counts calls of the host engine by kind."""
    count, lock = Counter(), threading.Lock()

    def counting(kind, call):
        def counted(*arguments, **options):
            with lock:
                count[kind] += 1
            return call(*arguments, **options)

        return counted

    for kind in ("forward", "born", "gradient"):
        monkeypatch.setattr(_host, kind, counting(kind, getattr(_host, kind)))
    return count


COUNTED = {
    "value and gradient": (lambda: jax.value_and_grad(loss)(M), {"forward": 1, "gradient": 1}),
    "the same in jit": (lambda: jax.jit(jax.value_and_grad(loss))(M), {"forward": 1, "gradient": 1}),
    "value": (lambda: jax.jit(loss)(M), {"forward": 1}),
    "gradient in the source only": (lambda: jax.grad(lambda q: jnp.sum(data(M, q) ** 2))(Q), {"forward": 2}),
    "gradient in model and source": (
        lambda: jax.grad(lambda m, q: jnp.sum(data(m, q) ** 2), (0, 1))(M, Q), {"forward": 1, "gradient": 1},
    ),
    "born": (lambda: F.jacobian(M, Q) @ DM, {"born": 1}),
    "migration": (lambda: F.jacobian(M, Q).T @ Y, {"gradient": 1}),
    "adjoint": (lambda: F(M).T @ Y, {"forward": 1}),
    "a batch of sources": (lambda: jax.vmap(lambda q: data(M, q))(jnp.stack([Q, Q + 1])), {"forward": 1}),
    "a batch of models": (lambda: jax.vmap(data)(MODELS), {"forward": 3}),
    "scan": (lambda: scanned(Q), {"forward": 2}),
    "linearize once, apply twice": (
        lambda: (lambda f: (f(DM), f(M)))(jax.linearize(lambda m: data(m, F=ANY), M)[1]), {"forward": 1, "born": 2},
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_host_calls(name, calls):
    compute, expected = COUNTED[name]
    jax.block_until_ready(compute())
    assert calls == expected


def test_new_arrays_neither_trace_nor_build_again():
    traces = []

    @jax.jit
    def value_and_grad(F, m, q):
        traces.append(1)
        return jax.value_and_grad(lambda m: jnp.sum((F(m) @ q) ** 2))(m)

    value_and_grad(F, M, Q)
    built = _kernel.builds
    moved = js.Modeling(E.case.wave(), js.Geometry(**E.case.random_points(2, seed=20)), E.case.receivers)
    value_and_grad(F, 1.1 * M, Q + 1)
    value_and_grad(moved, 0.9 * M, 2 * Q)
    assert len(traces) == 1
    assert _kernel.builds == built


def test_python_threads_may_call_at_once():
    compute = jax.jit(jax.value_and_grad(loss))
    expected = [compute(m) for m in MODELS]
    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(compute, [*MODELS, *MODELS]))
    assert_close(got, expected * 2)


# --- pytrees -------------------------------------------------------------------------------------

PYTREES = {
    "sources": E.case.sources,
    "spread": E.case.receivers,
    "ragged": js.Geometry.ragged([[[110.0, 0.0]], [[120.0, 1.0]] * 2]),
    "medium": E.m,
    "projection": F.receivers,
    "modeling": F,
    "operator": F(M),
    "inverse": F.wave(M).inv,
    "equation at a model": F.wave(M),
    "jacobian": E.J,
    "extended source": js.ExtendedSource(Q[:, :, 0], F.wave),
    "transpose": F(M).T,
    "FWI": js.FWI(F, Q, Y),
    "LSRTM": js.LSRTM(F.jacobian(M, Q), Y),
    "shots": js.Shots(Y, E.case.sources, E.case.receivers, E.case.time),
}


@pytest.mark.parametrize("name", PYTREES)
def test_pytree_round_trip(name):
    tree = PYTREES[name]
    leaves, treedef = jax.tree.flatten(tree)
    again = jax.tree.unflatten(treedef, leaves)
    assert leaves
    assert type(again) is type(tree)
    assert all(isinstance(leaf, jax.Array) for leaf in leaves)
    assert jax.tree.structure(again) == treedef
    assert isinstance(hash(treedef), int)
    out = jax.jit(lambda x: x)(tree)
    assert jax.tree.structure(out) == treedef
    assert error(jax.tree.leaves(out), leaves) == 0


STATIC = [F.wave, E.case.grid, E.case.time, js.PML(), js.Sponge(), js.Linear(), js.Sinc(), js.InMemory()]


@pytest.mark.parametrize("static", STATIC, ids=lambda s: type(s).__name__)
def test_static_objects_have_no_leaves_and_compare_by_value(static):
    from copy import deepcopy

    assert jax.tree.leaves(static) == []
    assert deepcopy(static) == static
    assert hash(deepcopy(static)) == hash(static)



def test_numpy_models_are_taken():
    assert_close(F(np.asarray(M)) @ np.asarray(Q), data(M))
