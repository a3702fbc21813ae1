"""The devito engine's kernels: from an equation to C, by way of Devito.

A kernel works on one shot of one problem. It is built on a static signature and takes shape, spacing,
step and all numbers at call time, so it is built once for all models and geometries.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxseis.engines import _sensitivity, _step
from jaxseis.engines._compile import Argument, Call, Function, Objects, code, driver, machine
from jaxseis.engines._kernel import compiler
from jaxseis.engines._problem import Problem
from jaxseis.engines._stage import Box, Stage
from jaxseis.engines._symbols import REACH, Signature, Symbols

PROGRAMS = {
    "step": _step.step,
    "scatter": _sensitivity.scatter,
    "sums": _sensitivity.sums,
    "image": _sensitivity.image,
}


def signature(problem: Problem, program: str, width: int, parallel: bool) -> Signature:
    """The signature of a problem's kernel."""
    layer = type(problem.absorbing).__name__ if problem.absorbing else "none"
    return Signature(
        program,
        problem.equation,
        problem.ndim,
        problem.order,
        layer,
        problem.multiaxial > 0,
        problem.free_surface,
        width,
        problem.dtype,
        parallel,
    )


def build(signature: Signature, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Generate and compile a kernel in a folder: its library and its manifest."""
    from devito import Operator, switchconfig

    objects, known, calls, arrays = Objects(folder), {}, [], {}
    language = "openmp" if signature.parallel else "C"
    with switchconfig(log_level="ERROR", **_compiler()):
        for stage, symbols, equations in _stages(signature):
            text = _text(symbols, equations)
            if text not in known:
                operator: Any = Operator(equations, name=f"stage{len(known)}", language=language)
                compile_command, link_command = machine(operator._compiler)
                objects.compile(operator.name, str(operator.ccode), compile_command)
                known[text] = Function(operator.name, tuple(map(_argument, operator.parameters)))
            calls += [_call(known[text], symbols, box) for box in stage.boxes or [None]]
            arrays = symbols.functions | arrays
    whole = driver(signature.program, calls)
    real = "float" if signature.dtype == "float32" else "double"
    objects.compile("driver", code(whole, calls, real), compile_command)
    return objects.link(link_command), _manifest(signature, whole, arrays)


def _stages(signature: Signature) -> Iterator[tuple[Stage, Symbols, list[Any]]]:
    """The stages that have equations, each with symbols of its own."""
    for stage in PROGRAMS[signature.program](Symbols(signature)):
        symbols = Symbols(signature)
        equations = list(stage.equations(symbols))
        if equations:
            yield stage, symbols, equations


def _text(symbols: Symbols, equations: list[Any]) -> str:
    """All that the C code of a stage depends on."""
    functions = [f"{type(f).__name__} {f} {f.halo} {f.dtype}" for f in symbols.functions.values()]
    return "\n".join([*(f"{type(e).__name__} {e} {e.implicit_dims}" for e in equations), *functions])


def _call(function: Function, symbols: Symbols, box: Box | None) -> Call:
    """The stage, called with the arrays that its symbols stand for, and the bounds of a box."""
    names = {f.name: name for name, f in symbols.functions.items()}
    arrays = [(names[name], kind) for name, kind in function.arguments if kind == "array"]
    bounds = {k: v for k, v in (box.expressions() if box else {}).items() if (k, "int") in function.arguments}
    return Call(function, names | bounds, arrays + (box.arguments(bounds) if box else []))


def _compiler() -> dict[str, Any]:
    """Devito calls what CC names, else gcc: where only clang is there it must be told."""
    found = Path(compiler() or "gcc").name
    return {} if os.environ.get("CC") or found == "gcc" else {"compiler": found}


def _manifest(signature: Signature, function: Function, arrays: dict[str, Any]) -> dict[str, Any]:
    return {
        "function": function.name,
        "real": signature.dtype,
        "arguments": function.arguments,
        "arrays": {
            name: {
                "dimensions": [d.name for d in f.dimensions],
                "halo": [tuple(h) for h in f.halo],
                "dtype": np.dtype(f.dtype).name,
            }
            for name, f in arrays.items()
            if (name, "array") in function.arguments
        },
    }


def _argument(parameter: Any) -> Argument:
    """Name and kind of a C argument; a strip's thickness is named by axis, side and reach."""
    if parameter.name in ("time_m", "time_M"):
        return parameter.name, "first" if parameter.name == "time_m" else "last"
    if parameter.name == "timers":
        return parameter.name, "timers"
    if hasattr(parameter, "side"):
        reach = next(name for name, value in REACH.items() if value == int(parameter.value))
        return f"{parameter.root.name}_{parameter.side.name}_{reach}", "int"
    if parameter.is_AbstractFunction:
        return parameter.name, "array"
    if "_blk" in parameter.name:
        return parameter.name, "block"
    return parameter.name, "int" if np.issubdtype(parameter.dtype, np.integer) else "real"
