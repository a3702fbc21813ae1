"""Wave equations, one a file."""

from jaxseis.equations.acoustic import Acoustic as Acoustic
