"""The linearized Bregman method: sparse solutions from data that change with every step.

    minimise lambda |z|_1 + 1/2 |z|^2   subject to |A x - b| <= sigma,    z = C x

with C a tight frame, ``C.H C = I``, or the identity. With ``r = A x - b`` and ``w = max(1 - sigma / |r|, 0) r``, what
exceeds sigma, one step is

    z <- z - t C A.H w,    t = |w|^2 / |A.H w|^2,    x <- C.H soft(z, lambda)

Nothing is lost if A and b are another random part of the data at each step (sketching), for instance a few shots of a
survey: z keeps what all of them had to say. Yin, SIAM J. Imaging Sci. 3 (2010); steps, sketches and sigma: Lorenz,
Schoepfer and Wenger, SIAM J. Imaging Sci. 7 (2014); migration: Herrmann, Tu and Esser, EAGE (2015).
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import positive_numbers
from jaxseis.functionals.l1 import L1
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import as_inexact, as_operand, describe, same_structure
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers._loop import cond
from jaxseis.solvers._options import check_option, check_tolerance
from jaxseis.solvers.solve import Driver, Solution, solve
from jaxseis.solvers.solver import Solver
from jaxseis.solvers.status import Status

Sketch = Callable[[Array, Array], tuple[LinearOperator, PyTree]]


class SparseSystem(eqx.Module):
    """``min lambda |C x|_1 + 1/2 |C x|^2`` subject to ``|A x - b| <= sigma``, all of the data at each step.

    Arguments:
        A: linear operator.
        b: data, of the structure of the range of ``A``.
        sigma: a number >= 0 in units of b, for instance the norm of the noise.
        transform: C, a linear operator with ``C.H C = I`` on the domain of A, for instance curvelets; None for none.

    Raises ValueError if ``b`` or the transform does not fit ``A``, and for a negative sigma.

    ```python
    solution = solve(SparseSystem(A, b, transform=C), LinearizedBregman(), max_steps=50)
    ```
    """

    A: LinearOperator
    b: PyTree
    sigma: Array
    transform: LinearOperator | None

    def __init__(self, A: LinearOperator, b: PyTree, sigma: Any = 0.0, transform: LinearOperator | None = None):
        check_operator("A", A)
        self.A, self.b = A, _data(A, b)
        self.sigma, self.transform = _sigma(sigma), transform
        _check_transform(A, transform)

    def sketch(self, step: Array) -> tuple[LinearOperator, PyTree]:
        """``A`` and ``b``, whatever the step."""
        return self.A, self.b


class SketchedSystem(eqx.Module):
    """The same with ``A`` and ``b`` chosen anew at each step.

    Arguments:
        choose: (key, step) -> (A, b). Operators and data may depend on both in any way that keeps their structure. In a
            compiled step, as by default, key and step are traced; with the driver ``Host(compiled=False)`` they are
            numbers, and A and b may come from files. An equinox module, or another pytree, that can be called: then
            its arrays may change without compiling again.
        key: of the random choices; step k uses ``jax.random.fold_in(key, k)``, so that a run that was cut goes on
            with the same choices.
        sigma: of the data that one step sees.
        transform: C, as for ``SparseSystem``.

    Raises ValueError for a negative sigma; what is chosen is checked as in ``SparseSystem``.

    ```python
    class Shots(eqx.Module):
        J: Jacobian
        d: Array

        def __call__(self, key, step):
            shots = jax.random.choice(key, len(self.d), (4,), replace=False)
            return self.J[shots], self.d[shots]

    problem = SketchedSystem(Shots(J, d), jax.random.key(0), transform=C)
    solution = solve(problem, LinearizedBregman(), max_steps=20, driver=Host())
    ```
    """

    choose: Sketch
    key: Array
    sigma: Array
    transform: LinearOperator | None

    def __init__(self, choose: Sketch, key: Array, sigma: Any = 0.0, transform: LinearOperator | None = None):
        if not callable(choose):
            raise _checks.fail("choose", "a function (key, step) -> (A, b)", repr(choose))
        self.choose, self.key, self.sigma, self.transform = choose, key, _sigma(sigma), transform

    def sketch(self, step: Array) -> tuple[LinearOperator, PyTree]:
        """``A`` and ``b`` of one step."""
        A, b = self.choose(jax.random.fold_in(self.key, step), step)
        _check_transform(A, self.transform)
        return A, _data(A, b)


class StepWeights(eqx.Module):
    """A rule that weights the step of each entry of z. ``memory`` is what it remembers, a pytree."""

    @abstractmethod
    def first(self, z: PyTree) -> PyTree:
        """The memory before the first step."""

    @abstractmethod
    def weighted(
        self, change: PyTree, z: PyTree, threshold: Array, memory: PyTree, step: Array
    ) -> tuple[PyTree, PyTree]:
        """The change of z, entry by entry, and the memory; steps count from one."""


class Uniform(StepWeights):
    """The same step for all entries, as the theory has it."""

    def first(self, z: PyTree) -> None:
        return None

    def weighted(self, change: PyTree, z: PyTree, threshold: Array, memory: None, step: Array) -> tuple[PyTree, None]:
        return change, None


class AntiChatter(StepWeights):
    """Shorter steps for entries above the threshold that go to and fro.

    Of an entry beyond the threshold whose k changes so far had the signs s_1, ..., s_k the step is multiplied by
    ``|s_1 + ... + s_k| / k``: one for those that keep their direction, small for those that chatter. Of complex changes
    the sign is the phase factor. Yang, Fang, Witte and Herrmann, Geophysical Prospecting 68 (2020).
    """

    def first(self, z: PyTree) -> PyTree:
        return vec.zeros(z)

    def weighted(
        self, change: PyTree, z: PyTree, threshold: Array, memory: PyTree, step: Array
    ) -> tuple[PyTree, PyTree]:
        memory = jax.tree.map(lambda total, d: total + jnp.sign(d), memory, change)

        def one(d: Array, z: Array, total: Array) -> Array:
            weight = jnp.where(abs(z) > threshold.astype(z.real.dtype), abs(total) / step.astype(z.real.dtype), 1)
            return weight * d

        return jax.tree.map(one, change, z, memory), memory


class BregmanState(eqx.Module):
    """x and z, lambda, the memory of the step weights, the number of steps, and numbers of the last step."""

    x: PyTree
    z: PyTree
    threshold: Array
    memory: PyTree
    count: Array
    residual: Array
    data: Array
    length: Array


class LinearizedBregman(Solver):
    """The linearized Bregman method, a Solver of ``SparseSystem`` and ``SketchedSystem``.

    One application of ``A``, none as long as x is zero, of ``A.H`` and of each of ``C`` and ``C.H`` a step. A start
    costs one more of ``A`` and of ``C``.

    Arguments:
        threshold: lambda, in units of z; by default the quantile below of ``|z|`` after the first change.
        quantile: the share of the coefficients that the first threshold makes zero.
        relaxation: a factor of all steps t, in (0, 2).
        weights: ``AntiChatter()`` or ``Uniform()``, for which alone the solution is known to be that of the problem.
        rtol: converged when ``|A x - b| <= sigma + rtol |b|``, with the A and b of the last step. That step then
            leaves x and z as they were.

    A start x is that of ``z = C x + lambda sign(C x)``, whose soft threshold it is. z is what the method remembers, so
    zero, the default, is the natural start.

    Measures: "residual" ``|A x - b|``, at the start that of the first data; "threshold" lambda, "step" t. They lag one
    step behind x, which saves one application.

    Raises ValueError for options out of their range.

    ```python
    solution = solve(SparseSystem(A, b, sigma=0.1), LinearizedBregman(threshold=1.0, weights=Uniform()), max_steps=500)
    ```
    """

    threshold: Any = None
    quantile: float = 0.95
    relaxation: float = 1.0
    weights: StepWeights = AntiChatter()
    rtol: float = 1e-6

    problem_type = SparseSystem | SketchedSystem
    state_type = BregmanState

    def __check_init__(self):
        if self.threshold is not None:
            positive_numbers("threshold", self.threshold)
        _checks.kind_is("weights", self.weights, StepWeights, "AntiChatter() or Uniform()")
        check_option("quantile", self.quantile, "a number in [0, 1)", lambda v: 0 <= v < 1)
        check_option("relaxation", self.relaxation, "a number in (0, 2)", lambda v: 0 < v < 2)
        check_tolerance("rtol", self.rtol)

    def init(self, problem: Any, start: PyTree) -> BregmanState:
        A, b = problem.sketch(jnp.asarray(0))
        structure = A.in_structure()
        name = f"start, in the domain of {A.name}"
        x = vec.zeros(structure) if start is None else as_operand(name, start, structure, A.in_axes())
        dtype = vec.real_dtype((structure, b))
        threshold = jnp.asarray(0 if self.threshold is None else self.threshold, dtype)
        z = _lifted(_analysed(problem, x), threshold)
        residual, data = (vec.norm(v).astype(dtype) for v in (_residual(A, x, b), b))
        zero = jnp.zeros_like(data)
        return BregmanState(x, z, threshold, self.weights.first(z), jnp.asarray(0), residual, data, zero)

    def step(self, problem: Any, state: BregmanState) -> BregmanState:
        A, b = problem.sketch(state.count)
        r = _residual(A, state.x, b)
        residual, data = vec.norm(r).astype(state.data.dtype), vec.norm(b).astype(state.data.dtype)
        excess = jnp.maximum(residual - problem.sigma.astype(residual.dtype), 0)
        gradient = A.H.mv(vec.scale(vec.over(excess, residual), r))
        length = self.relaxation * vec.over(excess, vec.norm(gradient)).astype(data.dtype) ** 2

        change, count = _analysed(problem, vec.scale(-length, gradient)), state.count + 1
        change, memory = self.weights.weighted(change, state.z, state.threshold, state.memory, count)
        z, threshold = self._moved(state, change)
        x = _synthesised(problem, L1().prox(z, threshold))
        x, z = vec.where(self._is_met(problem, residual, data), (state.x, state.z), (x, z))
        return BregmanState(x, z, threshold, memory, count, residual, data, length)

    def _moved(self, state: BregmanState, change: PyTree) -> tuple[PyTree, Array]:
        """The next z, and lambda: in the first step a quantile, above which the start, if there is one, is lifted."""
        z = vec.add(state.z, change)
        if self.threshold is not None:
            return z, state.threshold

        def first(z: PyTree) -> Array:
            moduli = jnp.concatenate([jnp.abs(v).ravel() for v in jax.tree.leaves(z)])
            return jnp.quantile(moduli, self.quantile).astype(state.threshold.dtype)

        threshold = cond(state.count == 0, first, lambda z: state.threshold, z)
        return vec.where(state.count == 0, vec.add(_lifted(state.z, threshold), change), z), threshold

    def _is_met(self, problem: Any, residual: Array, data: Array) -> Array:
        return residual <= problem.sigma + self.rtol * data

    def status(self, problem: Any, state: BregmanState) -> Status:
        met = self._is_met(problem, state.residual, state.data)
        return Status.where(met, Status.converged, Status.running)

    def value(self, problem: Any, state: BregmanState) -> PyTree:
        return state.x

    def measures(self, problem: Any, state: BregmanState) -> dict[str, Array]:
        return {"residual": state.residual, "threshold": state.threshold, "step": state.length}


def linearized_bregman(
    A: LinearOperator,
    b: PyTree,
    sigma: Any = 0.0,
    transform: LinearOperator | None = None,
    start: PyTree = None,
    max_steps: int = 100,
    driver: Driver | None = None,
    state: BregmanState | None = None,
    **options: Any,
) -> Solution:
    """``min lambda |C x|_1 + 1/2 |C x|^2`` subject to ``|A x - b| <= sigma`` by the linearized Bregman method.

    Arguments:
        A, b, sigma, transform: of the problem, see ``SparseSystem``; for data that change see ``SketchedSystem``.
        start, max_steps, driver, state: of the run, see ``solve``; the start is zero by default.
        options: those of ``LinearizedBregman``.

    Returns a Solution. Errors as in ``SparseSystem`` and ``LinearizedBregman``.

    ```python
    x = linearized_bregman(A, b, transform=C, max_steps=50).value
    ```
    """
    problem = SparseSystem(A, b, sigma, transform)
    return solve(problem, LinearizedBregman(**options), start, max_steps, driver, state)


def _residual(A: LinearOperator, x: PyTree, b: PyTree) -> PyTree:
    """``A x - b``, without an application where x is zero."""
    image = cond(vec.norm(x) > 0, lambda x: A.mv(x), lambda x: vec.zeros(A.out_structure()), x)
    return vec.add(image, b, -1.0)


def _lifted(z: PyTree, threshold: Array) -> PyTree:
    """The vector whose soft threshold is z."""
    return vec.add(z, jax.tree.map(jnp.sign, z), threshold)


def _analysed(problem: Any, x: PyTree) -> PyTree:
    return x if problem.transform is None else problem.transform.mv(x)


def _synthesised(problem: Any, z: PyTree) -> PyTree:
    return z if problem.transform is None else problem.transform.H.mv(z)


def _data(A: LinearOperator, b: PyTree) -> PyTree:
    return as_operand(f"b, the data of {A.name}", A.broadcast_output(b), A.out_structure(), A.out_axes())


def _sigma(value: Any) -> Array:
    check_tolerance("sigma", value)
    return as_inexact(value)


def _check_transform(A: LinearOperator, transform: Any) -> None:
    if transform is None:
        return
    _checks.kind_is("transform", transform, LinearOperator, "a linear operator, or None")
    wanted, given = A.in_structure(), transform.in_structure()
    if not same_structure(given, wanted):
        expected = f"an operator on the domain of {A.name}, {describe(wanted, A.in_axes())}"
        raise _checks.fail(f"transform, {transform.name}", expected, describe(given, transform.in_axes()))
