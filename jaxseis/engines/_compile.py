"""From the C code of a program's stages to one library.

A program is a few stages a time step, each a call of a C function that Devito wrote. Devito's analysis of an operator
grows with the square of its equations, so many small operators are built much faster than one large one; they are
compiled side by side, and linked with a driver that calls one after another at each time step.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Argument = tuple[str, str]
"""Name and kind (array, int, real, block, first, last or timers) of an argument of a C function."""

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


@dataclass(frozen=True)
class Function:
    """A compiled stage: its name and its arguments."""

    name: str
    arguments: tuple[Argument, ...]

    def declaration(self, real: str) -> str:
        """Its head in C."""
        types = C_TYPES | {"real": real}
        listed = ", ".join(f"{types.get(kind, 'int')} {name}" for name, kind in self.arguments)
        return f"int {self.name}({listed})"


@dataclass(frozen=True)
class Call:
    """A call of a stage: what it passes for some arguments (C expressions), and the driver's arguments in these."""

    function: Function
    passed: dict[str, str]
    own: list[Argument]

    def arguments(self) -> list[Argument]:
        """The driver's arguments that the call needs."""
        return [argument for argument in self.function.arguments if argument[0] not in self.passed] + self.own

    def __str__(self) -> str:
        time = {name: "step" for name, kind in self.function.arguments if kind in ("first", "last")}
        values = self.passed | time
        return f"{self.function.name}({', '.join(values.get(name, name) for name, _ in self.function.arguments)});"


def driver(name: str, calls: list[Call]) -> Function:
    """The function that makes the calls at each of the time steps."""
    return Function(name, tuple(dict.fromkeys(argument for call in calls for argument in call.arguments())))


def code(function: Function, calls: list[Call], real: str) -> str:
    """The C code of a driver."""
    stages = dict.fromkeys(call.function for call in calls)
    lines = [
        *(f"{stage.declaration(real)};" for stage in stages),
        function.declaration(real),
        "{",
        "  for (int step = time_m; step <= time_M; step++) {",
        *(f"    {call}" for call in calls),
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
