"""The Python blocks of the documentation run, each page's in order and in one namespace."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import jaxseis
import jaxseis.backbones
import jaxseis.flows
import jaxseis.functionals
import jaxseis.inference
import jaxseis.io
import jaxseis.networks
import jaxseis.operators
import jaxseis.plotting
import jaxseis.preconditioners
import jaxseis.solvers
import jaxseis.workflows

pytestmark = pytest.mark.examples
ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(page: Path) -> str:
    """The blocks of a page, at the lines where they stand in it, so that an error points there."""
    text, lines = page.read_text(), []
    for block in BLOCK.finditer(text):
        lines += [""] * (text.count("\n", 0, block.start(1)) - len(lines)) + block.group(1).splitlines()
    return "\n".join(lines)


QUICK = ("README.md", "segy.md", "index.md", "acoustic.md", "vti.md")
"""The pages that the default tests run: the others build more kernels, or invert."""


def page(path: Path) -> Any:
    """A page as a parameter."""
    marks = () if path.name in QUICK else pytest.mark.slow
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("page", [page(p) for p in PAGES if script(p)])
def test_the_blocks_of_a_page_run(page, tmp_path):
    # A process of its own: pages are written for JAX as it starts, in single precision. One thread: threads
    # inside one small shot would wait for each other whenever the machine has other work.
    file = tmp_path / f"{page.stem}.py"
    file.write_text(script(page))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "JAXSEIS_THREADS": "1"}
    done = subprocess.run([sys.executable, str(file)], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere():
    code = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    targets = [(p, target) for p in PAGES for target in link.findall(code.sub("", p.read_text()))]
    assert [f"{p.name}: {target}" for p, target in targets if not (p.parent / target).exists()] == []


PUBLIC = [
    jaxseis, jaxseis.backbones, jaxseis.flows, jaxseis.functionals, jaxseis.inference, jaxseis.io, jaxseis.networks,
    jaxseis.operators, jaxseis.plotting, jaxseis.preconditioners, jaxseis.solvers, jaxseis.workflows,
]  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_every_public_name_is_on_the_api_page(module):
    page = (ROOT / "docs" / "api.md").read_text()
    names = [n for n, v in vars(module).items() if not n.startswith("_") and not isinstance(v, ModuleType)]
    at_the_top = [n for n in names if vars(jaxseis).get(n) is vars(module)[n] and f"::: jaxseis.{n}\n" in page]
    assert [n for n in names if f"::: {module.__name__}.{n}\n" not in page and n not in at_the_top] == []


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = [str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")]
    assert [p for p in pages if p not in navigation] == []
