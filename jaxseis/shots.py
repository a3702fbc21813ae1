"""Shot records: traces together with where and when they were recorded."""

from typing import Any

import equinox as eqx

from jaxseis import _checks
from jaxseis._types import TRACE_AXES, Array
from jaxseis.acquisition import Geometry, TimeAxis, keep_axis


class Shots(eqx.Module):
    """Traces (shot, time, receiver) of an experiment, a pytree.

    Arguments:
        traces: (shot, time, receiver).
        sources: geometry with one entry a shot.
        receivers: geometry with one entry a shot, or a shared spread.
        time: the time axis, ms.

    ``shots[i]`` selects shots; ``+``, ``-`` and ``*`` act on the traces of equal experiments.
    Raises ValueError if the shape of the traces does not fit geometry and time axis, or for arithmetic on
    different experiments.

    ```python
    observed = Shots(F(m) @ q, sources, receivers, time)
    observed[:4].traces.shape
    ```
    """

    traces: Array
    sources: Geometry
    receivers: Geometry
    time: TimeAxis = eqx.field(static=True)

    def __check_init__(self) -> None:
        shots = self.sources.shots if self.sources.shots is not None else self.receivers.shots
        expected = (shots or 1, self.time.size, self.receivers.points)
        _checks.shape_is("traces", self.traces, expected, TRACE_AXES)

    def __getitem__(self, shots: Any) -> "Shots":
        """The selected shots."""
        return Shots(self.traces[keep_axis(shots, len(self))], self.sources[shots], self.receivers[shots], self.time)

    def __len__(self) -> int:
        """Number of shots."""
        return self.traces.shape[0]

    def with_traces(self, traces: Array) -> "Shots":
        """The same experiment with other traces."""
        return Shots(traces, self.sources, self.receivers, self.time)

    def __add__(self, other: Any) -> "Shots":
        return self.with_traces(self.traces + self._traces_of(other))

    def __sub__(self, other: Any) -> "Shots":
        return self.with_traces(self.traces - self._traces_of(other))

    def _traces_of(self, other: Any) -> Any:
        if not hasattr(other, "traces"):  # an array; shots out of core count as Shots
            return other
        if self.time != other.time:
            raise _checks.fail("time", f"equal time axes, {self.time}", other.time)
        for name in ("sources", "receivers"):
            _check_equal(name, getattr(self, name), getattr(other, name))
        return other.traces

    def __mul__(self, scale: Any) -> "Shots":
        return self.with_traces(self.traces * scale)

    __rmul__ = __mul__


def _check_equal(name: str, one: Geometry, other: Geometry) -> None:
    def check(a: Geometry, b: Geometry) -> None:
        if not eqx.tree_equal(a, b):
            raise _checks.fail(name, "equal positions in both", "different ones", "Use with_traces to set them aside.")

    _checks.when_concrete(check, one, other)
