import numpy as np
import pytest

from jaxseis.io.segy.fields import SCALAR_OF, WORDS, Word, apply_scalar, header_dtype, scaled


def headers(order=">", **words):
    count = max(np.size(v) for v in words.values())
    table = np.zeros(count, header_dtype(words, order))
    for name, values in words.items():
        table[name] = values
    return table


@pytest.mark.parametrize("order", [">", "<"])
def test_scalars_multiply_divide_or_are_one(order):
    table = headers(order, SourceX=1234567, SourceGroupScalar=[0, 1, -1, 10, -100, -1000, 82])
    expected = 1234567 * np.array([1, 1, 1, 10, 0.01, 0.001, 82])
    np.testing.assert_allclose(scaled(table, "SourceX", (1, 0)), expected, rtol=1e-15)
    assert scaled(table, "SourceX", (1, 0))[5] == 1234.567  # the nearest number, as when it was written


def test_only_the_words_that_carry_a_scalar_are_scaled():
    assert "CDP" not in SCALAR_OF
    assert SCALAR_OF["CDP_X"] == "SourceGroupScalar"
    table = headers(CDP=77, SourceGroupScalar=-100, ElevationScalar=-10, SourceDepth=55)
    assert scaled(table, "CDP", (1, 0))[0] == 77
    assert scaled(table, "CDP", (1, 0)).dtype.kind == "i"
    assert scaled(table, "SourceDepth", (1, 0))[0] == 5.5


def test_counts_of_samples_are_unsigned():
    assert WORDS["TRACE_SAMPLE_COUNT"].kind == "u2"
    assert apply_scalar(np.array([3]), np.array([-(2**15)]))[0] == 3 / 2**15


def test_a_word_of_your_own():
    mine = Word("Shot", byte=181, kind="i4")
    assert header_dtype([mine], "<").fields["Shot"][1] == 180
    with pytest.raises(ValueError, match="bytes 1 to 240"):
        header_dtype([Word("Shot", byte=239, kind="i4")], ">")


def test_scalars_that_came_with_revision_one_do_not_apply_before():
    table = headers(DelayRecordingTime=8, ScalarTraceHeader=10, SourceX=50, SourceGroupScalar=-10)
    assert scaled(table, "DelayRecordingTime", (1, 0))[0] == 80
    assert scaled(table, "DelayRecordingTime", (0, 0))[0] == 8
    assert scaled(table, "SourceX", (0, 0))[0] == 5


def test_two_words_of_one_name():
    with pytest.raises(ValueError, match="different names for different words, got two words SourceX"):
        header_dtype(["SourceX", Word("SourceX", 193, "i4")], ">")


def test_an_unknown_name_says_which_may_be_meant():
    with pytest.raises(ValueError, match="Is it SourceX"):
        header_dtype(["source_x"], ">")
    with pytest.raises(ValueError, match="Word"):
        header_dtype(["Nonsense"], ">")
