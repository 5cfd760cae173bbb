"""What people see of a run's course, line by line."""

import pytest

from spm_tui.bench.events import Progress
from spm_tui.cli.display import display


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
