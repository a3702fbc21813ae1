"""Textual headers: blocks of 3200 characters in EBCDIC or ASCII."""

import numpy as np

from jaxseis import _checks

TEXT_BYTES = 3200
EBCDIC = "cp037"
ENCODINGS = {"ebcdic": EBCDIC, "ascii": "latin-1"}

_PRINTABLE_ASCII = np.isin(np.arange(256), [*range(32, 127), 0, 9, 10, 13])
_PRINTABLE_EBCDIC = np.isin(np.frombuffer(bytes(range(256)).decode(EBCDIC).encode("latin-1"), np.uint8),
                            [*range(32, 127), 0, 9, 10, 13])  # fmt: skip


def encoding_of(raw: np.ndarray) -> str:
    """ "ebcdic" or "ascii", whichever makes more of the bytes readable; spaces and zeros say nothing."""
    telling = raw[raw != 0]
    ebcdic, ascii_ = _PRINTABLE_EBCDIC[telling].sum(), _PRINTABLE_ASCII[telling].sum()
    return "ascii" if ascii_ > ebcdic else "ebcdic"


def is_text(raw: np.ndarray) -> bool:
    """Whether a block holds readable characters and little else."""
    table = _PRINTABLE_ASCII if encoding_of(raw) == "ascii" else _PRINTABLE_EBCDIC
    return float((raw != 0).mean()) > 0.5 and float(table[raw].mean()) > 0.97


def decode_text(raw: np.ndarray) -> str:
    """The block as 40 lines of at most 80 characters, trailing blanks dropped."""
    text = raw.tobytes().decode(ENCODINGS[encoding_of(raw)]).replace("\x00", " ")
    if "\n" in text.strip():
        return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()
    return "\n".join(text[i : i + 80].rstrip() for i in range(0, len(text), 80)).rstrip()


def encode_text(text: str, encoding: str) -> bytes:
    """3200 bytes of at most 40 lines of 80 characters, filled with blanks.

    Raises ValueError for more or longer lines, or characters that the encoding does not have.
    """
    if encoding not in ENCODINGS:
        raise _checks.fail("encoding", '"ebcdic" or "ascii"', repr(encoding))
    lines = text.splitlines()
    if len(lines) > 40 or max(map(len, lines), default=0) > 80:
        got = f"{len(lines)} lines of at most {max(map(len, lines), default=0)} characters"
        raise _checks.fail("text", "at most 40 lines of 80 characters", got)
    try:
        return "".join(f"{line:80s}" for line in [*lines, *[""] * (40 - len(lines))]).encode(
            EBCDIC if encoding == "ebcdic" else "ascii"
        )
    except UnicodeEncodeError as error:
        raise _checks.fail("text", f"characters that {encoding} has", repr(error.object[error.start])) from error
