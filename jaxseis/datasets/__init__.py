"""Models of the earth to try things on."""

from jaxseis.datasets.faulted_layers import Layering, faulted_layers
from jaxseis.datasets.faulted_salt import faulted_layers_with_salt
from jaxseis.datasets.layered_earths import VelocityWalk, layered_earth, layered_section
from jaxseis.datasets.random_field import GaussianCorrelation, VonKarmanCorrelation, random_field
from jaxseis.datasets.salt_body import Salt, salt_body
from jaxseis.datasets.smoothing import smooth

__all__ = [
    "GaussianCorrelation",
    "Layering",
    "Salt",
    "VelocityWalk",
    "VonKarmanCorrelation",
    "faulted_layers",
    "faulted_layers_with_salt",
    "layered_earth",
    "layered_section",
    "random_field",
    "salt_body",
    "smooth",
]
