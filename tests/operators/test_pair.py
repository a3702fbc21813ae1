"""A linear function and its transpose: each rule of JAX uses the one that it should."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis.operators._pair import Bound, linear_pair

SCALE = jnp.array([1.0, 2.0, 3.0])


def forward(c, x):
    return {"a": c * x, "b": jnp.sum(x)}


def wrong(c, y):
    """Not the transpose, so that results tell which of the two was used."""
    return 10 * c * y["a"] + y["b"]


def pair(c, x):
    return linear_pair(Bound(forward, (c,)), Bound(wrong, (c,)), x)


def test_the_derivative_is_the_function():
    y, dy = jax.jvp(lambda x: pair(2.0, x), (SCALE,), (jnp.ones(3),))
    np.testing.assert_array_equal(y["a"], [2, 4, 6])
    np.testing.assert_array_equal(dy["a"], [2, 2, 2])


def test_the_gradient_is_the_transpose_that_was_given():
    slope = jax.jit(jax.grad(lambda x: pair(2.0, x)["a"] @ SCALE))(SCALE)
    np.testing.assert_array_equal(slope, 20 * SCALE)


def test_transposed_twice_it_is_the_function_again():
    def back(y):
        return jax.linear_transpose(lambda x: pair(2.0, x), SCALE)(y)[0]

    y = {"a": SCALE, "b": jnp.array(1.0)}
    again = jax.linear_transpose(back, y)(SCALE)[0]
    np.testing.assert_array_equal(again["a"], 2 * SCALE)


def test_a_batch_of_gradients():
    rows = jnp.stack([SCALE, -SCALE], axis=1)
    slopes = jax.vmap(jax.grad(lambda x, w: pair(2.0, x)["a"] @ w), in_axes=(None, 1))(SCALE, rows)
    np.testing.assert_array_equal(slopes, 20 * rows.T)
    batch = jax.vmap(lambda x: pair(2.0, x), in_axes=1)(rows)
    np.testing.assert_array_equal(batch["b"], [6, -6])


def test_equal_pairs_are_traced_once():
    traces = []

    def counted(c, x):
        traces.append(1)
        return forward(c, x)

    apply = jax.jit(linear_pair, static_argnums=(0, 1))
    apply(Bound(counted, (3.0,)), Bound(wrong, (3.0,)), SCALE)
    count = len(traces)
    apply(Bound(counted, (3.0,)), Bound(wrong, (3.0,)), SCALE)
    assert len(traces) == count
