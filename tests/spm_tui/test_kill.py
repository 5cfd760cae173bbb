"""A run that is killed at any moment loses nothing that was committed, and ends the same."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

KILLS = 8
TABLES = ("accuracy.md", "accuracy.csv", "accuracy.json", "by_target.csv", "agreement.csv")
METHODS = "--method=few-shot-comparative"


def command(folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "tests.backend", "--headless", METHODS, "--limit=12"),
        *("--targets=sampled,high,low", "--display=none"),
        *(f"--store={folder / 'store.duckdb'}", f"--out={folder / 'out'}"),
    ]


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "out" / name).read_bytes() for name in TABLES}


def test_killed_runs_end_with_the_same_tables(tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    started = time.monotonic()
    subprocess.run(command(undisturbed), check=True, capture_output=True)
    span = time.monotonic() - started
    rng = random.Random(0)
    kills = attempt = 0
    while kills < KILLS:
        folder = tmp_path / f"killed-{attempt}"
        attempt += 1
        while True:
            with subprocess.Popen(
                command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process:
                try:
                    process.communicate(timeout=rng.uniform(0.2, span))
                except subprocess.TimeoutExpired:
                    process.kill()
                    kills += 1
                    continue
            assert process.returncode == 0
            break
        assert tables(folder) == tables(undisturbed)


@pytest.mark.parametrize("signals", [1, 2])
def test_interrupting_ends_with_130_and_says_how_to_go_on(tmp_path: Path, signals: int) -> None:
    words = [*command(tmp_path), "--events=-"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"event": "item"' in line:
                break
        for _ in range(signals):
            process.send_signal(2)
            time.sleep(0.002)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    if signals == 1:
        assert "interrupted; what is answered is stored. To go on: spm-tui --headless" in errors
    again = subprocess.run(command(tmp_path), check=True, capture_output=True, text=True)
    assert "few-shot-comparative" in again.stdout
