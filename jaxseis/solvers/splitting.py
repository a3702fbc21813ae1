"""The problem that splitting methods solve: a data misfit and any number of convex functions of linear operators.

    minimise over x    1/2 |A x - b|^2 + sum_i g_i(K_i x),    |v|^2 = Re sum conj(v) v

ADMM and the primal-dual method need of each g_i its value and its proximal map.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from jaxseis import _checks
from jaxseis._types import Array, PyTree
from jaxseis.functionals.functional import Functional
from jaxseis.operators._base import LinearOperator, check_operator
from jaxseis.operators._structure import as_operand, describe, inner, same_structure
from jaxseis.operators.blocks import VStack
from jaxseis.solvers import _vectors as vec
from jaxseis.solvers.status import Status


class Splitting(eqx.Module):
    """``min 1/2 |A x - b|^2 + sum_i g_i(K_i x)``, a pytree.

    Arguments:
        A: linear operator.
        b: data, of the structure of its range.
        terms: pairs (g_i, K_i) of a functional and a linear operator on the domain of ``A``, one or more.
            A constraint is the functional that is infinite outside; ``Identity`` stands for x itself.

    Raises ValueError if the structures do not fit, naming the term.

    ```python
    problem = Splitting(A, b, [(0.1 * L1(), D), (NonNegative(), Identity(A.in_structure()))])
    solution = solve(problem, ADMM(), max_steps=200)
    ```
    """

    A: LinearOperator
    b: PyTree
    functionals: tuple[Functional, ...]
    K: VStack

    def __init__(self, A: LinearOperator, b: PyTree, terms: Sequence[tuple[Functional, LinearOperator]]):
        check_operator("A", A)
        self.A = A
        self.b = as_operand(f"b, the data of {A.name}", A.broadcast_output(b), A.out_structure(), A.out_axes())
        if len(terms) == 0:
            raise _checks.fail("terms", "one or more pairs (functional, linear operator)", "none", "Use LSQR without.")
        for number, term in enumerate(terms):
            _check_term(f"terms[{number}]", term, A)
        self.functionals = tuple(g for g, _ in terms)
        self.K = VStack([operator for _, operator in terms])

    def start(self, x: PyTree) -> PyTree:
        """The start, zero if it is None; ValueError if it does not fit."""
        structure = self.A.in_structure()
        return vec.zeros(structure) if x is None else as_operand("start", x, structure, self.A.in_axes())

    def objective(self, misfit: PyTree, z: tuple) -> Array:
        """The value where ``A x - b`` is the misfit and the functions are taken at z."""
        return 0.5 * inner(misfit, misfit) + sum(g(part) for g, part in zip(self.functionals, z, strict=True))

    def prox(self, z: tuple, step: Any) -> tuple:
        """The proximal maps of all functions."""
        return tuple(g.prox(part, step) for g, part in zip(self.functionals, z, strict=True))


class Residuals(eqx.Module):
    """How far a splitting method is from a solution.

    ``primal`` is the difference between ``K x`` and the copies at which the functions are taken, over ``size``, the
    largest ``|K x|`` so far; ``dual`` is the norm of the gradient of the Lagrangian in x over ``slope``, ``|A.H b|``.
    """

    primal: Array
    dual: Array
    size: Array
    slope: Array
    steps: Array
    products: Array

    @classmethod
    def begin(cls, problem: Splitting, Kx: tuple) -> "Residuals":
        """Before the first step, far away."""
        slope, size = vec.norm(problem.A.H.mv(problem.b)), vec.norm(Kx)
        far, zero = jnp.ones_like(slope), jnp.asarray(0)
        return cls(far, far, size.astype(slope.dtype), slope, zero, zero)

    def after(self, primal: Array, dual: Array, size: Array, products: Any) -> "Residuals":
        """After a step with so many applications of A."""
        size = jnp.maximum(self.size, size.astype(self.size.dtype))
        relative = (
            vec.over(primal, size, primal).astype(size.dtype),
            vec.over(dual, self.slope, dual).astype(size.dtype),
        )
        return Residuals(*relative, size, self.slope, self.steps + 1, self.products + products)

    def factor(self, balance: float) -> Array:
        """By how much the weight of the primal residual should grow; closer to one with every step."""
        factor = 2.0 ** (0.95**self.steps)
        wanted = jnp.where(self.dual > balance * self.primal, 1 / factor, 1.0)
        return jnp.where(self.primal > balance * self.dual, factor, wanted).astype(self.size.dtype)

    def status(self, rtol: float) -> Status:
        """Converged where both are small."""
        return Status.where(jnp.maximum(self.primal, self.dual) <= rtol, Status.converged, Status.running)

    def measures(self) -> dict[str, Array]:
        """The relative residuals and the applications of A."""
        return {"primal": self.primal, "dual": self.dual, "products": self.products.astype(self.size.dtype)}


def _check_term(name: str, term: Any, A: LinearOperator) -> None:
    if not (isinstance(term, tuple) and len(term) == 2):
        raise _checks.fail(name, "a pair (functional, linear operator)", repr(term))
    _checks.kind_is(f"functional of {name}", term[0], Functional, "a functional, for instance L1()")
    _checks.kind_is(f"operator of {name}", term[1], LinearOperator, "a linear operator, for instance Identity(x)")
    wanted, given = A.in_structure(), term[1].in_structure()
    if not same_structure(wanted, given):
        raise _checks.fail(f"domain of {name}", f"that of {A.name}, {describe(wanted, A.in_axes())}", describe(given))
