"""Progress bars."""

import pytest

from jaxseis._progress import progress


def test_iterates_over_the_items(capsys):
    assert list(progress([3, 1, 2], "counting")) == [3, 1, 2]
    shown = capsys.readouterr().err
    assert "counting: 100%" in shown
    assert "3/3" in shown


def test_shows_misfit_and_time_left(capsys):
    with progress(4, "inversion") as bar:
        for misfit in (0.5, 0.25, 0.125, 0.0625):
            bar.step(misfit=misfit)
    shown = capsys.readouterr().err
    assert "misfit=0.0625" in shown
    assert "00:00 left" in shown


def test_note_does_not_advance():
    with progress(4, "inversion") as bar:
        bar.note(misfit=1.0)
        assert bar.n == 0
        bar.step(misfit=0.5)
        assert bar.n == 1


def test_silent_when_not_shown(capsys):
    with progress(2, "inversion", show=False) as bar:
        bar.step(misfit=1.0)
    assert list(progress(range(3), "counting", show=False)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("terminal", "interval"), [(True, 0.1), (False, 10.0)])
def test_redrawn_rarely_where_there_is_no_terminal(monkeypatch, terminal, interval):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with progress(2, "inversion") as bar:
        assert bar.mininterval == interval


def test_iterable_of_unknown_length(capsys):
    assert list(progress((i for i in range(3)), "counting")) == [0, 1, 2]
    assert "3/?" in capsys.readouterr().err
