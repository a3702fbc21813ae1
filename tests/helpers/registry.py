"""Every operator that the contract tests run on: a name, and a function that makes it.

Each file of ``tests/helpers/operators/`` has a dictionary ``OPERATORS`` for one family. Add an entry for each new
operator, and it inherits all the tests of ``tests/operators/test_contracts.py``. Keep the shapes small: some tests
build the dense matrix.
"""

import importlib
import pkgutil
from collections.abc import Callable

from helpers import operators
from jaxseis.operators._base import LinearOperator

FAMILIES = [importlib.import_module(f"{operators.__name__}.{m.name}") for m in pkgutil.iter_modules(operators.__path__)]
OPERATORS: dict[str, Callable[[], LinearOperator]] = {}
for _family in FAMILIES:
    assert not OPERATORS.keys() & _family.OPERATORS.keys(), f"a name of {_family.__name__} is taken"
    OPERATORS |= _family.OPERATORS
