"""Operators as layers: what they compute, and derivatives in everything."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from helpers.learned import SHAPE, assert_trees_close, born, check_gradient, experiment

import jaxseis as js
from jaxseis.flows import Frozen
from jaxseis.networks import OperatorLayer
from jaxseis.operators import Matrix, Restriction


class Sandwich(nnx.Module):
    """Dense, physics, dense: from vectors to vectors."""

    def __init__(self, operator, trained, domain, n_out, rngs):
        self.domain = domain
        self.first = nnx.Linear(4, int(np.prod(domain)), param_dtype=jnp.float64, rngs=rngs)
        self.physics = OperatorLayer(operator, trained)
        n = int(np.prod(operator.out_structure().shape))
        self.last = nnx.Linear(n, n_out, param_dtype=jnp.float64, rngs=rngs)

    def __call__(self, x):
        y = self.physics(self.first(x).reshape(len(x), *self.domain))
        return self.last(y.reshape(len(x), -1))


def born_network(engine="devito"):
    J = born(engine)
    return Sandwich(J, lambda J: (J.medium.m, J.q), SHAPE, 3, nnx.Rngs(0))


def wave_network(engine="devito"):
    F, m, q = experiment(engine)
    A = F(m)
    return Sandwich(A, lambda A: A.medium.m, A.in_structure().shape, 3, nnx.Rngs(0))


def loss_of(network, x):
    return jnp.mean((network(x) - 1) ** 2)


X = jnp.sin(jnp.arange(8.0)).reshape(2, 4)


def test_it_applies_the_operator_to_every_sample():
    matrix = jnp.arange(6.0).reshape(2, 3)
    A = Matrix(matrix)
    x = jnp.arange(24.0).reshape(2, 4, 3)
    layer = OperatorLayer(A)
    np.testing.assert_array_equal(layer(x), x @ matrix.T)
    np.testing.assert_array_equal(layer(x[0, 0]), A @ x[0, 0])


def test_only_what_is_picked_is_trained():
    A = Matrix(jnp.arange(6.0).reshape(2, 3))
    fixed, trained = OperatorLayer(A), OperatorLayer(A, lambda A: A.array)
    assert [type(p) for p in fixed.leaves] == [Frozen]
    assert [type(p) for p in trained.leaves] == [nnx.Param]
    for layer, moves in ((fixed, False), (trained, True)):
        gradient = jax.grad(lambda layer: jnp.sum(layer(jnp.ones((2, 3))) ** 2))(layer)
        assert bool(jnp.any(gradient.leaves[0][...])) == moves


def test_whole_numbers_are_structure():
    R = Restriction(jnp.array([3, 1]), 0, jnp.zeros(5))
    layer = OperatorLayer(R)
    gradient = jax.jit(jax.grad(lambda layer, x: jnp.sum(layer(x) ** 2), argnums=1))(layer, jnp.arange(5.0))
    np.testing.assert_array_equal(gradient, [0, 2, 0, 6, 0])
    other = OperatorLayer(Restriction(jnp.array([3, 2]), 0, jnp.zeros(5)))
    assert jax.tree.structure(layer) == jax.tree.structure(OperatorLayer(R)) != jax.tree.structure(other)


def test_gradients_of_inputs_weights_and_squared_slowness_are_those_of_differences():
    network = wave_network()
    assert float(jnp.abs(jax.grad(loss_of)(network, X).physics.operator.medium.m).max()) > 0
    check_gradient(lambda both: loss_of(*both), (network, X))


def test_gradients_are_those_of_the_pure_engine():
    gradient = jax.jit(jax.grad(loss_of, argnums=(0, 1)))
    found, wanted = (gradient(wave_network(engine), X) for engine in ("devito", "xla"))
    assert_trees_close(found, wanted, 1e-9)


def test_gradients_of_a_born_layer_in_perturbation_and_weights():
    J = born()
    network = Sandwich(J, None, SHAPE, 3, nnx.Rngs(0))
    check_gradient(lambda both: loss_of(*both), (network, X))
    other = Sandwich(born("xla"), None, SHAPE, 3, nnx.Rngs(0))
    found, wanted = (jax.jit(jax.grad(loss_of, argnums=(0, 1)))(n, X) for n in (network, other))
    assert_trees_close(found, wanted, 1e-9)


def test_the_wavelet_is_trained():
    F, m, q = experiment()
    layer = OperatorLayer(F.jacobian(m, q), lambda J: J.q)
    dm = jnp.cos(jnp.arange(143.0)).reshape(1, *SHAPE)
    check_gradient(lambda layer: jnp.sum(layer(dm) ** 2), layer)


def test_a_training_step_compiles_once():
    network, optimizer = wave_network(), optax.adam(1e-3)
    traced = []

    @jax.jit
    def step(network, state, x):
        traced.append(1)
        loss, gradient = jax.value_and_grad(loss_of)(network, x)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(network, updates), state, loss

    state, losses = optimizer.init(network), []
    for _ in range(5):
        network, state, loss = step(network, state, X)
        losses.append(float(loss))
    assert len(traced) == 1
    assert losses[-1] < losses[0]


def test_errors_name_what_was_given():
    A = Matrix(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="operator: expected a LinearOperator"):
        OperatorLayer(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="trained: expected a function that picks arrays"):
        OperatorLayer(A, lambda A: ())
    with pytest.raises(ValueError, match="operand of Matrix"):
        jax.jit(OperatorLayer(A))(jnp.ones((4, 5)))


def test_fields_of_the_package_are_reached():
    assert js.networks.OperatorLayer is OperatorLayer
