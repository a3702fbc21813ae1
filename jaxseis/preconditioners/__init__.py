"""Processing of shots before an inversion, and weights for models and images."""

from jaxseis.model import water_mask
from jaxseis.preconditioners.frequency_filter import BandPass, LowPass, bandpass, lowpass
from jaxseis.preconditioners.image_filter import depth_scaling, laplacian_filter
from jaxseis.preconditioners.mute import BottomMute, TopMute
from jaxseis.preconditioners.offset_range import OffsetRange, offsets
from jaxseis.preconditioners.resample_to import ResampleTo
from jaxseis.preconditioners.taper import point_taper, water_taper
from jaxseis.preconditioners.trace_scale import NormalizeTraces, TimeGain

__all__ = [
    "BandPass",
    "BottomMute",
    "LowPass",
    "NormalizeTraces",
    "OffsetRange",
    "ResampleTo",
    "TimeGain",
    "TopMute",
    "bandpass",
    "depth_scaling",
    "laplacian_filter",
    "lowpass",
    "offsets",
    "point_taper",
    "water_mask",
    "water_taper",
]
