"""Linear operators: the algebra, and the wave equation as a family of operators."""

from jaxseis.operators import _lineax as _lineax
