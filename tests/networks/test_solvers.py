"""What every learned solver promises: a batch in, derivatives in everything, little memory."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from helpers.learned import SHAPE, assert_trees_close, born, check_gradient, experiment, perturbed

from jaxseis.backbones import CNN
from jaxseis.flows import Chain, with_memory
from jaxseis.networks import (
    IRIM,
    DescentStep,
    GradientStep,
    LearnedPrimalDual,
    MisfitGradient,
    Preconditioned,
    Problem,
    ProximalStep,
    Shared,
    Unrolled,
    least_squares_gradient,
)
from jaxseis.operators import Diagonal, Matrix, Restriction

DOUBLE = {"param_dtype": jnp.float64}
SMALL = partial(CNN, width=3, space=2, **DOUBLE)
TRACES = partial(CNN, width=3, space=2, **DOUBLE)
STEP = 1e-4


def descent(iterations=2, gradient=least_squares_gradient):
    step = partial(DescentStep, memory=2, step_size=STEP, subnet=SMALL, **DOUBLE)
    return Unrolled(step, iterations, gradient=gradient, rngs=nnx.Rngs(0))


def proximal(iterations=2, gradient=least_squares_gradient):
    step = partial(ProximalStep, step_size=STEP, subnet=SMALL, **DOUBLE)
    return Unrolled(step, iterations, gradient=gradient, rngs=nnx.Rngs(0))


def irim(iterations=2, gradient=least_squares_gradient, memory="invert"):
    options = {"channels": 4, "depth": 1, "step_size": STEP, "subnet": SMALL, "gradient": gradient}
    return IRIM(iterations=iterations, memory=memory, rngs=nnx.Rngs(0), **options, **DOUBLE)


def primal_dual(iterations=2):
    options = {"channels": 2, "scale": 100.0, "primal": SMALL, "dual": TRACES}
    return LearnedPrimalDual(iterations=iterations, rngs=nnx.Rngs(0), **options, **DOUBLE)


SOLVERS = {"descent": descent, "proximal": proximal, "i-RIM": irim, "primal-dual": primal_dual}


def slow_but(name):
    """All solvers, the others marked slow."""
    return [pytest.param(n, marks=() if n == name else pytest.mark.slow) for n in SOLVERS]


def images(seed, count=2):
    return 0.01 * jax.random.normal(jax.random.key(seed), (count, *SHAPE))


def problem(engine="devito"):
    """Two backgrounds, two images."""
    J = jax.tree.map(lambda *leaves: jnp.stack(leaves), born(engine), born(engine, scale=1.1))
    data = jax.vmap(lambda J, x: J @ x)(J, images(0))
    return Problem(jax.lax.stop_gradient(J), data)


def loss_of(network, problem, start):
    return 1e3 * jnp.sum((network(problem, start) - images(0, len(start))) ** 2)


@pytest.mark.parametrize("name", slow_but("proximal"))
def test_gradients_in_weights_start_and_data_are_those_of_differences(name):
    network, given = perturbed(SOLVERS[name]()), problem()

    def loss(everything):
        network, start, data = everything
        return loss_of(network, given._replace(data=data), start)

    check_gradient(loss, (network, images(1), given.data))


@pytest.mark.slow
@pytest.mark.parametrize("name", SOLVERS)
def test_gradients_are_those_of_the_pure_engine(name):
    network = perturbed(SOLVERS[name]())
    gradient = jax.jit(jax.grad(loss_of))
    found, wanted = (gradient(network, problem(engine), images(1)) for engine in ("devito", "xla"))
    assert_trees_close(found, wanted, 1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_sample_does_not_depend_on_its_batch(name):
    network, given = perturbed(SOLVERS[name]()), problem()
    second = jax.tree.map(lambda leaf: leaf[1:], given)
    found, alone = network(given, images(1)), network(second, images(1)[1:])
    np.testing.assert_allclose(found[1:], alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_shared_operator_is_that_of_all(name):
    network, J = perturbed(SOLVERS[name]()), born()
    data = jnp.stack([J @ x for x in images(0)])
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), J)
    found, wanted = (network(Problem(physics, data), images(1)) for physics in (Shared(J), stacked))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", [descent, proximal])
def test_steps_begin_as_gradient_descent(make):
    given, x = problem(), images(1)
    found = make(3)(given, x)
    for _ in range(3):
        x = x - STEP * jax.vmap(lambda x, J, d: J.T @ (J @ x - d))(x, *given)
    np.testing.assert_allclose(found, x, rtol=1e-10)


def test_all_iterates_can_be_had():
    network, given = perturbed(descent(3)), problem()
    iterates = network.iterates(given, images(1))
    assert iterates.shape == (3, 2, *SHAPE)
    np.testing.assert_array_equal(iterates[-1], network(given, images(1)))


def test_an_irim_begins_with_its_start():
    np.testing.assert_allclose(irim()(problem(), images(1)), images(1), rtol=1e-12)


@pytest.mark.slow
def test_inverting_gives_the_gradients_of_storing():
    network, given = perturbed(irim(4)), problem()
    gradient = jax.jit(jax.grad(loss_of))
    inverted = gradient(network, given, images(1))
    for memory in ("remat", "store"):
        assert_trees_close(inverted, gradient(with_memory(network, memory), given, images(1)), 1e-9)


def test_inverting_has_no_derivative_in_physics_and_says_so():
    given = problem()
    for transform in (jax.grad, lambda f: jax.jit(jax.grad(f))):
        with pytest.raises(NotImplementedError, match='physics: an IRIM with memory="invert"'):
            transform(lambda J: loss_of(irim(), given._replace(physics=J), images(1)))(given.physics)


def test_derivatives_in_physics_by_rematerialisation():
    line = partial(CNN, space=1, width=3, **DOUBLE)
    options = {"channels": 2, "depth": 1, "subnet": line, "memory": "remat"}
    network = perturbed(IRIM(1, iterations=2, rngs=nnx.Rngs(0), **options, **DOUBLE))
    A = jax.vmap(Matrix)(jnp.sin(jnp.arange(24.0)).reshape(2, 4, 3))
    check_gradient(lambda A: jnp.sum(network(Problem(A, jnp.ones((2, 4))), jnp.zeros((2, 3))) ** 2), A)


def test_operators_with_whole_numbers_inside():
    R = Restriction(jnp.array([2, 0]), 0, jnp.zeros((4, 3)))
    network = perturbed(irim())
    d = jnp.ones((2, 2, 3))
    gradient = jax.jit(jax.grad(lambda network: jnp.sum(network(Problem(Shared(R), d), jnp.zeros((2, 4, 3))) ** 2)))
    found = gradient(network)
    wanted = gradient(with_memory(network, "store"))
    assert_trees_close(found, wanted, 1e-9)


def test_memory_is_flat_in_the_number_of_iterations():
    def bytes_of(iterations, memory):
        network = irim(iterations, memory=memory)
        compiled = jax.jit(jax.grad(loss_of)).lower(network, problem(), images(1)).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert bytes_of(32, "invert") < 1.1 * bytes_of(4, "invert")
    assert bytes_of(32, "store") > 3 * bytes_of(4, "store")


@pytest.mark.slow
@pytest.mark.parametrize("make", [descent, irim])
def test_nonlinear_modelling_is_unrolled(make):
    F, m, q = experiment("xla")
    gradient = MisfitGradient(lambda x, q, d: 0.5 * jnp.sum((F(m + x) @ q - d) ** 2))
    given = Problem(Shared(q), jnp.stack([F(m + x) @ q for x in images(0)]))
    network = perturbed(make(gradient=gradient))
    check_gradient(lambda network: loss_of(network, given, images(1)), network)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("param_dtype", [jnp.float32, jnp.float64])
def test_images_keep_their_precision(name, param_dtype):
    network = jax.tree.map(lambda v: v.astype(param_dtype), SOLVERS[name]())
    A, data = Diagonal(jnp.ones(SHAPE, jnp.float32)), jnp.ones((2, *SHAPE), jnp.float32)
    found = network(Problem(Shared(A), data), jnp.zeros((2, *SHAPE), jnp.float32))
    assert found.dtype == jnp.float32
    assert jnp.isfinite(found).all()


@pytest.mark.parametrize("name", ["descent", "primal-dual"])
def test_gradients_in_model_and_wavelet_are_those_of_differences(name):
    network, (m, q) = perturbed(SOLVERS[name]()), (experiment()[1], experiment()[2])
    F, data = experiment()[0], problem().data

    def loss(physics):
        J = jax.vmap(lambda scale: F.jacobian(scale * physics[0], physics[1]))(jnp.array([1.0, 1.1]))
        return loss_of(network, Problem(J, data), images(1))

    check_gradient(loss, (m, q))


def test_a_gradient_step_in_a_chain_of_ones_own_has_all_derivatives():
    step = partial(GradientStep, 2, gradient=least_squares_gradient, **DOUBLE)
    chain = Chain(lambda rngs: step(), 2, rngs=nnx.Rngs(0))
    x, d = jnp.cos(jnp.arange(12.0)).reshape(2, 3, 2), jnp.ones((2, 4))

    def loss(chain, A):
        return jnp.sum(chain.forward(x, Problem(A, d))[0] ** 2)

    A = jax.vmap(Matrix)(jnp.sin(jnp.arange(24.0)).reshape(2, 4, 3))
    found, wanted = (jax.grad(loss, argnums=1)(with_memory(chain, memory), A) for memory in ("invert", "store"))
    assert_trees_close(found, wanted, 1e-9)


def test_whole_numbers_in_data():
    network = perturbed(irim())
    given = Problem(Shared(Diagonal(jnp.ones(SHAPE))), jnp.ones((2, *SHAPE), jnp.int16))
    found, wanted = (
        jax.grad(loss_of)(with_memory(network, memory), given, images(1)) for memory in ("invert", "store")
    )
    assert_trees_close(found, wanted, 1e-9)


def test_errors_name_what_was_given():
    with pytest.raises(ValueError, match="channels: expected an even number, got 3"):
        IRIM(channels=3, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="step_size"):
        Unrolled(partial(DescentStep, step_size=-1.0), 2, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="iterations"):
        Unrolled(DescentStep, 0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="by: expected a function without weights"):
        Preconditioned(least_squares_gradient, SMALL(1, 1, rngs=nnx.Rngs(0)))


@pytest.mark.parametrize("name", SOLVERS)
def test_problems_that_do_not_fit_are_refused(name):
    network, given, x = SOLVERS[name](), problem(), images(1)
    cases = {
        "start: expected a batch of images with 2 axes": (given, x[0]),
        "problem.data: expected a batch of 2": (given._replace(data=given.data[:1]), x),
        "Shared": (given._replace(physics=born()), x),
        "problem: expected a Problem": (tuple(given), x),
    }
    for message, (bad, start) in cases.items():
        for run in (network, jax.jit(network)):
            with pytest.raises((ValueError, TypeError), match=message):
                run(bad, start)


@pytest.mark.parametrize("name", ["descent", "i-RIM"])
def test_data_of_another_length_are_refused(name):
    given = problem()
    with pytest.raises(ValueError, match="problem.data of one sample"):
        SOLVERS[name]()(given._replace(data=given.data[..., :1]), images(1))


def test_data_with_too_few_axes_are_refused():
    A = jax.vmap(Matrix)(jnp.ones((2, 4, 3)))
    network = LearnedPrimalDual(1, iterations=1, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="problem.data: expected a batch of arrays with at least 2 axes"):
        network(Problem(A, jnp.ones((2, 4))), jnp.zeros((2, 3)))
