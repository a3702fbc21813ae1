"""jaxseis: differentiable seismic modelling, imaging and inversion, written as linear algebra in JAX.

Units: metres, milliseconds, km/s, kHz, squared slowness in s^2/km^2. Axes: models (x[, y], z) with z
down, data (shot, time, receiver).
"""

from jaxseis._progress import progress as progress
from jaxseis.absorbing import PML as PML
from jaxseis.absorbing import Sponge as Sponge
from jaxseis.acquisition import Geometry as Geometry
from jaxseis.acquisition import TimeAxis as TimeAxis
from jaxseis.engines import release_memory as release_memory
from jaxseis.engines.storage import InMemory as InMemory
from jaxseis.engines.storage import Recompute as Recompute
from jaxseis.equations import TTI as TTI
from jaxseis.equations import VTI as VTI
from jaxseis.equations import Acoustic as Acoustic
from jaxseis.equations import Damped as Damped
from jaxseis.equations import Elastic as Elastic
from jaxseis.equations import ElasticVTI as ElasticVTI
from jaxseis.equations import Viscous as Viscous
from jaxseis.grid import Grid as Grid
from jaxseis.interpolation import Linear as Linear
from jaxseis.interpolation import Sinc as Sinc
from jaxseis.model import Medium as Medium
from jaxseis.model import gardner as gardner
from jaxseis.model import squared_slowness as squared_slowness
from jaxseis.model import velocity as velocity
from jaxseis.objectives import FWI as FWI
from jaxseis.objectives import LSRTM as LSRTM
from jaxseis.objectives import misfit as misfit
from jaxseis.objectives import shot_batches as shot_batches
from jaxseis.operators import LinearOperator as LinearOperator
from jaxseis.operators import dot_test as dot_test
from jaxseis.operators import linearity_test as linearity_test
from jaxseis.operators import taylor_test as taylor_test
from jaxseis.resampling import Resampling as Resampling
from jaxseis.shots import Shots as Shots
from jaxseis.units import hertz as hertz
from jaxseis.units import metres_per_second as metres_per_second
from jaxseis.units import seconds as seconds
from jaxseis.wave.modeling import Jacobian as Jacobian
from jaxseis.wave.modeling import Modeling as Modeling
from jaxseis.wave.projection import ExtendedSource as ExtendedSource
from jaxseis.wave.projection import Projection as Projection
from jaxseis.wave.quantities import DAS as DAS
from jaxseis.wave.quantities import Acceleration as Acceleration
from jaxseis.wave.quantities import Dilatation as Dilatation
from jaxseis.wave.quantities import Displacement as Displacement
from jaxseis.wave.quantities import Field as Field
from jaxseis.wave.quantities import MomentTensor as MomentTensor
from jaxseis.wave.quantities import Pressure as Pressure
from jaxseis.wave.quantities import Strain as Strain
from jaxseis.wave.quantities import Velocity as Velocity
from jaxseis.wave.resample import Resample as Resample
from jaxseis.wave.wave_equation import WaveEquation as WaveEquation
from jaxseis.wavelets import berlage as berlage
from jaxseis.wavelets import gaussian_derivative as gaussian_derivative
from jaxseis.wavelets import klauder as klauder
from jaxseis.wavelets import minimum_phase as minimum_phase
from jaxseis.wavelets import ormsby as ormsby
from jaxseis.wavelets import ricker as ricker
