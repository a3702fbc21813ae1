"""From SI numbers to the units used everywhere here: metres, milliseconds, km/s, kHz.

People think in hertz, so a frequency that cannot be sampled but would make sense in hertz is
refused with the expression to write instead.
"""

from typing import Any

from jaxseis import _checks


def hertz(frequency: Any) -> Any:
    """``frequency`` in Hz as kHz: ``f / 1000``, for numbers and arrays alike.

    ```python
    hertz(10.0)  # 0.01
    ```
    """
    return frequency / 1000


def seconds(time: Any) -> Any:
    """``time`` in s as ms: ``1000 t``, for numbers and arrays alike.

    ```python
    seconds(2.0)  # 2000.0
    ```
    """
    return time * 1000


def metres_per_second(velocity: Any) -> Any:
    """``velocity`` in m/s as km/s: ``v / 1000``, for numbers and arrays alike.

    ```python
    metres_per_second(1500.0)  # 1.5
    ```
    """
    return velocity / 1000


def check_frequency(name: str, value: Any, step: float) -> None:
    """An error unless ``0 < value < 0.5 / step``, the Nyquist frequency.

    Arguments:
        name: the argument that holds the frequency, for the message.
        value: frequency, kHz; a traced value is not looked at.
        step: sampling interval, ms.

    Raises ValueError naming the argument, and ``hertz(value)`` if that is what was meant.

    ```python
    check_frequency("peak_frequency", 0.010, step=4.0)
    ```
    """
    if not _checks.is_concrete(value):
        return
    frequency, nyquist = _checks.positive(name, value, "kHz"), 0.5 / step
    if frequency >= nyquist:
        raise _checks.fail(
            name,
            f"a frequency in kHz below {nyquist:g}, the Nyquist frequency of a step of {step:g} ms",
            frequency,
            f"Is it in hertz? Write hertz({frequency})." if hertz(frequency) < nyquist else "",
        )


def check_duration(name: str, value: Any, step: float) -> None:
    """An error unless the duration ``value``, ms, is longer than the sampling interval ``step``, ms.

    A traced value is not looked at. Raises ValueError naming the argument, and ``seconds(value)``
    if that would be long enough.

    ```python
    check_duration("sweep_duration", 8000.0, step=4.0)
    ```
    """
    if not _checks.is_concrete(value):
        return
    duration = _checks.positive(name, value, "milliseconds")
    if duration <= step:
        raise _checks.fail(
            name,
            f"a duration in milliseconds longer than the step of {step:g} ms",
            duration,
            f"Is it in seconds? Write seconds({duration})." if seconds(duration) > step else "",
        )
