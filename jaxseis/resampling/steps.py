"""The time axis of leapfrog, from the user's."""

import numpy as np

from jaxseis import _checks
from jaxseis.acquisition import TimeAxis


def choose_step(time: TimeAxis, limit: float) -> tuple[float, int]:
    """The computational time axis: a step of at most ``limit`` that hits every sample of ``time``.

    Arguments:
        time: the user's axis.
        limit: largest stable step, ms.

    Returns the step ``time.step / k``, ms, with k the smallest whole number that is enough, and
    the number of samples ``k (time.size - 1) + 1``. Raises ValueError if the limit is not positive.

    ```python
    choose_step(TimeAxis(duration=4000.0, step=4.0), limit=1.5)  # (1.3333333333333333, 3001)
    ```
    """
    ratio = time.step / _checks.positive("limit", limit, "milliseconds")
    parts = max(1, int(np.ceil(ratio * (1 - 1e-12))))
    return time.step / parts, parts * (time.size - 1) + 1


def overrun(time: TimeAxis, dt: float) -> int:
    """Leapfrog samples needed after the end of ``time`` for a record corrected up to its last sample.

    ``ceil((4 (T dt^2 / 8)^(1/3) + 5 max(h, 2 dt)) / dt)`` with T the duration and h the step of ``time``:
    the widths of the Airy tail and of the interpolation kernel, enough for a relative error of 1e-5.
    Only needed with dispersion correction: add it to the number of computational samples.

    Arguments:
        time: the user's axis.
        dt: step of leapfrog, ms.

    Returns a number of samples. Raises ValueError if dt is not positive.

    ```python
    overrun(TimeAxis(duration=4000.0, step=4.0), dt=4.0 / 3)  # 44
    ```
    """
    _checks.positive("dt", dt, "milliseconds")
    airy = (time.duration * dt**2 / 8) ** (1 / 3)
    return int(np.ceil((4 * airy + 5 * max(time.step, 2 * dt)) / dt))
