"""The local engines: the fast one, and the plain one for what the fast one cannot run."""

from collections.abc import Callable
from pathlib import Path

from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.fast.engine import FastEngine
from spm_tui.engine.fast.fused import has_numba
from spm_tui.engine.fast.reader import Unsupported
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.loading import Loaded, load
from spm_tui.engine.plain import PlainEngine
from spm_tui.forms import Fields, Whole
from spm_tui.wire import Request

_TRIAL = Request(
    "Be brief.", (), "Ready?", Fields((("score", Whole(0, 3)),)), temperature=0.0, seed=0
)
"""What a model is asked before anything counts: what it fails at here it would always fail at."""


def local(
    folder: Path,
    *,
    placement: Placement,
    device_map: str | None = None,
    rows: int | None = None,
    plain: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Engine:
    """Return an engine with the model of a folder.

    Args:
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.
        rows: most requests answered at a time; None suits the device.
        plain: whether to use the plain engine in any case.
        say: told why the plain engine is used, if it is not asked for.

    Raises:
        ModelError: the model cannot be loaded or has no chat template.

    """
    loaded = load(folder, placement, device_map=device_map)
    with reading_model(folder, "a language model"):
        engine = _made(loaded, placement, rows=rows, plain=plain, say=say)
        for _ in engine.answer([_TRIAL]):
            pass
    return engine


def _made(
    loaded: Loaded,
    placement: Placement,
    *,
    rows: int | None,
    plain: bool,
    say: Callable[[str], None],
) -> Engine:
    if not plain:
        try:
            engine = FastEngine(loaded, rows=rows)
        except Unsupported as reason:
            say(f"answering without shared prompts, several times slower: {reason}")
        else:
            if placement == Placement("cpu", "float32") and not has_numba():
                say("this goes faster with numba: pip install 'spm-tui[cpu]'")
            return engine
    return PlainEngine(loaded, rows=rows)
