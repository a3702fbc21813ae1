"""Figures of models, traces, acquisitions, misfits and posteriors: each function draws on an Axes and returns it."""

from jaxseis.plotting.calibration import calibration
from jaxseis.plotting.compare_traces import compare_traces
from jaxseis.plotting.coverage import coverage
from jaxseis.plotting.gather import gather
from jaxseis.plotting.geometry import geometry
from jaxseis.plotting.misfit_curve import misfit_curve
from jaxseis.plotting.perturbation import perturbation
from jaxseis.plotting.posterior import posterior
from jaxseis.plotting.rank_ecdf import rank_ecdf
from jaxseis.plotting.rank_histogram import rank_histogram
from jaxseis.plotting.spectrum import spectrum
from jaxseis.plotting.stacking_chart import stacking_chart
from jaxseis.plotting.survey import survey
from jaxseis.plotting.velocity import velocity
from jaxseis.plotting.wiggle import wiggle

__all__ = [
    "calibration",
    "compare_traces",
    "coverage",
    "gather",
    "geometry",
    "misfit_curve",
    "perturbation",
    "posterior",
    "rank_ecdf",
    "rank_histogram",
    "spectrum",
    "stacking_chart",
    "survey",
    "velocity",
    "wiggle",
]
