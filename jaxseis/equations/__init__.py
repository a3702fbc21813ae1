"""Wave equations, one a file, and what they are made of."""

from jaxseis.equations._base import Derivative as Derivative
from jaxseis.equations._base import Equation as Equation
from jaxseis.equations._base import Strain as Strain
from jaxseis.equations._base import half as half
from jaxseis.equations.acoustic import Acoustic as Acoustic
from jaxseis.equations.damped import Damped as Damped
from jaxseis.equations.elastic import Elastic as Elastic
from jaxseis.equations.elastic import ElasticVTI as ElasticVTI
from jaxseis.equations.tti import TTI as TTI
from jaxseis.equations.viscous import Viscous as Viscous
from jaxseis.equations.vti import VTI as VTI
