"""Checks of the objects that networks are made of."""

from typing import Any

from flax import nnx

from jaxseis import _checks
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.layers.elementwise import Elementwise
from jaxseis.flows.layers.shuffle import Squeeze


def check_parts(rngs: Any, map: Any, *, squeeze: Any = None, **makers: Any) -> None:
    """An error naming the argument that is no `nnx.Rngs`, no object of its kind, or, of ``makers``, makes nothing."""
    _checks.kind_is("rngs", rngs, nnx.Rngs, "flax.nnx.Rngs, such as nnx.Rngs(0)")
    _checks.kind_is("map", map, Elementwise, "an object such as Affine() or RationalQuadratic()")
    _checks.kind_is("squeeze", squeeze, Squeeze | None, "an object such as Haar() or Checkerboard()")
    for name, maker in makers.items():
        if maker is not None and (isinstance(maker, Bijection) or not callable(maker)):
            raise _checks.fail(name, "a class, or a function that makes a layer from channels", repr(maker)[:80])
