"""Matplotlib is imported when a figure is drawn, not before, and its absence is explained."""

import subprocess
import sys

import numpy as np
import pytest

from jaxseis.plotting import velocity


def test_importing_does_not_import_matplotlib():
    code = "import sys, jaxseis.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_matplotlib_the_extra_is_named(grid, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install jaxseis\[plot\]"):
        velocity(np.full(grid.shape, 2.0), grid)
