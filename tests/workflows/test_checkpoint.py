"""Checkpoints: the same state to the last bit, whole or not at all, and only for the run they are of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxseis.workflows import load_checkpoint, save_checkpoint

STATE = {"m": jnp.linspace(0, 1, 7).reshape(7, 1), "count": jnp.asarray(3, "int32"), "single": jnp.ones(2, "float32")}
SAME = {"seed": 0, "bands_hz": (3.0, 5.0)}


def test_a_state_comes_back_to_the_last_bit(tmp_path):
    save_checkpoint(tmp_path / "new" / "c.npz", STATE, [[0, 0.5]], SAME)
    state, note = load_checkpoint(tmp_path / "new" / "c.npz", jax.tree.map(jnp.zeros_like, STATE), SAME)
    assert note == [[0, 0.5]]
    for name, array in STATE.items():
        assert state[name].dtype == array.dtype
        assert np.array_equal(state[name], array)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["c.npz"]


def test_what_differs_is_named(tmp_path):
    save_checkpoint(tmp_path / "c.npz", STATE, None, SAME | {"velocity": "x" * 100})
    differences = r"one with bands_hz = \[3.0, 5.0\] \(now \[3.0\]\); velocity = \"xx*\.\.\. \(now null\)"
    with pytest.raises(ValueError, match=differences):
        load_checkpoint(tmp_path / "c.npz", STATE, {"seed": 0, "bands_hz": [3.0]})


def test_a_failure_while_writing_leaves_the_one_before(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "c.npz", STATE, 1, SAME)

    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(tmp_path / "c.npz", STATE, 2, SAME)
    assert load_checkpoint(tmp_path / "c.npz", STATE, SAME)[1] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04 and then nothing", b"something else"])
def test_another_file_is_an_error(tmp_path, contents):
    (tmp_path / "c.npz").write_bytes(contents)
    with pytest.raises(ValueError, match="c.npz: expected a checkpoint, got something else"):
        load_checkpoint(tmp_path / "c.npz", STATE, SAME)


def test_an_archive_of_other_arrays_is_an_error(tmp_path):
    np.savez(tmp_path / "c.npz", vp=np.ones(3))
    with pytest.raises(ValueError, match="c.npz: expected a checkpoint, got something else"):
        load_checkpoint(tmp_path / "c.npz", STATE, SAME)
