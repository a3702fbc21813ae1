"""Models of the earth in files: NumPy archives, HDF5 in JUDI's layout, SEG-Y and raw binary."""

from jaxseis.io.models.model_file import load_model, save_model
from jaxseis.io.models.raw import RawLayout

__all__ = ["RawLayout", "load_model", "save_model"]
