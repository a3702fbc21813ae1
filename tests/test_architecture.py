"""Imports go down the layers only, files stay short, public names are documented.

A module may import from a lower layer, and from its own folder. Layers 0 and 1 are made of single files,
which may import each other. Nothing may form a cycle, and nothing may import the root of the package,
which is exempt itself. Imports inside functions count; those under ``TYPE_CHECKING`` do not.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import jaxseis
from jaxseis.grid import Grid

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 450  # lines
LAYERS = {
    0: ("_checks", "_compat", "_types", "_progress"),
    1: (
        "units", "grid", "model", "acquisition", "shots", "wavelets", "resampling", "interpolation", "differences",
        "absorbing", "closure",
    ),
    2: ("equations",),
    3: ("engines",),
    4: ("rules",),
    5: ("operators",),
    6: ("wave",),
    7: ("functionals", "objectives", "constraints", "preconditioners"),
    8: ("solvers",),
    9: ("backbones",),
    10: ("flows",),
    11: ("networks", "inference"),
    12: ("io", "plotting", "parallel", "datasets"),
    13: ("workflows",),
    14: ("cli",),
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}
SINGLE_FILES = (0, 1)  # layers
ROOT_MODULE = ""  # dotted names are relative to the package: "grid", "operators.wave"


def modules(package: Path) -> dict[str, Path]:
    """Every module of the package by its dotted name; a folder goes by its own name."""
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports_of(name: str, path: Path, package: str, known: set[str]) -> set[str]:
    """The modules of the package that one of them imports."""
    folder = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in _walk_run_time(ast.parse(path.read_text())):
        for target in _targets(node, folder, package):
            while target and target not in known:  # the name of a function: its module is meant
                target = target.rpartition(".")[0]
            found.add(target)
    return found - {name}


def _walk_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run: the bodies of ``if TYPE_CHECKING`` are left out."""
    yield node
    skipped = []
    if isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING":
        skipped = node.body
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from _walk_run_time(child)


def _targets(node: ast.AST, folder: str, package: str) -> list[str]:
    """Dotted names, relative to the package, that an import statement may mean."""
    if isinstance(node, ast.Import):
        absolute = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, folder, package)
        absolute = [f"{base}.{alias.name}" for alias in node.names]
    else:
        return []
    inside = [name for name in absolute if name.split(".")[0] == package]
    return [name.removeprefix(package).lstrip(".") for name in inside]


def _base(node: ast.ImportFrom, folder: str, package: str) -> str:
    """The absolute name after ``from``, leading dots resolved."""
    if not node.level:
        return node.module or ""
    here = [package, *filter(None, folder.split("."))]
    return ".".join([*here[: len(here) - node.level + 1], *filter(None, [node.module])])


def graph(package: Path) -> dict[str, set[str]]:
    """For every module but the root, the modules it imports."""
    paths = modules(package)
    edges = {name: imports_of(name, path, package.name, set(paths)) for name, path in paths.items()}
    edges.pop(ROOT_MODULE, None)
    return edges


def faults(edges: dict[str, set[str]]) -> list[str]:
    """Every edge that is not allowed, in words, and a cycle if there is one."""
    unknown = [f"{name} has no layer in the table" for name in edges if _top(name) not in LAYER_OF]
    upward = [
        f"{name} imports {target or 'the root'}"
        for name, targets in edges.items()
        for target in sorted(targets)
        if not _allowed(name, target)
    ]
    return unknown + upward + _cycle(edges)


def _allowed(name: str, target: str) -> bool:
    if _top(name) not in LAYER_OF or _top(target) not in LAYER_OF:
        return target != ROOT_MODULE
    source, end = LAYER_OF[_top(name)], LAYER_OF[_top(target)]
    return end < source or _top(name) == _top(target) or (source == end and source in SINGLE_FILES)


def _top(name: str) -> str:
    return name.split(".")[0]


def _cycle(edges: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return ["cycle: " + " <- ".join(error.args[1])]
    return []


def undocumented(module: ModuleType | SimpleNamespace) -> list[str]:
    """Public functions, classes and modules without a docstring of their own."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    values = {name: getattr(module, name) for name in names}
    return [n for n, v in values.items() if (callable(v) or inspect.ismodule(v)) and not _documented(v)]


def _documented(value: object) -> bool:
    doc = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    # A dataclass without one gets its signature.
    return bool(doc) and not doc.startswith(f"{getattr(value, '__name__', '')}(")


def too_long(files: list[Path]) -> list[str]:
    """The files of more lines than allowed, with how many they have."""
    lengths = {path: len(path.read_text().splitlines()) for path in files}
    return [f"{path.name}: {lines} lines" for path, lines in lengths.items() if lines > LONGEST]


def write_tree(package: Path, files: dict[str, str]) -> Path:
    for name, text in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def test_imports_go_down_without_cycles():
    edges = graph(Path(jaxseis.__file__).parent)
    assert "grid" in edges["acquisition"]  # the parser sees what is there
    assert faults(edges) == []


def test_files_are_short():
    folders = ("jaxseis", "tests", "examples", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert Path(__file__) in files
    assert too_long(files) == []


def named_equations(tree: ast.AST, names: set[str]) -> set[str]:
    """The names out of a set that a module's code uses; docstrings do not count."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    used |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for alias in n.names}
    return used & names


def test_no_code_asks_which_equation_it_has():
    """Whatever differs from equation to equation is stated in the equation's file."""
    classes = [c for c in vars(jaxseis.equations).values() if inspect.isclass(c)]
    names = {c.__name__ for c in classes if issubclass(c, jaxseis.equations.Equation) and not inspect.isabstract(c)}
    assert {"Acoustic", "Elastic", "TTI", "Viscous"} <= names
    paths = {n: p for n, p in modules(ROOT / "jaxseis").items() if n != ROOT_MODULE and not n.startswith("equations")}
    found = {n: named_equations(ast.parse(p.read_text()), names) for n, p in paths.items()}
    assert {n: used for n, used in found.items() if used} == {}


def test_a_branch_on_the_equation_is_found():
    code = "def step(equation):\n    if isinstance(equation, js.Elastic):\n        return 1"
    assert named_equations(ast.parse(code), {"Elastic", "TTI"}) == {"Elastic"}


def test_public_names_are_documented():
    assert undocumented(jaxseis) == []


@pytest.mark.parametrize(
    "statement",
    [
        "from toy.solvers.cg import solve",
        "from toy.solvers import cg",
        "import toy.solvers.cg",
        "from .solvers import cg",
        "def later():\n    from toy.solvers import cg",
        "if True:\n    from toy.solvers import cg",
    ],
)
def test_upward_edge_is_found(tmp_path, statement):
    files = {"grid.py": statement, "solvers/__init__.py": "", "solvers/cg.py": "from toy._types import Array",
             "_types.py": ""}
    assert faults(graph(write_tree(tmp_path / "toy", files))) == ["grid imports solvers.cg"]


@pytest.mark.parametrize("guard", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_type_checking_imports_are_exempt(tmp_path, guard):
    files = {"grid.py": f"if {guard}:\n    from toy.solvers import cg\nelse:\n    from toy.rules import call",
             "solvers/cg.py": "", "rules.py": ""}
    assert faults(graph(write_tree(tmp_path / "toy", files))) == ["grid imports rules"]


def test_cycle_inside_a_folder_is_found(tmp_path):
    files = {"operators/__init__.py": "from toy.operators.wave import A", "operators/wave.py": "from . import _base",
             "operators/_base.py": "def f():\n    from toy.operators.wave import A"}
    (fault,) = faults(graph(write_tree(tmp_path / "toy", files)))
    assert fault.startswith("cycle: ")
    assert "operators._base" in fault


def test_importing_the_folder_from_inside_it_is_a_cycle(tmp_path):
    files = {"operators/__init__.py": "from toy.operators.wave import A",
             "operators/wave.py": "from toy.operators import B"}
    (fault,) = faults(graph(write_tree(tmp_path / "toy", files)))
    assert fault.startswith("cycle: ")


@pytest.mark.parametrize("statement", ["import toy", "import toy as t", "from toy import Grid", "from .. import Grid"])
def test_importing_the_root_is_found(tmp_path, statement):
    tree = write_tree(tmp_path / "toy", {"solvers/cg.py": statement})
    assert faults(graph(tree)) == ["solvers.cg imports the root"]


def test_edges_between_folders_of_one_layer_are_found(tmp_path):
    files = {"constraints/box.py": "", "objectives/fwi.py": "from toy.constraints import box"}
    assert faults(graph(write_tree(tmp_path / "toy", files))) == ["objectives.fwi imports constraints.box"]


def test_a_module_without_a_layer_is_found(tmp_path):
    tree = write_tree(tmp_path / "toy", {"helpers.py": ""})
    assert faults(graph(tree)) == ["helpers has no layer in the table"]


def test_downward_and_sideways_edges_are_allowed(tmp_path):
    files = {"_types.py": "", "_checks.py": "from toy import _types", "grid.py": "from toy import _checks",
             "acquisition.py": "from toy.grid import Grid", "engines/devito.py": "from toy.engines import _schedule",
             "engines/_schedule.py": "import numpy"}
    edges = graph(write_tree(tmp_path / "toy", files))
    assert edges["acquisition"] == {"grid"}
    assert faults(edges) == []


def test_missing_docstrings_are_found():
    @dataclass
    class Bare:
        x: int

    class Inherits(ValueError):
        pass

    module = SimpleNamespace(Grid=Grid, Bare=Bare, Inherits=Inherits, f=lambda: None, g=7, _hidden=print)
    assert undocumented(module) == ["Bare", "Inherits", "f"]


def test_a_long_file_is_found(tmp_path):
    for lines in (LONGEST, LONGEST + 1):
        (tmp_path / f"{lines}.py").write_text("x = 1\n" * lines)
    assert too_long(sorted(tmp_path.iterdir())) == [f"{LONGEST + 1}.py: {LONGEST + 1} lines"]
