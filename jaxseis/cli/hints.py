"""What an error of the library means on the command line, where its remedies have other names."""

HINTS = {
    'mode="tolerant"': 'Here that is --mode tolerant, or data.mode = "tolerant" in a configuration.',
    "Assume(": "Here that is --format, --interval-ms and --byte-order, or data.assume_format and so on.",
    "velocity_unit": "Here that is model.unit in the configuration.",
    "needs a layout": "Here that is model.shape and model.spacing_m in the configuration.",
    "positions inside the grid": "data.origin_m and data.azimuth_deg say where the model lies in the survey, "
    "data.source_z and data.receiver_z which words are depths, and data.shots which shots are used.",
    "Word(": "jaxseis info FILE shows words that usually matter; all names are those of segyio.",
    "scan again": "Run jaxseis scan again.",
}
"""By a piece of the message."""


def with_hint(message: str) -> str:
    """A message, followed by what its remedies are called here."""
    return "\n".join([message, *(hint for piece, hint in HINTS.items() if piece in message)])
