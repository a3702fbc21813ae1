"""Wave equations beyond the acoustic one, beside Devito and Deepwave: see README.md.

python benchmarks/equations.py [--json FILE] [--quick] [--one-thread]
"""

from dataclasses import asdict
from pathlib import Path

import _timing
from _equations import Deepwave, Devito, Experiment, Jaxseis, has_deepwave
from _timing import Target, Times, alternate, ratio

CHILD = Path(__file__).with_name("_equations.py")
NAMES = ("Acoustic", "VTI", "TTI", "Elastic")
TARGETS = (
    Target("elastic_forward_speed_over_deepwave", low=1.2),
    Target("elastic_gradient_speed_over_deepwave", low=3),
    Target("worst_speed_over_bare_devito", low=0.85),
    Target("tti3d_cold_build_seconds", high=30),
    *(Target(f"{name.lower()}_speed_over_bare_devito") for name in NAMES),
    *(Target(f"{name.lower()}_gradient_over_forward") for name in NAMES),
)


def one_equation(name: str, e: Experiment, rounds: int, limit: float) -> dict[str, Times]:
    """Forward of everybody, and the gradient of those who have one."""
    ours, devito = Jaxseis(e, name), Devito(e, name)
    rivals = {"deepwave": Deepwave(e)} if name == "Elastic" and has_deepwave() else {}
    contenders = {"jaxseis": ours, "devito": devito} | rivals
    forward = alternate({f"forward {name} {k}": c.forward for k, c in contenders.items()}, rounds, limit)
    jobs = {f"gradient {name} {k}": c.gradient for k, c in ({"jaxseis": ours} | rivals).items()}
    return forward | alternate(jobs, max(1, rounds // 2), limit)


def cold_build() -> dict[str, float]:
    """Seconds from the start of a process, with empty caches, to the first data of a small TTI problem in 3-D."""
    folder, environment = _timing.empty_caches()
    with folder:
        elapsed, _ = _timing.fresh_process(CHILD, "TTI", "[24, 24, 24]", **environment)
    return {"tti3d_cold_build_seconds": elapsed}


def main() -> None:
    """Measure, print, write."""
    given = _timing.arguments(__doc__)
    e = Experiment(shape=(151, 151), steps=300, shots=2) if given.quick else Experiment()
    rounds, limit = (2, 10) if given.quick else (5, 40)
    figures: dict[str, float | None] = dict.fromkeys(t.name for t in TARGETS)
    figures |= _timing.announced(cold_build)
    times: dict[str, Times] = {}
    for name in NAMES:
        times |= _timing.announced(one_equation, name, e, rounds, limit)
        ours = f"forward {name} jaxseis"
        figures[f"{name.lower()}_speed_over_bare_devito"] = ratio(times, f"forward {name} devito", ours)
        figures[f"{name.lower()}_gradient_over_forward"] = times[f"gradient {name} jaxseis"].median / times[ours].median
    figures["worst_speed_over_bare_devito"] = min(figures[f"{n.lower()}_speed_over_bare_devito"] or 0 for n in NAMES)
    for kind in ("forward", "gradient"):
        pair = (f"{kind} Elastic deepwave", f"{kind} Elastic jaxseis")
        figures[f"elastic_{kind}_speed_over_deepwave"] = ratio(times, *pair)
    _timing.show_targets(TARGETS, figures)
    _timing.show_times(times)
    facts = {
        "machine": _timing.machine("jax", "devito", "deepwave", "torch", "numpy"),
        "experiment": asdict(e),
        "one_thread": given.one_thread,
        "seconds": {name: t.facts() for name, t in times.items()},
    }
    _timing.write_json(given.json, figures | facts)


if __name__ == "__main__":
    main()
