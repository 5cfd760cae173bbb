"""What people see of a run's course, line by line."""

import pytest

from spm_tui.bench.events import Planned, Problem, Progress
from spm_tui.cli.display import display

PLAN = Planned(1, "mini-mic", "eval", "few-shot-comparative", "smol", 9, 0)
MISSED = Problem("kaleido on mini-mic was not run: no model [x]")


def test_a_speed_is_told_as_soon_as_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    with display("plain") as show:
        show(Progress(1, 1, 9, 0, 0.0, None))
        show(Progress(1, 1, 9, 2, 0.0, None))
        show(Progress(1, 4, 9, 0, 22.4, 59.0))
    assert capsys.readouterr().err.splitlines() == [
        "  1/9",
        "  3/9  2 failed",
        "  4/9  22 tokens/s, 59 s left",
    ]


@pytest.mark.parametrize("mode", ["plain", "rich"])
def test_what_cannot_be_run_is_told_when_it_happens(
    mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with display(mode) as show:
        show(MISSED)
        assert MISSED.message in capsys.readouterr().err


@pytest.mark.parametrize("told", [True, False])
def test_the_bar_of_a_run_that_raised_is_removed(
    told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError), display("rich") as show:  # noqa: PT012
        show(PLAN)
        show(Progress(1, 3, 9, 0, 0.0, None))
        if told:
            show(MISSED)
        raise RuntimeError
    shown = capsys.readouterr().err
    assert "run 1: few-shot-comparative with smol" in shown
    assert "3/9" not in shown
    assert "━" not in shown
