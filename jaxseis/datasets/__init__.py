"""Models of the earth to try things on."""

from jaxseis.datasets.faulted_salt import faulted_layers_with_salt
from jaxseis.datasets.smoothing import smooth

__all__ = ["faulted_layers_with_salt", "smooth"]
