"""Wavelet transforms against PyWavelets, their inverses, and the filter banks they are made of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
from helpers.operators.transforms import normal, struct
from helpers.tolerances import assert_close

from jaxseis.operators.filter_bank import filter_bank
from jaxseis.operators.wavelet import DWT


@pytest.mark.parametrize(
    ("shape", "axes", "wavelet", "level"),
    [
        ((16,), (0,), "db2", 4),
        ((8, 12), (0, 1), "db3", 2),
        ((3, 8), (1,), "bior2.2", 1),
        ((2, 4, 6), (0, 2, 1), "haar", 1),
    ],
)
@pytest.mark.filterwarnings("ignore:Level value")
def test_it_is_that_of_pywavelets(shape, axes, wavelet, level):
    x = normal(*shape)
    expected = pywt.wavedecn(np.asarray(x), wavelet, "periodization", level, axes)
    assert_close(DWT(x, axes=axes, wavelet=wavelet, level=level) @ x, tuple(expected))


@pytest.mark.parametrize("wavelet", ["db4", "bior4.4"])
def test_the_inverse_undoes_it_for_any_size(wavelet):
    x = normal(7, 10, dtype=complex)
    W = DWT(x, wavelet=wavelet, level=2)
    np.testing.assert_allclose(W.inverse() @ (W @ x), x, atol=1e-12)


def test_an_orthogonal_one_keeps_the_norm_for_any_size():
    x = normal(7, 10)
    W = DWT(x, wavelet="sym5", level=2)
    c = W @ x
    np.testing.assert_allclose(sum(jnp.vdot(v, v) for v in jax.tree.leaves(c)), jnp.vdot(x, x), rtol=1e-12)
    np.testing.assert_allclose(W.T @ c, x, atol=1e-12)


def test_coefficients_are_a_pytree_to_threshold():
    x = np.repeat([1.0, 5.0], 8)
    W = DWT(x, level=3)
    kept = jax.tree.map(lambda v: jnp.where(jnp.abs(v) > 1e-8, v, 0.0), W @ x)
    assert sum(int(jnp.sum(v != 0)) for v in jax.tree.leaves(kept)) == 2
    np.testing.assert_allclose(W.inverse() @ kept, x, atol=1e-13)


def test_single_precision_stays():
    x = normal(4, dtype=jnp.float32)
    assert {v.dtype for v in jax.tree.leaves(DWT(x, wavelet="db2") @ x)} == {np.dtype("float32")}


def test_a_wavelet_of_ones_own():
    bank = pywt.Wavelet("mine", filter_bank=pywt.Wavelet("db2").filter_bank)
    x = normal(8)
    assert_close(DWT(x, wavelet=bank) @ x, DWT(x, wavelet="db2") @ x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wavelet": "db99"}, "wavelet of DWT: expected a discrete wavelet of PyWavelets.*got 'db99'"),
        ({"wavelet": "morl"}, "wavelet of DWT"),
        ({"wavelet": 4}, "wavelet of DWT: expected a discrete wavelet of PyWavelets.*got 4"),
        ({"level": 0}, "level of DWT: expected a whole number of at least 1, got 0"),
        ({"axes": (0, 0)}, "axis of DWT: expected different axes"),
    ],
)
def test_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        DWT(struct(4, 5), **arguments)


def moments(a, b):
    """``sum_j a_j b_{j - 2k}`` for all k that overlap, k = 0 in the middle."""
    n = len(a)
    return np.correlate(a, b, "full")[(n - 1) % 2 :: 2]


@pytest.mark.parametrize("family", [f for f in pywt.families() if f in ("haar", "db", "sym", "coif", "bior", "rbio")])
def test_dual_banks_undo_each_other(family):
    for name in pywt.wavelist(family):
        bank = filter_bank("test", name)
        delta = moments(bank.low, bank.dual_low)
        np.testing.assert_allclose(delta, np.eye(len(delta))[len(delta) // 2], atol=1e-8, err_msg=name)
        for pair in ((bank.low, bank.dual_high), (bank.high, bank.dual_low)):
            np.testing.assert_allclose(moments(*pair), 0, atol=1e-8, err_msg=name)
