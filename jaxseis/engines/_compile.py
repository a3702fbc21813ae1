"""From the C code of a program's stages to one library.

A program is a few stages a time step, each a C function that Devito wrote. Devito's analysis of an operator grows with
the square of its equations, so many small operators are built much faster than one large one; they are compiled side
by side, and linked with a driver that calls one after another at each time step.
"""

import subprocess
from pathlib import Path
from typing import Any

C_TYPES = {"array": "void *", "timers": "void *"}
"""Types of the arguments that are not numbers, by kind."""


class Objects:
    """C sources that are being compiled, a process each."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._jobs: list[tuple[subprocess.Popen[str], Path]] = []

    def compile(self, name: str, code: str, command: list[str]) -> None:
        """Start to compile a source."""
        source = self.folder / f"{name}.c"
        source.write_text(code)
        target = source.with_suffix(".o")
        line = [*command, "-c", str(source), "-o", str(target)]
        job = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._jobs.append((job, target))

    def link(self, command: list[str]) -> Path:
        """One library of all the objects, once they are there."""
        objects = []
        for job, target in self._jobs:
            output, _ = job.communicate()
            if job.returncode:
                raise RuntimeError(f"The C compiler failed: {' '.join(map(str, job.args))}\n{output}")  # type: ignore[arg-type]
            objects.append(str(target))
        library = self.folder / "library.so"
        done = subprocess.run([*command, *objects, "-o", str(library), "-lm"], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"The C linker failed: {' '.join(command)}\n{done.stderr}")
        return library


def union(stages: list[list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The arguments (name, kind) of the driver: those of all stages, once each."""
    return list(dict.fromkeys(argument for stage in stages for argument in stage))


def driver(name: str, stages: list[list[tuple[str, str]]], real: str) -> str:
    """C code of the function that calls ``stage0``, ``stage1``, ... at each of the time steps."""
    types = C_TYPES | {"real": real}

    def declared(arguments: list[tuple[str, str]]) -> str:
        return ", ".join(f"{types.get(kind, 'int')} {argument}" for argument, kind in arguments)

    def passed(arguments: list[tuple[str, str]]) -> str:
        return ", ".join("step" if kind in ("first", "last") else argument for argument, kind in arguments)

    prototypes = [f"int stage{i}({declared(arguments)});" for i, arguments in enumerate(stages)]
    calls = [f"    stage{i}({passed(arguments)});" for i, arguments in enumerate(stages)]
    lines = [
        *prototypes,
        f"int {name}({declared(union(stages))})",
        "{",
        "  for (int step = time_m; step <= time_M; step++) {",
        *calls,
        "  }",
        "  return 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def machine(compiler: Any) -> tuple[list[str], list[str]]:
    """The commands that compile and link as Devito's compiler would, but for fast arithmetic when linking: it would
    change how the whole process rounds."""
    flags = [flag for flag in compiler.cflags if flag != "-g"]  # nobody debugs them, and it takes time
    compile_ = [compiler.cc, *flags, "-ffp-contract=fast"]
    openmp = [flag for flag in compiler.ldflags if flag == "-fopenmp"]
    return [*compile_, *openmp], [compiler.cc, *compiler.ldflags]
