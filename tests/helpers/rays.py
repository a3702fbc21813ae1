"""Travel times and group velocities along rays."""

import numpy as np


def delay(near, far, dt):
    """Time between two traces of one waveform: the peak of their correlation, interpolated by its spectrum."""
    n, finer = 2 * len(near), 64
    product = np.fft.rfft(far, n) * np.conj(np.fft.rfft(near, n))
    return np.argmax(np.fft.irfft(product, finer * n)[: finer * n // 2]) * dt / finer


def group_velocity(ray, vp, epsilon, delta, shear):
    """qP velocity along rays at angles from the axis, of the Christoffel equation (Thomsen 1986); ``shear``: vs/vp."""
    angle, f = np.linspace(-np.pi, np.pi, 36001), 1 - shear**2
    x, z = np.sin(angle) ** 2, np.cos(angle) ** 2
    a, b = (1 + 2 * epsilon) * x + (1 - f) * z, (1 - f) * x + z
    v = vp * np.sqrt((a + b + np.sqrt((a - b) ** 2 + 4 * f * (f + 2 * delta) * x * z)) / 2)
    slope = np.gradient(v, angle)
    return np.interp(ray, angle + np.arctan2(slope, v), np.hypot(v, slope))
