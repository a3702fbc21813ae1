"""Every place where jaxseis leans on a part of JAX that is not fully public, in one file.

``jax.extend.core.Primitive`` and the rule tables of ``jax.interpreters`` are semi-public; the calls
below were the same in jax 0.7 to 0.10. The exception is how a value under ``jax.shard_map`` says over
which mesh axes it varies (``manual_axis_type``, jax 0.10).
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import jax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Zero = ad.Zero
is_undefined = ad.is_undefined_primal
instantiate = ad.instantiate_zeros


def together(x: Any) -> Any:
    """The arrays of a pytree, varying over every mesh axis that one of them varies over.

    Inside ``jax.shard_map``: JAX sums the cotangent of an array that was the same on all devices over
    these axes, as the transpose of its becoming varying. Elsewhere nothing is done.
    """
    axes = frozenset().union(*map(_varying, jax.tree.leaves(x)))
    return jax.tree.map(lambda v: jax.lax.pcast(v, tuple(axes - _varying(v)), to="varying"), x)


def varying_like(result: Any, operands: Any) -> Any:
    """``result`` varying over the axes that ``operands`` do: ``pure_callback`` forgets them."""
    return together((result, operands))[0]


def _varying(x: Any) -> frozenset[Any]:
    return jax.typeof(x).manual_axis_type.varying


def with_not_mapped(module: Any) -> None:
    """Gives the ``batching`` of a module the name ``not_mapped``.

    Under vmap, jax_finufft 1.3 asks ``jax.interpreters.batching`` for it, which stood for None and which jax 0.10 no
    longer has. JAX itself stays as it is: only what that module sees is replaced.
    """
    if not hasattr(module.batching, "not_mapped"):
        module.batching = SimpleNamespace(**vars(module.batching), not_mapped=None)


def define_primitive(
    name: str,
    call: Callable[..., Sequence[jax.Array]],
    shapes: Callable[..., Sequence[jax.ShapeDtypeStruct]],
    jvp: Callable[..., Any],
    transpose: Callable[..., Any] | None,
    batch: Callable[..., Any],
) -> Callable[..., list[jax.Array]]:
    """A JAX primitive with several results: its evaluation and its rules.

    ``call(*operands, **params)`` evaluates (it may hold a ``pure_callback``) and ``shapes`` gives the
    structure of its results; the three rules have the form that JAX's tables want. What is not linear has no transpose.
    """
    primitive = Primitive(name)
    primitive.multiple_results = True

    def abstract(*operands: Any, **params: Any) -> list[Any]:
        return [_varying_shape(s, operands[0]) for s in shapes(*operands, **params)]

    primitive.def_abstract_eval(abstract)
    primitive.def_impl(lambda *operands, **params: list(call(*operands, **params)))
    mlir.register_lowering(primitive, mlir.lower_fun(call, multiple_results=True))
    ad.primitive_jvps[primitive] = jvp
    if transpose:
        ad.primitive_transposes[primitive] = transpose
    batching.primitive_batchers[primitive] = batch
    return lambda *operands, **params: primitive.bind(*together(operands), **params)


def _varying_shape(s: jax.ShapeDtypeStruct, operand: Any) -> ShapedArray:
    if operand.manual_axis_type.empty:
        return ShapedArray(s.shape, s.dtype)
    sharding = operand.sharding.update(spec=jax.sharding.PartitionSpec(*[None] * len(s.shape)))
    return ShapedArray(s.shape, s.dtype, sharding=sharding, manual_axis_type=operand.manual_axis_type)
