"""Models with every sort of damage end in an answer or in one line; none has a made-up weight."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.model
@pytest.mark.timeout(1800)
def test_whatever_is_wrong_with_a_model_ends_in_one_line(tmp_path: Path) -> None:
    """In processes of their own: what hangs or takes all memory is ended there and told.

    One of sixteen; `python -m tests.damage` tries them all, which takes long.
    """
    results = tmp_path / "results.json"
    task = [sys.executable, "-m", "tests.damage", "--every", "16", "--out", str(results)]
    subprocess.run(task, check=False, capture_output=True)
    outcomes = json.loads(results.read_text())
    assert len(outcomes) > 90
    assert [outcome for outcome in outcomes if not outcome["good"]] == []
