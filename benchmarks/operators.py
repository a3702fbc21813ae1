"""Operators beside those of PyLops, and beside jnp code written by hand: see README.md.

python benchmarks/operators.py [--json FILE] [--quick] [--one-thread]

`worst_speed_over_pylops`: the time of PyLops over ours, of the operator and direction (A x or A.H y) where it is least.
`worst_time_over_jnp`: our time over that of a jitted function of jnp calls, where it is largest; its transpose is
that of `jax.linear_transpose`. `curvelet_speed_over_numpy`: the time of the package `curvelets` over ours, 512 x 512,
the lesser of forward and adjoint.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import _timing
from _timing import Target, Times, alternate, ratio

TARGETS = (
    Target("worst_speed_over_pylops", low=0.9),
    Target("worst_time_over_jnp", high=1.1),
    Target("curvelet_speed_over_numpy", low=1.0),
)
LONG = 0.03  # seconds that one timing should take at least
DIRECTIONS = ("forward", "adjoint")


def repeated(job: Callable[[], Any]) -> Callable[[], None]:
    """The job so many times that the clock can tell, after two calls to warm up."""
    job()
    start = time.perf_counter()
    job()
    count = max(1, round(LONG / (time.perf_counter() - start)))

    def run() -> None:
        for _ in range(count):
            job()

    run.count = count  # type: ignore[attr-defined]
    return run


def contenders(case: Any) -> dict[str, Callable[[], Any]]:
    """Jobs by direction and contender."""
    import jax
    import numpy as np

    from jaxseis.operators.checks import random_like

    apply = jax.jit(lambda A, x: A.mv(x))
    x, y = (random_like(s, jax.random.key(0)) for s in (case.ours.in_structure(), case.ours.out_structure()))
    jobs = {}
    for direction, A, v in zip(DIRECTIONS, (case.ours, case.ours.H), (x, y), strict=True):
        jobs[f"{direction} jaxseis"] = lambda A=A, v=v: jax.block_until_ready(apply(A, v))
    if case.pylops is not None:
        generator = np.random.default_rng(0)
        for direction, A, size in zip(
            DIRECTIONS, (case.pylops.matvec, case.pylops.rmatvec), case.pylops.shape[::-1], strict=True
        ):
            jobs[f"{direction} pylops"] = partial(A, generator.normal(size=size).astype(case.pylops.dtype))
    if case.written is not None:
        forward = jax.jit(lambda f, x: f(x))
        adjoint = jax.jit(lambda f, y: jax.linear_transpose(f, x)(y)[0])
        written = jax.tree_util.Partial(case.written)
        for direction, f, v in zip(DIRECTIONS, (forward, adjoint), (x, y), strict=True):
            jobs[f"{direction} jnp"] = lambda f=f, v=v: jax.block_until_ready(f(written, v))
    return jobs


def measured(jobs: dict[str, Callable[[], Any]], rounds: int, limit: float) -> dict[str, Times]:
    """Times of single calls, contenders of one direction in turns."""
    runs = {name: repeated(job) for name, job in jobs.items()}
    times = {}
    for direction in sorted({name.split()[0] for name in jobs}):
        times |= alternate({k: v for k, v in runs.items() if k.startswith(direction)}, rounds, limit)
    for name, t in times.items():
        t.first, t.warm = t.first / runs[name].count, [w / runs[name].count for w in t.warm]
    return times


def curvelet_jobs() -> dict[str, Callable[[], Any]]:
    """The curvelet transform of 512 x 512 samples, by us and by the package of that name."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from curvelets.numpy import UDCT

    from jaxseis.operators import Curvelet

    x = np.random.default_rng(0).normal(size=(512, 512)).astype("f4")
    C, theirs = Curvelet(x, scales=4), UDCT(x.shape, num_scales=4)
    apply, device, coefficients = jax.jit(lambda A, v: A.mv(v)), jnp.asarray(x), theirs.forward(x)
    ours, C_H = jax.block_until_ready(apply(C, device)), C.H
    return {
        "forward jaxseis": lambda: jax.block_until_ready(apply(C, device)),
        "forward curvelets": lambda: theirs.forward(x),
        "adjoint jaxseis": lambda: jax.block_until_ready(apply(C_H, ours)),
        "adjoint curvelets": lambda: theirs.backward(coefficients),
    }


def row(name: str, times: dict[str, Times]) -> dict[str, Any]:
    """The figures of one operator: milliseconds, and the ratios in both directions."""
    facts: dict[str, Any] = {"operator": name}
    for direction in DIRECTIONS:
        ours = f"{direction} jaxseis"
        facts[f"{direction}_ms"] = 1000 * times[ours].median
        facts[f"{direction}_speed_over_pylops"] = ratio(times, f"{direction} pylops", ours)
        facts[f"{direction}_time_over_jnp"] = ratio(times, ours, f"{direction} jnp")
    return facts


def known(rows: list[dict[str, Any]], ending: str) -> list[float]:
    """The figures whose names end so, of all operators."""
    return [v for r in rows for k, v in r.items() if k.endswith(ending) and v is not None]


def main() -> None:
    """Measure, print, write."""
    given = _timing.arguments(__doc__)
    from _operators import CASES  # imports JAX: after the number of threads is set

    rounds, limit = (3, 3) if given.quick else (9, 12)
    rows = [row(name, _timing.announced(partial_named(name, make, rounds, limit))) for name, make in CASES.items()]
    curvelets = measured(curvelet_jobs(), rounds, limit)
    speeds = [ratio(curvelets, f"{d} curvelets", f"{d} jaxseis") for d in DIRECTIONS]
    figures = {
        "worst_speed_over_pylops": min(known(rows, "over_pylops")),
        "worst_time_over_jnp": max(known(rows, "over_jnp")),
        "curvelet_speed_over_numpy": min(v for v in speeds if v is not None),
    }
    _timing.show_targets(TARGETS, figures)
    header = tuple(rows[0])
    body = [(r["operator"], *(_timing.number(r[k]) for k in header[1:])) for r in rows]
    _timing.show("Operators", tuple(h.replace("_", " ") for h in header), body)
    facts = {"rows": rows, "machine": _timing.machine("jax", "pylops", "curvelets", "numpy", "scipy")}
    _timing.write_json(given.json, figures | {"one_thread": given.one_thread} | facts)


def partial_named(name: str, make: Callable[[], Any], rounds: int, limit: float) -> Callable[[], dict[str, Times]]:
    """The measurement of one operator, with its name for the line on standard error."""
    job = lambda: measured(contenders(make()), rounds, limit)  # noqa: E731
    job.__name__ = name
    return job


if __name__ == "__main__":
    main()
