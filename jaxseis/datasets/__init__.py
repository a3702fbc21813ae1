"""Models of the earth to try things on: one made here, and those read from files."""

from jaxseis.datasets.faulted_salt import faulted_layers_with_salt
from jaxseis.datasets.model_file import load_model
from jaxseis.datasets.smoothing import smooth

__all__ = ["faulted_layers_with_salt", "load_model", "smooth"]
