"""Helpers that convert to the units used everywhere, and the checks that know SI numbers when they see them."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.units import check_duration, check_frequency, hertz, metres_per_second, seconds


@pytest.mark.parametrize(
    ("helper", "si", "ours"), [(hertz, 10.0, 0.01), (seconds, 2.0, 2000.0), (metres_per_second, 1500.0, 1.5)]
)
def test_helpers_convert_numbers_arrays_and_tracers(helper, si, ours):
    assert helper(si) == pytest.approx(ours, rel=1e-15)
    np.testing.assert_allclose(jax.jit(helper)(jnp.array([si, 2 * si])), [ours, 2 * ours], rtol=1e-15)
    assert jax.grad(helper)(si) == pytest.approx(ours / si, rel=1e-15)


def test_a_frequency_in_hertz_is_recognised():
    message = (
        "peak_frequency: expected a frequency in kHz below 0.125, the Nyquist frequency of a step of 4 ms, "
        "got 10.0. Is it in hertz? Write hertz(10.0)."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        check_frequency("peak_frequency", 10, step=4.0)


def test_a_frequency_too_high_in_any_unit_gets_no_suggestion():
    with pytest.raises(ValueError, match=r"got 125\.0\.$"):
        check_frequency("peak_frequency", 125.0, step=4.0)


@pytest.mark.parametrize(("frequency", "allowed"), [(0.1249, True), (0.125, False), (0.126, False)])
def test_the_limit_is_the_nyquist_frequency(frequency, allowed):
    if allowed:
        check_frequency("f", frequency, step=4.0)
    else:
        with pytest.raises(ValueError, match=r"f: expected a frequency in kHz below 0\.125"):
            check_frequency("f", frequency, step=4.0)


@pytest.mark.parametrize("frequency", [0.0, -0.01, np.nan, np.inf])
def test_a_frequency_is_a_positive_number(frequency):
    with pytest.raises(ValueError, match="f: expected a positive number of kHz, got"):
        check_frequency("f", frequency, step=4.0)


def test_a_duration_in_seconds_is_recognised():
    message = (
        "sweep_duration: expected a duration in milliseconds longer than the step of 4 ms, "
        "got 0.5. Is it in seconds? Write seconds(0.5)."
    )
    check_duration("sweep_duration", 4.1, step=4.0)
    with pytest.raises(ValueError, match=re.escape(message)):
        check_duration("sweep_duration", 0.5, step=4.0)
    with pytest.raises(ValueError, match=r"got 0\.004\.$"):
        check_duration("sweep_duration", 0.004, step=4.0)
    with pytest.raises(ValueError, match="sweep_duration: expected a positive number of milliseconds, got -1"):
        check_duration("sweep_duration", -1.0, step=4.0)


def test_traced_values_are_not_looked_at():
    @jax.jit
    def double(value):
        check_frequency("f", value, step=4.0)
        check_duration("t", value, step=4.0)
        return 2 * value

    assert double(10.0) == 20.0
