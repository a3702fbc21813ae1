"""Batches of shots: every epoch a permutation, the same for the same key."""

from itertools import islice

import jax
import numpy as np
import pytest

import jaxseis as js


def taken(key, shots, size, count):
    return np.stack(list(islice(js.shot_batches(jax.random.key(key), shots, size), count)))


@pytest.mark.parametrize(("shots", "size"), [(8, 2), (8, 8), (6, 1), (1, 1)])
def test_every_epoch_is_a_permutation(shots, size):
    epochs = taken(0, shots, size, 3 * shots // size).reshape(3, shots)
    assert np.array_equal(np.sort(epochs, 1), np.tile(np.arange(shots), (3, 1)))


def test_epochs_differ_and_so_do_keys():
    epochs = taken(0, 16, 4, 8).reshape(2, 16)
    assert not np.array_equal(*epochs)
    assert not np.array_equal(taken(1, 16, 4, 8), taken(0, 16, 4, 8))


def test_the_same_key_gives_the_same_batches():
    assert np.array_equal(taken(3, 10, 3, 7), taken(3, 10, 3, 7))


def test_leftovers_are_skipped_and_shots_are_not_repeated():
    batches = taken(0, 7, 3, 4)
    assert batches.shape == (4, 3)
    assert all(len(set(epoch)) == 6 for epoch in batches.reshape(2, 6))


@pytest.mark.parametrize("size", [0, 9, -1])
def test_sizes_that_do_not_fit(size):
    with pytest.raises(ValueError, match="size: expected a number of shots from 1 to 8"):
        js.shot_batches(jax.random.key(0), shots=8, size=size)
