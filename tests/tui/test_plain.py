"""Text of the data in a terminal: shown, never obeyed."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from spm_tui.plain_text import visible
from spm_tui.tui.plain import one_line

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
nasty = st.text(
    st.characters() | st.sampled_from("\x1b\x00\t\r\n\x7f\x9b…é漢👩\u200d\ufe0f\u0301אب" + BIDI)
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 漢字, e\u0301, עברית, 👩\u200d💻", "plain, 漢字, e\u0301, עברית, 👩\u200d💻"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x00\x08\x7f", "␀␈␡"),
        ("\x9b31m\x85", "⟨U+009B⟩31m⟨U+0085⟩"),
        ("a\u202eb\u2066c\u200f", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("a\tb\n\tc", "a   b\n    c"),
        ("\ud800x", "\N{REPLACEMENT CHARACTER}x"),
        ("", ""),
    ],
)
def test_shown_as(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(nasty)
def test_nothing_that_acts_survives(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in {"Cc", "Cs"}]
    assert not set(shown) & set(BIDI)
    assert visible(shown) == shown
    shown.encode()


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"])))
def test_everything_else_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("  one\n two\t three ", 20, "one two three"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 1, "…"),
        ("one", 0, ""),
        ("", 5, ""),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("\x1b[31m red", 9, "␛[31m red"),
        ("one two", 3, "on…"),
        ("one two", 4, "one…"),
    ],
)
def test_on_one_line(text: str, width: int, line: str) -> None:
    assert one_line(text, width) == line


@given(nasty, st.integers(-1, 30))
@example("👩\u200d👩\u200d👧 x", 3)
@example("#\ufe0f\u20e3" * 5, 4)
def test_a_line_keeps_to_its_width(text: str, width: int) -> None:
    line = one_line(text, width)
    assert cell_len(line) <= max(width, 0)
    assert "\n" not in line
    assert visible(line) == line
    assert one_line(line, width) == line


@given(nasty)
def test_what_fits_is_whole(text: str) -> None:
    assert one_line(text, 10_000) == visible(" ".join(text.split()))


def test_long_texts_take_no_time() -> None:
    text = "some words of an answer\n" * 100_000
    start = time.perf_counter()
    assert visible(text) is text
    assert one_line(text, 12) == "some words…"
    assert time.perf_counter() - start < 1
