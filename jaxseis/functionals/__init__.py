"""Convex functions known by their value and proximal map; norms also by their dual norm and the projection on balls."""

from jaxseis.functionals.ball import Ball as Ball
from jaxseis.functionals.box import Box as Box
from jaxseis.functionals.box import NonNegative as NonNegative
from jaxseis.functionals.composed import Composed as Composed
from jaxseis.functionals.functional import Functional as Functional
from jaxseis.functionals.functional import Scaled as Scaled
from jaxseis.functionals.joint_l1 import JointL1 as JointL1
from jaxseis.functionals.l1 import L1 as L1
from jaxseis.functionals.l1 import GroupL1 as GroupL1
from jaxseis.functionals.l2 import L2 as L2
from jaxseis.functionals.l2 import SquaredL2 as SquaredL2
from jaxseis.functionals.norm import Norm as Norm
from jaxseis.functionals.nuclear import NuclearNorm as NuclearNorm
