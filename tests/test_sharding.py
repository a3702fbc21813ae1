"""Shots over the devices of a mesh: ``jax.shard_map`` gives what one device gives."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import jax, jax.numpy as jnp, numpy as np, jaxseis as js
from jax.sharding import NamedSharding, PartitionSpec as P

A = js.WaveEquation(js.Grid((21, 17), 10.0), js.Acoustic(), js.TimeAxis(50.0, 1.25), 3.0, engine=ENGINE,
                    absorbing=js.PML(5), storage=js.InMemory(every=1))
sources, receivers = js.Geometry(x=[30.0, 80.0, 110.0, 170.0], z=50.0), js.Geometry.spread(x=[20.0, 180.0], z=20.0)
m, q = jnp.full(A.grid.shape, 0.25), js.ricker(A.time, 0.03)
d = js.Modeling(A, sources, receivers)(m.at[:, 8:].set(0.16)) @ q
F = lambda s: js.Modeling(A, s, receivers)
loss = lambda m, q, s, d: js.misfit.least_squares(F(s)(m) @ q, d)

mesh = jax.make_mesh((2,), ("shot",))
put = lambda x, spec: jax.tree.map(lambda v: jax.device_put(v, NamedSharding(mesh, spec)), x)
shards = put(m, P()), put(q, P()), put(sources, P("shot")), put(d, P("shot"))
specs = P(), P(), P("shot"), P("shot")
shard = lambda f, out: jax.shard_map(f, mesh=mesh, in_specs=specs, out_specs=out, check_vma=CHECK)

def close(got, wanted):
    for a, b in zip(*(map(np.asarray, jax.tree.leaves(x)) for x in (got, wanted)), strict=True):
        assert np.abs(a - b).max() <= 1e-10 * np.abs(b).max(), np.abs(a - b).max() / np.abs(b).max()

both = jax.value_and_grad(loss, argnums=(0, 1))
total = lambda *args: jax.lax.psum(loss(*args), "shot")
close(jax.jit(jax.value_and_grad(shard(total, P()), argnums=(0, 1)))(*shards), both(m, q, sources, d))
close(jax.jit(shard(lambda m, q, s, d: F(s).jacobian(m, q) @ m, P("shot")))(*shards), F(sources).jacobian(m, q) @ m)
if CHECK:  # then the transpose of an array that is the same everywhere sums over the devices
    close(jax.jit(shard(jax.value_and_grad(total, argnums=(0, 1)), P()))(*shards), both(m, q, sources, d))
    close(jax.jit(shard(lambda m, q, s, d: F(s).jacobian(m, q).T @ d, P()))(*shards), F(sources).jacobian(m, q).T @ d)
"""


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("engine", ["devito", "xla"])
def test_shots_over_two_devices(engine, check):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "JAX_ENABLE_X64": "1",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    script = f"ENGINE, CHECK = {engine!r}, {check}\n{SCRIPT}"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
