"""Sample formats: bytes to numbers and back.

IBM hexadecimal floating point is ``(-1)^s 16^(e - 64) f / 2^24``: a sign bit, 7 bits of exponent, 24 bits of
fraction. Every fraction is exact in float32, so that decoding rounds nothing but what lies outside the
range of float32: beyond 3.4e38 it becomes infinite, below 1e-45 zero. (The converter of segyio 1.9 reads fractions
whose first hexadecimal digit is zero as other numbers, up to 40 times too large, hence not that one.) Encoding
keeps 21 to 24 bits, and rounds to the nearest.
"""

from dataclasses import dataclass

import numpy as np

from jaxseis import _checks


@dataclass(frozen=True)
class SampleFormat:
    """One sample format of the standard.

    Attributes:
        code: number in the binary header.
        name: what it is called.
        bytes: of one sample.
        kind: NumPy type without byte order, or "ibm", "i3", "u3" for those NumPy does not have.
    """

    code: int
    name: str
    bytes: int
    kind: str


FORMATS = {
    f.code: f
    for f in (
        SampleFormat(1, "4-byte IBM floating point", 4, "ibm"),
        SampleFormat(2, "4-byte integer", 4, "i4"),
        SampleFormat(3, "2-byte integer", 2, "i2"),
        SampleFormat(5, "4-byte IEEE floating point", 4, "f4"),
        SampleFormat(6, "8-byte IEEE floating point", 8, "f8"),
        SampleFormat(7, "3-byte integer", 3, "i3"),
        SampleFormat(8, "1-byte integer", 1, "i1"),
        SampleFormat(9, "8-byte integer", 8, "i8"),
        SampleFormat(10, "4-byte unsigned integer", 4, "u4"),
        SampleFormat(11, "2-byte unsigned integer", 2, "u2"),
        SampleFormat(12, "8-byte unsigned integer", 8, "u8"),
        SampleFormat(15, "3-byte unsigned integer", 3, "u3"),
        SampleFormat(16, "1-byte unsigned integer", 1, "u1"),
    )
}
REFUSED = {4: "4-byte fixed point with gain, obsolete and ambiguous"}

_IBM_SCALE = np.where(np.arange(256) < 128, 1.0, -1.0) * 16.0 ** ((np.arange(256) % 128) - 64.0) / 2.0**24


def decode(raw: np.ndarray, fmt: SampleFormat, order: str) -> np.ndarray:
    """Samples (..., n) of bytes (..., n * fmt.bytes), in native byte order.

    Arguments:
        raw: uint8, C-contiguous.
        fmt: the sample format.
        order: ">" or "<".

    Returns float32 for IBM, int32 and uint32 for 3-byte integers, otherwise the type of the format.
    """
    if fmt.kind == "ibm":
        return _decode_ibm(raw.view(f"{order}u4").astype(np.uint32))
    if fmt.kind in ("i3", "u3"):
        return _decode_three(raw.reshape(*raw.shape[:-1], -1, 3), fmt.kind, order)
    return raw.view(f"{order}{fmt.kind}").astype(fmt.kind)


def encode(samples: np.ndarray, fmt: SampleFormat, order: str) -> np.ndarray:
    """Bytes (..., n * fmt.bytes) of samples (..., n); formats 1 and 5.

    Raises ValueError for samples that are not finite, another format, or numbers too large for it.
    """
    if fmt.kind not in ("ibm", "f4"):
        raise _checks.fail("format", "1 (IBM) or 5 (IEEE) for writing", f"{fmt.code}, {fmt.name}")
    _checks.finite("samples", samples)
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(samples, np.float32)
    _checks.finite("samples in float32", single)
    words = _encode_ibm(single) if fmt.kind == "ibm" else single
    return words.astype(f"{order}{'u4' if fmt.kind == 'ibm' else 'f4'}").view(np.uint8)


def _decode_ibm(words: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return (_IBM_SCALE[words >> 24] * (words & 0xFFFFFF)).astype(np.float32)


def _encode_ibm(x: np.ndarray) -> np.ndarray:
    fraction, exponent = np.frexp(np.abs(x.astype(np.float64)))  # |x| = fraction 2^exponent, 1/2 <= fraction < 1
    digits = -(-exponent // 4)  # |x| = f 16^digits, 1/16 <= f < 1
    words = np.rint(np.ldexp(fraction, exponent - 4 * digits + 24)).astype(np.uint32)
    carried = words >> 24  # rounded up to one: 1 = 16 / 16
    words, digits = np.where(carried, words >> 4, words), digits + carried
    signed = (np.signbit(x).astype(np.uint32) << 31) | ((digits + 64).astype(np.uint32) << 24) | words
    return np.where(x == 0, 0, signed).astype(np.uint32)


def _decode_three(raw: np.ndarray, kind: str, order: str) -> np.ndarray:
    high, middle, low = (raw[..., i].astype(np.uint32) for i in ((0, 1, 2) if order == ">" else (2, 1, 0)))
    unsigned = (high << 16) | (middle << 8) | low
    return unsigned if kind == "u3" else (unsigned << 8).view(np.int32) >> 8


def looks_like(raw: np.ndarray, order: str) -> str | None:
    """ "ibm" or "ieee" where 4-byte words can be only the one, None where that cannot be told.

    The fraction of an IBM number begins with a digit that is not zero; of the words of IEEE numbers that fill several
    octaves, the same four bits are zero one time in sixteen. So words are looked at only if many of them differ and
    at least three values of the leading byte, each two octaves (IEEE) or four (IBM) wide, are well filled.
    """
    words = np.unique(raw.reshape(-1).view(f"{order}u4").astype(np.uint32))
    leading = (words >> 24) & 0x7F
    filled = np.flatnonzero(np.bincount(leading, minlength=128)[1:] >= 100) + 1
    if filled.size < 3:
        return None
    unnormalised = float(np.mean((words[np.isin(leading, filled)] & 0x00F00000) == 0))
    return "ibm" if unnormalised == 0 else "ieee" if unnormalised > 0.02 else None
