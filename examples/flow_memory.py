"""The memory that a step of training needs, against the depth of the flow, three ways.

    python examples/flow_memory.py

A Glow of three scales for RGB images, 8 in a batch, is compiled for several depths, and XLA says how much temporary
memory the gradient wants; nothing is run. States recomputed by inversion take the same at every depth.
Rematerialisation keeps one state a step, and storing keeps what is inside of the steps, too.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from flax import nnx

from jaxseis import flows, progress

MODES = {"invert": "inversion", "remat": "rematerialisation", "store": "storing"}
BATCH = 8


def temporary_mib(side, width, steps, memory):
    """MiB beside parameters, data and gradients."""

    def make():
        return flows.Flow(
            flows.Glow((side, side, 3), scales=3, steps=steps, width=width, memory=memory, rngs=nnx.Rngs(0))
        )

    x = jax.ShapeDtypeStruct((BATCH, side, side, 3), jnp.float32)
    gradient = jax.jit(jax.grad(flows.maximum_likelihood))
    compiled = gradient.lower(jax.eval_shape(make), x).compile()
    return compiled.memory_analysis().temp_size_in_bytes / 2**20


def draw_figure(path, depths, found, title):
    """Memory against depth."""
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    for memory, name in MODES.items():
        ax.loglog(depths, np.array(found[memory]) / 1024, "o-", label=name)
    ax.set(xlabel="steps of flow at each of three scales", ylabel="temporary memory (GiB)", title=title)
    ax.set_xticks(depths, depths)
    ax.minorticks_off()
    ax.legend(frameon=False)
    figure.savefig(path, dpi=100)


def main(argv=None):
    """Compile and draw; returns MiB by mode, a list over the depths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output/flow_memory.png"))
    parser.add_argument("--side", type=int, default=256, help="pixels along each side")
    parser.add_argument("--width", type=int, default=256, help="channels of the hidden layers")
    parser.add_argument("--depths", type=int, nargs="+", default=[4, 8, 16, 32, 64])
    args = parser.parse_args(argv)

    jobs = [(memory, steps) for memory in MODES for steps in args.depths]
    found = {memory: [] for memory in MODES}
    for memory, steps in progress(jobs, "compiling"):
        found[memory].append(temporary_mib(args.side, args.width, steps, memory))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    draw_figure(args.output, args.depths, found, f"{args.side} x {args.side} RGB, batch {BATCH}, width {args.width}")
    for memory, name in MODES.items():
        print(f"{name}: {', '.join(f'{value / 1024:.2f}' for value in found[memory])} GiB")
    print(f"at {', '.join(map(str, args.depths))} steps; figure in {args.output}")
    return found


if __name__ == "__main__":
    main()
