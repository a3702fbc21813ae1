"""A model, a gather, and figures closed after every test."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from jaxseis.acquisition import TimeAxis
from jaxseis.grid import Grid


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def grid() -> Grid:
    return Grid((31, 21), 100.0, (500.0, 0.0))


@pytest.fixture
def time() -> TimeAxis:
    return TimeAxis(1000.0, 10.0)


@pytest.fixture
def traces(time) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(time.size, 12))
