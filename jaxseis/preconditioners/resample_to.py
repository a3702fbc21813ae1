"""Shots on another time axis."""

from dataclasses import dataclass

import jax

from jaxseis import _checks
from jaxseis.acquisition import TimeAxis
from jaxseis.preconditioners._step import LinearStep
from jaxseis.resampling import Resampling
from jaxseis.shots import Shots


@jax.tree_util.register_static
@dataclass(frozen=True)
class ResampleTo(LinearStep):
    """Shots on another time axis: band-limited resampling without aliasing (see ``Resampling``), and cut at its end.

    Arguments:
        time: the new time axis. It ends no later than that of the shots.

    ``step(shots)`` is the resampled shots and ``step.operator(shots)`` the linear operator on their traces.
    Raises ValueError, when it is used, if the new axis goes on after the shots' last sample.

    ```python
    coarse = ResampleTo(TimeAxis(duration=4000.0, step=4.0))(observed)
    ```
    """

    time: TimeAxis

    def __post_init__(self) -> None:
        _checks.kind_is("time", self.time, TimeAxis, "a TimeAxis, as in ResampleTo(TimeAxis(4000.0, 4.0))")

    def process(self, shots: Shots) -> Shots:
        """The resampled shots."""
        old, new = shots.time, self.time
        last, wanted = float(old.values[-1]), float(new.values[-1])
        if wanted > last + 1e-6 * old.step:
            remedy = f"Write TimeAxis({last:g}, {new.step:g}): there are no data after that."
            raise _checks.fail("time", f"samples up to the last of the shots, {last:g} ms", f"{wanted:g} ms", remedy)
        traces = Resampling(old.step, old.size, new.step, new.size)(shots.traces, axis=1)
        return Shots(traces, shots.sources, shots.receivers, new)
