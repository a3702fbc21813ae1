"""Set transformers: members attend to each other, then a few seeds attend to them (Lee et al., ICML 2019).

    MAB(X, Y) = N(H + f(H)),    H = N(X + attention(X, Y, Y)),
    SAB(X) = MAB(X, X),    PMA(X) = MAB(S, X),

with N a normalisation over features, f a dense layer with an activation, and S learned seeds. Attention does not know
the order of its keys, so a pooling PMA after blocks SAB gives the same for any order of the members.
"""

import math

import jax
import jax.numpy as jnp
from flax import nnx

from jaxseis import _checks
from jaxseis._types import Array
from jaxseis.backbones._parts import last_weights
from jaxseis.backbones.deep_set import members


class SetTransformer(nnx.Module):
    """A summary of sets, ``(batch, set, inputs) -> (batch, outputs)``, which sees how the members relate.

    The cost grows with the square of the number of members; `DeepSet` is the cheaper one.

    Arguments:
        inputs, outputs: features of a member, and of the summary.
        width: features inside, divisible by ``heads``.
        heads: of the attention.
        blocks: how often members attend to each other.
        seeds: how many vectors the set is pooled into.
        activation: in the dense layers.
        zero: whether the last layer starts at zero.
        dtype, param_dtype: of the arithmetic (by default that of the input and the parameters), and of the parameters.
        rngs: random numbers.

    Sets of different size go into one array with a mask ``(batch, set)``, True where there is a member; what else is in
    the array does not matter.

    ```python
    net = SetTransformer(3, 8, width=32, rngs=nnx.Rngs(0))
    summary = net(jnp.ones((5, 20, 3)))  # (5, 8)
    ```
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 64,
        heads: int = 4,
        blocks: int = 2,
        seeds: int = 1,
        activation=nnx.gelu,
        zero: bool = False,
        dtype=None,
        param_dtype=jnp.float32,
        rngs: nnx.Rngs,
    ):
        if width % heads:
            raise _checks.fail("width", f"a multiple of the {heads} heads", width)
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        block = {"heads": heads, "activation": activation, **options}
        self.first = nnx.Linear(inputs, width, **options)
        self.blocks = nnx.List(_Attention(width, **block) for _ in range(blocks))
        self.seeds = nnx.Param(nnx.initializers.xavier_uniform()(rngs.params(), (seeds, width), param_dtype))
        self.pool = _Attention(width, **block)
        self.last = nnx.Linear(seeds * width, outputs, kernel_init=last_weights(zero), **options)

    def __call__(self, x: Array, mask: Array | None = None) -> Array:
        x = self.first(members(x, mask))
        for block in self.blocks:
            x = block(x, x, mask)
        seeds = jnp.broadcast_to(self.seeds[...].astype(x.dtype), (x.shape[0], *self.seeds.shape))
        return self.last(self.pool(seeds, x, mask).reshape(x.shape[0], -1))


class _Attention(nnx.Module):
    """MAB: queries attend to members, each then goes through a dense layer."""

    def __init__(self, width: int, *, heads: int, activation, dtype, param_dtype, rngs: nnx.Rngs):
        options = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        self.attend = nnx.MultiHeadAttention(heads, width, decode=False, attention_fn=_attention, **options)
        self.dense = nnx.Linear(width, width, **options)
        self.norms = nnx.List(nnx.LayerNorm(width, **options) for _ in range(2))
        self.activation = activation

    def __call__(self, queries: Array, members: Array, mask: Array | None) -> Array:
        whom = None if mask is None else mask[:, None, None, :]  # (batch, head, query, member)
        first, second = self.norms
        h = first(queries + self.attend(queries, members, mask=whom))
        return second(h + self.activation(self.dense(h)))


def _attention(query: Array, key: Array, value: Array, mask: Array | None = None, **_) -> Array:
    """``softmax(q^T k / sqrt(d)) v``, in the precision of its input: that of Flax would be single for double."""
    scores = jnp.einsum("...qhd,...khd->...hqk", query, key) / math.sqrt(query.shape[-1])
    scores = scores if mask is None else jnp.where(mask, scores, jnp.finfo(scores.dtype).min)
    weights = jax.nn.softmax(scores.astype(jnp.promote_types(scores.dtype, jnp.float32)), axis=-1)
    return jnp.einsum("...hqk,...khd->...qhd", weights.astype(value.dtype), value)
