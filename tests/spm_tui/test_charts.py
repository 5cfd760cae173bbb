"""Charts as files: what they are, and what is refused."""

from pathlib import Path

import pytest

from spm_tui.errors import InputError
from spm_tui.report.charts import Axis, Bars, Chart, Drawing, Graph, HeatMap, Line, draw
from spm_tui.report.one_file import save
from spm_tui.report.tables import Table

AXIS = Axis("score, $%", 0, 1, ((0, "0"), (1, "1")))
DRAWINGS: list[Drawing] = [
    Graph(
        AXIS,
        AXIS,
        (
            Line("ideal", (0, 1), (0, 1), ideal=True),
            Line("a$b$", (0.2, 0.5), (0.3, 0.4), spread=(0.1, 0.2)),
        ),
    ),
    Bars("mean", ("care", "a_$x"), (("picked", (0.4, float("nan"))), ("ideal", (0.5, 1)))),
    Bars("share", ("care",), (("share", (0.6,)),), middle=True),
    HeatMap("label", "predicted", ("0", "1"), ("0", "1"), ((3, 1), (0, 0))),
]


def chart(drawing: Drawing | None) -> Chart:
    return Chart("one", "what $it$ is", drawing, "See this.", Table((), ()))


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_chart_is_drawn_the_same_each_time(drawing: Drawing) -> None:
    one = chart(drawing)
    assert draw(one, Path("a.PNG")).startswith(b"\x89PNG")
    svg = draw(one, Path("a.svg"))
    assert b"<svg" in svg
    assert draw(one, Path("a.svg")) == svg


def test_other_formats_and_empty_charts_are_refused() -> None:
    with pytest.raises(InputError, match=r"a.gif: a chart is written as .png or .svg"):
        draw(chart(DRAWINGS[0]), Path("a.gif"))
    with pytest.raises(InputError, match="nothing to draw: See this"):
        draw(chart(None), Path("a.png"))


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", b"one")
    save(tmp_path / "a.csv", b"two")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.csv", b"two")]
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        save(tmp_path / "none" / "a.csv", b"one")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: cannot be written"):
        save(tmp_path / "folder", b"one")
    assert {p.name for p in tmp_path.iterdir()} == {"a.csv", "folder"}
