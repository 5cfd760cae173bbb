"""Command lines that nobody means: no traceback, no escape, nothing of the user's changed."""

from pathlib import Path

import pytest

from spm_tui.cli import headless
from tests import command_lines
from tests.backend import FakeBackend


@pytest.mark.parametrize(
    ("count", "seed"),
    [(25, 1), pytest.param(150, 0, marks=[pytest.mark.model, pytest.mark.timeout(1800)])],
)
def test_odd_command_lines_end_in_order(
    count: int, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", FakeBackend)
    monkeypatch.chdir(tmp_path)
    results = command_lines.tried(count, seed, tmp_path)
    assert len(results) == count
    assert [(one.words, one.faults) for one in results if one.faults] == []
    assert command_lines.leftovers(tmp_path) == []
