"""Files behind URLs: memory, and an HTTP server on this machine that answers requests of byte ranges."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from helpers.survey import survey

from jaxseis import io
from jaxseis.io.blob import open_blob

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def raw(tmp_path):
    """The bytes of a survey."""
    io.write_shots(tmp_path / "a.segy", survey())
    return (tmp_path / "a.segy").read_bytes()


@pytest.fixture
def memory(raw):
    """A folder of two files in memory."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    for name in ("a.segy", "b.segy"):
        fs.pipe_file(f"/survey/{name}", raw)
    yield "memory://survey"
    fs.store.clear()


@pytest.fixture(params=[True, False], ids=["ranges", "whole"])
def server(request, raw):
    """The URL of the file on a server that supports ranges, or not, and the ranges asked for."""
    pytest.importorskip("aiohttp")
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            bounds = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            part = raw
            if bounds and request.param:
                first, last = map(int, bounds.groups())
                part = raw[first : last + 1]
                asked.append((first, len(part)))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(raw)}")
            else:
                self.send_response(200)
            if request.param:
                self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            if body:
                self.wfile.write(part)

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/a.segy", asked, request.param
    running.shutdown()
    running.server_close()


def test_scan_and_read_from_memory(memory):
    index = io.scan(memory, show=False)
    assert [f.path for f in index.files] == ["memory:///survey/a.segy", "memory:///survey/b.segy"]
    assert (len(index), index.traces) == (4, 28)
    one = io.scan(f"{memory}/a.*", show=False)
    np.testing.assert_array_equal(io.SegyShots(one).traces, survey().traces)
    with io.open_segy(f"{memory}/b.segy") as f:
        assert f.traces().shape == (14, 21)


def test_an_index_of_urls_is_saved_and_grows_stale(memory, tmp_path, raw):
    io.scan(memory, show=False).save(tmp_path / "index.npz")
    assert len(io.ShotIndex.load(tmp_path / "index.npz")) == 4
    fsspec.filesystem("memory").pipe_file("/survey/b.segy", raw + bytes(10))
    with pytest.raises(io.StaleIndexError, match="b.segy"):
        io.ShotIndex.load(tmp_path / "index.npz")


def test_a_shot_from_a_server_costs_one_request_of_its_bytes(server):
    url, asked, ranges = server
    if not ranges:
        with pytest.raises(OSError, match="byte ranges"):
            io.open_segy(url)
        return
    shots = io.SegyShots(io.scan(url, show=False))
    np.testing.assert_array_equal(shots.traces, survey().traces)
    asked.clear()
    np.testing.assert_array_equal(shots[1].traces, survey().traces[1:2])
    stride = 240 + 4 * 21
    assert asked == [(3600 + 3 * stride, 5 * stride)]


def test_rows_near_and_far(tmp_path, monkeypatch):
    data = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)
    (tmp_path / "a").write_bytes(data.tobytes())
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/rows", data.tobytes())
    expected = np.stack([data[17 + 100 * i : 17 + 100 * i + 10] for i in range(40)])
    for far in (1000, 10):
        monkeypatch.setattr("jaxseis.io.blob.FAR", far)
        monkeypatch.setattr("jaxseis.io.blob.REQUEST", 700)
        monkeypatch.setattr("jaxseis.io.blob.WINDOW", 700)
        for path in (tmp_path / "a", "memory://rows"):
            np.testing.assert_array_equal(open_blob(path).rows(17, 100, 10, 40), expected)
    fs.store.clear()


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        io.open_segy(tmp_path / "nothing.segy")
    with pytest.raises(IsADirectoryError, match="got the folder"):
        io.open_segy(tmp_path)
    with pytest.raises(FileNotFoundError):
        io.open_segy("memory://nowhere/a.segy")
    with pytest.raises(ValueError, match="fsspec can open"):
        io.open_segy("nosuchprotocol://a/b.segy")
