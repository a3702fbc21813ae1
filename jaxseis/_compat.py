"""Every place where jaxseis leans on a part of JAX that is not fully public, in one file.

``jax.extend.core.Primitive`` and the rule tables of ``jax.interpreters`` are semi-public; the calls
below were the same in jax 0.7 to 0.10.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Zero = ad.Zero
is_undefined = ad.is_undefined_primal
instantiate = ad.instantiate_zeros


def define_primitive(
    name: str,
    call: Callable[..., Sequence[jax.Array]],
    shapes: Callable[..., Sequence[jax.ShapeDtypeStruct]],
    jvp: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
) -> Callable[..., list[jax.Array]]:
    """A JAX primitive with several results: its evaluation and its rules.

    ``call(*operands, **params)`` evaluates (it may hold a ``pure_callback``) and ``shapes`` gives the
    structure of its results; the three rules have the form that JAX's tables want.
    """
    primitive = Primitive(name)
    primitive.multiple_results = True

    def abstract(*operands: Any, **params: Any) -> list[Any]:
        return [ShapedArray(s.shape, s.dtype) for s in shapes(*operands, **params)]

    primitive.def_abstract_eval(abstract)
    primitive.def_impl(lambda *operands, **params: list(call(*operands, **params)))
    mlir.register_lowering(primitive, mlir.lower_fun(call, multiple_results=True))
    ad.primitive_jvps[primitive] = jvp
    ad.primitive_transposes[primitive] = transpose
    batching.primitive_batchers[primitive] = batch
    return primitive.bind
