"""Curvelets. Few scales and lattices: the random vectors of the contracts are compiled for each shape."""

from collections.abc import Callable
from typing import Any

import jax

from jaxseis.operators._base import LinearOperator
from jaxseis.operators.curvelets import Curvelet


def curvelet(*shape: int, dtype: Any = float, **options: Any) -> Curvelet:
    return Curvelet(jax.ShapeDtypeStruct(shape, dtype), **options)


OPERATORS: dict[str, Callable[[], LinearOperator]] = {
    "curvelet of odd sizes": lambda: curvelet(7, 9, scales=2),
    "curvelet of complex float32": lambda: curvelet(6, 8, dtype="complex64", scales=2),
    "curvelet of wavelets only": lambda: curvelet(6, 7, dtype="float32", scales=2, angles=(1,)),
}
