"""Batches: the same from memory and from files, and from any batch on."""

from itertools import islice

import numpy as np
import pytest
from helpers import inversion

import jaxseis as js
from jaxseis.workflows import batches_in_order, random_batches
from jaxseis.workflows.batches import in_memory


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return inversion.write_files(tmp_path_factory.mktemp("shots"))


def test_memory_and_files_give_the_same_batches(files):
    pairs = zip(random_batches(inversion.observed(), 5, 2), random_batches(files, 5, 2), strict=False)
    for (numbers, shots), (same_numbers, same_shots) in islice(pairs, 4):
        assert np.array_equal(numbers, same_numbers)
        assert np.array_equal(shots.traces, same_shots.traces)
        assert np.array_equal(shots.sources.positions, same_shots.sources.positions)


def test_the_first_ones_can_be_left_out(files):
    every = [numbers for numbers, _ in islice(random_batches(inversion.observed(), 1, 2), 7)]
    for shots in (inversion.observed(), files):
        later = [numbers for numbers, _ in islice(random_batches(shots, 1, 2, first=3), 4)]
        assert np.array_equal(later, every[3:])


def test_a_batch_is_never_larger_than_the_survey():
    assert sorted(next(random_batches(inversion.observed(), 0, 99))[0]) == [0, 1, 2]


def test_in_order_every_shot_comes_once(files):
    for shots in (inversion.observed(), files):
        batches = list(batches_in_order(shots, 2))
        assert [list(numbers) for numbers, _ in batches] == [[0, 1], [2]]
        assert [len(some) for _, some in batches] == [2, 1]


def test_reading_stops_with_its_user(files):
    batches = random_batches(files, 0, 1)
    next(batches)
    batches.close()


def test_a_file_that_fails_is_heard_of(tmp_path):
    shots = inversion.write_files(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="changed since it was scanned"):
        next(random_batches(shots, 0, 2))


def test_in_memory(files):
    assert in_memory(inversion.observed()) is inversion.observed()
    assert isinstance(in_memory(files), js.Shots)
