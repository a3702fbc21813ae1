"""Which frequencies pass: ``P(f) = erfc(4 (f - 1) / b) / 2`` of the frequency relative to the cut-off."""

from typing import Any

import numpy as np
from scipy.special import erfc

ROLLOFF = 0.25  # b: half-width of the transition band, relative to the cut-off
WIDTH = 8 / (np.pi * ROLLOFF)  # w: width of the Gaussian of the kernel, in samples of the coarser axis
REACH = int(np.ceil(6 * WIDTH))  # samples of the coarser axis after which exp(-(s / w)^2) is below rounding


def passing(frequency: np.ndarray) -> np.ndarray:
    """P of frequencies relative to the cut-off."""
    return 0.5 * erfc(4 * (frequency - 1) / ROLLOFF)


def kernel(s: np.ndarray) -> np.ndarray:
    """The function of time whose transform is P: ``sinc(s) exp(-(s / w)^2)``, s in samples of the coarser axis."""
    return np.sinc(s) * np.exp(-((s / WIDTH) ** 2))


def reach(dtype: Any) -> float:
    """Samples of the coarser axis after which the kernel is below a tenth of the rounding of a type."""
    return WIDTH * float(np.sqrt(np.log(10 / np.finfo(dtype).eps)))
