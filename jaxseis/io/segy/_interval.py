"""The sampling interval, out of the words of a file that may contradict each other."""

import numpy as np

from jaxseis.io.segy import binary_header as bh
from jaxseis.io.segy.assume import Assume
from jaxseis.io.segy.binary_header import BinaryHeader
from jaxseis.io.segy.findings import Report

DEFAULT = 4000.0  # microseconds: what most records have, taken only where a file says nothing at all


def interval(
    header: BinaryHeader, revision: tuple[int, int], heads: np.ndarray, assume: Assume, report: Report
) -> float:
    """The interval in ms. ``heads`` are some trace headers, uint8 (n, 240)."""
    if assume.interval is not None:
        report.note(
            "interval-given", header.at(bh.INTERVAL), header.whole(bh.INTERVAL, "i2"), f"{assume.interval} ms, as told"
        )
        return float(assume.interval)
    precise = float(header.get(bh.LONG_INTERVAL, "f8")) if revision >= (2, 0) else 0.0
    trace, at = _common(heads, header.order), header.at(bh.LONG_INTERVAL)
    if 1e-3 <= precise < 1e9:
        stated = header.whole(bh.INTERVAL, "u2"), trace % 2**16  # beside a precise interval they have no sign
        short = [us for us in stated if us and abs(us - precise) >= 1 and precise < 2**16]
        if short:
            report.problem("interval-disagrees", at, f"{precise} us, {short[0]} us elsewhere", f"{precise} us")
        return precise / 1000
    if precise != 0:
        report.problem("interval-impossible", at, f"{precise} us", "the other words are taken")
    return _reconciled(header, trace, report) / 1000


def _common(heads: np.ndarray, order: str) -> int:
    """The interval that most trace headers have, microseconds; 0 if there are none."""
    if len(heads) == 0:
        return 0
    values = np.ascontiguousarray(heads[:, 116:118]).view(f"{order}i2").ravel()
    kinds, counts = np.unique(values, return_counts=True)
    return int(kinds[np.argmax(counts)])


def _reconciled(header: BinaryHeader, trace: int, report: Report) -> float:
    binary, at = header.whole(bh.INTERVAL, "i2"), header.at(bh.INTERVAL)
    if binary > 0:
        if trace > 0 and trace != binary:
            report.problem("interval-disagrees", at, f"{binary} us, {trace} us in trace headers", f"{binary} us")
        elif trace < 0:
            report.problem("interval-negative", at, f"{trace} us in trace headers, {binary} us here", f"{binary} us")
        return binary
    name = "interval-negative" if binary < 0 else "interval-missing"
    if trace > 0:
        report.problem(name, at, f"{binary} us", f"{trace} us, of the trace headers")
        return trace
    taken, why = _guessed(header, binary, trace)
    report.problem(name, at, f"{binary} us, {trace} us in trace headers", f"{taken:g} us, {why}")
    return taken


def _guessed(header: BinaryHeader, binary: int, trace: int) -> tuple[float, str]:
    for value in (binary, trace):
        if value < 0:
            return _rounder(value), "its size, or the same bytes without a sign, whichever is the rounder number"
    original = header.whole(bh.INTERVAL_ORIGINAL, "i2")
    if original > 0:
        return original, "the interval of the field recording"
    return DEFAULT, "the most common interval: say Assume(interval=...) if you know better"


def _rounder(value: int) -> float:
    unsigned = value + 2**16
    return float(unsigned if unsigned % 250 == 0 and -value % 250 else -value)
