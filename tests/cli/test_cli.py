"""The command line: its story, its exit status, and each command on a small survey."""

from pathlib import Path

import numpy as np
import pytest
from helpers import inversion

from jaxseis import io
from jaxseis.cli import main
from jaxseis.cli.app import app

PROJECT = """
[data]
files = "shots"
[survey]
source_x_m = [200, 600, 2]
source_z_m = 20
receiver_x_m = [0, 800, 21]
receiver_z_m = 40
record_ms = 300
step_ms = 5
[model]
file = "start.npz"
water_velocity_km_s = 1.5
[source]
peak_frequency_hz = 8
[modelling]
dtype = "float64"
absorbing_cells = 5
[fwi]
bands_hz = 8
iterations = 2
batch = 2
step_km_s = 0.02
bounds_km_s = [1.5, 2.5]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project: shots of three sources, a model, a configuration."""
    folder = tmp_path_factory.mktemp("project")
    inversion.write_files(folder / "shots")
    io.save_model(folder / "start.npz", inversion.GRID, {"vp": inversion.models()[1]})
    (folder / "project.toml").write_text(PROJECT)
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """Run a command line in the project; its exit status, output and messages."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        status = end.value.code
        return (status, *capsys.readouterr())

    return run


def test_help_tells_the_story(run):
    status, out, _ = run("--help")
    assert status == 0
    for word in ("jaxseis info", "jaxseis scan", "jaxseis plot", "jaxseis config fwi > project.toml", "--resume"):
        assert word in out
    assert "exit status" in out


@pytest.mark.parametrize("command", [c.name for c in app.registered_commands])
def test_every_command_explains_itself(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"jaxseis {command}" in out


def test_info_summarises_a_file(run):
    status, out, _ = run("info", "shots/shot1.sgy")
    assert status == 0
    assert "41 traces of 101 samples, one every 5 ms" in out
    assert "revision 1.0, big-endian, format 5" in out
    assert "SourceX                 400, 1 value" in out
    assert "GroupX                  0 to 800, 41 values" in out
    assert "0 problems, 0 notes" in out


def test_info_lists_headers_and_text(run):
    _, out, _ = run("info", "shots/shot1.sgy", "--header", "GroupX", "--header", "offset", "--traces", "0:3")
    rows = [line.split() for line in out.splitlines()]
    assert rows[:4] == [["trace", "GroupX", "offset"], ["0", "0", "400"], ["1", "20", "380"], ["2", "40", "360"]]
    assert "38 more traces" in rows[4][0] + " " + " ".join(rows[4][1:])
    _, out, _ = run("info", "shots/shot1.sgy", "--text")
    assert out.startswith("C 1 SHOT RECORDS")


def test_info_reports_what_is_wrong_and_strict_mode_refuses(run, folder, tmp_path):
    broken = tmp_path / "broken.sgy"
    broken.write_bytes((folder / "shots" / "shot0.sgy").read_bytes()[:-100])
    status, out, _ = run("info", broken)
    assert status == 0
    assert "1 problem, 0 notes" in out
    assert "at byte" in out
    status, out, err = run("info", broken, "--mode", "strict")
    assert (status, out) == (1, "")
    assert "--mode tolerant" in err


def test_scan_finds_the_shots_and_keeps_the_index(run, tmp_path):
    status, out, _ = run("scan", "shots", "-o", tmp_path / "survey.npz", "--quiet")
    assert status == 0
    assert "3 shots, 123 traces" in out
    assert len(io.ShotIndex.load(tmp_path / "survey.npz")) == 3
    status, out, _ = run("scan", tmp_path / "survey.npz")
    assert "3 shots" in out
    status, out, _ = run("scan", "shots", "--key", "GroupX", "-q", "--mode", "tolerant")
    assert "41 shots" in out


FIGURES = [("gather", "shots", "--shot", 2), ("map", "shots"), ("chart", "shots"), ("model", "start.npz")]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure[0])
def test_figures(run, tmp_path, figure):
    status, out, _ = run("plot", *figure, "-o", tmp_path / "figure.png")
    assert status == 0
    assert "Drawn in" in out
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_config_prints_a_file_to_fill_in(run):
    status, out, _ = run("config", "fwi")
    assert status == 0
    assert "[fwi]" in out
    assert "bands_hz = [3.0, 5.0, 8.0]" in out


def test_model_writes_shots_that_scan_finds(run, tmp_path):
    status, out, _ = run("model", "project.toml", "-o", tmp_path / "made", "-q")
    assert status == 0
    assert "2 shots are in" in out
    index = io.scan(tmp_path / "made", show=False)
    assert np.array_equal(index.sources, [[200, 0, 20], [600, 0, 20]])
    assert "[survey]" in (tmp_path / "made" / "config.toml").read_text()
    status, out, _ = run("model", "project.toml", "-o", tmp_path / "made", "-q", "--set", "survey.one_file=true")
    assert "shots.sgy" in out
    one = io.SegyShots(io.scan(tmp_path / "made" / "shots.sgy", show=False)).load()
    each = io.SegyShots(index).load()
    assert np.array_equal(one.traces, each.traces)


def test_fwi_leaves_a_model_figures_and_a_log_and_goes_on(run, tmp_path):
    folder = tmp_path / "out"
    status, out, _ = run("fwi", "project.toml", "-o", folder, "-q")
    assert status == 0
    assert "2 iterations" in out
    names = {p.name for p in folder.iterdir()}
    figures = {"start.png", "final.png", "update.png", "misfit.png", "gather_start.png", "gather_final.png"}
    assert names == figures | {"model.npz", "model.sgy", "log.csv", "config.toml", "checkpoint.npz"}
    grid, arrays = io.load_model(folder / "model.npz")
    assert grid == inversion.GRID
    assert np.array_equal(io.read_section(folder / "model.sgy")[1], arrays["vp"])
    assert np.array_equal(arrays["vp"][:, :4], np.full((41, 4), np.float32(1.5)))
    again(run, folder)


def again(run, folder):
    """A checkpoint is not overwritten unasked, and can be resumed from, here with the configuration as used."""
    status, _, err = run("fwi", "project.toml", "-o", folder, "-q")
    assert status == 1
    assert "--resume" in err
    assert "--overwrite" in err
    before = (folder / "model.npz").read_bytes()
    assert run("fwi", folder / "config.toml", "-q", "--resume", "--set", "output.figures=false")[0] == 0
    assert (folder / "model.npz").read_bytes() == before


@pytest.mark.slow
def test_fwi_without_matplotlib_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    status, _, err = run("fwi", "project.toml", "-o", tmp_path, "-q", "--iterations", 1)
    assert status == 0
    assert "warning: No figure: Figures need matplotlib: pip install jaxseis[plot]" in err
    assert (tmp_path / "model.npz").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rtm", "lsrtm"])
def test_images(run, tmp_path, command):
    status, out, _ = run(command, "project.toml", "-o", tmp_path, "-q", "--set", "lsrtm.iterations=2")
    assert status == 0
    assert "The image is in" in out
    names = {p.name for p in tmp_path.iterdir()}
    assert {"image.npz", "image.sgy", "image.png", "config.toml"} <= names


WRONG = {
    "no such file": (("info", "nothing.sgy"), "nothing.sgy: No such file or directory"),
    "no SEG-Y": (("info", "project.toml"), "Is it a SEG-Y file"),
    "no files": (("scan", "nowhere"), "where there is none"),
    "no such word": (("info", "shots/shot0.sgy", "--header", "Foo"), "names are those of segyio"),
    "no such shot": (("plot", "gather", "shots", "--shot", 9), "expected numbers from 0 to 2, got 9"),
    "no configuration": (("fwi", "nothing.toml"), "nothing.toml: No such file or directory"),
    "mistake": (("fwi", "project.toml", "--set", "fwi.bath=3"), "Did you mean batch?"),
    "missing section": (("fwi", "project.toml", "--set", "source.peak_frequency_hz=800"), "expected less than 100 Hz"),
    "outside": (("rtm", "project.toml", "--set", "data.origin_m=[500, 0]"), "data.origin_m and data.azimuth_deg say"),
    "nothing to resume": (("fwi", "project.toml", "-o", "new", "--resume"), "a checkpoint to go on from"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_in_order_is_one_message(run, case):
    arguments, message = WRONG[case]
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert "Traceback" not in err


def test_debug_shows_where_an_error_comes_from(folder):
    with pytest.raises(FileNotFoundError):
        main(["info", str(folder / "nothing.sgy"), "--debug"])


@pytest.mark.parametrize(
    "arguments",
    [("stack",), ("info",), ("fwi", "project.toml", "--colour"), ("config", "stack"), ("scan", "x", "--mode", "lax"),
     ("fwi", "project.toml", "--resume", "--overwrite"), ("fwi", "project.toml", "--batch", "0")],
)  # fmt: skip
def test_a_wrong_command_line_has_its_own_status(run, arguments):
    status, _, err = run(*arguments)
    assert status == 2
    assert "Usage" in err


def test_the_entry_point_is_declared():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert 'jaxseis = "jaxseis.cli:main"' in text
