"""The algebra of operators as generic functions.

``LinearOperator`` calls them and ``_algebra`` defines them for it: what they return are operators again, so neither
file could come before the other otherwise.
"""

from functools import singledispatch
from typing import Any


@singledispatch
def compose(left: Any, right: Any) -> Any:
    """``left @ right`` of two operators."""
    raise NotImplementedError(type(left))


@singledispatch
def add(left: Any, right: Any) -> Any:
    """``left + right`` of two operators."""
    raise NotImplementedError(type(left))


@singledispatch
def scale(operator: Any, scalar: Any) -> Any:
    """``scalar * operator``."""
    raise NotImplementedError(type(operator))


@singledispatch
def divide(operator: Any, scalar: Any) -> Any:
    """``operator / scalar``."""
    raise NotImplementedError(type(operator))


@singledispatch
def power(operator: Any, exponent: int) -> Any:
    """``operator @ operator @ ...``."""
    raise NotImplementedError(type(operator))


@singledispatch
def select(operator: Any, index: Any) -> Any:
    """``operator[index]``."""
    raise NotImplementedError(type(operator))
