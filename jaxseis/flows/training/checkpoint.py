"""Flows, and the state of their training, on disk by orbax: arrays under the paths of the parameters."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxseis import _checks
from jaxseis._types import PyTree
from jaxseis.flows.flow import Flow

Arrays = dict[str, np.ndarray]


def save_flow(path: str | Path, flow: Flow) -> None:
    """Writes all parameters of a flow into a folder, whole or not at all; one that is there is replaced.

    ```python
    save_flow("results/glow", flow)
    ```
    """
    from orbax.checkpoint import StandardCheckpointer  # half a second, which most programs need not wait

    with StandardCheckpointer() as checkpointer:
        checkpointer.save(Path(path).absolute(), arrays_of(flow), force=True)


def load_flow(path: str | Path, like: Flow) -> Flow:
    """The flow in a folder that `save_flow` wrote.

    Arguments:
        path: the folder.
        like: a flow of the same architecture, whatever its parameters.

    Raises ValueError naming the first parameter that differs if the flow is of another architecture, or if there is no
    flow.

    ```python
    flow = load_flow("results/glow", Flow(Glow((64, 64, 1), rngs=nnx.Rngs(0))))
    ```
    """
    from orbax.checkpoint import StandardCheckpointer

    path = Path(path).absolute()
    with _readable(path), StandardCheckpointer() as checkpointer:
        found = checkpointer.restore(path)
    return from_arrays(str(path), found, like)


class Checkpoints:
    """The newest state of a run, in a folder; the one before stays until the new one is whole.

    Arguments:
        path: the folder.
        run: what tells one run from another, numbers by name.
    """

    def __init__(self, path: str | Path, run: dict[str, Any]):
        self.path = Path(path).absolute()
        self.run = {name: np.asarray(value) for name, value in run.items()}

    def save(self, step: int, state: PyTree, history: Arrays) -> None:
        """Writes the state after a step, and how it came to be."""
        from orbax.checkpoint.args import StandardSave

        parts = {"run": self.run, "state": arrays_of(state), "history": history}
        with self._manager() as manager:
            manager.save(step, args=StandardSave(parts))

    def load(self, like: PyTree) -> tuple[PyTree, Arrays] | None:
        """The newest state and its history, or None; ``like`` is a state of the same structure.

        Raises ValueError naming what differs if the state is that of another run or another architecture.
        """
        from orbax.checkpoint.args import StandardRestore

        if not self.path.exists():
            return None
        with self._manager() as manager:
            if manager.latest_step() is None:
                return None
            with _readable(self.path):
                found = manager.restore(manager.latest_step(), args=StandardRestore())
        state = from_arrays(str(self.path), found["state"], like)
        self._check_run(found["run"])
        return state, found["history"]

    def _manager(self) -> Any:
        from orbax.checkpoint import CheckpointManager, CheckpointManagerOptions

        options = CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False)
        return CheckpointManager(self.path, options=options)

    def _check_run(self, found: Arrays) -> None:
        differ = [name for name, value in self.run.items() if not np.array_equal(found[name], value)]
        if differ:
            what = "; ".join(f"{name} = {found[name]} (now {self.run[name]})" for name in differ)
            remedy = "Set it back, or take another folder."
            raise _checks.fail(str(self.path), "a checkpoint of the same run", f"one with {what}", remedy)


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
