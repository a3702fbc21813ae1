"""What a user knows better than a file."""

from dataclasses import dataclass

from jaxseis import _checks
from jaxseis.io.segy.samples import FORMATS

ORDERS = {"big": ">", "little": "<"}


@dataclass(frozen=True)
class Assume:
    """What you know better than the file: each value given replaces what the file says.

    Attributes:
        byte_order: "big" or "little".
        format: code of the sample format, such as 1 (IBM) or 5 (IEEE).
        samples: samples of a trace.
        interval: sampling interval, ms.
        extended_headers: number of textual headers between the binary header and the first trace.

    Raises ValueError for values that cannot be.

    ```python
    Assume(interval=2.0, format=5)
    ```
    """

    byte_order: str | None = None
    format: int | None = None
    samples: int | None = None
    interval: float | None = None
    extended_headers: int | None = None

    def __post_init__(self) -> None:
        if self.byte_order is not None and self.byte_order not in ORDERS:
            raise _checks.fail("assume.byte_order", '"big" or "little"', repr(self.byte_order))
        if self.format is not None and self.format not in FORMATS:
            raise _checks.fail("assume.format", f"one of the codes {sorted(FORMATS)}", self.format)
        for name, least in (("samples", 1), ("extended_headers", 0)):
            if getattr(self, name) is not None:
                _checks.whole(f"assume.{name}", getattr(self, name), least)
        if self.interval is not None:
            _checks.positive("assume.interval", self.interval, "milliseconds")
