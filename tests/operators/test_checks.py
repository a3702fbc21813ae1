"""The checks accept what is right in either precision and at any magnitude, and refuse what is wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.operators.basic import fourier, matrix, normal

from jaxseis.operators import FunctionOperator, Identity, Matrix
from jaxseis.operators._base import LinearOperator, structure_of
from jaxseis.operators.checks import CheckResult, TaylorResult, dot_test, linearity_test, random_like, taylor_test

PRECISIONS = (jnp.float32, jnp.float64)
MAGNITUDES = (1e-30, 1e-12, 1.0, 1e12, 1e30)
KEYS = [jax.random.key(k) for k in range(5)]


def pair(array, adjoint):
    """An operator with an adjoint of one's own choice."""
    forward, backward = jnp.asarray(array), jnp.asarray(adjoint)
    domain = jax.ShapeDtypeStruct(forward.shape[1:], forward.dtype)
    return FunctionOperator(lambda x: forward @ x, domain, adjoint=lambda y: backward @ y)


class Function(LinearOperator):
    """A function of four numbers that claims to be linear."""

    function: object

    def mv(self, x):
        return self.function(x)

    def in_structure(self):
        return structure_of(jnp.zeros(4))


# Dot test.


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_dot_test_does_not_depend_on_magnitude(dtype, magnitude):
    M = (magnitude * normal(30, 20)).astype(dtype)
    assert dot_test(pair(M, M.T))
    for wrong in (1.01 * M.T, M.T.at[3, 4].multiply(2.0), -M.T, 0 * M.T):
        assert not dot_test(pair(M, wrong))
    assert not dot_test(pair(0 * M, M.T))


@pytest.mark.parametrize("key", KEYS)
def test_dot_test_with_other_keys(key):
    M = normal(30, 20)
    assert dot_test(pair(M, M.T), key)
    assert not dot_test(pair(M, 1.01 * M.T), key)


def test_dot_test_measures_the_error_it_says():
    M, N = normal(3, 4), normal(3, 4, seed=1)
    keys = jax.random.split(jax.random.key(0))
    x, y = random_like(structure_of(jnp.zeros(4)), keys[0]), random_like(structure_of(jnp.zeros(3)), keys[1])
    expected = abs(y @ (M @ x) - x @ (N.T @ y)) / (jnp.linalg.norm(M @ x) * jnp.linalg.norm(y))
    np.testing.assert_allclose(dot_test(pair(M, N.T)).error, expected, rtol=1e-12)


def test_dot_test_tells_the_transpose_from_the_adjoint():
    M = normal(4, 4, dtype=complex)
    assert dot_test(pair(M, M.conj().T))
    assert not dot_test(pair(M, M.T))


def test_dot_test_of_zero_passes():
    result = dot_test(pair(jnp.zeros((3, 4)), jnp.zeros((4, 3))))
    assert result
    assert result.error == 0


def test_dot_test_of_nan_fails():
    result = dot_test(pair(jnp.full((3, 4), jnp.nan), jnp.ones((4, 3))))
    assert not result
    assert np.isnan(result.error)


def test_default_tolerance_follows_the_coarser_precision():
    assert dot_test(matrix(3, 4)).tolerance == 1e-12
    assert dot_test(matrix(3, 4, dtype=jnp.float32)).tolerance == 1e-6
    assert dot_test(matrix(3, 4, dtype=jnp.complex64)).tolerance == 1e-6
    rounded = FunctionOperator(lambda x: x.astype(jnp.float32), jnp.zeros(4))
    assert dot_test(rounded).tolerance == 1e-6
    half = dot_test(Identity(jax.ShapeDtypeStruct((4,), jnp.bfloat16)))
    assert half
    assert half.tolerance > 1e-3


def test_tolerance_may_be_given():
    M = normal(30, 20)
    assert dot_test(pair(M, (1 + 1e-5) * M.T), tolerance=1e-3)
    assert not dot_test(pair(M, (1 + 1e-5) * M.T), tolerance=1e-9)


def test_result_prints_its_figures():
    result = CheckResult("dot test", 2.5e-3, 1e-6)
    assert str(result) == "dot test FAILED: relative error 2.50e-03, tolerance 1e-06"
    assert str(CheckResult("dot test", 0.0, 1e-6)) == "dot test passed: relative error 0.00e+00, tolerance 1e-06"
    assert not result.passed
    assert dot_test(matrix(3, 4)).check == "dot test"
    assert linearity_test(matrix(3, 4)).check == "linearity test"


def test_a_result_of_another_structure_is_an_error():
    class Liar(LinearOperator):
        def mv(self, x):
            return x[:3]

        def in_structure(self):
            return structure_of(jnp.zeros(4))

        def out_structure(self):
            return structure_of(jnp.zeros(5))

    for check in (dot_test, linearity_test):
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
            check(Liar())
        assert str(error.value) == "result of Liar: expected shape (5,) of float64, got shape (3,) of float64."


# Linearity test.


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_linearity_test_accepts_matrices(dtype, key):
    for magnitude in MAGNITUDES:
        assert linearity_test(Matrix((magnitude * normal(30, 20)).astype(dtype)), key)
    assert linearity_test(fourier(), key)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 1.0,
        lambda x: x + 1e-9,
        jnp.abs,
        lambda x: x**2,
        lambda x: jnp.linalg.norm(x) * jnp.ones(4),
        lambda x: x * (1 + 1e-9 * x),
        lambda x: jnp.sort(x),
        lambda x: x**3 / jnp.sum(x**2),  # homogeneous, not additive
        lambda x: x * jnp.nan,
    ],
)
def test_linearity_test_refuses_other_functions(function):
    assert not linearity_test(Function(function))


def test_linearity_test_sees_additivity_without_homogeneity():
    # over the rational numbers additive functions are homogeneous: rounding to a grid is nearly additive
    coarse = Function(lambda x: jnp.floor(x * 2**40) / 2**40)
    assert not linearity_test(coarse, tolerance=1e-13)


def test_linearity_test_of_zero_passes():
    assert linearity_test(Function(jnp.zeros_like)).error == 0


# Taylor test.

X = jnp.array([0.3, -1.2, 0.7, 2.0])
SMOOTH = {
    "sines": lambda x: jnp.sum(jnp.sin(x) ** 3),
    "exponential": lambda x: jnp.sum(jnp.exp(x)),
    "quadratic": lambda x: jnp.sum((x[1:] * x[:-1] - 1) ** 2),
    "large": lambda x: 1e20 * jnp.sum(jnp.sin(x)),
    "small": lambda x: 1e-20 * jnp.sum(jnp.sin(x)),
    "offset": lambda x: 10.0 + jnp.sum(jnp.cos(x)),
}


@pytest.mark.parametrize("f", SMOOTH.values(), ids=SMOOTH.keys())
def test_taylor_test_accepts_gradients(f):
    result = taylor_test(f, X)
    assert result, str(result)
    assert len(result.steps) == len(result.differences) == len(result.remainders) == 5


@pytest.mark.parametrize("name", ["exponential", "quadratic"])
@pytest.mark.parametrize("seed", range(4))
def test_taylor_test_accepts_gradients_in_single_precision(name, seed):
    result = taylor_test(SMOOTH[name], normal(20, seed=seed).astype(jnp.float32))
    assert result, str(result)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("f", SMOOTH.values(), ids=SMOOTH.keys())
@pytest.mark.parametrize("error", [0.02, -2.0])
def test_taylor_test_refuses_wrong_gradients(f, error, dtype):
    x = X.astype(dtype)
    gradient = jax.grad(f)(x)
    assert not taylor_test(f, x, derivative=lambda dx: (1 + error) * jnp.vdot(gradient, dx))


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6])
def test_taylor_test_does_not_depend_on_units(scale):
    assert taylor_test(lambda x: jnp.sum(jnp.sin(x / scale) ** 3), scale * X)
    assert taylor_test(SMOOTH["sines"], X, dx=scale * jnp.ones(4))


def test_taylor_test_of_a_linear_function_has_no_second_remainder():
    result = taylor_test(lambda x: jnp.vdot(x, jnp.arange(4.0)), X)
    assert result
    assert result.second == np.inf
    wrong = taylor_test(lambda x: jnp.vdot(x, jnp.arange(4.0)), X, derivative=lambda dx: 1.001 * dx @ jnp.arange(4.0))
    assert not wrong
    np.testing.assert_allclose(wrong.second, 1.0, atol=0.01)


def test_taylor_test_uses_reverse_mode_only():
    @jax.custom_vjp
    def f(x):
        return jnp.sum(x**3)

    f.defvjp(lambda x: (f(x), x), lambda x, g: (3 * g * x**2,))
    assert taylor_test(f, X)

    @jax.custom_vjp
    def wrong(x):
        return jnp.sum(x**3)

    wrong.defvjp(lambda x: (f(x), x), lambda x, g: (2 * g * x**2,))
    assert not taylor_test(wrong, X)


def test_taylor_test_of_a_vector_valued_function():
    def f(x):
        return {"a": jnp.sin(x), "b": (jnp.outer(x, x),)}

    derivative = jax.linearize(f, X)[1]
    assert taylor_test(f, X, derivative=derivative)
    assert not taylor_test(f, X, derivative=lambda dx: jax.tree.map(lambda v: 1.01 * v, derivative(dx)))


def test_taylor_test_of_complex_and_nested_arguments():
    x = {"m": normal(3), "q": normal(2, dtype=complex)}

    def f(x):
        return jnp.sum(jnp.abs(x["q"]) ** 4) * jnp.sum(x["m"] ** 2) + jnp.sum((x["q"] ** 3).imag)

    assert taylor_test(f, x)
    unconjugated = jax.tree.map(jnp.conj, jax.grad(f)(x))
    wrong = taylor_test(f, x, derivative=lambda dx: sum(jnp.sum(unconjugated[k] * dx[k]).real for k in ("m", "q")))
    assert not wrong


def test_taylor_test_at_zero():
    assert taylor_test(lambda x: jnp.sum(jnp.exp(x)), jnp.zeros(4))


def test_taylor_test_takes_steps():
    result = taylor_test(SMOOTH["sines"], X, dx=jnp.ones(4), steps=[1e-2, 1e-3, 1e-4])
    assert result
    assert result.steps == (1e-2, 1e-3, 1e-4)
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        taylor_test(SMOOTH["sines"], X, steps=[1e-2, 1e-3])
    assert str(error.value) == "steps: expected three or more values of h, got [0.01, 0.001]."


def test_taylor_test_sees_rounding_as_failure():
    result = taylor_test(SMOOTH["sines"], X, dx=jnp.ones(4), steps=[1e-2, 1e-6, 1e-10])
    assert not result


def test_taylor_test_of_a_constant_fails():
    result = taylor_test(lambda x: jnp.asarray(1.0), X)
    assert not result
    assert np.isnan(result.first)


def test_taylor_test_wants_a_derivative_of_a_vector_valued_function():
    for f in (jnp.sin, lambda x: jnp.sum(1j * x), lambda x: (jnp.sum(x),)):
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
            taylor_test(f, X)
        assert str(error.value) == (
            "derivative: expected a function dx -> f'(x) dx, since f is not one real number, got None."
        )


def test_taylor_test_refuses_a_derivative_of_another_structure():
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        taylor_test(jnp.sin, X, derivative=lambda dx: jnp.sum(dx))
    assert str(error.value) == "derivative(dx): expected shape (4,) of float64, got shape () of float64."


def test_taylor_result_prints_the_table():
    result = TaylorResult(1.0, 1.0, 0.05, (0.1, 0.05), (1.0, 0.5), (0.2, 0.1))
    assert str(result) == (
        "Taylor test FAILED: orders 1.000 (1) and 1.000 (2), tolerance 0.05\n"
        "  h = 1.000e-01   first 1.000e+00   second 2.000e-01\n"
        "  h = 5.000e-02   first 5.000e-01   second 1.000e-01"
    )


def test_checks_work_without_x64():
    with jax.enable_x64(False):
        M = jax.random.normal(jax.random.key(0), (30, 20))
        assert M.dtype == jnp.float32
        assert dot_test(Matrix(M))
        assert dot_test(Matrix(1e-30 * M))
        assert linearity_test(Matrix(M))
        assert not dot_test(pair(M, 1.01 * M.T))
