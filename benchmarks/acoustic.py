"""Acoustic propagation and its derivatives beside Devito and Deepwave: see README.md.

python benchmarks/acoustic.py [--json FILE] [--quick] [--one-thread]
"""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import _timing
import numpy as np
from _acoustic import Deepwave, Devito, Experiment, Jaxseis, as_argument, has_deepwave, warm_up
from _timing import Target, Times, alternate, ratio

CHILD = Path(__file__).with_name("_acoustic.py")
TARGETS = (
    Target("forward_speed_over_devito", low=0.85),
    Target("forward3d_speed_over_devito", low=1.3),
    Target("gradient_over_forward", high=3.3),
    Target("forward_speed_over_deepwave", low=1.5),
    Target("gradient_speed_over_deepwave", low=4),
    Target("gradient_speed_over_deepwave_same_sampling", low=2),
    Target("callback_overhead", high=0.03),
    Target("warm_start_seconds", high=6),
    Target("cold_start_seconds"),
    Target("gradient_peak_mb"),
    Target("gradient_peak_mb_devito"),
    Target("gradient_peak_mb_deepwave"),
    Target("born_speed_over_devito"),
    Target("born_speed_over_deepwave"),
    Target("gradient_speed_over_devito"),
    Target("forward_speed_over_xla_engine"),
    Target("data_difference_devito"),
    Target("data_difference_deepwave"),
)


class Plan:
    """Sizes, rounds and time limits (s)."""

    def __init__(self, quick: bool):
        plane = Experiment(shape=(151, 151), steps=400, shots=4) if quick else Experiment()
        cube = Experiment(shape=(64, 64, 64), steps=100, shots=1) if quick else Experiment((128, 128, 128), 300, 1)
        self.plane, self.cube, self.small = plane, cube, Experiment(shape=(101, 101), steps=300, shots=2)
        self.rounds, self.limit = (3, 10) if quick else (7, 50)


def in_two_dimensions(plan: Plan) -> tuple[dict[str, Times], dict[str, float | None]]:
    """Forward, Born and gradient of the plane, of whoever is installed."""
    e = plan.plane
    for contender in (Jaxseis, Devito, *[Deepwave] * has_deepwave()):
        warm_up(contender, e)
    ours, devito = Jaxseis(e), Devito(e)
    contenders = {"jaxseis": ours, "devito": devito}
    if has_deepwave():
        contenders |= {"deepwave": Deepwave(e), "deepwave same sampling": Deepwave(e, ours.interval)}
    times = alternate(jobs("forward", contenders) | jobs("gradient", {"jaxseis": ours}), plan.rounds, plan.limit)
    over = {"gradient_over_forward": ratio(times, "gradient jaxseis", "forward jaxseis")}
    gradients = alternate(jobs("gradient", contenders), plan.rounds // 2, plan.limit * 1.5)
    gradients["gradient jaxseis"].first = times["gradient jaxseis"].first
    born = alternate(jobs("born", contenders), plan.rounds // 2, plan.limit / 2)
    return times | gradients | born, over | differences(contenders)


def jobs(kind: str, contenders: dict[str, Any]) -> dict[str, Any]:
    """What is timed, by name; the sampling matters to gradients only."""
    chosen = {n: c for n, c in contenders.items() if kind == "gradient" or "sampling" not in n}
    return {f"{kind} {name}": getattr(contender, kind) for name, contender in chosen.items()}


def differences(contenders: dict[str, Any]) -> dict[str, float]:
    """Relative difference of each rival's data from ours, up to a constant factor (conventions of sources)."""
    ours = contenders["jaxseis"].forward()
    found = {}
    for name in [n for n in ("devito", "deepwave") if n in contenders]:
        d = contenders[name].forward()
        residual = ours - np.vdot(ours, d) / np.vdot(d, d) * d
        found[f"data_difference_{name}"] = float(np.linalg.norm(residual) / np.linalg.norm(ours))
    return found


def in_three_dimensions(plan: Plan) -> dict[str, Times]:
    """Forward in the cube: jaxseis and Devito."""
    for contender in (Jaxseis, Devito):
        warm_up(contender, plan.cube, adjoint=False)
    contenders = {"jaxseis": Jaxseis(plan.cube, adjoint=False), "devito": Devito(plan.cube, adjoint=False)}
    return {f"{n} 3-D": t for n, t in alternate(jobs("forward", contenders), plan.rounds // 2, plan.limit).items()}


def xla_engine(plan: Plan) -> dict[str, Times]:
    """Forward of the plane on the XLA engine."""
    return alternate({"forward xla engine": Jaxseis(plan.plane, "xla", adjoint=False).forward}, 1, plan.limit / 4)


def callback(plan: Plan) -> dict[str, Times]:
    """One shot of some 50 ms on one thread: the jitted call, and the host function inside it."""
    import jax

    from jaxseis.engines import _host

    before = os.environ.get("JAXSEIS_THREADS", "")
    os.environ["JAXSEIS_THREADS"] = "1"
    e = replace(plan.plane, shots=1, steps=400, shape=(301, 301))
    ours = Jaxseis(e, adjoint=False)
    inverse = ours.F(ours.m)
    c, source, receiver = jax.tree.map(
        np.asarray,
        (
            ours.wave.coefficients(inverse.medium),
            ours.F.sources.source(inverse.broadcast_input(ours.q)),
            ours.F.receivers.receiver(),
        ),
    )
    bare = {"host call": lambda: _host.forward(ours.wave.problem, c, source, receiver, 1)}
    jitted = {"jitted call": lambda: np.asarray(ours.jitted_forward(ours.m))}
    times = alternate(bare | jitted, 5 * plan.rounds, plan.limit / 4)
    os.environ["JAXSEIS_THREADS"] = before or "0"
    return times


def starts(plan: Plan) -> dict[str, float]:
    """Seconds from the start of a process to its first gradient, with empty caches and with the filled one."""
    folder, environment = _timing.empty_caches()
    with folder:
        run = lambda: _timing.fresh_process(CHILD, "gradient", as_argument(plan.small), **environment)[0]  # noqa: E731
        return {"cold_start_seconds": run(), "warm_start_seconds": min(run() for _ in range(3))}


def peaks(plan: Plan) -> dict[str, float | None]:
    """Memory of the gradient of the plane in a fresh process, MB."""
    figures = {}
    for name, key in (("jaxseis", ""), ("devito", "_devito"), ("deepwave", "_deepwave")):
        there = name != "deepwave" or has_deepwave()
        peak = float(_timing.fresh_process(CHILD, "peak", name, as_argument(plan.plane))[1]) if there else None
        figures[f"gradient_peak_mb{key}"] = peak
    return figures


def speeds(times: dict[str, Times]) -> dict[str, float | None]:
    """Ratios of times of the rivals to ours."""
    pairs = {
        "forward_speed_over_devito": ("forward devito", "forward jaxseis"),
        "forward3d_speed_over_devito": ("forward devito 3-D", "forward jaxseis 3-D"),
        "forward_speed_over_deepwave": ("forward deepwave", "forward jaxseis"),
        "gradient_speed_over_deepwave": ("gradient deepwave", "gradient jaxseis"),
        "gradient_speed_over_deepwave_same_sampling": ("gradient deepwave same sampling", "gradient jaxseis"),
        "born_speed_over_devito": ("born devito", "born jaxseis"),
        "born_speed_over_deepwave": ("born deepwave", "born jaxseis"),
        "gradient_speed_over_devito": ("gradient devito", "gradient jaxseis"),
    }
    found = {name: ratio(times, *pair) for name, pair in pairs.items()}
    found["callback_overhead"] = ratio(times, "jitted call", "host call") - 1
    found["forward_speed_over_xla_engine"] = times["forward xla engine"].median / times["forward jaxseis"].median
    return found


def main() -> None:
    """Measure, print, write."""
    given = _timing.arguments(__doc__)
    plan = Plan(given.quick)
    machine = _timing.machine("jax", "devito", "deepwave", "torch", "numpy")
    facts = {"machine": machine, "experiment": asdict(plan.plane), "one_thread": given.one_thread}
    figures: dict[str, float | None] = dict.fromkeys(t.name for t in TARGETS)
    for measure in (peaks, starts):
        figures |= _timing.announced(measure, plan)
    times, more = _timing.announced(in_two_dimensions, plan)
    for measure in (in_three_dimensions, xla_engine, callback):
        times |= _timing.announced(measure, plan)
    figures |= speeds(times) | more
    messages = [] if has_deepwave() else ["Deepwave is not installed: pip install 'jaxseis[bench]'."]
    _timing.show_targets(TARGETS, figures)
    _timing.show_times(times)
    print("\n".join(["", *messages]))
    _timing.write_json(
        given.json, figures | facts | {"messages": messages, "seconds": {n: t.facts() for n, t in times.items()}}
    )


if __name__ == "__main__":
    main()
