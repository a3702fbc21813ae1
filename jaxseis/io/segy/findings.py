"""What was found wrong or doubtful in a file, and what was assumed instead."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MODES = ("strict", "tolerant")


class SegyError(ValueError):
    """A SEG-Y file that cannot be read, or that strict mode refuses; the message says which byte and what to do."""


@dataclass(frozen=True)
class Finding:
    """One finding in one file.

    Attributes:
        name: what it is, in a word or two joined by hyphens: the same for the same kind of finding.
        offset: byte of the file where it was found, counted from zero.
        value: what stands there.
        assumed: what was made of it.
        problem: True for an inconsistency, which strict mode refuses; False for a note.
    """

    name: str
    offset: int
    value: str
    assumed: str
    problem: bool = True

    def __str__(self) -> str:
        kind = "problem" if self.problem else "note"
        return f"{kind:8s}{self.name:24s} at byte {self.offset}: {self.value}; {self.assumed}"


@dataclass
class Report:
    """The findings in one file, in the order in which they were made; ``print(report)`` lists them."""

    path: str
    findings: list[Finding] = field(default_factory=list)

    def note(self, name: str, offset: int, value: object, assumed: str) -> None:
        """Add something worth knowing that contradicts nothing."""
        self._add(Finding(name, offset, str(value), assumed, problem=False))

    def problem(self, name: str, offset: int, value: object, assumed: str) -> None:
        """Add an inconsistency."""
        self._add(Finding(name, offset, str(value), assumed))

    def _add(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings."""
        return tuple(f.name for f in self.findings)

    @property
    def problems(self) -> list[Finding]:
        """The inconsistencies."""
        return [f for f in self.findings if f.problem]

    def __str__(self) -> str:
        lines = [f"  {finding}" for finding in self.findings] or ["  nothing found"]
        notes = len(self) - len(self.problems)
        return "\n".join([f"{self.path}: {counted(len(self.problems), 'problem')}, {counted(notes, 'note')}", *lines])

    def refuse(self) -> None:
        """Raise a SegyError listing the problems, if there are any: strict mode."""
        if self.problems:
            listed = "\n".join(f"  {p}" for p in self.problems)
            raise SegyError(
                f"{self.path}: {counted(len(self.problems), 'problem')}.\n{listed}\n"
                'mode="tolerant" reads the file with the assumptions named above; assume=Assume(...) makes others.'
            )


def counted(number: int, thing: str) -> str:
    """ "1 problem" or "2 problems"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def fatal(report: Report, name: str, expected: str, got: object, remedy: str = "") -> SegyError:
    """An error for a file that no assumption makes readable: ``raise fatal(...)``."""
    before = f"\nFound before that:\n{report}" if report.findings else ""
    return SegyError(f"{report.path}: {name}: expected {expected}, got {got}.{f' {remedy}' if remedy else ''}{before}")
