"""How the last layers of networks begin."""

from flax import nnx


def last_weights(zero: bool):
    """The initializer of a network's last layer: zeros, where the network shall begin as zero."""
    return nnx.initializers.zeros if zero else nnx.initializers.lecun_normal()
