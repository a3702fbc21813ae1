"""Bad input: each mistake is an error (or a warning) that names the argument and says what to write."""

import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.equations import experiment

import jaxseis as js
from jaxseis.wavelets import band

E = experiment("2-D bare constant density")
RHO = experiment("2-D free surface variable density")
WAVE, F, M, Q, CASE = E.F.wave, E.F, E.m.m, E.q, E.case
WHITE = "ignore:Only .* points per wavelength"


def changed(value, index=(3, 4), m=M):
    return m.at[index].set(value)


def wave(**changes):
    options = {"grid": CASE.grid, "equation": js.Acoustic(), "time": CASE.time, "max_velocity": 3.0}
    return js.WaveEquation(**options | changes)


# --- models --------------------------------------------------------------------------------------

MODELS = {
    "shape": (lambda: M[1:], r"m: expected shape \(21, 17\) \(x, z\), got shape \(20, 17\)"),
    "order of axes": (lambda: M.T, r"m: expected shape \(21, 17\) \(x, z\), got shape \(17, 21\)"),
    "number of axes": (lambda: M[None], r"m: expected shape \(21, 17\) \(x, z\), got shape \(1, 21, 17\)"),
    "a number": (lambda: 0.25, r"m: expected shape \(21, 17\) \(x, z\), got shape \(\)"),
    "missing": (lambda: js.Medium(buoyancy=M), "medium: expected a Medium with m, got"),
    "unknown": (lambda: js.Medium(m=M, epsilon=M), "medium: expected a Medium with m, got .*epsilon"),
}
VALUES = {
    "negative": (-0.1, "m: expected positive squared slowness", "a minimum of -0.1"),
    "zero": (0.0, "m: expected positive squared slowness", "a minimum of 0"),
    "NaN": (np.nan, "expected finite numbers, got nan at index", ""),
    "infinite": (np.inf, "expected finite numbers, got inf at index", ""),
    "too fast": (1 / 5.0**2, "m: expected velocities up to max_velocity = 3 km/s, got .*5 km/s", "larger max_velocity"),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("jit", [jax.jit, lambda f: f], ids=["jit", "eager"])
def test_models_of_a_wrong_form_are_refused_when_the_operator_is_made(name, jit):
    m, message = MODELS[name]
    with pytest.raises(ValueError, match=message):
        jit(lambda m: F(m) @ Q)(m())


@pytest.mark.parametrize("name", VALUES)
def test_bad_values_of_a_model(name):
    value, message, more = VALUES[name]
    for make in (F, WAVE, lambda m: F.jacobian(m, Q)):
        with pytest.raises(ValueError, match=f"{message}.*{more}"):
            make(changed(value))


TRACED = {
    "value": lambda m: F(m) @ Q,
    "gradient": jax.grad(lambda m: jnp.sum((F(m) @ Q) ** 2)),
    "scattering": lambda m: F.jacobian(m, Q) @ M,
    "migration": lambda m: F.jacobian(m, Q).T @ E.y,
    "batch": lambda m: jax.vmap(lambda m: F(m) @ Q)(jnp.stack([M, m])),
}


@pytest.mark.filterwarnings(WHITE)
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("use", TRACED)
def test_bad_values_of_a_traced_model_are_found_on_the_host(name, use):
    _, message, more = VALUES[name]
    with pytest.raises(jax.errors.JaxRuntimeError, match=fragment(message)) as error:
        jax.block_until_ready(jax.jit(TRACED[use])(changed(VALUES[name][0])))
    assert more.split(" ")[-1] in str(error.value)


def fragment(message):
    return next(word for word in ("positive", "finite", "max_velocity") if word in message)


@pytest.mark.parametrize(("name", "value"), [("m", -1.0), ("m", np.nan), ("buoyancy", np.nan), ("buoyancy", -1.0)])
def test_every_parameter_is_checked(name, value):
    bad = RHO.m.replace(**{name: changed(value, m=getattr(RHO.m, name))})
    with pytest.raises(ValueError, match=rf"{name}: expected (positive|finite)"):
        RHO.F(bad)
    with pytest.raises(jax.errors.JaxRuntimeError, match="positive|finite"):
        jax.block_until_ready(jax.jit(lambda m: RHO.F(m) @ RHO.q)(bad))


# --- SI units ------------------------------------------------------------------------------------

SI = {
    "velocity in m/s": (lambda: js.squared_slowness(1500.0), "velocity: expected km/s.*divided by 1000"),
    "model in m/s": (lambda: F(jnp.full(CASE.shape, 1500.0**-2)), "m: expected squared slowness.*divided by 1000"),
    "max_velocity in m/s": (lambda: wave(max_velocity=4500.0), "max_velocity: expected km/s.*Write 4.5"),
    "frequency in Hz": (lambda: js.ricker(CASE.time, 10.0), r"peak_frequency: expected a frequency in kHz.*hertz\(10"),
    "step in seconds": (lambda: wave(time=js.TimeAxis(2.0, 0.004)), r"time.step: expected milli.*seconds\(0.004\)"),
    "duration in seconds": (lambda: js.TimeAxis(2.0, 4.0), r"time: expected at least two samples.*seconds\(2.0\)"),
}


@pytest.mark.parametrize("name", SI)
def test_si_numbers_are_recognised(name):
    make, message = SI[name]
    with pytest.raises(ValueError, match=message):
        make()


# --- the equation's arguments --------------------------------------------------------------------

ARGUMENTS = {
    "engine": ({"engine": "cuda"}, "engine: expected one of 'devito', 'xla', got 'cuda'"),
    "differentiation": ({"differentiation": "both"}, "differentiation: expected one of 'reverse', 'any', got 'both'"),
    "dtype": ({"dtype": "float16"}, "dtype: expected one of 'float32', 'float64', got 'float16'"),
    "storage": ({"storage": "disk"}, r"storage: expected InMemory\(...\) or Recompute\(...\), got 'disk'"),
    "absorbing": ({"absorbing": 10}, r"absorbing: expected PML\(cells=...\), Sponge\(cells=...\) or None, got 10"),
    "odd order": ({"space_order": 7}, "space_order: expected an even number from 2 to 16, got 7"),
    "high order": ({"space_order": 18}, "space_order: expected an even number from 2 to 16, got 18"),
    "no velocity": ({"max_velocity": 0.0}, "max_velocity: expected a positive number of km/s, got 0"),
    "infinite velocity": ({"max_velocity": np.inf}, "max_velocity: expected a positive number of km/s, got inf"),
    "interpolation": ({"interpolation": "sinc"}, r"interpolation: expected Linear\(\) or Sinc\(.*, got 'sinc'"),
    "grid": ({"grid": (21, 17)}, r"grid: expected a Grid, got \(21, 17\)"),
    "equation": ({"equation": "acoustic"}, r"equation: expected .*Acoustic\(\).*, got 'acoustic'"),
    "time": ({"time": 1000.0}, r"time: expected a TimeAxis, got 1000.0"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_of_the_wave_equation(name):
    changes, message = ARGUMENTS[name]
    with pytest.raises(ValueError, match=message):
        wave(**changes)


# --- geometry ------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["sources", "receivers"])
@pytest.mark.parametrize(("x", "listed"), [(99.0, r"\(99, 30\)"), (301.0, r"\(301, 30\)")])
def test_points_outside_are_named(end, x, listed):
    outside = js.Geometry(x=jnp.array([150.0, x]), z=30.0)
    arguments = {"sources": E.case.sources, "receivers": E.case.receivers} | {end: outside}
    box = r"positions inside the grid \[100, 300\] x \[-20, 124\] m"
    with pytest.raises(ValueError, match=rf"{end}: expected {box}, got shot 1 point 0 at {listed} m"):
        js.Modeling(WAVE, **arguments)


def test_many_points_outside_are_counted():
    with pytest.raises(ValueError, match=r"shot 0 point 4 at .* and 7 more"):
        js.Projection(js.Geometry.spread(x=jnp.linspace(0.0, 50.0, 12), z=30.0), WAVE)


def test_points_on_the_edge_and_padding_are_inside():
    js.Projection(js.Geometry(x=jnp.array([100.0, 300.0]), z=jnp.array([-20.0, 124.0])), WAVE)
    js.Projection(js.Geometry.ragged([[[150.0, 30.0]], [[150.0, 30.0], [160.0, 31.0]]]), WAVE)


# --- sources -------------------------------------------------------------------------------------


LONG = CASE.replace(time=js.TimeAxis(200.0, CASE.time.step))


def homogeneous(velocity):
    return js.squared_slowness(jnp.full(CASE.shape, velocity))


def test_too_few_points_per_wavelength_is_a_warning_with_the_number():
    q = js.ricker(LONG.time, 0.04)
    points = 2.0 / (10.0 * band(q, LONG.time.step)[1])
    with pytest.warns(UserWarning, match=rf"Only {points:.2f} points per wavelength at 2 km/s and \d+ Hz, the highest"):
        LONG.modeling()(homogeneous(2.0)) @ q
    assert 1 < points < 3


@pytest.mark.filterwarnings("error")
def test_enough_points_or_no_signal_give_no_warning():
    for q in (js.ricker(LONG.time, 0.02), jnp.zeros(LONG.time.size)):
        assert np.isfinite(LONG.modeling()(homogeneous(2.0)) @ q).all()


@pytest.mark.filterwarnings(WHITE)
def test_constants_inside_jit_are_checked_too():
    """What a jitted function closes over is known when it is traced."""
    data = jax.jit(lambda scale: scale * (F(M) @ Q))(2.0)
    np.testing.assert_allclose(data, 2 * (F(M) @ Q), rtol=1e-12)
    bad = changed(-1.0)
    with pytest.raises(ValueError, match="m: expected positive squared slowness"):
        jax.jit(lambda: F(bad) @ Q)()


@pytest.mark.parametrize("jit", [jax.jit, lambda f: f], ids=["jit", "eager"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda q: F(M) @ q[:, 1:], r"shape \(2, 41, 1\) \(shot, time, point\).*got shape \(2, 40, 1\)"),
        (lambda q: F(M) @ q[0, 1:, 0], r"shape \(2, 41, 1\) \(shot, time, point\).*got shape \(2, 40, 1\)"),
        (lambda q: F(M) @ (1j * q), "operand: expected real numbers, got complex ones"),
    ],
)
def test_sources_that_do_not_fit(make, message, jit):
    with pytest.raises(ValueError, match=message):
        jit(make)(Q)


# --- precision and compilers: other processes ----------------------------------------------------


def run(code, **environment):
    """Run code in a fresh interpreter, without float64."""
    import os

    prelude = "import jax, jax.numpy as jnp, numpy as np, warnings\nimport jaxseis as js\n"
    kept = {k: v for k, v in os.environ.items() if k in ("JAXSEIS_CACHE", "HOME", "PATH")}
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(code)],
        env=kept | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        capture_output=True, text=True, timeout=300, check=False,
    )


SMALL = """
grid, time = js.Grid((21, 17), 10.0), js.TimeAxis(40.0, 2.0)
A = js.WaveEquation(grid, js.Acoustic(), time, 3.0, absorbing=None, engine=ENGINE)
F = js.Modeling(A, js.Geometry(x=[100.0, 50.0], z=50.0), js.Geometry.spread(x=[20.0, 180.0], z=20.0))
m, q = js.squared_slowness(jnp.full(grid.shape, 2.0)), js.ricker(time, 0.02)
"""


def test_double_precision_needs_the_switch():
    done = run(
        "ENGINE = 'devito'" + SMALL + """
        assert A.dtype == "float32", A.dtype
        assert (F(m) @ q).dtype == jnp.float32

        def message(act):
            try:
                act()
            except ValueError as error:
                return str(error)

        print(message(lambda: A.replace(dtype="float64")))
        print(message(lambda: F(np.full(grid.shape, 0.25))))
        print(message(lambda: F(m) @ np.zeros(21)))
        """.replace("\n        ", "\n")
    )
    assert done.returncode == 0, done.stderr
    switch, model, source = done.stdout.splitlines()
    assert switch.startswith("dtype: expected float32 while JAX's 64-bit mode is off, got float64.")
    assert 'jax.config.update("jax_enable_x64", True)' in switch
    assert model.startswith("m: expected a float32 array, got a float64 one. Write x.astype(numpy.float32), or call")
    assert "expected a float32 array, got a float64 one" in source


def test_without_a_compiler_the_xla_engine_is_used_with_a_warning(tmp_path):
    done = run(
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ENGINE = ""
        """.replace("\n        ", "\n").rstrip() + SMALL.replace("\n", "\n    ") + """
            waves = [A, A.replace(engine="")]
        assert {w.engine for w in waves} == {"xla"}
        print(len([w for w in caught if "No C compiler" in str(w.message)]), *[w.message for w in caught], sep="|")
        d = F(m) @ q
        assert np.isfinite(d).all() and np.abs(d).max() > 0
        """.replace("\n        ", "\n"),
        PATH=str(tmp_path), CC="",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1|No C compiler was found, so wave equations run on the slower engine")
    assert "Install gcc or clang, or set CC to the path of a compiler" in done.stdout


@pytest.mark.filterwarnings(WHITE)
def test_the_same_checks_of_traced_models_on_the_xla_engine():
    """XLA has no host to check on: the numbers must not look healthy."""
    X = CASE.modeling(engine="xla")
    d = jax.jit(lambda m: X(m) @ Q)(changed(np.nan))
    assert not np.isfinite(d).all()


# --- what used to pass in silence -----------------------------------------------------------------


def test_ends_of_another_wave_equation():
    for change in ({"time": js.TimeAxis(50.0, 1.0)}, {"interpolation": js.Sinc()}, {"correct_dispersion": True}):
        other = js.Projection(CASE.receivers, WAVE.replace(**change))
        with pytest.raises(ValueError, match="receivers: expected the grid, time axis, interpolation and precision"):
            other @ WAVE(M).inv  # noqa: B018
        with pytest.raises(ValueError, match="sources: expected the grid"):
            js.Modeling(WAVE, js.Projection(CASE.sources, WAVE.replace(**change)), CASE.receivers)(M)


@pytest.mark.parametrize("end", ["sources", "receivers"])
def test_traced_positions_outside_the_grid(end):
    def data(x, engine):
        at = {"sources": js.Geometry(x=[x], z=20.0), "receivers": js.Geometry.spread(x=[x, 150.0], z=20.0)}
        fixed = {"sources": CASE.sources[0], "receivers": CASE.receivers}
        ends = fixed | {end: at[end]}
        return js.Modeling(WAVE.replace(engine=engine), ends["sources"], ends["receivers"])(M) @ Q[0, :, 0]

    assert jnp.isnan(jax.jit(lambda x: data(x, "xla"))(5000.0)).any()
    message = f"{end}: expected positions inside the grid, got shot 0 point 0"
    with pytest.raises(jax.errors.JaxRuntimeError, match=message):
        jax.jit(lambda x: data(x, "devito"))(5000.0).block_until_ready()


@pytest.mark.parametrize("engine", ["devito", "xla"])
def test_contrasts_of_density_beyond_the_stable_step(engine):
    wave = RHO.F.wave.replace(engine=engine)
    checkers = jnp.where(np.indices(wave.grid.shape).sum(0) % 2, 8.0, 1.0)
    with pytest.raises(ValueError, match="m: expected velocities up to max_velocity.*Contrasts of density"):
        wave(js.Medium(m=jnp.full(wave.grid.shape, 1 / 2.9**2), buoyancy=checkers))


def test_a_source_that_is_not_finite_in_any_shot():
    with pytest.raises(ValueError, match="source: expected finite numbers, got nan at index"):
        F(M) @ Q.at[1, 3, 0].set(jnp.nan)


@pytest.mark.parametrize("silent_first", [False, True])
def test_the_warning_looks_at_every_shot_and_at_high_frequencies(silent_first):
    wave = WAVE.replace(time=js.TimeAxis(400.0, 4.0))
    q = jnp.broadcast_to(js.ricker(wave.time, 0.05), (2, wave.time.size))
    q = q.at[0].set(0) if silent_first else q
    modeling = js.Modeling(wave, js.Geometry(x=[130.0, 150.0], z=20.0), CASE.receivers)
    for act in (lambda: modeling(M) @ q, lambda: modeling.jacobian(M, q)):
        with pytest.warns(UserWarning, match="points per wavelength") as caught:
            act()
        assert caught[0].filename == __file__


def test_unknown_storage_of_a_jacobian():
    with pytest.raises(ValueError, match=r"storage: expected InMemory\(...\) or Recompute\(...\), got 'disk'"):
        F.jacobian(M, Q, "disk")


def test_numbers_in_another_type_are_the_same_numbers():
    changes = {"max_velocity": jnp.asarray(3.0), "space_order": np.int64(8), "absorbing": js.PML(5.0)}
    wave = WAVE.replace(**changes, interpolation=js.Sinc(4.0), storage=js.InMemory(every=2.0))
    plain = WAVE.replace(space_order=8, absorbing=js.PML(5), interpolation=js.Sinc(4), storage=js.InMemory(every=2))
    assert wave == plain
    assert hash(wave) == hash(plain)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WAVE.replace(max_velocity="fast"), "max_velocity: expected a positive number"),
        (lambda: WAVE.replace(dtype="abc"), "dtype: expected one of 'float32', 'float64', got 'abc'"),
        (lambda: js.Recompute(segments=2.5), "storage.segments: expected a whole number"),
        (lambda: js.Grid(5, 1.0), r"grid.shape: expected 1, 2 or 3 numbers of nodes"),
        (lambda: js.Grid((5.9, 5), 1.0), "grid.shape: expected a whole number"),
        (lambda: js.PML(np.nan), "PML.cells: expected a whole number of at least 1, got nan"),
        (lambda: js.Grid((5, 5), 1.0, (np.nan, 0.0)), "grid.origin: expected finite numbers"),
        (lambda: WAVE.replace(grid=js.Grid((21, 17), 0.01)), "grid.spacing: expected metres .*Are they in kilometres"),
        (
            lambda: WAVE.replace(grid=js.Grid((21, 3), 10.0), absorbing=None, free_surface=True),
            "grid.shape: expected at least 5 nodes along z, layer included, below a free surface, got 3",
        ),
        (lambda: F({"m": M}), "m: expected an array on the grid, or a Medium, got dict"),
        (lambda: js.Projection(WAVE, CASE.receivers), "geometry: expected a Geometry, before the wave equation"),
        (lambda: js.gardner(1500.0), "velocity: expected km/s, got a maximum of 1500"),
    ],
)
def test_other_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.filterwarnings(WHITE)
def test_one_source_spread_for_all_receivers_takes_one_wavelet():
    receivers = js.Geometry(x=[[110.0, 130.0], [150.0, 170.0]], z=20.0)
    q = Q[0, :, 0]
    shared = js.Modeling(WAVE, js.Geometry.spread(x=[150.0], z=30.0), receivers)
    each = js.Modeling(WAVE, js.Geometry(x=[150.0, 150.0], z=30.0), receivers)
    np.testing.assert_array_equal(shared(M) @ q, each(M) @ q)
    assert shared.jacobian(M, q).out_structure().shape == (2, WAVE.time.size, 2)


def test_a_stiffness_that_is_negative():
    wave = RHO.F.wave
    medium = RHO.m.replace(buoyancy=RHO.m.buoyancy.at[3, 3].set(-1.0))
    with pytest.raises(jax.errors.JaxRuntimeError, match="expected .*positive|not negative"):
        jax.jit(lambda medium: js.Modeling(wave, CASE.sources, CASE.receivers)(medium) @ Q)(medium)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"delta": 0.3}, r"delta: expected at most epsilon everywhere.*got 0.3 where epsilon is 0.2.*jnp.minimum"),
        ({"delta": -0.6}, "delta: expected at least -0.455"),
        ({"epsilon": 2.0}, "m: expected velocities up to max_velocity"),
        ({"m": -0.1}, "m: expected positive squared slowness"),
    ],
)
def test_vti_media_out_of_range(change, message):
    constant = {"m": 0.25, "buoyancy": 1.0, "epsilon": 0.2, "delta": 0.1} | change
    with pytest.raises(ValueError, match=message):
        WAVE.replace(equation=js.VTI())(js.Medium(**{k: jnp.full(CASE.shape, v) for k, v in constant.items()}))


def test_the_shear_ratio_of_vti():
    with pytest.raises(ValueError, match="shear: expected a ratio of velocities from 0 to less than 1, got 1.5"):
        js.VTI(shear=1.5)


def test_the_last_node_is_inside_in_every_precision():
    grid = js.Grid((333, 31), 7.3, origin=(431000.5, 0.0))
    wave = js.WaveEquation(grid, js.Acoustic(), js.TimeAxis(10.0, 1.0), 3.0, dtype="float32")
    receivers = js.Geometry.spread(x=grid.coordinates("x"), z=grid.coordinates("z")[-1])
    assert np.isfinite(js.Projection(receivers, wave).window().weights).all()
