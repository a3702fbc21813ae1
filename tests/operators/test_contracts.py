"""What every operator in the registry must do. Each test is written once and runs on all of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
from helpers.operators import wave
from helpers.registry import OPERATORS

from jaxseis.operators import as_dense
from jaxseis.operators._base import inner
from jaxseis.operators._structure import same_structure, structure_of, tree_conj
from jaxseis.operators.checks import dot_test, linearity_test, random_like

# a dozen random samples may lack the highest frequencies by chance, and pass for a wavelet
pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")


@pytest.fixture(params=OPERATORS.values(), ids=OPERATORS.keys())
def A(request):
    return request.param()


@pytest.fixture
def x(A):
    return random_like(A.in_structure(), jax.random.key(1))


@pytest.fixture
def y(A):
    return random_like(A.out_structure(), jax.random.key(2))


matrix = jax.jit(as_dense)  # one program, instead of one for each operation


def pairing(x, y):
    """``Re sum x y``, what the transpose is defined by."""
    return inner(tree_conj(x), y)


def assert_close(got, expected):
    assert same_structure(got, expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        eps = jnp.finfo(b.dtype).eps
        np.testing.assert_allclose(a, b, rtol=50 * eps, atol=50 * eps * max(1.0, np.max(np.abs(b), initial=0)))


def test_the_adjoint_is_the_adjoint(A):
    assert dot_test(A)


def test_the_adjoint_of_the_transpose_too(A):
    assert dot_test(A.T)


def test_it_is_linear(A):
    assert linearity_test(A)


def test_the_result_has_the_declared_structure(A, x, y):
    assert same_structure(A @ x, A.out_structure())
    assert same_structure(A.T @ y, A.in_structure())
    assert same_structure(A.H @ y, A.in_structure())


def test_it_is_a_pytree_of_arrays(A, x):
    leaves, treedef = jax.tree.flatten(A)
    assert all(isinstance(leaf, jax.Array) for leaf in leaves)
    assert isinstance(hash(treedef), int)
    assert_close(treedef.unflatten(leaves) @ x, A @ x)


def test_it_passes_through_jit_as_an_argument_without_a_second_trace(A, x):
    traces = []

    @jax.jit
    def apply(A, x):
        traces.append(1)
        return A @ x

    once = jax.tree.map(jnp.copy, A)
    assert_close(apply(A, x), A @ x)
    assert_close(apply(once, x), A @ x)
    assert len(traces) == 1


def test_derivatives_in_the_vector(A, x, y):
    dx = random_like(A.in_structure(), jax.random.key(3))

    @jax.jit
    def derivatives(x, dx, y):
        return jax.jvp(A.mv, (x,), (dx,)), jax.grad(lambda x: pairing(A @ x, y))(x)

    (value, tangent), gradient = derivatives(x, dx, y)
    assert_close(value, A @ x)
    assert_close(tangent, A @ dx)
    assert_close(gradient, A.T @ y)


def test_jax_transposes_it(A, y):
    (x,) = jax.jit(jax.linear_transpose(A.mv, A.in_structure()))(y)
    assert_close(x, A.T @ y)


def test_derivatives_in_its_own_arrays(A, x, y, request):
    if any(f"[{name}]" in request.node.name for name in wave.OPERATORS):
        pytest.skip("derivatives in media, positions and wavelets have tests of their own")
    numbers, rest = eqx.partition(A, eqx.is_inexact_array)
    if not jax.tree.leaves(numbers):
        pytest.skip("it has none")

    def f(numbers):
        return pairing(eqx.combine(numbers, rest) @ x, y)

    direction = random_like(structure_of(numbers), jax.random.key(5))
    slope = jax.jit(lambda v, d: jax.jvp(f, (v,), (d,))[1])(numbers, direction)
    assert_close(pairing(jax.jit(jax.grad(f))(numbers), direction), slope)
    if slope.dtype == float:  # differences say nothing in single precision
        h = 1e-5
        ends = [f(jax.tree.map(lambda v, d, c=c: v + c * h * d, numbers, direction)) for c in (1, -1)]
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * h), slope, rtol=1e-5, atol=1e-6)


def test_vmap_over_the_vector(A):
    batch = random_like(
        jax.tree.map(lambda s: jax.ShapeDtypeStruct((3, *s.shape), s.dtype), A.in_structure()), jax.random.key(4)
    )
    rows = [A @ jax.tree.map(lambda v, i=i: v[i], batch) for i in range(3)]
    assert_close(jax.jit(jax.vmap(lambda x: A @ x))(batch), jax.tree.map(lambda *v: jnp.stack(v), *rows))


def test_transposing_twice_is_the_operator(A, x):
    assert same_structure(A.T.T.in_structure(), A.in_structure())
    assert_close(A.T.T @ x, A @ x)
    assert_close(A.H.H @ x, A @ x)


def test_the_dense_adjoint_is_the_adjoint_of_the_dense(A, x):
    dense = matrix(A)
    assert_close(matrix(A.H), dense.conj().T)
    if jnp.iscomplexobj(dense):  # of real operators the transpose is the adjoint
        assert_close(matrix(A.T), dense.T)


def test_lineax_takes_it(A, x):
    assert lx.linearise(A) is A
    assert_close(lx.conj(A).mv(tree_conj(x)), tree_conj(A @ x))
    tagged = (lx.is_symmetric, lx.is_diagonal, lx.is_positive_semidefinite, lx.is_negative_semidefinite)
    assert all(isinstance(question(A), bool) for question in tagged)


def test_the_tags_hold(A, x):
    if lx.is_symmetric(A):
        assert_close(A.T @ x, A @ x)
    if lx.is_diagonal(A):
        dense = matrix(A)
        assert_close(jnp.diag(lx.diagonal(A)), dense)
    if lx.is_positive_semidefinite(A):
        assert inner(x, A @ x) >= 0


def test_a_wrong_shape_is_named(A, x):
    longer = jax.tree.map(lambda v: jnp.concatenate([v, v]), x)
    with pytest.raises(ValueError, match="operand of .*: expected .*, got "):
        A @ longer
    assert structure_of(longer) != A.in_structure()
