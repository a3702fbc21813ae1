"""How shots share the threads."""

from types import SimpleNamespace

import pytest

from jaxseis.engines import _threads


def found(nodes, shots):
    problem = SimpleNamespace(shape=(nodes,))
    return list(_threads.over_shots(problem, shots, lambda shot, parallel: (shot, parallel)))


@pytest.mark.parametrize(
    ("nodes", "shots", "parallel"),
    [
        (_threads.SMALL - 1, 1, False), (_threads.SMALL, 1, True), (_threads.SMALL, 3, False),
        (_threads.LARGE, 3, True), (_threads.SMALL - 1, 3, False),
    ],
)
def test_threads_work_inside_a_shot_where_it_is_alone_or_large(monkeypatch, nodes, shots, parallel):
    monkeypatch.setenv("JAXSEIS_THREADS", "2")
    assert found(nodes, shots) == [(shot, parallel) for shot in range(shots)]


def test_one_thread_works_on_one_shot_after_the_other(monkeypatch):
    monkeypatch.setenv("JAXSEIS_THREADS", "1")
    assert found(_threads.LARGE, 2) == [(0, False), (1, False)]
