"""Files that appear whole or not at all."""

import signal
import subprocess
import sys

import pytest

from jaxseis.io import _atomic
from jaxseis.io._atomic import atomic


def test_the_name_is_taken_at_the_end(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    with atomic(path) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == tmp_path
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path, error):
    with atomic(path) as temporary:
        temporary.write_bytes(b"ne")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "model.bin"):
        pass


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link.bin", tmp_path / "far" / "model.bin"
    link.symlink_to(target)
    with atomic(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_killed_writer_leaves_no_half_file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    script = (  # the file alone: the package takes seconds to import
        "import os, runpy, signal, sys\natomic = runpy.run_path(sys.argv[1])['atomic']\n"
        "with atomic(sys.argv[2]) as temporary:\n    temporary.write_bytes(b'ne')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, _atomic.__file__, path]).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert sorted(p.name[:11] for p in tmp_path.iterdir()) == [".model.bin.", "model.bin"]
