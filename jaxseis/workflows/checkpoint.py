"""The state of a computation on disk: written whole or not at all, and taken up only by the same computation."""

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.io._atomic import atomic

NOTE, IDENTITY = "note", "identity"


def save_checkpoint(path: Path, state: PyTree, note: Any, identity: dict[str, Any]) -> None:
    """Write a state; a process killed while writing leaves the checkpoint before.

    Arguments:
        path: the file, ``.npz``.
        state: a pytree of arrays.
        note: what else is to be known, anything that JSON can hold.
        identity: what the state belongs to, by name; JSON again.

    ```python
    save_checkpoint(Path("checkpoint.npz"), {"m": m}, {"iteration": 7}, {"seed": 0})
    ```
    """
    leaves = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))}
    texts = {NOTE: np.array(json.dumps(note)), IDENTITY: np.array(json.dumps(identity))}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **leaves, **texts)


def load_checkpoint(path: Path, like: PyTree, identity: dict[str, Any]) -> tuple[PyTree, Any]:
    """The state and the note in a checkpoint.

    Arguments:
        path: the file.
        like: a state of the same structure.
        identity: what the state has to belong to.

    Raises ValueError naming what differs if the checkpoint is of something else, or if it is no checkpoint.

    ```python
    state, note = load_checkpoint(Path("checkpoint.npz"), {"m": m}, {"seed": 0})
    ```
    """
    try:
        with path.open("rb") as file, np.load(file) as archive:
            contents = {name: archive[name] for name in archive.files}
        found = json.loads(str(contents[IDENTITY]))
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
        raise _checks.fail(str(path), "a checkpoint", f"something else ({error})", "Start anew.") from None
    _check_identity(path, found, json.loads(json.dumps(identity)))
    leaves, structure = jax.tree.flatten(like)
    kept = [contents[f"leaf{i}"] for i in range(len(leaves))]
    return jax.tree.unflatten(structure, [jnp.asarray(x) for x in kept]), json.loads(str(contents[NOTE]))


def _check_identity(path: Path, found: dict[str, Any], expected: dict[str, Any]) -> None:
    names = [n for n in {**expected, **found} if found.get(n) != expected.get(n)]
    if names:
        differences = "; ".join(f"{n} = {_short(found.get(n))} (now {_short(expected.get(n))})" for n in names)
        raise _checks.fail(
            str(path), "a checkpoint of the same run", f"one with {differences}", "Set it back, or start anew."
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
