"""Configuration files: templates are valid, mistakes are named, what was used can be written down."""

import tomllib

import pytest

from jaxseis.workflows import FWISettings, dump, read_config, template
from jaxseis.workflows.config_file import SECTIONS_OF, checked

FWI = """
[data]
files = "shots/*.sgy"
[model]
file = "/models/start.npz"
[source]
peak_frequency_hz = 8
[fwi]
bands_hz = [3, 6]
bounds_km_s = [1.5, 5]
"""


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "project.toml"
    path.write_text(FWI)
    return path


@pytest.mark.parametrize("command", SECTIONS_OF)
def test_a_template_is_a_configuration_and_says_what_everything_is(command):
    text = template(command)
    config = checked(tomllib.loads(text))
    assert config.source is not None
    lines = text.splitlines()
    entries = [i for i, line in enumerate(lines) if " = " in line and "#" not in line]
    assert entries
    assert all(lines[i - 1].startswith("#") for i in entries)


def test_a_template_of_another_command_is_an_error():
    with pytest.raises(ValueError, match="command: expected one of model, rtm, lsrtm, fwi, got stack"):
        template("stack")


def test_paths_are_relative_to_the_file(project):
    config = read_config(project)
    assert config.data.files == (str(project.parent / "shots/*.sgy"),)
    assert config.model.file == "/models/start.npz"
    assert config.output.folder == str(project.parent / "output")


def test_paths_given_on_the_command_line_are_relative_to_the_current_folder(project, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    config = read_config(project, ["output.folder=here", 'data.files=["a.sgy", "s3://b/c.sgy"]'])
    assert config.output.folder == str(tmp_path / "elsewhere" / "here")
    assert config.data.files == (str(tmp_path / "elsewhere" / "a.sgy"), "s3://b/c.sgy")


def test_changes_are_toml_or_text(project):
    config = read_config(project, ["fwi.batch=3", "fwi.bands_hz=[2.0]", "data.shots=0:9:2", "source.amplitude=fit"])
    assert (config.fwi.batch, config.fwi.bands_hz) == (3, (2.0,))
    assert (config.data.shots, config.source.amplitude) == ("0:9:2", "fit")


@pytest.mark.parametrize("change", ["fwi.batch", "batch=3", "=3", "fwi.=3"])
def test_a_change_that_is_none_is_an_error(project, change):
    with pytest.raises(ValueError, match="--set: expected section.entry=value such as fwi.batch=8, got"):
        read_config(project, [change])


def test_what_was_used_reads_as_the_same(project, tmp_path):
    config = read_config(project, ['model.unit="m/s"', "source.amplitude=fit", "data.shots=[0, 2]"])
    (tmp_path / "used.toml").write_text(dump(config))
    assert read_config(tmp_path / "used.toml") == config
    assert "[rtm]" not in dump(config, "fwi")
    assert "[fwi]" in dump(config, "fwi")


MISTAKES = {
    "fwi.bath=3": r"\[fwi\] bath: there is no such entry. Did you mean batch\?",
    "fwi.colour=3": r"\[fwi\] colour: there is no such entry. There are bands_hz, iterations, batch",
    "fwo.batch=3": r"\[fwo\]: there is no such section. Did you mean fwi\?",
    "fwi.batch=0": r"\[fwi\] batch: should be greater than or equal to 1, but there is 0. Meaning: shots",
    "fwi.bands_hz=[]": r"\[fwi\] bands_hz: should be a list of at least 1, but there is \[\]",
    "fwi.bounds_km_s=[1, 2, 3]": r"\[fwi\] bounds_km_s: should be a list \(.*at most 2 items",
    "fwi.bounds_km_s=[5, 2]": r"\[fwi\]: bounds_km_s has to be \[smallest, largest\]",
    "fwi.iterations=[1, 2, 3]": r"\[fwi\]: iterations has 3 numbers for 2 bands",
    "source.amplitude=ft": r"\[source\] amplitude: should be a valid number or 'fit', but there is \"ft\"",
    "source.file=w.txt": r"\[source\]: give one of peak_frequency_hz and file",
    "modelling.space_order=7": r"\[modelling\] space_order: should be 2, 4, 6, 8, 10, 12, 14 or 16, but there is 7",
    "modelling.max_velocity_km_s=inf": r"\[modelling\] max_velocity_km_s: should be a finite number",
    "data.files=[]": r"\[data\]: give files, or an index",
    "model.water_depth_m=-1": r"\[model\] water_depth_m: should be greater than or equal to 0",
    "model.shape=[3, 4]": r"\[model\]: raw files need both shape and spacing_m",
    "processing.offsets_m=[300, 200]": r"\[processing\]: offsets_m has to be \[smallest, largest\]",
}


@pytest.mark.parametrize("change", MISTAKES)
def test_mistakes_are_named(project, change):
    with pytest.raises(ValueError, match=MISTAKES[change]):
        read_config(project, [change])


def test_every_problem_has_its_line(project):
    with pytest.raises(ValueError, match="project.toml: 3 to correct") as error:
        read_config(project, ["fwi.bath=3", "fwi.batch=0", "data.mode=lax"])
    assert len(str(error.value).splitlines()) == 4


def test_what_is_missing_is_explained():
    with pytest.raises(ValueError, match=r"\[fwi\] bands_hz is missing: corners .* For instance bands_hz = \[3.0, 5.0"):
        checked({"fwi": {"bounds_km_s": [1.5, 5]}})
    with pytest.raises(ValueError, match=r"\[model\]: should be a section"):
        checked({"model": 3})


@pytest.mark.parametrize("text", ["[fwi", "a = \n", "\xff"])
def test_a_file_that_is_not_toml_is_an_error(tmp_path, text):
    (tmp_path / "bad.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="bad.toml: expected a TOML file, got an error: "):
        read_config(tmp_path / "bad.toml")


def test_iterations_of_bands():
    assert FWISettings(bands_hz=(3, 6), iterations=4, bounds_km_s=(1.5, 5)).iterations_of_bands == (4, 4)
    assert FWISettings(bands_hz=(3, 6), iterations=(4, 2), bounds_km_s=(1.5, 5)).iterations_of_bands == (4, 2)
