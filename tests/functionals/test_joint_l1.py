"""Groups across arrays: isotropic total variation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.functionals import GroupL1, JointL1
from jaxseis.operators import Gradient


def test_it_is_the_isotropic_total_variation_of_an_image():
    image = jnp.zeros((3, 3)).at[1, 1].set(1.0)
    np.testing.assert_allclose(JointL1()(Gradient(image, kind="forward") @ image), 2 + np.sqrt(2))


def test_it_is_the_norm_of_groups_along_the_axis_of_stacked_arrays():
    x = jax.random.normal(jax.random.key(0), (2, 3, 4))
    weights = jnp.arange(1.0, 5.0)
    joint, group = JointL1(weights), GroupL1(0, weights)
    np.testing.assert_allclose(joint(tuple(x)), group(x))
    np.testing.assert_allclose(joint.prox(tuple(x), 0.3), group.prox(x, 0.3))


def test_arrays_keep_their_types():
    x = jnp.ones(2, jnp.float32), 1j * jnp.ones(2)
    assert [v.dtype for v in JointL1().prox(x, 0.5)] == [np.float32, complex]


def test_arrays_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="x of JointL1: expected arrays of one shape, got shapes .*use GroupL1"):
        JointL1()((jnp.ones(2), jnp.ones(3)))
