"""Every screen as text, frozen: what a person sees on the bundled run."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from spm_tui.bench import bundled
from spm_tui.methods.base import Settings
from spm_tui.methods.simple import Oracle
from spm_tui.tui.app import SpmApp
from store import benchmarks, runs
from store.connection import Store
from store.records import RunSpec
from tests import golden
from tests.conftest import AT
from tests.tui.apps import make_app, screen
from tests.tui.wait import settle

BEFORE = datetime(2025, 1, 1)
SIZES = [(80, 24), (140, 45)]
SCREENS = {
    "browse": ["j", "j"],
    "steer": ["t", "left", "left", "down", "space", "down", "plus"],
    "presets": ["T"],
    "filter": ["f"],
    "open": ["o"],
    "reading": ["enter"],
    "prompt": ["p"],
    "run": ["R"],
    "jobs": ["J"],
    "annotate": ["a", "w"],
    "compare": ["c", "enter"],
    "analyse": ["v", "right", "right"],
    "export": ["e"],
    "import": ["I"],
    "keys": ["question_mark"],
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with mini-mic, its bundled run, which is the newer, and an oracle's."""
    store = Store(tmp_path_factory.mktemp("real") / "store.duckdb")
    number = bundled.add(store, "mini-mic", at=AT)
    with store.writing() as db:
        spec = runs.get(db, number).spec
        benchmark = benchmarks.load(db, spec.benchmark)
        oracle = RunSpec(spec.benchmark, spec.split, "oracle", "", '{"method":{}}')
        number = runs.open_run(db, oracle, process="here:1", environment="{}", at=BEFORE)
        method = Oracle(Settings(benchmark.attributes))
        predictions = [p for s in benchmark.split("eval") for p in method.decide(s)]
        runs.add_batch(db, number, runs.Batch(predictions=predictions), at=BEFORE)
        runs.mark(db, number, "finished", process="here:1", environment="{}", at=BEFORE)
    return store.path


async def still(app: SpmApp) -> str:
    """Wait, within bounds, until nothing works and the screen does not change; return it."""
    before, same = "", 0
    for _ in range(400):
        await asyncio.sleep(0.05)
        now = screen(app)
        working = any(worker.is_running for worker in app.workers)
        same = same + 1 if now == before and not working else 0
        before = now
        if same >= 10:
            break
    return before


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_screens_are_frozen(
    name: str,
    size: tuple[int, int],
    real: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir("/")
    store = Store(Path(shutil.copy(real, tmp_path)))
    app = make_app(store)
    async with app.run_test(size=size) as pilot:
        await settle(pilot, lambda: app.desk is not None and "1. A bathhouse" in screen(app))
        await still(app)  # a screen under a dialog is not laid out again
        for key in SCREENS[name]:
            await pilot.press(key)
            await pilot.pause()
        golden.check(f"screen-{name}-{size[0]}x{size[1]}.txt", await still(app) + "\n")
