"""Raw binary files."""

import numpy as np
import pytest

from jaxseis.grid import Grid
from jaxseis.io.models import RawLayout, load_model, save_model

VP = np.arange(24, dtype=np.float32).reshape(6, 4) / 10 + 1.5


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_layout_is_read(tmp_path, dtype, order):
    path = tmp_path / "vp.bin"
    path.write_bytes(VP.astype(dtype).tobytes(order))
    grid, arrays = load_model(path, layout=RawLayout((6, 4), 25.0, (100.0, 0.0), dtype, order))
    assert grid == Grid((6, 4), 25.0, (100.0, 0.0))
    np.testing.assert_array_equal(arrays["vp"], VP)
    assert arrays["vp"].dtype == np.dtype(np.float32)


@pytest.mark.parametrize("name", ["rho.bin", "rho.raw", "rho.rsf@", "rho"])
def test_with_a_layout_any_name_will_do(tmp_path, name):
    layout = RawLayout((6, 4), 25.0, order="F", dtype=">f4")
    save_model(tmp_path / name, layout.grid, {"rho": VP}, layout=layout)
    assert (tmp_path / name).read_bytes() == VP.astype(">f4").tobytes("F")
    arrays = load_model(tmp_path / name, "rho", layout=layout)[1]
    np.testing.assert_array_equal(arrays["rho"], VP)


def test_whole_numbers_are_read(tmp_path):
    path = tmp_path / "vp.bin"
    path.write_bytes((1000 * VP).round().astype("<i2").tobytes())
    arrays = load_model(path, layout=RawLayout((6, 4), 25.0, dtype="<i2"), velocity_unit="m/s")[1]
    np.testing.assert_allclose(arrays["vp"], VP, rtol=1e-6)


@pytest.mark.parametrize("size", [0, 95, 97, 192])
def test_the_size_of_the_file_must_fit(tmp_path, size):
    path = tmp_path / "vp.bin"
    path.write_bytes(bytes(size))
    with pytest.raises(ValueError, match=rf"vp\.bin: expected 96 bytes \(6 x 4 numbers of type <f4\), got {size} "):
        load_model(path, layout=RawLayout((6, 4), 25.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: load_model(p / "vp.bin"), r"layout: expected a RawLayout, for .*vp\.bin holds .*, got None"),
        (lambda p: load_model(p / "vp.npz", layout=RawLayout((6, 4), 1.0)), "layout: expected None, for .*vp.npz says"),
        (lambda p: RawLayout((6, 4), 25.0, dtype="float31"), "layout.dtype: expected the name of a type of real"),
        (lambda p: RawLayout((6, 4), 25.0, dtype="c8"), "layout.dtype: expected .* got 'c8'"),
        (lambda p: RawLayout((6, 4), 25.0, order="z"), r'layout.order: expected "C" \(z fastest\) .*, got \'z\''),
        (lambda p: RawLayout((6, 1), 25.0), "grid.shape: expected at least two nodes"),
        (
            lambda p: save_model(p / "vp.bin", Grid((6, 4), 20.0), {"vp": VP}, layout=RawLayout((6, 4), 25.0)),
            "layout: expected that of Grid",
        ),
        (
            lambda p: save_model(p / "v", Grid((6, 4), 1.0), {"vp": VP}, layout=RawLayout((6, 4), 1.0, dtype="<i2")),
            "layout.dtype: expected fractions, to write a model, got '<i2'",
        ),
        (
            lambda p: save_model(p / "vp.bin", Grid((6, 4), 20.0), {"vp": VP, "rho": VP}),
            r"expected one array, .* got \['rho', 'vp'\]\. Write one file for each",
        ),
    ],
)
def test_messages(tmp_path, call, message):
    with pytest.raises(ValueError, match=message):
        call(tmp_path)
