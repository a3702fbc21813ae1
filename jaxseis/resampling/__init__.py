"""Band-limited resampling between time axes, and removal of the time dispersion of leapfrog."""

from jaxseis.resampling.resampling import Resampling
from jaxseis.resampling.steps import choose_step, overrun

__all__ = ["Resampling", "choose_step", "overrun"]
