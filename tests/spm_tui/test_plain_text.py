"""Text from anywhere: nothing in it is obeyed, nothing in it is hidden."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.cli import main
from spm_tui.cli.output import bare, cleaned
from spm_tui.paths import file_name
from spm_tui.plain_text import ascii_signs, escaped, line, visible
from spm_tui.report import escapes, latex

HOSTILE = [
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x7f",
    "\u202etxt",
    "\u2066a\u2069",
    "a\u2028b",
    "\ufeff",
    "\u200b",
    "\U000e0041",
    "\udce9",
]
UNSAFE = {character for text in HOSTILE for character in text if not character.isprintable()}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_sign_is_obeyed(text: str) -> None:
    for shown in (visible(text), line(text), ascii_signs(text), escapes.markdown(text)):
        assert not UNSAFE & set(shown)
    assert latex.escape(text).isascii() or text == "\x9b2J"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_with_escapes(text: str) -> None:
    document = escaped(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(document) == {"a": text}
    assert not UNSAFE & set(document)


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_printed_is_cleaned(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with cleaned():
        print(text)
        print(text, file=sys.stderr)
        sys.stderr.writelines([text, "\n"])
        assert bare(sys.stdout) is not sys.stdout
    with pytest.raises(SystemExit):
        main([f"--{text}"])
    with pytest.raises(SystemExit):
        main([text])
    out, errors = capsys.readouterr()
    assert not UNSAFE & set(out + errors)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a|b", "a\\|b"),
        ("`x`", "\\`x\\`"),
        ("![](http://e)", "![]\\(http://e)"),
        ("<script>", "\\<script>"),
        ("a\nb\x1b[0m", "a b␛[0m"),
        ("__x__", "\\_\\_x\\_\\_"),
        ("# x", "\\# x"),
        ("my_model-7B, T 0.7: 61.2 ± 3.4 [58.0, 64.1]",) * 2,
        ("-0.5",) * 2,
    ],
)
def test_markdown_shows_names_as_they_are(name: str, shown: str) -> None:
    assert escapes.markdown(name) == shown


@given(st.text())
def test_no_text_is_computed_by_a_spreadsheet_and_all_come_back(text: str) -> None:
    cell = escapes.csv_text(text)
    assert cell in (text, f"'{text}")
    assert cell[:1] not in set("=@\t\r\n")
    plain = cell.lstrip("'")
    if cell != plain and plain[:1] in set("=+-@\t\r\n"):
        assert cell[1:] == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("-cmd", "'-cmd"), ("'=1", "''=1"), ("@x", "'@x"), ("-0.5", "-0.5")],
)
def test_formulas_are_texts(text: str, cell: str) -> None:
    assert escapes.csv_text(text) == cell


PLACES = [
    "../x",
    "/etc/x",
    ".",
    "..",
    "",
    "a/b",
    "a\\b",
    "-rf",
    ".x",
    "a\0b",
    "a\nb",
    "CON",
    "nul.a",
]


@pytest.mark.parametrize("name", [*PLACES, "x" * 300, "é/漢", "\udce9", "a.", "a~b"])
def test_a_name_makes_a_file_name_of_its_own(name: str) -> None:
    made = file_name(name)
    assert made != name
    assert not set(made) & set('/\\:*?"<>|\0\n')
    assert made[0] not in ".-~"
    assert len(made.encode()) < 200
    others = {file_name(other) for other in [*PLACES, made, made.upper()] if other != name}
    assert made not in others


@given(st.text(), st.text())
def test_no_two_names_become_one(first: str, second: str) -> None:
    assert (file_name(first) == file_name(second)) == (first == second)


@pytest.mark.parametrize("name", ["mini-mic", "helpsteer2", "a.b_c-1", "X"])
def test_a_plain_name_stays(name: str) -> None:
    assert file_name(name) == name
