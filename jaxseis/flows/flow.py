"""A probability density by change of variables from the standard normal."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.flows._shapes import as_array, freeze_shape, is_shape
from jaxseis.flows._states import sum_sample
from jaxseis.flows.bijection import Bijection
from jaxseis.flows.freezing import held


class Flow(nnx.Module):
    """The density ``log p(x | c) = log N(f(x; h(c)); 0, I) + log |det df/dx|``, exact for every sample.

    Arguments:
        bijection: f, such as `Glow`, `RealNVP`, `HINT`, `MAF`, or any `Bijection`.
        event_shape: shape of one sample, or a tuple of shapes where it is several arrays; that of the bijection where
            it has one.
        condition_shape: shape of one condition as it is given; by default what the bijection takes.
        summary: h, a network that turns what is given into the bijection's condition, and is trained with it;
            without one the condition goes in as it is.

    Samples and conditions may come alone, with exactly these shapes, or as a batch; samples are taken to the
    precision of the parameters. A sample of several arrays, such as the pair of a joint density, is a tuple of them.

    ```python
    flow = Flow(Glow((32, 32, 1), scales=2, condition_shape=(32, 32, 1), rngs=nnx.Rngs(0)))
    flow = flow.initialised(x, condition)             # ActNorms take their scales from data
    log_p = flow.log_prob(x, condition)               # one number a sample
    samples = flow.sample(key, 100, condition[0])     # (100, 32, 32, 1)
    ```
    """

    def __init__(
        self,
        bijection: Bijection,
        event_shape: Sequence | None = None,
        condition_shape: Sequence | None = None,
        summary: nnx.Module | None = None,
    ):
        _checks.kind_is("bijection", bijection, Bijection, "a jaxseis.flows.Bijection")
        self.bijection = bijection
        self.event_shape = freeze_shape(event_shape or getattr(bijection, "event_shape", None))
        if self.event_shape is None:
            raise _checks.fail("event_shape", "the shape of one sample", None, f"{type(bijection).__name__} has none.")
        if summary is not None and condition_shape is None:
            raise _checks.fail("condition_shape", "the shape of what the summary is given", None)
        self.condition_shape = freeze_shape(condition_shape or getattr(bijection, "condition_shape", None))
        self.summary = summary

    def log_prob(self, x: PyTree, condition: PyTree = None) -> Array:
        """``log p(x | c)`` with all its constants, one number a sample.

        Raises ValueError if a shape does not fit, or where a number is NaN or infinite.
        """
        (x, condition), alone = self._batches(x, condition)
        found = _log_prob(self, x, condition)
        return found[0] if alone else found

    def transform_and_log_det(self, x: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        """The latents ``z = f(x; h(c))``, standard normal under the model, and ``log |det dz/dx|``."""
        (x, condition), alone = self._batches(x, condition)
        return _one_or_all(_transform(self, x, condition), alone)

    def inverse_and_log_det(self, z: PyTree, condition: PyTree = None) -> tuple[PyTree, Array]:
        """The samples of which z are the latents, and ``log |det dx/dz|``."""
        z, alone = _batched("z", z, jax.tree.map(jnp.shape, self.latents()), self.dtype)
        condition = _alike(self._condition(condition), _count(z))
        return _one_or_all(_inverse(self, z, condition), alone)

    def inverse(self, z: PyTree, condition: PyTree = None) -> PyTree:
        """The samples of which z are the latents."""
        return self.inverse_and_log_det(z, condition)[0]

    def sample(self, key: Array, n: int, condition: PyTree = None) -> PyTree:
        """Independent samples of each condition: (n, \\*event_shape), or (n, batch, \\*event_shape) for a batch."""
        return self.sample_and_log_prob(key, n, condition)[0]

    def sample_and_log_prob(self, key: Array, n: int, condition: PyTree = None) -> tuple[PyTree, Array]:
        """What `sample` gives, and its ``log p(x | c)``, from one pass: (n,), or (n, batch)."""
        _checks.whole("n", n, 1)
        condition, alone = self._condition(condition)
        found = _sample(self, key, n, condition)
        return jax.tree.map(lambda leaf: leaf[:, 0], found) if alone else found

    def latents(self) -> PyTree:
        """Shapes and dtypes of the latents of one sample, as `jax.ShapeDtypeStruct`."""
        x, condition = (_structs(shape, self.dtype) for shape in (self.event_shape, self.condition_shape))
        found = jax.eval_shape(_transform, self, x, condition)[0]
        return jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape[1:], s.dtype), found)

    @property
    def dtype(self):
        """The precision of samples: that of the parameters."""
        return jnp.result_type(*(jax.tree.leaves(self.bijection) or [jnp.float32]))

    def initialised(self, x: PyTree, condition: PyTree = None) -> "Flow":
        """The flow with what its layers take from data set by a batch.

        Raises ValueError if a channel does not vary in the batch: its density would be infinite.
        """
        (x, condition), _ = self._batches(x, condition)
        _checks.when_concrete(lambda x: jax.tree.map(_vary, x), x)
        return _initialised(self, x, condition)

    def _batches(self, x: PyTree, condition: PyTree) -> tuple[tuple[PyTree, PyTree], bool]:
        """Samples and conditions, one each for every member of a batch; whether there was no batch."""
        x, alone = _batched("x", x, self.event_shape, self.dtype)
        _checks.when_concrete(partial(_finite, "x"), x)
        return (x, _alike(self._condition(condition), _count(x))), alone

    def _condition(self, condition: PyTree) -> tuple[PyTree, bool]:
        if (condition is None) != (self.condition_shape is None):
            expected = "none" if self.condition_shape is None else f"one of shape {self.condition_shape}"
            raise _checks.fail("condition", expected, None if condition is None else "one")
        if condition is None:
            return None, True
        condition, alone = _batched("condition", condition, self.condition_shape)
        _checks.when_concrete(partial(_finite, "condition"), condition)
        if self.summary is None:  # a summary may want whole numbers
            condition = jax.tree.map(lambda leaf: leaf.astype(self.dtype), condition)
        return condition, alone


def _batched(name: str, arrays: PyTree, shapes: PyTree, dtype=None) -> tuple[PyTree, bool]:
    """Arrays with a leading axis, and whether they came without; ``shapes`` are those of one."""
    arrays = as_array(arrays, shapes, jnp.asarray)
    shapes = jax.tree.leaves(shapes, is_leaf=is_shape)
    leaves, structure = jax.tree.flatten(arrays)
    if len(leaves) != len(shapes):
        raise _checks.fail(name, f"{len(shapes)} arrays", f"{len(leaves)}")
    leaves = [jnp.asarray(leaf, dtype) for leaf in leaves]
    alone = all(leaf.shape == shape for leaf, shape in zip(leaves, shapes, strict=True))
    if alone:
        return jax.tree.unflatten(structure, [leaf[None] for leaf in leaves]), True
    for leaf, shape in zip(leaves, shapes, strict=True):
        if leaf.shape[1:] != shape or leaf.shape[0] != leaves[0].shape[0]:
            raise _checks.fail(name, f"shape {shape}, or a batch (n, {', '.join(map(str, shape))})", leaf.shape)
    if leaves[0].shape[0] == 0:
        raise _checks.fail(name, "at least one of them", "none")
    return jax.tree.unflatten(structure, leaves), False


def _count(batch: PyTree) -> int:
    return jax.tree.leaves(batch)[0].shape[0]


def _finite(name: str, arrays: PyTree) -> None:
    for leaf in jax.tree.leaves(arrays):
        _checks.finite(name, leaf)


def _alike(condition_and_alone: tuple[PyTree, bool], count: int) -> PyTree:
    """A condition for each of ``count`` samples: one for all, or as many."""
    condition, alone = condition_and_alone
    if alone:
        return jax.tree.map(lambda c: jnp.broadcast_to(c, (count, *c.shape[1:])), condition)
    found = _count(condition)
    if found != count:
        raise _checks.fail("condition", f"one, or one for each of {count} samples", f"{found}")
    return condition


def _structs(shapes: PyTree, dtype) -> PyTree:
    return jax.tree.map(lambda shape: jax.ShapeDtypeStruct((1, *shape), dtype), shapes, is_leaf=is_shape)


def _one_or_all(found: PyTree, alone: bool) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[0], found) if alone else found


def _vary(x: Array) -> None:
    axes = tuple(range(x.ndim - 1))
    flat = [int(i) for i in jnp.flatnonzero(x.max(axes) == x.min(axes))]
    if flat:
        raise _checks.fail("x", "channels that vary", f"the same number throughout channel {flat[0]}", "Leave it out.")


def _summary(flow: Flow, condition: PyTree) -> PyTree:
    return condition if flow.summary is None else flow.summary(condition)  # type: ignore[operator]


# Compiled once for an architecture: called from Python, the scans inside would be compiled every time.
@jax.jit
def _transform(flow: Flow, x: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
    flow = held(flow)
    return flow.bijection.forward(x, _summary(flow, condition))


@jax.jit
def _inverse(flow: Flow, z: PyTree, condition: PyTree) -> tuple[PyTree, Array]:
    flow = held(flow)
    return flow.bijection.inverse(z, _summary(flow, condition))


@jax.jit
def _log_prob(flow: Flow, x: PyTree, condition: PyTree) -> Array:
    z, log_det = _transform(flow, x, condition)
    return sum(map(_log_normal, jax.tree.leaves(z))) + log_det


@partial(jax.jit, static_argnums=2)
def _sample(flow: Flow, key: Array, n: int, condition: PyTree) -> tuple[PyTree, Array]:
    flow = held(flow)
    summary = _summary(flow, condition)
    batch = 1 if summary is None else _count(summary)
    repeated = jax.tree.map(lambda c: jnp.broadcast_to(c, (n, *c.shape)).reshape(n * batch, *c.shape[1:]), summary)
    leaves, structure = jax.tree.flatten(flow.latents())
    keys = jax.random.split(key, len(leaves))
    z = [jax.random.normal(k, (n * batch, *s.shape), s.dtype) for k, s in zip(keys, leaves, strict=True)]
    x, log_det = flow.bijection.inverse(jax.tree.unflatten(structure, z), repeated)
    log_prob = sum(map(_log_normal, z)) - log_det
    return jax.tree.map(lambda leaf: leaf.reshape(n, batch, *leaf.shape[1:]), (x, log_prob))


@jax.jit
def _initialised(flow: Flow, x: PyTree, condition: PyTree) -> Flow:
    bijection, _ = flow.bijection.initialised(x, _summary(flow, condition))
    made = jax.tree.map(lambda parameter: parameter, flow)
    made.bijection = bijection
    return made


def _log_normal(z: Array) -> Array:
    return sum_sample(-0.5 * (z**2 + jnp.log(2 * jnp.pi)))
