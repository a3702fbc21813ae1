"""The lineax tags that every diagonal operator has."""

import lineax as lx

DIAGONAL_TAGS = frozenset(
    {lx.symmetric_tag, lx.diagonal_tag, lx.tridiagonal_tag, lx.lower_triangular_tag, lx.upper_triangular_tag}
)
