"""Crafted SEG-Y files, right and wrong, and what is right to make of each in strict and in tolerant mode."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.segy_files import CARDS, SAMPLES, SegyFile, build, cards, first_trace, random_samples

READS, REFUSES, EITHER = "reads", "refuses", "either"  # either: the right samples, or a SegyError
NOTHING, SOMETHING, ANYTHING = "no problem", "a finding", "anything"  # in the report of what was read


@dataclass(frozen=True)
class Case:
    """One file. Whatever is read has these samples, this interval and these values of trace headers."""

    file: SegyFile | bytes
    strict: str
    tolerant: str
    report: str
    samples: Any = None  # (traces, samples); None: whatever the report says of them
    intervals: tuple[float, ...] = ()  # milliseconds, one of them; none: anything
    headers: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.file if isinstance(self.file, bytes) else build(self.file)


CASES: dict[str, Case] = {}


def padded(traces: Any) -> np.ndarray:
    """Traces of any length in one array, zeros after the ends."""
    result = np.zeros((len(traces), max((len(trace) for trace in traces), default=0)))
    for row, trace in zip(result, traces, strict=True):
        row[: len(trace)] = trace
    return result


def _kind(strict: str, tolerant: str, report: str) -> Callable:
    """A function that adds a case: its name, its bytes or changes of a plain file, and what else is right."""

    def add(name: str, data: bytes | None = None, *, right: dict | None = None, **changes: Any) -> None:
        assert name not in CASES, name
        file = SegyFile(**changes) if data is None else data
        samples, intervals = (padded(file.samples), (file.interval / 1000,)) if data is None else (None, ())
        usual = {"strict": strict, "tolerant": tolerant, "report": report, "samples": samples, "intervals": intervals}
        CASES[name] = Case(file, **usual | (right or {}))

    return add


valid = _kind(READS, READS, NOTHING)
unusual = _kind(EITHER, READS, ANYTHING)  # against the letter of the standard; nothing to be wrong about
noted = _kind(EITHER, READS, SOMETHING)  # something is missing or against the standard; what is meant is clear
mended = _kind(REFUSES, READS, SOMETHING)  # a contradiction that the rest of the file settles
doubtful = _kind(REFUSES, EITHER, SOMETHING)  # a contradiction that may be beyond mending
suspicious = _kind(EITHER, EITHER, SOMETHING)  # either way, but not in silence
refused = _kind(REFUSES, REFUSES, NOTHING)  # nothing to read

RNG = np.random.default_rng(7)
OTHER = {"samples": None, "intervals": ()}


def wide(samples: int, traces: int = 2) -> np.ndarray:
    """Long traces of small whole numbers."""
    return random_samples(3, traces, samples, 100, 1.0)


# --- well-formed files ---------------------------------------------------------------------------

for revision in ((0, 0), (1, 0), (2, 0), (2, 1)):
    valid(f"revision {revision[0]}.{revision[1]}", revision=revision)
for code, signed in {1: 1, 2: 1, 3: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 0, 11: 0, 12: 0, 15: 0, 16: 0}.items():
    values = SAMPLES if code in (1, 5, 6) else wide(50, 7) if signed else abs(wide(50, 7))
    valid(f"format {code}", samples=values, code=code, revision=(2, 1))
    valid(f"format {code} little-endian", samples=values, code=code, revision=(2, 1), order="<")
unusual("format 4 without gain", samples=wide(50, 7), code=4, right={"tolerant": EITHER})
valid("text in ASCII", encoding="ascii")
valid("text of zero bytes", text=bytes(CARDS))
valid("text of random bytes", text=RNG.bytes(CARDS))
valid("one trace", samples=SAMPLES[:1])
valid("one sample", samples=SAMPLES[:, :1])
valid("samples all zero, IEEE", samples=0 * SAMPLES)
valid("samples all zero, IBM", samples=0 * SAMPLES, code=1)
valid("samples mostly zero, IBM", samples=SAMPLES * (np.arange(50) == 20), code=1)
valid("samples small, IBM", samples=SAMPLES * 2.0**-40, code=1)
valid("samples small, IEEE", samples=SAMPLES * 2.0**-40)
valid("samples large, IEEE", samples=SAMPLES * 2.0**40)
valid("samples one constant, IEEE", samples=0 * SAMPLES + 1500)
valid("samples one constant, IBM", samples=0 * SAMPLES + 1500, code=1)
valid("dead traces", headers={"TraceIdentificationCode": [1, 2, 1, 2, 2, 1, 1]})
unusual("samples NaN, IEEE", samples=np.where(SAMPLES > 6000, np.nan, SAMPLES))
unusual("samples infinite, IEEE", samples=np.where(SAMPLES < -6000, -np.inf, SAMPLES))
for delay in (100, -100):
    suspicious(f"a delay of {delay} ms", headers={"DelayRecordingTime": delay},
               right={"headers": {"DelayRecordingTime": delay}})

# --- size of the file ----------------------------------------------------------------------------

GOOD = build(SegyFile())
TRACE = 440  # bytes
refused("empty", b"")
refused("one byte", b"\x00")
refused("text only", GOOD[:CARDS])
refused("3599 bytes", GOOD[:3599])
unusual("no traces", GOOD[:3600], right={"tolerant": EITHER, "samples": np.zeros((0, 50))})
doubtful("cut inside the first header", cut=7 * TRACE - 100, right={"samples": SAMPLES[:0]})
doubtful("cut inside the first trace", cut=7 * TRACE - 300, right={"samples": SAMPLES[:0]})
mended("cut inside the last trace", cut=60, right={"samples": SAMPLES[:6]})
mended("cut by one byte", cut=1, right={"samples": SAMPLES[:6]})
mended("cut inside the last header", cut=300, right={"samples": SAMPLES[:6]})
mended("cut inside the last trace, revision 2", revision=(2, 0), cut=60, right={"samples": SAMPLES[:6]})
mended("cut after the third trace, by its count", revision=(2, 0), binary={"TraceCount": 7}, cut=4 * TRACE,
       right={"samples": SAMPLES[:3]})
mended("512 bytes after the end", trailer=RNG.bytes(512))
mended("512 zero bytes after the end", trailer=bytes(512))
mended("one byte after the end", trailer=b"\x1a")
mended("100 bytes after the end", trailer=bytes(100))
suspicious("a trace of zero bytes after the end", trailer=bytes(TRACE), right={"samples": None})
doubtful("a trace of random bytes after the end", trailer=RNG.bytes(TRACE))
LABEL = b"   1SY1.0RECORD" + b" " * 113
suspicious("tape label", prefix=LABEL)
suspicious("tape label, revision 0", revision=(0, 0), prefix=LABEL)
suspicious("tape label, little-endian revision 2", revision=(2, 0), order="<", prefix=LABEL)

# --- number of samples ---------------------------------------------------------------------------


def count(binary: Any = 50, trace: Any = 50, **more: Any) -> dict:
    """Changes of a file: the number of samples in the binary header and in the trace headers."""
    return {"binary": {"Samples": binary, **more}, "headers": {"TRACE_SAMPLE_COUNT": trace}}


noted("samples: trace 0", **count(trace=0))
mended("samples: binary 0", **count(binary=0))
doubtful("samples: both 0", **count(0, 0))
doubtful("samples: both 0, the original number right", **count(0, 0, SamplesOriginal=50))
unusual("samples: an original number of 60", **count(SamplesOriginal=60))
mended("samples: binary 400", **count(400))
mended("samples: binary 51", **count(51))
doubtful("samples: binary 10, which divides the file too", **count(10))
doubtful("samples: binary 94, which divides the file too", **count(94))
mended("samples: trace 462", **count(trace=462))
mended("samples: trace 65535", **count(trace=65535))
doubtful("samples: trace 10, which divides the file too", **count(trace=10))
doubtful("samples: first trace 462", **count(trace=[462, *[50] * 6]))
doubtful("samples: fourth trace 49", **count(trace=[50, 50, 50, 49, 50, 50, 50]))
suspicious("samples: fourth trace 0", **count(trace=[50, 50, 50, 0, 50, 50, 50]))
doubtful("samples: last trace 40", **count(trace=[*[50] * 6, 40]))
doubtful("samples: binary 462, trace 901", **count(462, 901))
doubtful("samples: binary 0, trace 462", **count(0, 462))
doubtful("samples: binary 462, trace 0", **count(462, 0))
doubtful("samples: both 40", **count(40, 40))
doubtful("samples: both 10, which divides the file too", **count(10, 10))
doubtful("samples: both 17, which divides the file too", **count(17, 17))
doubtful("samples: both 65535", **count(65535, 65535), right={"samples": None})
unusual("40000 samples", samples=wide(40000), code=8, revision=(2, 0))
unusual("40000 samples, revision 1", samples=wide(40000), code=3)
unusual("65535 samples", samples=wide(65535), code=3)
unusual("32768 samples", samples=wide(32768), code=8)
valid("70000 samples, an interval of 1999.5", samples=wide(70000), code=3, revision=(2, 1),
      binary={"ExtInterval": 1999.5}, right={"intervals": (1.9995,)})
valid("70000 samples, little-endian", samples=wide(70000), code=3, revision=(2, 0), order="<")
unusual("70000 samples, the low bits in the old field", samples=wide(70000), code=3, revision=(2, 0),
           **count(70000, 70000))
valid("extended number of samples only", revision=(2, 0), **count(0, ExtSamples=50))
valid("extended number of samples besides", revision=(2, 0), **count(50, ExtSamples=50))
doubtful("extended number of samples 60", revision=(2, 0), **count(50, ExtSamples=60))
doubtful("extended number of samples 10", revision=(2, 0), **count(50, ExtSamples=10))
for huge in (2**31 - 1, 2**31, 2**32 - 1, 1_358_013_203):
    doubtful(f"extended number of samples {huge}", revision=(2, 0), **count(50, ExtSamples=huge))

LENGTHS = [50, 40, 61, 50, 33, 50, 20]
MIXED = [row[:n] for row, n in zip(random_samples(4, 7, 61), LENGTHS, strict=True)]
suspicious("lengths: last trace shorter", samples=[*SAMPLES[:6], SAMPLES[6, :30]])
suspicious("lengths: first trace shorter", samples=[SAMPLES[0, :30], *SAMPLES[1:]])
suspicious("lengths: all different", samples=MIXED)
suspicious("lengths: all different, binary 50", samples=MIXED, binary={"Samples": 50})
suspicious("lengths: all different, revision 2", samples=MIXED, revision=(2, 0))
doubtful("lengths: all different, said to be equal", samples=MIXED, binary={"TraceFlag": 1})
doubtful("lengths: all different, cut", samples=MIXED, cut=30, right={"samples": padded(MIXED[:6])})
doubtful("lengths: all different, binary 0", samples=MIXED, binary={"Samples": 0})

# --- interval ------------------------------------------------------------------------------------


def step(binary: Any = 2000, trace: Any = 2000, **more: Any) -> dict:
    """Changes of a file: the interval in the binary header and in the trace headers, microseconds."""
    return {"binary": {"Interval": binary, **more}, "headers": {"TRACE_SAMPLE_INTERVAL": trace}}


def among(*intervals: float) -> dict:
    """What is right: one of these intervals."""
    return {"right": {"intervals": intervals}}


unusual("interval: trace 0", **step(trace=0))
noted("interval: binary 0", **step(binary=0))
doubtful("interval: both 0", **step(0, 0), **among())
suspicious("interval: fourth trace 0", **step(trace=[2000, 2000, 2000, 0, 2000, 2000, 2000]))
suspicious("interval: 40000", **step(40000, 40000), **among(40.0))
unusual("interval: an original one of 1000", **step(IntervalOriginal=1000))
doubtful("interval: binary 4000", **step(4000), **among(2.0, 4.0))
doubtful("interval: trace 4000", **step(trace=4000), **among(2.0, 4.0))
doubtful("interval: fourth trace 4000", **step(trace=[2000, 2000, 2000, 4000, 2000, 2000, 2000]), **among(2.0, 4.0))
suspicious("interval: both -2000", **step(-2000, -2000), **among(2.0, 63.536))
doubtful("interval: binary -2000", **step(-2000), **among(2.0))
doubtful("interval: trace -2000", **step(trace=-2000), **among(2.0))
suspicious("interval: binary -2000, trace 0", **step(-2000, 0), **among(2.0, 63.536))
doubtful("interval: binary 0, trace -2000", **step(0, -2000), **among(2.0, 63.536))
valid("interval: double only", revision=(2, 0), **step(0, 0, ExtInterval=2000.0))
valid("interval: double of 1999.5", revision=(2, 1), **step(2000, 2000, ExtInterval=1999.5), **among(1.9995))
valid("interval: double of 1999.5, little-endian", revision=(2, 1), order="<",
      **step(1999, 1999, ExtInterval=1999.5), **among(1.9995))
valid("interval: double of 0.25", revision=(2, 1), **step(0, 0, ExtInterval=0.25), **among(0.00025))
doubtful("interval: double of 4000", revision=(2, 0), **step(ExtInterval=4000.0), **among(2.0, 4.0))
for double in (np.nan, np.inf, -2000.0, 1e300, 1e-300):
    doubtful(f"interval: double of {double}", revision=(2, 0), **step(ExtInterval=double))

# --- format --------------------------------------------------------------------------------------

for code in (0, 99, -1, 13, 14, 256, 1280):
    doubtful(f"format said to be {code}", binary={"Format": code})
doubtful("format said to be 0, little-endian", order="<", binary={"Format": 0})
DECAY = np.rint(RNG.standard_normal((7, 800)) * 2.0 ** np.linspace(18, 6, 800)) / 16  # many octaves, 20 bits
valid("many samples, IBM", samples=DECAY, code=1)
valid("many samples, IEEE", samples=DECAY)
valid("many whole numbers, IBM", samples=np.rint(DECAY), code=1)
valid("many whole numbers, IEEE", samples=np.rint(DECAY))
suspicious("IEEE said to be IBM", samples=DECAY, binary={"Format": 1}, right=OTHER)
suspicious("IBM said to be IEEE", samples=DECAY, code=1, binary={"Format": 5}, right=OTHER)
suspicious("IEEE said to be IBM, little-endian", samples=DECAY, order="<", revision=(2, 0), binary={"Format": 1},
           right=OTHER)
doubtful("IEEE said to be 16 bits", binary={"Format": 3}, right=OTHER)
doubtful("IEEE said to be 64 bits", binary={"Format": 6}, revision=(2, 0), right=OTHER)
OVERFLOW = {first_trace(SegyFile()) + 240 + 4 * 9: b"\x7f\xff\xff\xff" + b"\xff\xff\xff\xff"}
LIMITS = SAMPLES.copy()
LIMITS[0, 9:11] = np.inf, -np.inf
unusual("IBM beyond float32", code=1, patch=OVERFLOW, right={"samples": LIMITS})

# --- byte order ----------------------------------------------------------------------------------

noted("little-endian, revision 0", revision=(0, 0), order="<")
noted("little-endian, revision 0, text in ASCII", revision=(0, 0), order="<", encoding="ascii")
noted("little-endian, revision 1", order="<")
noted("little-endian IBM, revision 1", order="<", code=1)
valid("little-endian, revision 2", revision=(2, 0), order="<")
valid("little-endian, revision 2.1", revision=(2, 1), order="<")
suspicious("little-endian, revision 2, no constant", revision=(2, 0), order="<", binary={"IntegerConstant": 0})
unusual("revision 2, no constant", revision=(2, 0), binary={"IntegerConstant": 0})
suspicious("revision 2, constant of the other order", revision=(2, 0), binary={"IntegerConstant": 0x04030201})
suspicious("revision 2, random constant", revision=(2, 0), binary={"IntegerConstant": 0x5EC0FFEE})
PAIRS = np.frombuffer(build(SegyFile(revision=(2, 0)))[CARDS:], "u1").reshape(-1, 2)[:, ::-1].tobytes()
suspicious("bytes swapped in pairs", GOOD[:CARDS] + PAIRS, right={"samples": SAMPLES})

# --- textual headers, revision, flags ------------------------------------------------------------

EXTENDED = ("((SEG: One))" + cards("PROJECTION")[12:], cards("MORE OF IT"))
ENDING = (*EXTENDED, "((SEG: EndText))")
END = {"ExtendedHeaders": -1}
for revision in ((1, 0), (2, 0), (2, 1)):
    valid(f"2 extended texts, revision {revision[0]}.{revision[1]}", extended=EXTENDED, revision=revision)
noted("2 extended texts, revision 0", extended=EXTENDED, revision=(0, 0))
valid("2 extended texts in ASCII", extended=EXTENDED, encoding="ascii")
doubtful("2 extended texts, absent", binary={"ExtendedHeaders": 2})
suspicious("2 extended texts, absent, revision 0", revision=(0, 0), binary={"ExtendedHeaders": 2})
EVEN = {"samples": random_samples(5, 7, 740)}  # traces as long as a block of text
doubtful("2 extended texts, absent, traces as long as a text", **EVEN, binary={"ExtendedHeaders": 2})
doubtful("2 extended texts, not announced", extended=EXTENDED, binary={"ExtendedHeaders": 0})
doubtful("2 extended texts, not announced, traces as long as a text", **EVEN, extended=EXTENDED,
         binary={"ExtendedHeaders": 0})
doubtful("2 extended texts, 1 announced", extended=EXTENDED, binary={"ExtendedHeaders": 1})
doubtful("2 extended texts, 3 announced", extended=EXTENDED, binary={"ExtendedHeaders": 3})
valid("extended texts up to an end", extended=ENDING, binary=END)
valid("extended texts up to an end, revision 2", extended=ENDING, binary=END, revision=(2, 0))
valid("extended texts up to an end in ASCII", extended=ENDING, binary=END, encoding="ascii")
doubtful("extended texts up to an end that is not there", extended=EXTENDED, binary=END)
doubtful("extended texts up to an end, and none", binary=END)
for number in (32000, 32767, -7, -32768):
    doubtful(f"{number} extended texts", binary={"ExtendedHeaders": number})
for revision in ((0, 1), (0, 16), (0, 100), (0xDA, 0xD9), (77, 3), (1, 7), (255, 255), (32, 32)):
    noted(f"revision bytes {bytes(revision).hex(' ')}", revision=revision, binary={"IntegerConstant": 0})

GARBAGE = {3260: RNG.bytes(240), 3506: RNG.bytes(94)}  # memory that a writer did not clear
TRAP = {  # what would be believed in revision 2
    "ExtSamples": 10, "ExtInterval": 4000.0, "IntegerConstant": 0x04030201, "ExtraTraceHeaders": 1, "TraceCount": 3,
    "FirstTrace": 3600 + TRACE, "Trailers": 1,
}
for revision in ((0, 0), (1, 0)):
    valid(f"random unassigned bytes, revision {revision[0]}", revision=revision, patch=GARBAGE)
    valid(f"misleading unassigned bytes, revision {revision[0]}", revision=revision, binary=TRAP)
suspicious("misleading unassigned bytes, revision bytes 00 01", revision=(0, 1), binary=TRAP)
doubtful("random unassigned bytes, revision 2", revision=(2, 0), patch=GARBAGE)
FLAGS = {"binary": {"TraceFlag": 0}}
valid("equal lengths not announced", **FLAGS)
valid("equal lengths not announced, revision 2", revision=(2, 0), **FLAGS)
unusual("a flag of equal lengths of 257", binary={"TraceFlag": 257})

# --- revision 2 ----------------------------------------------------------------------------------

TWO = {"revision": (2, 1)}
valid("2 more trace headers", **TWO, extra_headers=2)
valid("2 more trace headers, of a survey on land", **TWO, extra_headers=2, binary={"SurveyType": 1})
valid("2 more trace headers, revision 2.0", revision=(2, 0), extra_headers=2)
valid("2 more trace headers, little-endian", **TWO, order="<", extra_headers=2)
valid("2 more trace headers, 2 extended texts", **TWO, extra_headers=2, extended=EXTENDED)
doubtful("2 more trace headers, absent", **TWO, binary={"ExtraTraceHeaders": 2})
doubtful("2 more trace headers, not announced", **TWO, extra_headers=2, binary={"ExtraTraceHeaders": 0})
for number in (32767, -1):
    doubtful(f"{number} more trace headers", **TWO, binary={"ExtraTraceHeaders": number})
valid("a count of traces", **TWO, binary={"TraceCount": 7})
for number in (6, 8, 2**31, 2**63, 2**64 - 1):
    doubtful(f"a count of {number} traces", **TWO, binary={"TraceCount": number})
STANZA = f"{'((SEG: Trailer))':<{CARDS}}".encode("cp037")
valid("a trailer", **TWO, trailer=STANZA, binary={"Trailers": 1})
valid("a trailer, all counted", **TWO, trailer=STANZA, binary={"Trailers": 1, "TraceCount": 7})
doubtful("a trailer, not announced", **TWO, trailer=STANZA)
doubtful("a trailer, absent", **TWO, binary={"Trailers": 1})
doubtful("a trailer, absent, traces as long as one", **TWO, **EVEN, binary={"Trailers": 1})
unusual("a trailer, not counted", **TWO, trailer=STANZA, binary={"Trailers": -1}, right={"tolerant": EITHER})
unusual("a trailer, not counted, but the traces are", **TWO, trailer=STANZA, binary={"Trailers": -1, "TraceCount": 7})
for number in (2**31 - 1, -(2**31)):
    doubtful(f"{number} trailers", **TWO, binary={"Trailers": number})
valid("an offset of the first trace", **TWO, binary={"FirstTrace": 3600})
valid("an offset of the first trace after a text", **TWO, extended=EXTENDED, binary={"FirstTrace": 10000})
unusual("an offset of the first trace, after 512 bytes of anything", **TWO, extended=(bytes(512),),
        binary={"FirstTrace": 4112, "ExtendedHeaders": 0}, right={"tolerant": EITHER})
suspicious("an offset of the first trace after a tape label", **TWO, prefix=LABEL, extended=EXTENDED,
           binary={"FirstTrace": 10128, "ExtendedHeaders": 0})
valid("an offset of the first trace after a text not counted", **TWO, extended=EXTENDED,
      binary={"FirstTrace": 10000, "ExtendedHeaders": -1})
for number in (100, 3599, 3600 + TRACE, 3601, 10**6, 2**63, 2**64 - 1):
    doubtful(f"an offset of {number}", **TWO, binary={"FirstTrace": number})

# --- trace headers -------------------------------------------------------------------------------

RAW_X = np.array([4000] * 4 + [4500] * 3)


def scaled(scalar: Any, factor: Any) -> dict:
    """A scalar of coordinates, and what it makes of them."""
    return {"headers": {"SourceGroupScalar": scalar}, "right": {"headers": {"SourceX": RAW_X * factor}}}


valid("scalar -10", right={"headers": {"SourceX": RAW_X / 10, "SourceDepth": 6, "TraceNumber": [1, 2, 3, 4, 1, 2, 3]}})
valid("scalar 100", **scaled(100, 100.0))
unusual("scalar 0", **scaled(0, 1.0))
unusual("scalar 82", **scaled(82, 82.0))
unusual("scalar -32768", **scaled(-32768, 1 / 32768))
unusual("scalar 32767", **scaled(32767, 32767.0))
FACTORS = np.array([1, 1, 10, 0.1, 0.001, 1, 1000.0])
unusual("scalars that differ", **scaled([1, 0, 10, -10, -1000, -1, 1000], FACTORS))


def zero_header(number: int) -> dict[int, bytes]:
    """Patches: trace headers with nothing in them."""
    return {3600 + i * TRACE: bytes(240) for i in range(number)}


noted("trace headers all zero", patch=zero_header(7))
noted("trace headers all zero, IBM, revision 0", patch=zero_header(7), code=1, revision=(0, 0))
noted("first trace header zero", patch=zero_header(1))
doubtful("trace headers all zero, binary header all zero", patch=zero_header(7) | {CARDS: bytes(400)})
doubtful("binary header all zero", patch={CARDS: bytes(400)})
doubtful("binary header of random bytes", patch={CARDS: RNG.bytes(400)})
doubtful("first trace header of random bytes", patch={3600: RNG.bytes(240)})
doubtful("second trace header of random bytes", patch={3600 + TRACE: RNG.bytes(240)})

# --- not SEG-Y -----------------------------------------------------------------------------------

ENGLISH = b"The seismic traces of this survey are kept elsewhere, and this letter only says where. " * 120
SOURCE = b"static int next(const char *text)\n{\n    return text ? *text + 1 : 0; /* and so on */\n}\n\n" * 120
for length in (3600, 10_000, len(ENGLISH)):
    refused(f"{length} bytes of English", ENGLISH[:length])
refused("a C program", SOURCE[:10_000])
refused("English in EBCDIC", ENGLISH[:10_000].decode().encode("cp037"))
for seed in range(8):
    refused(f"random bytes {seed}", np.random.default_rng(seed).bytes(10_000))
refused("random bytes, large", np.random.default_rng(8).bytes(200_000))
refused("10000 zero bytes", bytes(10_000))
refused("10000 bytes of 255", b"\xff" * 10_000)
refused("a text header and zero bytes", GOOD[:CARDS] + bytes(7000))
refused("an archive", b"PK\x03\x04" + RNG.bytes(9_000))
