"""Wave equations, one a file."""

from jaxseis.equations.acoustic import Acoustic as Acoustic
from jaxseis.equations.vti import VTI as VTI
