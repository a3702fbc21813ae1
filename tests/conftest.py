"""What holds for every test: float64, two virtual devices, no windows, and where the data are."""

import gc
import os
import re
from pathlib import Path

# Read once, when jax is first imported. Tests compile thousands of programs and run each for a moment: most of their
# time is the compiler's, and less with these. XLA dies of a flag it does not know; pyproject.toml pins its version.
os.environ["XLA_FLAGS"] = (
    "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    + os.environ.get("XLA_FLAGS", "")
)
os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: threads that wait for each other would be slow
    os.environ.setdefault("JAXSEIS_THREADS", "1")

import jax
import pytest

jax.config.update("jax_enable_x64", True)

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Tests that share compiled programs stay on one worker: those of a file, or of a case of the contract tests."""
    from xdist.scheduler import LoadScopeScheduling

    class ByCase(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, case = nodeid.partition("::")[0], re.search(r"\[(\d-D [^-\]]*)", nodeid)
            return f"{file} {case[1]}" if case else file

    return ByCase(config, log)


MAPS = 30_000  # memory maps of a process, of which Linux allows 65530 by default


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None):
    """Compiled programs are let go between files where they are many: XLA dies when refused another memory map."""
    maps = Path("/proc/self/maps")
    if nextitem is None or nextitem.path == item.path or not maps.exists():
        return
    if maps.read_bytes().count(b"\n") > MAPS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of model files, ``$JAXSEIS_DATA``; the test is skipped where there is none."""
    folder = Path(os.environ.get("JAXSEIS_DATA", "../shared/data"))
    folder = folder if folder.is_absolute() else ROOT / folder
    if not folder.is_dir():
        pytest.skip(f"no model files in {folder}: set JAXSEIS_DATA")
    return folder
