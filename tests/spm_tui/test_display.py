"""What people see of a run's course, line by line."""

import subprocess
import sys
from pathlib import Path

import pytest

from spm_tui.bench.events import Ended, Note, Planned, Problem, Progress
from spm_tui.cli.display import display, showing

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


@pytest.mark.parametrize("mode", ["plain", "rich"])
def test_what_went_missing_of_a_run_is_told_at_its_end(
    mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with display(mode) as show:
        show(PLAN)
        show(Note(1, "2 of 9 requests failed: [bad] form"))
        show(Ended(1, "finished", 2))
    shown = capsys.readouterr().err
    assert "run 1: 2 of 9 requests failed: [bad] form" in shown
    assert "run 1 finished, 2 requests failed" in shown


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


def test_events_are_utf8_whatever_the_terminal_is(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    program = (
        "import sys; from spm_tui.cli.display import showing; from spm_tui.bench.events import"
        " Problem\nwith showing('none', sys.argv[1]) as show: show(Problem('\\u00b1'))"
    )
    subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program, path],
        check=True,
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    )
    assert "±" in path.read_text(encoding="utf-8")


def test_half_a_character_is_an_event_nevertheless(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with showing("none", str(path)) as show:
        show(Problem("caf\udce9"))
    assert '"caf\N{REPLACEMENT CHARACTER}"' in path.read_text(encoding="utf-8")
