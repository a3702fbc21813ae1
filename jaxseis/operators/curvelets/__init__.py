"""Uniform discrete curvelets of arrays of any shape."""

from jaxseis.operators.curvelets.curvelet import Curvelet

__all__ = ["Curvelet"]
