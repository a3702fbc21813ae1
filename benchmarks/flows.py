"""Memory and time of a step of training of Glow, three ways; and flowjax beside RealNVP: see README.md.

python benchmarks/flows.py [--json FILE] [--quick] [--one-thread]

`invert_memory_k32_over_k4`: XLA's temporary memory of a compiled step, 32 steps of flow a scale over 4, states
recomputed by inversion.
`invert_time_over_remat`: the time of a step by inversion over that by rematerialisation.
`step_time_over_flowjax`, `nats_over_flowjax`: a coupling flow of the same size for a 2-D density, the time of a step,
and how much higher its mean log-likelihood of fresh samples is after training, over four seeds.
`convolution_speed_over_lax`: the gradient of convolutions in a scan, the time of those of JAX over ours.
"""

import _timing
from _timing import Target, Times, alternate, ratio

TARGETS = (
    Target("invert_memory_k32_over_k4", high=1.1),
    Target("invert_time_over_remat", high=1.15),
    Target("step_time_over_flowjax", high=1.0),
    Target("nats_over_flowjax", low=-0.001),
    Target("convolution_speed_over_lax"),
)
MODES = ("invert", "remat", "store")


def figures(memory: list[dict], times: dict[str, Times], rival: dict) -> dict[str, float | None]:
    """The numbers with targets."""
    depth = {row["steps"]: row["invert"] for row in memory if row["sweep"] == "depth"}
    return {
        "invert_memory_k32_over_k4": depth[32] / depth[4],
        "invert_time_over_remat": max(ratio(times, f"{k} invert", f"{k} remat") or 0.0 for k in depths_of(times)),
        "step_time_over_flowjax": ratio(rival["times"], "jaxseis", "flowjax"),
        "convolution_speed_over_lax": ratio(times, "convolutions lax", "convolutions ours"),
        "nats_over_flowjax": rival["jaxseis nats"] - rival["flowjax nats"] if "flowjax nats" in rival else None,
    }


def depths_of(times: dict[str, Times]) -> list[str]:
    """The depths that were timed, as they begin the names of jobs."""
    return sorted({name.split()[0] for name in times if name.startswith("K=")})


def main() -> None:
    """Measure, print, write."""
    given = _timing.arguments(__doc__)
    import _flows  # imports JAX: after the number of threads is set

    memory = [_timing.announced(_flows.memory_of, s) for s in _flows.sweeps(given.quick)]
    jobs = _timing.announced(_flows.step_jobs, given.quick)
    times = alternate(jobs, 3 if given.quick else 7, 60 if given.quick else 240)
    rival = _timing.announced(_flows.beside_flowjax, given.quick)
    times |= alternate(_flows.convolution_jobs(given.quick), 3 if given.quick else 7, 20)
    values = figures(memory, times, rival)
    _timing.show_targets(TARGETS, values)
    header = ("sweep", "side", "steps", *MODES)
    body = [(row["sweep"], *(_timing.number(row[name]) for name in header[1:])) for row in memory]
    _timing.show("Temporary memory of a step of training, MiB", header, body)
    _timing.show_times(times | rival["times"])
    _timing.show(
        "Mean log-likelihood, nats",
        ("jaxseis", "flowjax", "true density"),
        [tuple(f"{rival.get(name, float('nan')):.4f}" for name in ("jaxseis nats", "flowjax nats", "true nats"))],
    )
    facts = {
        "memory": memory,
        "times": {name: t.facts() for name, t in (times | rival["times"]).items()},
        "nats": {name: value for name, value in rival.items() if name != "times"},
        "machine": _timing.machine("jax", "flax", "flowjax"),
    }
    _timing.write_json(given.json, values | {"one_thread": given.one_thread} | facts)


if __name__ == "__main__":
    main()
