"""Physics inside of networks: operators as layers, learned solvers, deep priors (docs/guide/learned-inversion.md)."""

from jaxseis.networks.deep_decoder import DeepDecoder
from jaxseis.networks.deep_prior import DeepPrior, WeakPrior
from jaxseis.networks.gradient_step import GradientStep
from jaxseis.networks.irim import IRIM
from jaxseis.networks.operator_layer import OperatorLayer
from jaxseis.networks.primal_dual import LearnedPrimalDual
from jaxseis.networks.problem import MisfitGradient, Preconditioned, Problem, Shared, least_squares_gradient
from jaxseis.networks.steps import DescentStep, ProximalStep, Step
from jaxseis.networks.unconditional import Unconditional
from jaxseis.networks.unrolled import Unrolled

__all__ = [
    "DeepDecoder",
    "DeepPrior",
    "DescentStep",
    "GradientStep",
    "IRIM",
    "LearnedPrimalDual",
    "MisfitGradient",
    "OperatorLayer",
    "Preconditioned",
    "Problem",
    "ProximalStep",
    "Shared",
    "Step",
    "Unconditional",
    "Unrolled",
    "WeakPrior",
    "least_squares_gradient",
]
