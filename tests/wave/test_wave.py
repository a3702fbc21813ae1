"""The algebra of wave operators: what may be composed with what, in any order, and gives the same."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import experiment, parameters
from helpers.tolerances import TAYLOR, TOLERANCES, assert_close

import jaxseis as js
from jaxseis.operators import Diagonal, Identity, Restriction, VStack, inner
from jaxseis.operators._algebra import Composition
from jaxseis.operators._structure import same_structure, structure_of
from jaxseis.wave.inverse import Inverse
from jaxseis.wave.projection import End

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
NAMES = ["2-D bare constant density", "2-D free surface variable density"]
every_case = pytest.mark.parametrize("name", NAMES)


def parts(name, **changes):
    """An experiment, and Pr, A(m)^-1 and Ps of it."""
    e = experiment(name)
    F = e.case.modeling(**changes)
    return e, F.receivers, F.wave(e.m).inv, F.sources


def adjoint(dtype="float64"):
    return TOLERANCES[dtype]["adjoint"]


# --- fusing --------------------------------------------------------------------------------------


@every_case
def test_the_product_is_modelling(name):
    e, Pr, inv, Ps = parts(name)
    assert_close(Pr @ inv @ Ps.T @ e.q, e.F(e.m) @ e.q)


@pytest.mark.parametrize(("name", "engine"), [*((name, "devito") for name in NAMES), (NAMES[0], "xla")])
def test_the_fused_product_is_the_product_of_wavefields(name, engine):
    e, Pr, inv, Ps = parts(name, engine=engine)
    source = Ps.T @ e.q
    field = inv @ source
    assert source.shape == field.shape == (2, e.case.time.size, *e.case.shape)
    assert_close(Pr @ field, Pr @ inv @ Ps.T @ e.q)
    assert_close(Pr @ (inv @ source), (Pr @ inv) @ source)
    assert_close(inv @ Ps.T @ e.q, field)


@every_case
def test_it_fuses_in_any_association(name):
    e, Pr, inv, Ps = parts(name)
    products = [(Pr @ inv) @ Ps.T, Pr @ (inv @ Ps.T), Pr @ inv @ Ps.T]
    for fused in products:
        assert isinstance(fused, Inverse)
        assert jax.tree.structure(fused) == jax.tree.structure(products[0])
        assert_close(fused @ e.q, e.F(e.m) @ e.q)
        assert_close(fused.T @ e.y, e.F(e.m).T @ e.y)


@every_case
def test_the_transpose_of_the_product(name):
    e, Pr, inv, Ps = parts(name)
    assert_close((Pr @ inv @ Ps.T).T @ e.y, Ps @ ((Pr.with_shots(2) @ inv).T @ e.y))


def test_transposed_factors_in_reverse_order():
    e, Pr, inv, Ps = parts(NAMES[0])
    assert_close(Ps @ inv.T @ Pr.T @ e.y, e.F(e.m).T @ e.y)


@every_case
@pytest.mark.parametrize("ends", list(product(["points", "field", "weights"], repeat=2)), ids=" to ".join)
def test_the_adjoint_between_any_two_ends(name, ends):
    e, Pr, inv, Ps = parts(name)
    made = {"field": None, "weights": js.ExtendedSource(e.case.noise(2, e.case.time.size, seed=3), e.F.wave)}
    source, receiver = (made.get(kind, point) for kind, point in zip(ends, (Ps, Pr), strict=True))
    A = inv if source is None else inv @ source.T
    A = A if receiver is None else receiver @ A
    assert isinstance(A, Inverse)
    assert js.dot_test(A, tolerance=adjoint())
    assert js.linearity_test(A, tolerance=adjoint())


@every_case
def test_each_end_alone(name):
    e, Pr, _, Ps = parts(name)
    for end in (Ps, Pr.with_shots(2), js.ExtendedSource(e.case.noise(2, e.case.time.size, seed=3), e.F.wave)):
        assert isinstance(end, End)
        assert js.dot_test(end, tolerance=adjoint())
    sinc = js.Projection(e.case.sources, e.F.wave.replace(interpolation=js.Sinc(radius=3)))
    assert js.dot_test(sinc, tolerance=adjoint())


def test_a_point_source_is_a_unit_weight_on_the_grid():
    e = experiment(NAMES[0])
    Ps = js.Projection(js.Geometry(**e.case.points([[0.5, 0.5]])), e.F.wave)
    source = Ps.T @ e.q[:1]
    expected = jnp.zeros_like(source).at[:, :, 10, 8].set(e.q[:1, :, 0])
    assert_close(source, expected)


# --- extended sources ----------------------------------------------------------------------------


def extended(name, shots=2, **changes):
    e = experiment(name)
    F = e.case.modeling(**changes)
    wavelet, weights = e.case.noise(shots, e.case.time.size, seed=3), e.case.noise(2, *e.case.shape, seed=4)
    return e, F, js.ExtendedSource(wavelet, F.wave), wavelet, weights


@every_case
@pytest.mark.parametrize("shots", [1, 2])
def test_an_extended_source_is_weights_times_wavelet(name, shots):
    e, F, Pw, wavelet, weights = extended(name, shots)
    field = weights[:, None] * wavelet.reshape(shots, -1, *[1] * len(e.case.shape))
    assert_close(Pw.T @ weights, field)
    fused = F.receivers @ F.wave(e.m).inv @ Pw.T
    assert isinstance(fused, Inverse)
    assert_close(fused @ weights, F.receivers @ F.wave(e.m).inv @ field)
    assert_close(Pw @ field, jnp.einsum("st,stxz->sxz", jnp.broadcast_to(wavelet, (2, e.case.time.size)), field))


@every_case
def test_modelling_of_an_extended_source_in_both_engines(name):
    def derivatives(G, e, weights):
        d, vjp = jax.vjp(lambda w, m: G(m) @ w, weights, e.m)
        return d, vjp(e.y), G.jacobian(e.m, weights) @ e.dm

    results = {}
    for engine, jit in (("devito", lambda f: f), ("xla", jax.jit)):
        e, F, Pw, _, weights = extended(name, engine=engine)
        G = js.Modeling(F.wave, Pw, F.receivers)
        results[engine] = jit(lambda G, e=e, weights=weights: derivatives(G, e, weights))(G)
    assert_close(results["devito"], results["xla"], "engines")


@every_case
def test_the_gradient_in_the_wavelet_of_an_extended_source(name):
    e, F, Pw, wavelet, weights = extended(name)

    def loss(wavelet, m):
        G = js.Modeling(F.wave, js.ExtendedSource(wavelet, F.wave), F.receivers)
        return 0.5 * jnp.sum((G(m) @ weights - e.y) ** 2)

    concrete = jax.grad(loss)(wavelet, e.m)
    residual = js.Modeling(F.wave, Pw, F.receivers)(e.m) @ weights - e.y
    adjoint_field = (F.receivers.with_shots(2) @ F.wave(e.m).inv).T @ residual
    assert_close(concrete, jnp.einsum("sxz,stxz->st", weights, adjoint_field))
    traced_too, _ = jax.grad(loss, (0, 1))(wavelet, e.m)
    assert_close(traced_too, concrete)
    assert js.taylor_test(lambda w: loss(w, e.m), wavelet, tolerance=TAYLOR)


@every_case
def test_the_gradient_through_correlation_with_a_wavelet(name):
    """The other direction: an extended receiver, differentiated in its wavelet and in the model."""
    e, F, Pw, wavelet, weights = extended(name)

    def loss(wavelet, m):
        image = js.Modeling(F.wave, F.sources, js.ExtendedSource(wavelet, F.wave))(m) @ e.q
        return 0.5 * jnp.sum((image - weights) ** 2)

    def by_wavefields(wavelet, m):
        field = F.wave(m).inv @ F.sources.T @ e.q
        return 0.5 * jnp.sum((jnp.einsum("st,stxz->sxz", wavelet, field) - weights) ** 2)

    got, expected = (jax.value_and_grad(f, (0, 1))(wavelet, e.m) for f in (loss, by_wavefields))
    assert_close(got, expected)


def test_weights_of_one_shot():
    e, F, _, wavelet, weights = extended(NAMES[0])
    Pw = js.ExtendedSource(wavelet[0], F.wave)
    assert_close(F.receivers @ F.wave(e.m).inv @ Pw.T @ weights[0], F.receivers @ F.wave(e.m).inv @ Pw.T @ weights[:1])


# --- wavefields and the model --------------------------------------------------------------------


@every_case
def test_wavefields_are_differentiable_in_the_model(name):
    e, Pr, _, Ps = parts(name)
    y = e.case.noise(2, e.case.time.size, *e.case.shape, seed=5)
    A = e.F.wave
    loss = lambda m: jnp.sum((A(m).inv @ Ps.T @ e.q) * y)  # noqa: E731
    assert js.taylor_test(loss, e.m, e.dm, tolerance=TAYLOR)


@every_case
def test_a_product_is_differentiable_in_the_model_and_in_positions(name):
    e, Pr, _, Ps = parts(name, interpolation=js.Linear())
    A = e.F.wave
    by_parts = jax.grad(lambda m: jnp.sum((Pr @ A(m).inv @ Ps.T @ e.q) * e.y))(e.m)
    assert_close(by_parts, e.J.T @ e.y)


# --- selecting shots -----------------------------------------------------------------------------

SELECTIONS = [0, 1, -1, slice(None), slice(1, None), np.array([1, 0]), [1], jnp.array([0, 0, 1])]


@pytest.mark.parametrize("shots", SELECTIONS, ids=str)
def test_selected_shots(shots, monkeypatch):
    monkeypatch.setenv("JAXSEIS_THREADS", "1")
    e = experiment(NAMES[0])
    chosen = np.atleast_1d(np.arange(2)[shots])
    F, J = e.F[shots], e.J[shots]
    assert F.shots == J.F.shots == len(chosen)
    assert_close(F(e.m) @ e.q[chosen], (e.F(e.m) @ e.q)[chosen])
    assert_close(J @ e.dm, (e.J @ e.dm)[chosen])
    assert same_structure(J.in_structure(), e.J.in_structure())


def test_selected_shots_of_a_ragged_geometry():
    e = experiment(NAMES[0])
    ragged = js.Geometry.ragged([e.case.table(e.case.random_points(n, seed=n)) for n in (4, 2)])
    F = js.Modeling(e.F.wave, e.case.sources, ragged)
    swapped = np.array([1, 0])
    assert_close(F[swapped](e.m) @ e.q[swapped], (F(e.m) @ e.q)[swapped])


def test_shots_of_an_extended_source_are_not_selected():
    e, F, Pw, *_ = extended(NAMES[0])
    with pytest.raises(ValueError, match=r"F\[...\]: expected sources and receivers at points"):
        js.Modeling(F.wave, Pw, F.receivers)[0]


# --- broadcasting --------------------------------------------------------------------------------


@every_case
def test_wavelets_broadcast(name):
    e = experiment(name)
    one, each = e.q[0, :, 0], e.q[:, :, 0]
    full = jnp.broadcast_to(one[None, :, None], e.q.shape)
    for A in (e.F(e.m), e.F.receivers @ e.F.wave(e.m).inv @ e.F.sources.T):
        assert_close(A @ one, A @ full)
        assert_close(A @ each, A @ e.q)
    assert_close(e.F.sources.T @ one, e.F.sources.T @ full)
    assert_close(e.F.jacobian(e.m, one) @ e.dm, e.F.jacobian(e.m, full) @ e.dm)
    assert_close(e.F.jvp(e.m, e.dm, e.q), (e.F(e.m) @ e.q, e.J @ e.dm))


def test_a_model_may_be_an_array_or_a_medium():
    e = experiment(NAMES[0])
    assert_close(e.F(e.m.m) @ e.q, e.F(e.m) @ e.q)
    assert_close(e.F.jacobian(e.m.m, e.q) @ e.dm.m, e.J @ e.dm)
    assert_close(e.F.jacobian(e.m.m, e.q).T @ e.y, (e.J.T @ e.y).m)


# --- composition with other operators ------------------------------------------------------------


def test_composition_with_operators_on_data_and_models():
    e = experiment(NAMES[1])
    A, J = e.F(e.m), e.J
    mute = Diagonal(e.case.noise(1, e.case.time.size, 1, seed=6), A.out_structure())
    pick = Restriction([4, 1], axis=2, in_structure=A.out_structure())
    scale = Diagonal(jax.tree.map(jnp.abs, e.dm))
    chain = pick @ mute @ J @ scale
    scaled = jax.tree.map(lambda d, s: jnp.abs(s) * d, e.dm, e.dm)
    assert isinstance(chain, Composition)
    assert_close(chain @ e.dm, (mute.weights * (J @ scaled))[..., [4, 1]])
    for operator in (chain, pick @ mute @ A, 2.5 * A - A, VStack([J, 0.1 * Identity(J.in_structure())]), J.T @ J):
        assert js.dot_test(operator, tolerance=adjoint())


def test_scaled_operators_still_fuse():
    e, Pr, inv, Ps = parts(NAMES[0])
    scaled = Pr @ (2.0 * inv) @ Ps.T
    assert isinstance(scaled.operator, Inverse)
    assert_close(scaled @ e.q, 2 * e.F(e.m) @ e.q)


def test_the_gram_operator_is_symmetric():
    e = experiment(NAMES[0])
    gram = e.J.T @ e.J
    a, b = e.dm, e.case.perturbation(seed=30)
    assert_close(inner(a, gram @ b), inner(gram @ a, b))
    assert inner(a, gram @ a) > 0


# --- time axes and precision ---------------------------------------------------------------------


@pytest.mark.parametrize("correct_dispersion", [False, True])
def test_resampled_modelling_is_adjoint(correct_dispersion):
    e = experiment(NAMES[0])
    case = e.case.replace(time=js.TimeAxis(duration=60.0, step=4.0))
    F = case.modeling(correct_dispersion=correct_dispersion)
    q = case.noise(2, case.time.size, 1, seed=1)
    assert F.wave.step < 0.5 * case.time.step
    assert js.dot_test(F(e.m), tolerance=adjoint())
    assert js.dot_test(F.jacobian(e.m, q), tolerance=adjoint())


@pytest.mark.parametrize("correct_dispersion", [False, True])
def test_resampled_ends_are_adjoint(correct_dispersion):
    e = experiment(NAMES[0])
    case = e.case.replace(time=js.TimeAxis(duration=60.0, step=4.0))
    F = case.modeling(correct_dispersion=correct_dispersion)
    inverse = F.wave(e.m).inv
    Pw = js.ExtendedSource(case.noise(case.time.size, seed=3), F.wave)
    for A in (inverse @ F.sources.T, F.receivers @ inverse @ Pw.T, Pw @ inverse @ F.sources.T):
        assert js.dot_test(A, tolerance=adjoint())


def test_resampled_data_are_samples_of_the_fine_ones():
    """A band-limited wavelet: three times as many samples change nothing at the common times.

    But for the end of the record, where what comes later is not known.
    """
    e = experiment(NAMES[0])
    d = {}
    for step in (3.75, 1.25):
        case = e.case.replace(time=js.TimeAxis(duration=240.0, step=step))
        F = case.modeling(absorbing=js.Sponge(6))
        assert F.wave.step == 1.25
        d[step] = F(js.squared_slowness(jnp.full(case.shape, 2.0))) @ js.ricker(case.time, 0.03, delay=100.0)
    assert_close(d[3.75][:, :45], d[1.25][:, ::3][:, :45], "resampling")


@pytest.mark.parametrize("name", parameters(dtype="float32"))
def test_single_precision(name):
    e = experiment(name)
    A, J = e.F(e.m), e.J
    assert (A @ e.q).dtype == (A.T @ e.y).dtype == (J @ e.dm).dtype == jnp.float32
    assert {g.dtype for g in jax.tree.leaves(J.T @ e.y)} == {jnp.dtype("float32")}
    for operator in (A, J, e.F.receivers @ e.F.wave(e.m).inv, e.F.wave(e.m).inv @ e.F.sources.T):
        assert js.dot_test(operator, tolerance=adjoint("float32"))


# --- structures and mistakes ---------------------------------------------------------------------


@every_case
def test_structures_and_names_of_axes(name):
    e, Pr, inv, Ps = parts(name)
    fields = jax.ShapeDtypeStruct((2, e.case.time.size, *e.case.shape), "float64")
    assert (inv @ Ps.T).out_structure() == (Pr.with_shots(2) @ inv).in_structure() == fields
    A = e.F(e.m)
    assert A.in_structure() == structure_of(e.q)
    assert A.out_structure() == structure_of(e.y)
    assert A.out_axes() == ("shot", "time", "point")
    assert Ps.in_axes() == inv.in_axes() == ("shot", "time", "x", "z")
    assert e.J.in_axes() == ("x", "z")


def test_different_numbers_of_shots_are_refused():
    e = experiment(NAMES[0])
    three = js.Geometry(**e.case.random_points(3, seed=1))
    with pytest.raises(ValueError, match="shots: expected as many shots .* 2 at the sources and 3 at the receivers"):
        js.Modeling(e.F.wave, e.case.sources, three)(e.m)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda e: e.F(e.m) @ e.q[:, :-1], r"shape \(2, 41, 1\) \(shot, time, point\)"),
        (lambda e: e.F(e.m) @ e.q[:1], r"shape \(2, 41, 1\) \(shot, time, point\).*got shape \(1, 41, 1\)"),
        (lambda e: e.F(e.m).T @ e.y[..., :2], r"shape \(2, 41, 5\) \(shot, time, point\)"),
        (lambda e: e.J @ e.dm.m[1:], "operand of Jacobian"),
        (lambda e: js.Modeling(e.F.wave, "here", e.case.receivers), "sources: expected a Geometry, a Projection"),
        (lambda e: js.Projection(js.Geometry(x=1.0, y=1.0, z=1.0), e.F.wave), "geometry: .*positions along x, z"),
        (lambda e: js.ExtendedSource(e.q[0, 1:, 0], e.F.wave), r"wavelet: expected shape \(1, 41\) \(shot, time\)"),
        (lambda e: e.F.jacobian(e.m, e.q[:, 1:]), r"q: expected shape \(2, 41, 1\)"),
    ],
)
def test_operands_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make(experiment(NAMES[0]))
