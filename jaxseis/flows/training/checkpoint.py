"""Flows, and the state of their training, on disk by orbax: arrays under the paths of the parameters."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.flows.flow import Flow
from jaxseis.flows.training._architecture import architecture, check_architecture

Arrays = dict[str, np.ndarray]


def save_flow(path: str | Path, flow: Flow) -> None:
    """Writes a flow into a folder: its parameters, and a description of what they are parameters of.

    Arguments:
        path: a folder that is absent, empty, or holds a flow; that one stays until the new one is whole.
        flow: the flow.

    Raises ValueError if there is anything else in the folder.

    ```python
    save_flow("results/glow", flow)
    ```
    """
    folder = Folder(path, A_FLOW)
    folder.write(1 + (folder.newest() or 0), {"flow": arrays_of(flow), "architecture": _encoded(architecture(flow))})


def load_flow(path: str | Path, like: Flow) -> Flow:
    """The flow in a folder that `save_flow` wrote, or the best one of `jaxseis.flows.fit` in its ``checkpoint``.

    Arguments:
        path: the folder.
        like: a flow of the same architecture, whatever its parameters. How it keeps or recomputes states (``memory``),
            and the precision of its arithmetic (``dtype``), may be others. Functions are compared by name.

    Raises ValueError naming the first thing that differs if the flow is of another architecture, or if there is no
    flow.

    ```python
    flow = load_flow("results/glow", Flow(Glow((64, 64, 1), rngs=nnx.Rngs(0))))
    ```
    """
    path = Path(path).absolute()
    found = Folder(path, (path / MARK).read_text()).read() if (path / MARK).is_file() else None
    if found is None:
        raise _checks.fail(str(path), "a folder with a flow", "something else" if path.exists() else "nothing")
    flow = from_arrays(str(path), found["flow"], like)
    check_architecture(str(path), _decoded(found["architecture"]), like, _REMEDY)
    return flow


class Checkpoints:
    """The newest state of a run, in a folder; the one before stays until the new one is whole.

    Arguments:
        path: the folder.
        run: what tells one run from another, numbers by name.
    """

    def __init__(self, path: str | Path, run: dict[str, Any]):
        self.folder = Folder(path, A_TRAINING)
        self.run = {name: np.asarray(value) for name, value in run.items()}

    def save(self, step: int, state: PyTree, history: Arrays, best: Flow) -> None:
        """Writes the state after a step, how it came to be, and the best flow so far."""
        history = {name: losses for name, losses in history.items() if losses.size}  # orbax writes nothing empty
        flow = {"flow": arrays_of(best), "architecture": _encoded(architecture(best))}
        self.folder.write(step, {"run": self.run, "state": arrays_of(state), "history": history, **flow})

    def load(self, like: PyTree, flow: Flow) -> tuple[PyTree, Arrays] | None:
        """The newest state and its history, or None; ``like`` is a state of the same structure, of the same flow.

        Raises ValueError naming what differs if the state is that of another run or another architecture.
        """
        found = self.folder.read()
        if found is None:
            return None
        where = str(self.folder.path)
        state = from_arrays(where, found["state"], like)
        check_architecture(where, _decoded(found["architecture"]), flow, _REMEDY)
        self._check_run(where, found["run"])
        return state, found["history"]

    def _check_run(self, where: str, found: Arrays) -> None:
        differ = [name for name, value in self.run.items() if not np.array_equal(found[name], value)]
        if differ:
            what = "; ".join(f"{name} = {found[name]} (now {self.run[name]})" for name in differ)
            remedy = "Set it back, or take another folder."
            raise _checks.fail(where, "a checkpoint of the same run", f"one with {what}", remedy)


MARK = "jaxseis.txt"
A_FLOW, A_TRAINING = "a flow of jaxseis", "a training of jaxseis"


class Folder:
    """A folder of ours, with arrays in numbered versions, of which the newest whole one counts and the others go.

    Arguments:
        path: absent, empty, or a folder that holds the same. Anything else is an error: old versions are deleted.
        holds: what is in it, as its file ``jaxseis.txt`` says.
    """

    def __init__(self, path: str | Path, holds: str):
        self.path, self.holds = Path(path).absolute(), holds
        mark = self.path / MARK
        is_ours = mark.is_file() and mark.read_text() == holds
        if self.path.exists() and not is_ours and (self.path.is_file() or any(self.path.iterdir())):
            expected = f"a folder that is absent, empty, or holds {holds}"
            raise _checks.fail(str(self.path), expected, "something else", "Take another folder.")

    def write(self, version: int, parts: dict[str, Any]) -> None:
        """Adds a version; those before go once it is whole."""
        from orbax.checkpoint.args import StandardSave

        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / MARK).exists():
            (self.path / MARK).write_text(self.holds)
        with self._manager() as manager:
            manager.save(version, args=StandardSave(parts))

    def newest(self) -> int | None:
        """The newest version."""
        if not self.path.exists():
            return None
        with self._manager() as manager:
            return manager.latest_step()

    def read(self) -> dict[str, Any] | None:
        """The newest version, if there is one."""
        from orbax.checkpoint.args import StandardRestore

        if (newest := self.newest()) is None:
            return None
        with _readable(self.path), self._manager() as manager:
            return manager.restore(newest, args=StandardRestore())

    def _manager(self) -> Any:
        from orbax.checkpoint import CheckpointManager, CheckpointManagerOptions  # half a second, for few programs

        options = CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False)
        return CheckpointManager(self.path, options=options)


def _encoded(words: dict[str, str]) -> np.ndarray:
    """Text as numbers, which is what can be written together with arrays."""
    return np.frombuffer(json.dumps(words).encode(), np.uint8)


def _decoded(numbers: np.ndarray) -> dict[str, str]:
    return json.loads(np.asarray(numbers).tobytes())


def arrays_of(tree: PyTree) -> Arrays:
    """The leaves of a pytree, on the host, by their paths."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


def from_arrays(where: str, arrays: Arrays, like: PyTree) -> PyTree:
    """A pytree with the structure of ``like``; an error naming the first leaf that does not fit."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [_name(path) for path, _ in leaves]
    for name, (_, leaf) in zip(names, leaves, strict=True):
        _check_leaf(where, name, arrays.get(name), leaf)
    more = [name for name in arrays if name not in names]
    if more:
        raise _checks.fail(more[0], "nothing of that name", f"it in {where}", _REMEDY)
    return jax.tree.unflatten(structure, [jnp.asarray(arrays[name]) for name in names])


_REMEDY = "Build the flow with the arguments that it was saved with."


def _check_leaf(where: str, name: str, found: np.ndarray | None, expected: Any) -> None:
    wanted, got = ("nothing" if a is None else f"{a.dtype} of shape {a.shape}" for a in (expected, found))
    if wanted != got:
        raise _checks.fail(name, wanted, f"{got} in {where}", _REMEDY)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/").removesuffix("/value")


@contextmanager
def _readable(path: Path):
    """What orbax raises for a folder that is no checkpoint, in our words."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        problem = str(error).partition("\n")[0][:200]
        raise _checks.fail(str(path), "a checkpoint", f"something else ({problem})") from None
