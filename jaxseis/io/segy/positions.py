"""Where sources and receivers are: from words of trace headers to coordinates of the grid."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxseis import _checks
from jaxseis.io.segy.fields import Word, scaled, word

METRES_PER_FOOT = 0.3048
OFF_LINE = 0.05  # of the length of a line: positions spread wider than that across it are worth a warning

Words = str | Word | tuple[str | Word, ...]


@dataclass(frozen=True)
class HeaderGeometry:
    """Which words of the trace header make up positions.

    Each coordinate is a word, or several that are added, with a minus in front of those that are taken away. By
    default, as the standard has it: z of a source is its depth below the surface minus the surface's elevation,
    z of a receiver minus its elevation. z points down. (JUDI writes depths of receivers as elevations:
    ``HeaderGeometry(source_z="SourceDepth", receiver_z="ReceiverGroupElevation")``.) Positions in bytes of your
    own are ``Word`` with the scalar that applies: ``Word("X", byte=201, kind="i4", scalar="SourceGroupScalar")``.

    Raises ValueError for names that the standard does not have.

    ```python
    HeaderGeometry(receiver_z=("GroupWaterDepth",))  # receivers on the sea floor
    ```
    """

    source_x: Words = "SourceX"
    source_y: Words = "SourceY"
    source_z: Words = ("SourceDepth", "-SourceSurfaceElevation")
    receiver_x: Words = "GroupX"
    receiver_y: Words = "GroupY"
    receiver_z: Words = ("-ReceiverGroupElevation",)

    def __post_init__(self) -> None:
        for name in self.words():
            word(name)

    def words(self) -> tuple[str | Word, ...]:
        """Every word that is needed."""
        return tuple(_unsigned(term) for axes in (self._sources, self._receivers) for w in axes for term in _terms(w))

    @property
    def _sources(self) -> tuple[Words, ...]:
        return self.source_x, self.source_y, self.source_z

    @property
    def _receivers(self) -> tuple[Words, ...]:
        return self.receiver_x, self.receiver_y, self.receiver_z

    def sources(self, headers: np.ndarray, revision: tuple[int, int]) -> np.ndarray:
        """Positions (trace, 3) of the sources, in the unit of the file."""
        return np.stack([_sum(headers, w, revision) for w in self._sources], axis=1)

    def receivers(self, headers: np.ndarray, revision: tuple[int, int]) -> np.ndarray:
        """Positions (trace, 3) of the receivers, in the unit of the file."""
        return np.stack([_sum(headers, w, revision) for w in self._receivers], axis=1)


def _terms(words: Words) -> tuple[str | Word, ...]:
    return (words,) if isinstance(words, (str, Word)) else tuple(words)


def _unsigned(term: str | Word) -> str | Word:
    return term.lstrip("-+") if isinstance(term, str) else term


def _sum(headers: np.ndarray, words: Words, revision: tuple[int, int]) -> np.ndarray:
    total = np.zeros(len(headers))
    for term in _terms(words):
        values = scaled(headers, _unsigned(term), revision)
        total = total - values if isinstance(term, str) and term.startswith("-") else total + values
    return total


@dataclass(frozen=True)
class Frame:
    """The grid's axes in the coordinates of the survey.

        x = (X - X0) sin a + (Y - Y0) cos a,    y = -(X - X0) cos a + (Y - Y0) sin a,    z = Z

    Arguments:
        origin: (X0, Y0), metres. Take it near the survey: positions are float32 on the way to the engine, which
            leaves a centimetre or worse of coordinates such as those of UTM.
        azimuth: a, direction of the grid's x axis, degrees clockwise from north (the Y axis); 90 leaves x along X.
        ndim: 3, or 2 for a line: y is left out, with a warning where points are spread far across the line.

    ```python
    Frame(origin=(451_000.0, 6_782_000.0), azimuth=35.0)(np.array([[451_100.0, 6_782_100.0, 10.0]]))
    ```
    """

    origin: tuple[float, float] = (0.0, 0.0)
    azimuth: float = 90.0
    ndim: int = 2

    def __post_init__(self) -> None:
        if self.ndim not in (2, 3):
            raise _checks.fail("frame.ndim", "2 (x, z) or 3 (x, y, z)", self.ndim)
        if len(self.origin) != 2:
            raise _checks.fail("frame.origin", "two numbers (X0, Y0), metres", self.origin)
        for value in (*self.origin, self.azimuth):
            _checks.number("frame", value, "finite numbers", np.isfinite)
        object.__setattr__(self, "origin", tuple(map(float, self.origin)))

    @staticmethod
    def along(positions: Any, ndim: int = 2) -> "Frame":
        """The frame whose x axis is the straight line that fits positions (n, 2 or 3) best, from its first point on."""
        points = np.asarray(positions, float)[:, :2]
        middle = points.mean(0)
        _, _, directions = np.linalg.svd(points - middle, full_matrices=False)
        direction = directions[0] * (1.0 if directions[0] @ (points[-1] - points[0]) >= 0 else -1.0)
        start = middle + direction * ((points - middle) @ direction).min()
        return Frame((start[0], start[1]), float(np.degrees(np.arctan2(direction[0], direction[1]))), ndim)

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Grid coordinates (n, ndim) of survey positions (n, 3), metres."""
        x, y = positions[:, 0] - self.origin[0], positions[:, 1] - self.origin[1]
        sine, cosine = self._direction()
        along, across = x * sine + y * cosine, y * sine - x * cosine
        if self.ndim == 3:
            return np.stack([along, across, positions[:, 2]], axis=1)
        _warn_off_line(along, across)
        return np.stack([along, positions[:, 2]], axis=1)

    def _direction(self) -> tuple[float, float]:
        """Sine and cosine of the azimuth, exact where it is a quarter turn."""
        quarter, rest = divmod(self.azimuth, 90.0)
        if rest == 0:
            return ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0))[int(quarter) % 4]
        return float(np.sin(np.radians(self.azimuth))), float(np.cos(np.radians(self.azimuth)))


def _warn_off_line(along: np.ndarray, across: np.ndarray) -> None:
    width, length = (float(np.ptp(v)) if v.size else 0.0 for v in (across, along))
    if width > OFF_LINE * max(length, 1.0):
        warnings.warn(
            f"Positions are spread over {width:.6g} m across the line of the frame, and are moved onto it. "
            "Frame.along(index.sources) fits a line; ndim=3 keeps all three coordinates.",
            stacklevel=_checks.stack_level(),
        )
