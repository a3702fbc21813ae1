"""Training: what it learns, that it repeats itself, when it ends, and what it says of data that do not fit."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from jaxseis.flows.bijection import Bijection
from jaxseis.flows.flow import Flow
from jaxseis.flows.freezing import frozen
from jaxseis.flows.layers.actnorm import ActNorm
from jaxseis.flows.networks.real_nvp import RealNVP
from jaxseis.flows.training.augmentation import Noise
from jaxseis.flows.training.fit import fit
from jaxseis.flows.training.losses import maximum_likelihood
from jaxseis.flows.training.monitor import InversionWarning, reconstruction_error

KEY = jax.random.key(0)
QUIET = {"progress": False, "key": KEY}
FAST = optax.adam(1e-2)


def banana(key, n):
    a, b = jax.random.normal(key, (2, n))
    return jnp.stack([a, 0.5 * a**2 + 0.3 * b], -1), None


X = np.asarray(banana(jax.random.key(1), 110)[0])


class Shift(Bijection):
    """``y = x - b``: what compiles fastest."""

    def __init__(self, features=2, condition_shape=None):
        self.shift = nnx.Param(jnp.zeros(features))
        self.event_shape, self.condition_shape = (features,), condition_shape

    def forward(self, x, condition=None):
        return x - self.shift[...], jnp.zeros(len(x))

    def inverse(self, y, condition=None):
        return y + self.shift[...], jnp.zeros(len(y))


class Forgetful(Shift):
    """Loses a hundredth on its way back."""

    def inverse(self, y, condition=None):
        return 1.01 * y + self.shift[...], jnp.zeros(len(y))


def shift(**options):
    return Flow(Shift(**options))


def test_a_flow_learns_a_banana():
    flow = Flow(RealNVP(2, steps=4, width=16, depth=1, param_dtype=jnp.float64, rngs=nnx.Rngs(0)))
    fitted = fit(flow, banana, steps=300, batch_size=128, optimizer=FAST, **QUIET)
    entropy = np.log(2 * np.pi * np.e * 0.3)  # the best normal distribution has 0.94 nats more
    held_out, _ = banana(jax.random.key(2), 4000)
    assert entropy - 0.05 < maximum_likelihood(fitted.flow, held_out) < entropy + 0.4
    assert fitted.history.train.shape == (300,)
    assert list(fitted.history.steps) == [100, 200, 300]
    assert fitted.history.validation[0] > fitted.history.validation[-1]


def test_the_flow_is_the_best_and_not_the_last():
    seen = {}
    fitted = fit(
        shift(), X, steps=12, batch_size=20, every=2, optimizer=optax.sgd(1.9), **QUIET,
        callback=lambda step, flow, measures: seen.update({step: (measures["validation"], flow)}),
    )
    best = min(seen, key=lambda step: seen[step][0])
    assert [value for value, _ in seen.values()] == list(fitted.history.validation)
    assert best != 12
    np.testing.assert_array_equal(fitted.flow.bijection.shift[...], seen[best][1].bijection.shift[...])


def test_without_validation_the_last_parameters_are_taken():
    last = {}
    callback = lambda step, flow, measures: last.update(flow=flow)  # noqa: E731
    fitted = fit(shift(), X, steps=5, batch_size=20, validation=0, callback=callback, **QUIET)
    np.testing.assert_array_equal(fitted.flow.bijection.shift[...], last["flow"].bijection.shift[...])
    assert np.isnan(fitted.history.validation).all()


def test_the_same_key_gives_the_same_training():
    options = {"steps": 12, "batch_size": 30, "augment": Noise(0.1)}
    first, second = (fit(shift(), X, **options, **QUIET) for _ in range(2))
    other = fit(shift(), X, **options, progress=False, key=jax.random.key(1))
    np.testing.assert_array_equal(first.history.train, second.history.train)
    np.testing.assert_array_equal(first.history.validation, second.history.validation)
    assert not np.array_equal(first.history.train, other.history.train)


def test_batches_have_one_shape_and_passes_are_shuffled_over_all_that_is_not_held_out():
    seen = []

    def watch(key, x, condition, step):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), x, ordered=True)
        return x, condition

    rows = np.arange(110.0)[:, None]
    fit(shift(features=1), rows, steps=9, batch_size=30, augment=watch, **QUIET)  # 11 held out: 3 batches of 99 a pass
    assert {x.shape for x in seen} == {(30, 1)}
    passes = [np.concatenate(seen[i : i + 3]).ravel() for i in (0, 3, 6)]
    assert all(len(set(x)) == 90 for x in passes)
    assert len(set(np.concatenate(passes))) == 99
    assert not np.array_equal(passes[0], passes[1])


def test_patience_ends_training():
    flow = Flow(frozen(Shift()))  # it never gets better
    flow.bijection.unused = nnx.Param(jnp.zeros(()))
    fitted = fit(flow, X, steps=100, batch_size=50, every=1, patience=3, **QUIET)
    assert len(fitted.history.train) == 4
    assert len(set(fitted.history.validation)) == 1


def test_a_callback_ends_training():
    fitted = fit(shift(), X, steps=100, batch_size=20, callback=lambda step, flow, measures: step >= 8, **QUIET)
    assert len(fitted.history.train) == 8


def test_frozen_parameters_are_not_trained_and_cost_no_optimizer():
    sizes = []

    def init(parameters):
        sizes.append(len(jax.tree.leaves(parameters)))
        return optax.EmptyState()

    count = optax.GradientTransformation(init, lambda updates, state, parameters=None: (updates, state))
    flow = Flow(RealNVP(2, steps=1, width=3, depth=1, param_dtype=jnp.float64, rngs=nnx.Rngs(0)))
    flow.bijection = frozen(flow.bijection)
    flow.offset = nnx.Param(jnp.zeros(()))
    optimizer = optax.chain(count, optax.sgd(0.1))
    fitted = fit(
        flow, X, steps=2, batch_size=20, optimizer=optimizer, **QUIET,
        loss=lambda flow, x, condition, key: (flow.offset[...] - 1) ** 2 + maximum_likelihood(flow, x),
    )
    assert set(sizes) == {1}
    for a, b in zip(jax.tree.leaves(fitted.flow.bijection), jax.tree.leaves(flow.bijection), strict=True):
        np.testing.assert_array_equal(a, b)
    assert fitted.flow.offset[...] > 0.3


def test_layers_take_their_scales_from_the_first_batch_if_they_are_to():
    flow = Flow(ActNorm(2, param_dtype=jnp.float64), (2,))
    options = {"steps": 1, "batch_size": 90, "validation": 0, "optimizer": optax.sgd(0.0)}
    x = 100 + X
    away, near = (fit(flow, x, **options, initialise=flag, **QUIET).history.train[0] for flag in (False, True))
    assert near < 5 < 1000 < away
    new = fit(flow, x, **options, **QUIET)
    assert new.history.train[0] == near
    other = fit(new.flow, 2 * x, **options, **QUIET).history.train[0]
    assert other == fit(new.flow, 2 * x, **options, initialise=False, **QUIET).history.train[0]
    assert fit(new.flow, 2 * x, **options, initialise=True, **QUIET).history.train[0] < other


def test_data_may_lie_on_the_device_and_keys_be_of_the_old_kind(tmp_path):
    options = {"steps": 4, "batch_size": 20, "progress": False}
    fitted = fit(shift(), jnp.asarray(X), key=jax.random.PRNGKey(0), checkpoint=tmp_path, **options)
    again = fit(shift(), X, key=KEY, **options)
    np.testing.assert_array_equal(fitted.history.train, again.history.train)


def test_a_loss_that_draws_its_own_samples_needs_no_data():
    fitted = fit(
        shift(), steps=60, batch_size=16, every=20, optimizer=optax.adam(0.1), **QUIET,
        loss=lambda flow, x, condition, key: -jnp.mean(flow.log_prob(3 + jax.random.normal(key, (16, 2)))),
    )
    np.testing.assert_allclose(fitted.flow.bijection.shift[...], 3, atol=0.5)


def test_learning_rates_can_follow_the_loss():
    optimizer = optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(patience=2))
    assert fit(shift(), X, steps=4, batch_size=20, optimizer=optimizer, **QUIET).history.train.shape == (4,)


def test_a_loss_that_is_not_finite_is_an_error_naming_the_step():
    def loss(flow, x, condition, key):
        return jnp.where(flow.bijection.shift[0] < -0.25, jnp.nan, flow.bijection.shift[0])

    with pytest.raises(FloatingPointError, match="nan at step 3. If the batch is finite, try a smaller step"):
        fit(shift(), X, steps=9, batch_size=20, loss=loss, optimizer=optax.sgd(0.1), **QUIET)


def test_a_flow_that_does_not_come_back_is_warned_of_once():
    with pytest.warns(InversionWarning, match="inverts its input to 1.0e-02 only: .*save_every") as found:
        fit(Flow(Forgetful()), X, steps=8, batch_size=20, **QUIET)
    assert len(found) == 1


def test_a_flow_that_does_not_come_back_is_warned_of_without_validation_and_without_data():
    def loss(flow, x, condition, key):
        return jnp.sum(flow.bijection.shift[...] ** 2)

    for x in (X, None):
        with pytest.warns(InversionWarning, match="inverts its input to 1.0e-02 only") as found:
            fit(Flow(Forgetful()), x, steps=4, every=2, batch_size=20, validation=0, loss=loss, **QUIET)
        assert len(found) == 1


def test_data_may_be_lists_of_rows():
    fitted = fit(shift(), X.tolist(), steps=2, batch_size=20, **QUIET)
    np.testing.assert_array_equal(fitted.history.train, fit(shift(), X, steps=2, batch_size=20, **QUIET).history.train)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flow": Shift()}, r"flow: expected a jaxseis.flows.Flow, got Shift. Wrap it: Flow\("),
        ({"key": 0}, r"key: expected a random key, got int. Take jax.random.key\(0\)"),
        ({"key": nnx.Rngs(0)}, "key: expected a random key, got Rngs"),
        ({"optimizer": 1e-3}, r"optimizer: expected a transformation of optax, got float. Take optax.adam\(1e-3\)"),
        ({"optimizer": nnx.Optimizer(Shift(), FAST, wrt=nnx.Param)}, "optimizer: expected .* optax, got Optimizer"),
        ({"x": None}, "x: expected samples to be likely, got None"),
        ({"x": iter([X])}, "x: expected arrays of numbers, or a function .*, got an iterator. Let draw"),
        ({"x": np.asarray([{}] * 30)}, "x: expected arrays of numbers, or a function .*, got dict"),
    ],
)
def test_what_is_of_another_kind_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fit(**{"flow": shift(), "x": X, "steps": 2, "batch_size": 20, **QUIET, **options})


def test_the_reconstruction_error_is_relative():
    x = jnp.asarray([[100.0, -50.0], [1.0, 2.0]])
    np.testing.assert_allclose(reconstruction_error(Flow(Forgetful()), x), 1e-2, rtol=1e-10)
    assert reconstruction_error(shift(), x) == 0


def test_the_bar_shows_both_losses(capsys):
    fit(shift(), X, steps=8, batch_size=20, key=KEY)
    text = capsys.readouterr().err
    assert "training" in text
    assert "train=" in text
    assert "validation=" in text


def nan_at(index):
    x = X.copy()
    x[index] = np.nan
    return x


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (nan_at((7, 1)), {}, r"x: expected finite numbers, got nan at index \(7, 1\)"),
        (X, {"batch_size": 100}, "batch_size: expected at most the samples to train on, got 100 for 110 samples"),
        (X, {"batch_size": 0}, "batch_size: expected a whole number of at least 1"),
        (X, {"validation": 1.0}, "validation: expected a fraction"),
        (X, {"validation": 1e-3}, "validation: expected a fraction that holds out some of 110 samples, or 0"),
        (X, {"validation": 0, "patience": 2}, "validation: expected a positive number"),
        (X, {"steps": 0}, "steps: expected a whole number of at least 1"),
        (X[:, :1], {}, r"x: expected shape \(2,\), or a batch \(n, 2\), got \(20, 1\)"),
        (X, {"condition": X[:5]}, r"x and condition: expected arrays of as many samples, got \[110, 5\]"),
        (X, {"condition": nan_at((3, 0))}, r"condition: expected finite numbers, got nan at index \(3, 0\)"),
        (X, {"condition": X}, "condition: expected none, got one"),
        (X * [1, 0], {}, "x: expected channels that vary, got the same number throughout channel 1"),
        (banana, {"condition": X}, "condition: expected None beside a sampler, got one"),
        (lambda key, n: banana(key, n)[0], {}, r"x: expected draw\(key, n\) that returns \(x, condition\), got"),
    ],
)
def test_what_does_not_fit_is_refused(x, options, message):
    with pytest.raises(ValueError, match=message):
        fit(shift(), x, **{"steps": 2, "batch_size": 20, **options}, **QUIET)
