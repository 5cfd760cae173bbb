"""How quick the app is, in a terminal of its own, on a store as large as all of HelpSteer2."""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spm_tui.bench import bundled
from store.connection import Store
from tests.bench import large
from tests.bench.terminal import Terminal
from tests.conftest import AT

STARTS, KEYS = 5, 15


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing, measured several times."""

    what: str
    median: float
    worst: float
    promised: float
    """The median should not be above it."""
    unit: str = "s"


def of(what: str, seconds: Sequence[float], promised: float) -> Measured:
    """Return a measurement of some repeated act."""
    return Measured(what, statistics.median(seconds), max(seconds), promised)


def measure() -> Iterator[Measured]:
    """Yield one measurement after another."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        small, big = Path(folder) / "small.duckdb", Path(folder) / "large.duckdb"
        bundled.add(Store(small), "mini-mic", at=AT)
        large.make(big)
        yield of("first useful paint, 24 scenarios", starts(small, state), 0.6)
        yield of("first useful paint, 10,679 scenarios", starts(big, state), 1.0)
        terminal = Terminal(big, state)
        try:
            terminal.until(["accuracy"])
            yield from using(terminal)
        finally:
            terminal.close()


def starts(store: Path, state: Path) -> list[float]:
    """Seconds from the command to the accuracy on the screen, the first start left out."""
    found = []
    for _ in range(STARTS + 1):
        terminal = Terminal(store, state)
        found.append(terminal.until(["accuracy"]) - terminal.started)
        terminal.drain()
        terminal.close()
    return found[1:]


def using(terminal: Terminal) -> Iterator[Measured]:
    """Measure moving, steering, filtering, sorting and searching."""
    total = large.SCENARIOS
    keys = [terminal.press("j", f"{n}/{total}") for n in range(2, KEYS + 2)]
    yield of("key to the cursor in the list", keys, 0.05)
    texts = [terminal.press("j", f"{n}. {n} ") for n in range(KEYS + 2, 2 * KEYS + 2)]
    yield of("key to the scenario's texts and bars", texts, 0.1)
    presets = [terminal.press("]", "target ") for _ in range(KEYS)]
    yield of("target change to header and list", presets, 0.05)
    terminal.press("t", "distance")
    sliders = [terminal.press(key, "target custom") for key in ("\x1b[D", "\x1b[C") * 5]
    yield of("slider to header and list", sliders, 0.05)
    terminal.press("t", "Read")
    terminal.press("f", "filter and sort")
    filters = [terminal.press(key, "● ") for key in ("j ", "k ") * 3]
    yield of("filter", filters, 0.1)
    terminal.press("\x1b", "Read")
    searches = [search(terminal, word) for word in ("gravity taxes", "soup press", "bicycles")]
    yield of("search in questions, responses, reasonings", searches, 0.15)
    yield Measured("memory", terminal.memory / 1e6, terminal.memory / 1e6, 300, "MB")


def search(terminal: Terminal, word: str) -> float:
    """Seconds from enter to the list of what was found."""
    terminal.press(f"/{word}", word)
    seconds = terminal.press("\r", f"“{word}”")
    terminal.press("\x1b", f"/{large.SCENARIOS}")
    return seconds
