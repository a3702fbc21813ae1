"""Whether a function that is linear over the real numbers is linear over the complex ones too, read off its program."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

from jaxseis._types import PyTree

_REAL_LINEAR = {"real", "imag", "conj"}
"""The steps on complex numbers that are linear over the real ones only."""


def is_plainly_complex_linear(function: Callable, structure: PyTree) -> bool:
    """Whether ``f(i x) = i f(x)`` is plain, since f nowhere takes a part or a conjugate of what depends on x.

    Never true where it does not hold, but for what runs on the host, which counts as linear.

    Arguments:
        function: a function f of JAX, linear over the real numbers.
        structure: of x, all complex.

    ```python
    is_plainly_complex_linear(jnp.conj, jax.ShapeDtypeStruct((3,), complex))  # False
    ```
    """
    steps: set[str] = set()

    def look(x: PyTree) -> PyTree:
        # the derivative of a linear function is that function, without what does not depend on x
        steps.update(_steps(jax.make_jaxpr(jax.linearize(function, x)[1])(x).jaxpr))
        return x

    jax.eval_shape(look, structure)
    return not steps & _REAL_LINEAR


def _steps(program: Jaxpr) -> Iterator[str]:
    """The names of all steps, those of inner programs too."""
    for step in program.eqns:
        yield step.primitive.name
        for inner in jax.tree.leaves(step.params, is_leaf=_is_program):
            if _is_program(inner):
                yield from _steps(inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner)


def _is_program(x: Any) -> bool:
    return isinstance(x, (ClosedJaxpr, Jaxpr))
