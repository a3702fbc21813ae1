"""Figures of models, traces, acquisitions and misfits: each function draws on an Axes and returns it."""

from jaxseis.plotting.compare_traces import compare_traces
from jaxseis.plotting.gather import gather
from jaxseis.plotting.geometry import geometry
from jaxseis.plotting.misfit_curve import misfit_curve
from jaxseis.plotting.perturbation import perturbation
from jaxseis.plotting.spectrum import spectrum
from jaxseis.plotting.stacking_chart import stacking_chart
from jaxseis.plotting.survey import survey
from jaxseis.plotting.velocity import velocity
from jaxseis.plotting.wiggle import wiggle

__all__ = [
    "compare_traces",
    "gather",
    "geometry",
    "misfit_curve",
    "perturbation",
    "spectrum",
    "stacking_chart",
    "survey",
    "velocity",
    "wiggle",
]
