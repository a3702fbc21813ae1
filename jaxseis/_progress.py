"""Progress bars, with the misfit and the time left."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed} gone, {remaining} left{postfix}]"


class ProgressBar(tqdm):
    """A bar that can be told numbers: ``bar.step(misfit=0.3)`` shows one and advances."""

    def note(self, **numbers: float) -> None:
        """Show the named numbers at the end of the bar, the next time it is drawn."""
        self.set_postfix({name: f"{float(value):.4g}" for name, value in numbers.items()}, refresh=False)

    def step(self, **numbers: float) -> None:
        """Advance by one, and show the named numbers."""
        if numbers:
            self.note(**numbers)
        self.update(1)


def progress(iterable_or_total: Iterable[Any] | int, description: str, show: bool = True) -> ProgressBar:
    """A progress bar over an iterable, or over a number of steps.

    Arguments:
        iterable_or_total: what to loop over, or how many steps there will be.
        description: a word or two put before the bar.
        show: False gives the same object, silent.

    Returns the bar: iterate over it, or enter it as a context and call ``step(misfit=...)`` after
    every step. It is written to the standard error, every 10 s if that is not a terminal.

    ```python
    with progress(20, "inversion") as bar:
        for _ in range(20):
            bar.step(misfit=0.5)
    ```
    """
    # A log file would fill with one line for every redraw of the bar.
    interval = 0.1 if sys.stderr.isatty() else 10.0
    options: dict[str, Any] = {
        "desc": description,
        "disable": not show,
        "mininterval": interval,
        "bar_format": _FORMAT,
        "dynamic_ncols": True,
    }
    if isinstance(iterable_or_total, int):
        return ProgressBar(total=iterable_or_total, **options)
    return ProgressBar(iterable_or_total, **options)
