"""Rows, columns, diagonals and tables of operators. Block vectors are tuples."""

from collections.abc import Sequence

import equinox as eqx

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.operators._base import LinearOperator
from jaxseis.operators._structure import describe, same_structure, tree_sum
from jaxseis.operators.identity import Zeros


class _Blocks(LinearOperator):
    """A row, a column or a diagonal of operators."""

    operators: tuple[LinearOperator, ...]

    def __init__(self, operators: Sequence[LinearOperator]):
        self.operators = tuple(operators)
        wrong = [type(a).__name__ for a in self.operators if not isinstance(a, LinearOperator)]
        if wrong or not self.operators:
            raise _checks.fail(f"operators of {type(self).__name__}", "one or more operators", wrong or "none")

    @property
    def name(self) -> str:
        return f"{type(self).__name__}({', '.join(a.name for a in self.operators)})"

    def is_complex_linear(self) -> bool:
        return all(a.is_complex_linear() for a in self.operators)

    def _check_equal(self, what: str, structures: list[PyTree]) -> None:
        for operator, structure in zip(self.operators, structures, strict=True):
            if not same_structure(structure, structures[0]):
                expected = f"operators with the {what} of the first, {describe(structures[0])}"
                got = f"{operator.name} with {describe(structure)}"
                raise _checks.fail(f"operators of {type(self).__name__}", expected, got)


class VStack(_Blocks):
    """``x -> (A x, B x, ...)``: operators on one domain, results in a tuple.

    Raises ValueError if the domains differ.

    ```python
    data, roughness = VStack([F, 0.1 * D]) @ m
    ```
    """

    def __init__(self, operators: Sequence[LinearOperator]):
        super().__init__(operators)
        self._check_equal("domain", [a.in_structure() for a in self.operators])

    def mv(self, x: PyTree) -> tuple:
        return tuple(a.mv(x) for a in self.operators)

    def in_structure(self) -> PyTree:
        return self.operators[0].in_structure()

    def out_structure(self) -> tuple:
        return tuple(a.out_structure() for a in self.operators)

    def transpose(self) -> LinearOperator:
        return HStack([a.T for a in self.operators])


class HStack(_Blocks):
    """``(x1, x2, ...) -> A x1 + B x2 + ...``: operators on the parts of a tuple, results summed.

    Raises ValueError if the ranges differ.

    ```python
    HStack([F, G]) @ (m, q)
    ```
    """

    def __init__(self, operators: Sequence[LinearOperator]):
        super().__init__(operators)
        self._check_equal("range", [a.out_structure() for a in self.operators])

    def mv(self, x: tuple) -> PyTree:
        return tree_sum(a.mv(part) for a, part in zip(self.operators, x, strict=True))

    def in_structure(self) -> tuple:
        return tuple(a.in_structure() for a in self.operators)

    def out_structure(self) -> PyTree:
        return self.operators[0].out_structure()

    def transpose(self) -> LinearOperator:
        return VStack([a.T for a in self.operators])


class BlockDiag(_Blocks):
    """``(x1, x2, ...) -> (A x1, B x2, ...)``: one operator for each part of a tuple.

    ```python
    BlockDiag([F, 2.0 * F]) @ (m1, m2)
    ```
    """

    def mv(self, x: tuple) -> tuple:
        return tuple(a.mv(part) for a, part in zip(self.operators, x, strict=True))

    def in_structure(self) -> tuple:
        return tuple(a.in_structure() for a in self.operators)

    def out_structure(self) -> tuple:
        return tuple(a.out_structure() for a in self.operators)

    def transpose(self) -> LinearOperator:
        return BlockDiag(tuple(a.T for a in self.operators))


class Block(_Blocks):
    """A table of operators: ``(x1, x2, ...) -> (A11 x1 + A12 x2 + ..., A21 x1 + ..., ...)``.

    Arguments:
        rows: sequences of operators, all of one length; None stands for zero. Every row needs an operator, and
            every column.

    ``A[i, j]`` is a block again. Raises ValueError if structures do not fit along a row or a column.

    ```python
    Block([[F, G], [None, 0.1 * D]]) @ (m, q)  # (F m + G q, 0.1 D q)
    ```
    """

    columns: int = eqx.field(static=True)

    def __init__(self, rows: Sequence[Sequence[LinearOperator | None]]):
        if len({len(row) for row in rows}) != 1 or not rows[0]:
            raise _checks.fail("rows of Block", "rows of one length", [len(row) for row in rows])
        self.columns = len(rows[0])
        ranges = [_common("row", i, row, "out_structure") for i, row in enumerate(rows)]
        domains = [_common("column", j, column, "in_structure") for j, column in enumerate(zip(*rows, strict=True))]
        filled = [
            Zeros(domains[j], ranges[i]) if a is None else a for i, row in enumerate(rows) for j, a in enumerate(row)
        ]
        super().__init__(filled)

    @property
    def rows(self) -> tuple[tuple[LinearOperator, ...], ...]:
        """The blocks, row by row."""
        n = self.columns
        return tuple(self.operators[i : i + n] for i in range(0, len(self.operators), n))

    def mv(self, x: tuple) -> tuple:
        return tuple(tree_sum(a.mv(part) for a, part in zip(row, x, strict=True)) for row in self.rows)

    def in_structure(self) -> tuple:
        return tuple(a.in_structure() for a in self.rows[0])

    def out_structure(self) -> tuple:
        return tuple(row[0].out_structure() for row in self.rows)

    def transpose(self) -> LinearOperator:
        return Block([[a.T for a in column] for column in zip(*self.rows, strict=True)])


def _common(what: str, number: int, operators: Sequence[LinearOperator | None], side: str) -> PyTree:
    """The structure that the operators of a row or column share."""
    known = [(a, getattr(a, side)()) for a in operators if isinstance(a, LinearOperator)]
    if not known or len(known) + sum(a is None for a in operators) != len(operators):
        raise _checks.fail(
            f"{what} {number} of Block", "operators, or None for zero, and one operator at least", operators
        )
    first = known[0][1]
    for a, structure in known:
        if not same_structure(structure, first):
            side = "range" if what == "row" else "domain"
            expected = f"operators of one {side}, {describe(first)}"
            raise _checks.fail(f"{what} {number} of Block", expected, f"{a.name} with {describe(structure)}")
    return first
