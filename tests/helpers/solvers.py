"""Every solver that the contract tests run on.

Each file of ``tests/helpers/solver_cases/`` has a dictionary ``SOLVERS`` of cases (problem factory, solver, start,
expected solution or None, max_steps). Add one for each new solver, and it inherits all the tests of
``tests/solvers/test_contracts.py``. Keep the problems small. ``BACKWARDS`` names those whose steps have derivatives in
reverse mode as well.
"""

import importlib
import pkgutil

from helpers import solver_cases

_FAMILIES = [
    importlib.import_module(f"{solver_cases.__name__}.{m.name}") for m in pkgutil.iter_modules(solver_cases.__path__)
]
SOLVERS: dict[str, tuple] = {}
BACKWARDS: list[str] = [name for family in _FAMILIES for name in family.BACKWARDS]
for _family in _FAMILIES:
    assert not SOLVERS.keys() & _family.SOLVERS.keys(), f"a name of {_family.__name__} is taken"
    SOLVERS |= _family.SOLVERS
