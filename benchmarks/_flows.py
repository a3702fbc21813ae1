"""What `flows.py` measures: steps of training, compiled or run."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from _timing import alternate
from flax import nnx

from jaxseis.backbones.convolution import Conv
from jaxseis.flows import Flow, Glow, RealNVP, maximum_likelihood

MODES = ("invert", "remat", "store")
OPTIMIZER = optax.adam(1e-3)


class Setting(NamedTuple):
    """A Glow for RGB images: three scales, as in the paper on InvertibleNetworks.jl (JOSS 9(99), 6554)."""

    sweep: str
    side: int
    steps: int
    width: int = 256
    batch: int = 8

    def flow(self, memory: str) -> Flow:
        return Flow(
            Glow(
                (self.side, self.side, 3), scales=3, steps=self.steps, width=self.width, memory=memory, rngs=nnx.Rngs(0)
            )
        )


def sweeps(quick: bool) -> list[Setting]:
    """Depths at one size, sizes at one depth."""
    width, side = (16, 32) if quick else (256, 256)
    depths = (4, 32) if quick else (4, 8, 16, 32, 48, 64, 80)
    sides = () if quick else (64, 128, 256, 480, 512, 1024)
    return [Setting("depth", side, k, width) for k in depths] + [Setting("size", n, 16, width) for n in sides]


@jax.jit
def step(flow: Flow, state: Any, *data: jax.Array) -> tuple[Flow, Any, jax.Array]:
    """One step of Adam on the negative log-likelihood."""
    loss, gradient = jax.value_and_grad(maximum_likelihood)(flow, *data)
    updates, state = OPTIMIZER.update(gradient, state, flow)
    return optax.apply_updates(flow, updates), state, loss


def memory_of(setting: Setting) -> dict[str, Any]:
    """MiB of temporary memory of a gradient, for each mode: from the compiler, nothing is run."""
    x = jax.ShapeDtypeStruct((setting.batch, setting.side, setting.side, 3), jnp.float32)
    gradient = jax.jit(jax.value_and_grad(maximum_likelihood))
    found = {}
    for memory in MODES:
        compiled = gradient.lower(jax.eval_shape(lambda m=memory: setting.flow(m)), x).compile()
        found[memory] = compiled.memory_analysis().temp_size_in_bytes / 2**20
    return {"sweep": setting.sweep, "side": setting.side, "steps": setting.steps} | found


def step_jobs(quick: bool) -> dict[str, Callable[[], Any]]:
    """Steps of training that run, by depth and mode."""
    jobs = {}
    for k in (4,) if quick else (8, 32):
        for memory in MODES:
            setting = Setting("time", 32, k, 32 if quick else 64)
            x = jax.random.normal(jax.random.key(0), (setting.batch, setting.side, setting.side, 3))
            flow = setting.flow(memory)
            state = OPTIMIZER.init(flow)
            jobs[f"K={k} {memory}"] = lambda f=flow, s=state, x=x: jax.block_until_ready(step(f, s, x))
    return jobs


def convolution_jobs(quick: bool) -> dict[str, Callable[[], Any]]:
    """The gradient of eight convolutions in a scan, ours and those of `jax.lax`."""
    channels = 8 if quick else 32
    x = jax.random.normal(jax.random.key(0), (16, 16, 16, channels))

    def value(layers: Any, x: jax.Array) -> jax.Array:
        return jnp.sum(jax.lax.scan(lambda x, layer: (nnx.gelu(layer(x)), None), x, layers)[0] ** 2)

    jobs = {}
    for name, conv in {"convolutions ours": Conv, "convolutions lax": nnx.Conv}.items():
        make = lambda key, conv=conv: conv(channels, channels, (3, 3), rngs=nnx.Rngs(key))  # noqa: E731
        layers = jax.vmap(make)(jax.random.split(jax.random.key(1), 8))
        jobs[name] = partial(_ready, jax.jit(jax.grad(value)), layers, x)
    return jobs


def _ready(f: Callable, *arguments: Any) -> None:
    jax.block_until_ready(f(*arguments))


@partial(jax.jit, static_argnums=1)
def banana(key: jax.Array, n: int) -> jax.Array:
    """Samples of ``x_1 ~ N(0, 1), x_2 ~ N(x_1^2, 1/4)``."""
    z = jax.random.normal(key, (n, 2))
    return jnp.stack([z[:, 0], z[:, 0] ** 2 + z[:, 1] / 2], axis=1)


def log_banana(x: jax.Array) -> jax.Array:
    """Their density."""
    normal = jax.scipy.stats.norm.logpdf
    return normal(x[:, 0]) + normal(x[:, 1], x[:, 0] ** 2, 0.5)


def beside_flowjax(quick: bool) -> dict[str, Any]:
    """Eight affine couplings with one hidden layer of 50, Adam at 3e-3 decaying, batches of 256, the same samples."""
    count, seeds = (200, 1) if quick else (2000, 4)
    optimizer = optax.adam(optax.cosine_decay_schedule(3e-3, count))
    test = banana(jax.random.key(2), 20_000)
    contenders = [Ours(optimizer), *([FlowJax(optimizer)] if find_spec("flowjax") else [])]
    jobs = {c.name: partial(_run, c.step, *c.start(0)) for c in contenders}
    times = alternate(jobs, 3 if quick else 9, 20 if quick else 60)
    nats = {c.name: [float(c.trained(seed, count).log_prob(test).mean()) for seed in range(seeds)] for c in contenders}
    means = {f"{name} nats": sum(values) / seeds for name, values in nats.items()}
    return {"times": times, "true nats": float(log_banana(test).mean()), "all nats": nats} | means


class Contender:
    """A model, its state and its step, on samples drawn anew in every step."""

    name: str

    def __init__(self, optimizer: optax.GradientTransformation):
        self.optimizer = optimizer

    def trained(self, seed: int, count: int) -> Any:
        """The density after some steps."""
        model, state = self.start(seed)
        for key in jax.random.split(jax.random.key(100 + seed), count):
            model, state, _ = self.step(model, state, banana(key, 256))
        return self.density(model)


class Ours(Contender):
    name = "jaxseis"

    def start(self, seed: int) -> tuple[Any, Any]:
        flow = Flow(RealNVP(2, steps=8, width=50, depth=1, rngs=nnx.Rngs(seed)))
        flow = flow.initialised(banana(jax.random.key(seed), 256))
        return flow, self.optimizer.init(flow)

    @partial(jax.jit, static_argnums=0)
    def step(self, flow: Flow, state: Any, x: jax.Array) -> tuple[Flow, Any, jax.Array]:
        loss, gradient = jax.value_and_grad(maximum_likelihood)(flow, x)
        updates, state = self.optimizer.update(gradient, state, flow)
        return optax.apply_updates(flow, updates), state, loss

    def density(self, flow: Flow) -> Flow:
        return flow


class FlowJax(Contender):
    name = "flowjax"

    def __init__(self, optimizer: optax.GradientTransformation):
        import flowjax.train.losses
        import flowjax.train.train_utils

        super().__init__(optimizer)
        loss = flowjax.train.losses.MaximumLikelihoodLoss()
        self.compiled = partial(flowjax.train.train_utils.step, optimizer=optimizer, loss_fn=loss)

    def start(self, seed: int) -> tuple[Any, Any]:
        import flowjax.distributions
        import flowjax.flows

        base = flowjax.distributions.Normal(jnp.zeros(2))
        flow = flowjax.flows.coupling_flow(jax.random.key(seed), base_dist=base, flow_layers=8, nn_width=50, nn_depth=1)
        params, self.static = eqx.partition(flow, eqx.is_inexact_array)
        return params, self.optimizer.init(params)

    def step(self, params: Any, state: Any, x: jax.Array) -> tuple[Any, Any, Any]:
        return self.compiled(params, self.static, x, opt_state=state)

    def density(self, params: Any) -> Any:
        return eqx.combine(params, self.static)


def _run(step: Callable, model: Any, state: Any, count: int = 20) -> None:
    """As many steps as the clock can tell."""
    x = banana(jax.random.key(0), 256)
    for _ in range(count):
        model, state, loss = step(model, state, x)
    jax.block_until_ready(loss)
