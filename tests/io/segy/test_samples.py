import numpy as np
import pytest

from jaxseis.io.segy.samples import FORMATS, decode, encode, looks_like

IBM, IEEE = FORMATS[1], FORMATS[5]


def exact_ibm(words):
    """By the definition, in float64."""
    sign = np.where(words >> 31, -1.0, 1.0)
    return sign * (words & 0xFFFFFF) / 2.0**24 * 16.0 ** (((words >> 24) & 0x7F).astype(float) - 64)


@pytest.mark.parametrize("order", [">", "<"])
def test_ibm_words_are_what_the_definition_says(order):
    words = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint64).astype(np.uint32)
    raw = words.astype(f"{order}u4").view(np.uint8)
    with np.errstate(over="ignore"):
        expected = exact_ibm(words).astype(np.float32)
    np.testing.assert_array_equal(decode(raw, IBM, order), expected)


def test_ibm_round_trip_keeps_its_precision():
    rng = np.random.default_rng(1)
    x = (rng.normal(size=20_000) * 10.0 ** rng.uniform(-30, 30, 20_000)).astype(np.float32)
    x[:4] = 0.0, 1.0, -1.0, np.float32(1 - 2**-24)  # the last is rounded up to the next power of sixteen
    back = decode(encode(x, IBM, ">"), IBM, ">")
    assert np.max(np.abs(back - x) / np.maximum(np.abs(x), 1e-38)) <= 2.0**-21
    np.testing.assert_array_equal(back[:3], x[:3])
    np.testing.assert_array_equal(decode(encode(back, IBM, ">"), IBM, ">"), back)


@pytest.mark.parametrize("order", [">", "<"])
def test_ieee_round_trip_is_exact(order):
    x = np.random.default_rng(2).normal(size=(3, 50)).astype(np.float32)
    np.testing.assert_array_equal(decode(encode(x, IEEE, order), IEEE, order), x)


@pytest.mark.parametrize(("code", "values"), [(7, [-(2**23), -1, 0, 1, 2**23 - 1]), (15, [0, 1, 2**24 - 1])])
@pytest.mark.parametrize("order", ["big", "little"])
def test_three_byte_integers(code, values, order):
    raw = b"".join(v.to_bytes(3, order, signed=code == 7) for v in values)
    decoded = decode(np.frombuffer(raw, np.uint8), FORMATS[code], ">" if order == "big" else "<")
    np.testing.assert_array_equal(decoded, values)


@pytest.mark.parametrize("code", sorted(set(FORMATS) - {1, 7, 15}))
@pytest.mark.parametrize("order", [">", "<"])
def test_formats_that_numpy_has(code, order):
    kind = np.dtype(FORMATS[code].kind)
    values = np.array([0, 1, 2, 100], kind) if kind.kind == "u" else np.array([-100, -1, 0, 100], kind)
    raw = values.astype(kind.newbyteorder(order)).view(np.uint8)
    decoded = decode(raw, FORMATS[code], order)
    assert decoded.dtype == kind
    np.testing.assert_array_equal(decoded, values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_what_float32_cannot_hold_is_not_written(bad):
    with pytest.raises(ValueError, match="finite"):
        encode(np.array([1.0, bad]), IBM, ">")


def test_ibm_and_ieee_are_told_apart():
    rng = np.random.default_rng(3)
    seismic = (rng.normal(size=4000) * 10.0 ** rng.uniform(-2, 2, 4000)).astype(np.float32)
    assert looks_like(encode(seismic, IBM, ">"), ">") == "ibm"
    assert looks_like(encode(seismic, IEEE, "<"), "<") == "ieee"


@pytest.mark.parametrize("values", [np.zeros(4000), np.linspace(2500, 4000, 4000), np.arange(1.0, 300.0)])
def test_no_verdict_on_samples_that_do_not_tell(values):
    for fmt in (IBM, IEEE):
        assert looks_like(encode(values.astype(np.float32), fmt, ">"), ">") is None
