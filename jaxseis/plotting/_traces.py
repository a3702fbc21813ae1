"""Traces made ready to draw: one shot, ordered along the spread, in seconds and kilometres."""

from typing import Any, NamedTuple

import numpy as np

from jaxseis import _checks
from jaxseis._types import SPACE_AXES
from jaxseis.acquisition import Geometry


class Traces(NamedTuple):
    """Values (time, receiver), times in seconds, and where each trace is drawn, with the axis label."""

    values: np.ndarray
    time: np.ndarray
    across: np.ndarray
    label: str

    @property
    def gap(self) -> float:
        """Usual distance between neighbouring traces, in the unit of ``across``."""
        steps = np.diff(self.across)
        return float(np.median(steps[steps > 0])) if np.any(steps > 0) else 1.0


def prepare(name: str, traces: Any, time: Any, receivers: Any) -> Traces:
    """The traces of one shot, ordered by receiver position; padded receivers are left out."""
    values = np.asarray(traces, float)
    if values.ndim != 2:
        raise _checks.fail(name, "axes (time, receiver)", f"shape {values.shape}", "Pick one shot: traces[0].")
    seconds = np.asarray(getattr(time, "values", time), float) / 1000
    _checks.shape_is("time", seconds, values.shape[:1], ("time",))
    across, label, present = _across(receivers, values.shape[1])
    _checks.shape_is("receivers", across, values.shape[1:], ("receiver",))
    order = np.argsort(np.where(present, across, np.inf), kind="stable")[: present.sum()]
    return Traces(values[:, order], seconds, across[order], label)


def _across(receivers: Any, count: int) -> tuple[np.ndarray, str, np.ndarray]:
    """Positions, their label, and which receivers are there."""
    if receivers is None:
        return np.arange(count, dtype=float), "receiver", np.ones(count, bool)
    if not isinstance(receivers, Geometry):
        positions = np.asarray(receivers, float) / 1000
        return positions, "receiver position (km)", np.ones(positions.shape, bool)
    if receivers.positions.shape[0] != 1:
        remedy = "Index it as the traces: receivers[shot]."
        raise _checks.fail("receivers", "the receivers of one shot", f"{receivers.shots} shots", remedy)
    mask = np.ones(receivers.points, bool) if receivers.mask is None else np.asarray(receivers.mask[0])
    positions = np.asarray(receivers.positions[0]) / 1000
    # A spread is drawn along the direction it extends in: x on the surface, depth in a well.
    axis = int(np.argmax(np.ptp(positions[mask], axis=0)))
    name = SPACE_AXES[receivers.ndim][axis]
    return positions[:, axis], f"receiver {'depth' if name == 'z' else name} (km)", mask
