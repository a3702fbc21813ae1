"""The l1 norm of the lengths of vectors whose components are arrays of their own: isotropic total variation."""

import jax

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals._magnitudes import MagnitudeNorm, as_weights, kept, lengths


class JointL1(MagnitudeNorm):
    """``f(x) = sum_i w_i sqrt(sum_k |x_k,i|^2)``: the entries i of all arrays k of x form one group.

    Of the gradient of an image it is the isotropic total variation. The dual norm is
    ``max_i sqrt(sum_k |y_k,i|^2) / w_i``. Where the entries of a group lie within one array, use ``GroupL1``.

    Arguments:
        weights: positive numbers that broadcast to each array of x; one by default.

    Raises ValueError for weights that are not positive or do not broadcast, and for arrays of different shapes.

    ```python
    image = jnp.zeros((3, 3)).at[1, 1].set(1.0)
    JointL1()(Gradient(image, kind="forward") @ image)  # 1 + 1 + sqrt(2)
    ```
    """

    weights: PyTree

    def __init__(self, weights: PyTree = None):
        self.weights = as_weights(weights)

    def _magnitudes(self, x: PyTree) -> Array:
        shapes = {v.shape for v in jax.tree.leaves(x)}
        if len(shapes) != 1:
            remedy = "For groups within each array, use GroupL1."
            raise _checks.fail("x of JointL1", "arrays of one shape", f"shapes {sorted(shapes)}", remedy)
        return lengths(sum((v.conj() * v).real for v in jax.tree.leaves(x)))  # type: ignore[arg-type]

    def _shrunk(self, x: PyTree, by: Array) -> PyTree:
        ratio = kept(self._magnitudes(x), by)
        return jax.tree.map(lambda v: v * ratio.astype(v.real.dtype), x)
