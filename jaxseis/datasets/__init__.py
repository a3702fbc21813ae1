"""Models of the earth to try things on."""

from jaxseis.datasets.faulted_layers import Layering, faulted_layers
from jaxseis.datasets.faulted_salt import faulted_layers_with_salt
from jaxseis.datasets.smoothing import smooth

__all__ = ["Layering", "faulted_layers", "faulted_layers_with_salt", "smooth"]
