"""What holds for every test: float64, two virtual devices, no windows, and where the data are."""

import os
from pathlib import Path

# Read once, when jax is first imported.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2".strip()
os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: threads that wait for each other would be slow
    os.environ.setdefault("JAXSEIS_THREADS", "1")

import jax
import pytest

jax.config.update("jax_enable_x64", True)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of model files, ``$JAXSEIS_DATA``; the test is skipped where there is none."""
    folder = Path(os.environ.get("JAXSEIS_DATA", "../shared/data"))
    folder = folder if folder.is_absolute() else ROOT / folder
    if not folder.is_dir():
        pytest.skip(f"no model files in {folder}: set JAXSEIS_DATA")
    return folder
