"""Shots over the devices of a mesh: ``jax.shard_map`` gives what one device gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.tolerances import assert_close
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import jaxseis as js

pytestmark = pytest.mark.filterwarnings("ignore:Only .* points per wavelength")  # the record cuts the wavelet
SHOTS, SAME = P("shot"), P()
SPECS = SAME, SAME, SHOTS, SHOTS
GRID, TIME = js.Grid((21, 17), 10.0), js.TimeAxis(50.0, 1.25)
RECEIVERS = js.Geometry.spread(x=[20.0, 180.0], z=20.0)


@pytest.fixture(params=["devito", pytest.param("xla", marks=pytest.mark.slow)])
def F(request):
    options = {"absorbing": js.PML(5), "storage": js.InMemory(every=1), "engine": request.param}
    wave = js.WaveEquation(GRID, js.Acoustic(), TIME, 3.0, **options)
    return lambda sources: js.Modeling(wave, sources, RECEIVERS)


@pytest.fixture
def arguments(F):
    """Model, wavelet, sources and observed data."""
    m, q = jnp.full(GRID.shape, 0.25), js.ricker(TIME, 0.03)
    sources = js.Geometry(x=[30.0, 80.0, 110.0, 170.0], z=50.0)
    return m, q, sources, F(sources)(m.at[:, 8:].set(0.16)) @ q


def sharded(f, arguments, out, check=True):
    """``f`` on two devices with half of the shots each."""
    mesh = jax.make_mesh((2,), ("shot",))
    put = lambda spec, x: jax.tree.map(lambda v: jax.device_put(v, NamedSharding(mesh, spec)), x)  # noqa: E731
    on_mesh = jax.shard_map(f, mesh=mesh, in_specs=SPECS, out_specs=out, check_vma=check)
    return on_mesh, [put(spec, x) for spec, x in zip(SPECS, arguments, strict=True)]


def assert_same(got, expected):
    assert_close(*(jax.tree.map(np.asarray, x) for x in (got, expected)))


def misfit(F):
    return lambda m, q, sources, d: js.misfit.least_squares(F(sources)(m) @ q, d)


def total(F):
    return lambda *arguments: jax.lax.psum(misfit(F)(*arguments), "shot")


@pytest.mark.parametrize("check", [True, False])
def test_gradient_of_the_sum_over_devices(F, arguments, check):
    f, given = sharded(total(F), arguments, SAME, check)
    got = jax.jit(jax.value_and_grad(f, argnums=(0, 1)))(*given)
    assert_same(got, jax.value_and_grad(misfit(F), argnums=(0, 1))(*arguments))


def test_gradient_taken_on_each_device(F, arguments):
    f, given = sharded(jax.value_and_grad(total(F), argnums=(0, 1)), arguments, SAME)
    assert_same(jax.jit(f)(*given), jax.value_and_grad(misfit(F), argnums=(0, 1))(*arguments))


def test_born_data_stay_on_their_device(F, arguments):
    born = lambda m, q, sources, d: F(sources).jacobian(m, q) @ m  # noqa: E731
    f, given = sharded(born, arguments, SHOTS)
    assert_same(jax.jit(f)(*given), born(*arguments))


def test_a_migration_sums_over_the_devices(F, arguments):
    migrate = lambda m, q, sources, d: F(sources).jacobian(m, q).T @ d  # noqa: E731
    f, given = sharded(migrate, arguments, SAME)
    assert_same(jax.jit(f)(*given), migrate(*arguments))


def test_a_product_with_the_hessian_over_devices(F, arguments):
    def product(misfit):
        slope = lambda m, *rest: jnp.sum(jax.grad(misfit)(m, *rest) * m**2)  # noqa: E731
        return lambda m, *rest: jax.grad(slope)(m, *rest)

    f, given = sharded(product(total(F)), arguments, SAME)
    assert_same(jax.jit(f)(*given), product(misfit(F))(*arguments))
