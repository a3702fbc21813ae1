"""Configuration files: read, changed from the command line, written, and made up as a template to fill in.

Paths in a file are relative to the folder of the file, those given on the command line to the current one.
"""

import difflib
import json
import os
import textwrap
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from jaxseis import _checks
from jaxseis.workflows.config import Config, Output

PATHS = (("data", "files"), ("data", "index"), ("model", "file"), ("source", "file"), ("output", "folder"))
SECTIONS_OF = {
    "model": ("data", "survey", "model", "source", "modelling", "output"),
    "rtm": ("data", "model", "source", "modelling", "processing", "rtm", "output"),
    "lsrtm": ("data", "model", "source", "modelling", "processing", "lsrtm", "output"),
    "fwi": ("data", "model", "source", "modelling", "processing", "fwi", "output"),
}
"""The sections that each command looks at."""


def read_config(path: str | os.PathLike[str], changes: Sequence[str] = ()) -> Config:
    """The configuration in a TOML file.

    Arguments:
        path: the file.
        changes: entries to change, as ``"fwi.batch=8"``; the value is TOML, or else a string.

    Raises ValueError naming each entry that is unknown, missing or not possible.

    ```python
    config = read_config("project.toml", ["fwi.batch=8", "output.folder=second"])
    ```
    """
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _checks.fail(str(path), "a TOML file", f"an error: {error}") from None
    if isinstance(entries.setdefault("output", {}), dict):
        entries["output"].setdefault("folder", Output().folder)
    _resolve(entries, Path(path).absolute().parent)
    given: dict[str, Any] = {}
    for change in changes:
        _set(given, change)
    _resolve(given, Path.cwd())
    for section, values in given.items():
        entries[section] = entries.get(section, {}) | values if isinstance(values, dict) else values
    return checked(entries, str(path))


def checked(entries: dict[str, Any], name: str = "configuration") -> Config:
    """The configuration of nested dictionaries; errors are one line for each problem."""
    try:
        return Config.model_validate(entries)
    except ValidationError as error:
        problems = _problems(error)
        raise ValueError("\n".join([f"{name}: {len(problems)} to correct", *("  " + p for p in problems)])) from None


def _set(entries: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    section, dot, entry = key.strip().partition(".")
    if not (equals and dot and entry):
        raise _checks.fail("--set", "section.entry=value such as fwi.batch=8", repr(change))
    entries.setdefault(section, {})[entry] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def _resolve(entries: dict[str, Any], folder: Path) -> None:
    """Make paths absolute, in place."""
    for section, entry in PATHS:
        values = entries.get(section)
        if not isinstance(values, dict):
            continue
        given = values.get(entry)
        if isinstance(given, str):
            values[entry] = _absolute(given, folder)
        elif isinstance(given, list):
            values[entry] = [_absolute(p, folder) if isinstance(p, str) else p for p in given]


def _absolute(path: str, folder: Path) -> str:
    return path if "://" in path else os.path.normpath(folder / Path(path).expanduser())


def _problems(error: ValidationError) -> list[str]:
    """What pydantic found, one line for each entry: where, what is there, what should be, what it means."""
    entries: dict[tuple[Any, ...], list[Any]] = {}
    for found in error.errors():
        entries.setdefault(found["loc"][:2], []).append(found)
    return [_problem([str(name) for name in where], found) for where, found in entries.items()]


def _problem(where: list[str], errors: list[Any]) -> str:
    first, kinds = errors[0], {e["type"] for e in errors}
    name, section = where[-1], Config if len(where) == 1 else _section(where[0])
    place = f"[{where[0]}] {name}" if len(where) > 1 else f"[{name}]"
    if "extra_forbidden" in kinds:
        return f"{place}: there is no such {'section' if section is Config else 'entry'}. {_instead(name, section)}"
    if section is Config:
        return f"{place}: {first['ctx']['error'] if 'value_error' in kinds else 'should be a section'}."
    field = section.model_fields[name]
    if "missing" in kinds:
        return f"{place} is missing: {field.description}. For instance {name} = {_example(field)}"
    expected = " or ".join(dict.fromkeys(map(_expected, errors)))
    return f"{place}: should be {expected}, but there is {_toml(first['input'])}. Meaning: {field.description}."


def _expected(error: Any) -> str:
    if error["type"] == "too_short":
        return f"a list of at least {error['ctx']['min_length']}"
    text = error["msg"].removeprefix("Input should be ").split(", unable")[0].replace("tuple", "list")
    return f"a list ({text.lower()})" if error["type"] == "too_long" else text


def _section(name: str) -> Any:
    annotation = Config.model_fields[name].annotation
    return next(t for t in getattr(annotation, "__args__", (annotation,)) if t is not type(None))


def _instead(name: str, section: type[BaseModel]) -> str:
    names = list(section.model_fields)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are {', '.join(names)}."


def dump(config: Config, command: str | None = None) -> str:
    """The configuration as TOML, defaults written out: all sections, or those that a command looks at."""
    include = None if command is None else set(SECTIONS_OF[command])
    sections = config.model_dump(exclude_none=True, include=include)
    lines = [[f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in entries.items())] for name, entries in sections.items()]
    return "\n\n".join("\n".join(section) for section in lines) + "\n"


def template(command: str) -> str:
    """A commented configuration file for a command, ``"model"``, ``"rtm"``, ``"lsrtm"`` or ``"fwi"``."""
    if command not in SECTIONS_OF:
        raise _checks.fail("command", f"one of {', '.join(SECTIONS_OF)}", command)
    head = f"# jaxseis {command}: what follows a # is a comment; entries that are commented out are optional."
    sections = [s for s in SECTIONS_OF[command] if not (s == "data" and "survey" in SECTIONS_OF[command])]
    return "\n\n".join([head, *map(_section_template, sections)]) + "\n"


def _section_template(name: str) -> str:
    section = _section(name)
    lines = [*_comment(section.__doc__), f"[{name}]"]
    for key, field in section.model_fields.items():
        absent = field.default is None and not (field.json_schema_extra or {}).get("shown")
        lines += [*_comment(field.description), f"{'# ' if absent else ''}{key} = {_example(field)}"]
    return "\n".join(lines)


def _comment(text: str | None) -> Iterable[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join((text or "").split()), 110)]


def _example(field: FieldInfo) -> str:
    return _toml(field.examples[0] if field.examples else field.default)


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else repr(value)
