"""`python -m tests.damage [--jobs 2] [--only text] [--every 10] [--out results.json]`."""

import argparse
import json
import os
import resource
import select
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.damage import bases
from tests.damage.damages import every
from tests.damage.edits import Variant

SECONDS = 20.0
MEMORY = 3 << 30
"""Bytes that a process may hold; one without any model holds a fifth."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a variant."""

    name: str
    base: str
    subject: str
    kind: str
    """answered, other (another answer), failed (the item), refused; or what must not be:
    raised, ragged (more lines than one), ran (its code), hung, large, died."""
    text: str
    seconds: float
    megabytes: float

    @property
    def good(self) -> bool:
        """Whether it is as it should be."""
        if self.kind == "other":
            return self.subject not in ("weights", "same")
        if self.kind == "refused":
            return self.subject != "same"
        return self.kind in ("answered", "failed")


def main(arguments: Sequence[str]) -> int:
    """Run variants, say how they ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    wanted = [v for v in every() if options.only in f"{v.base}/{v.name}"][
        options.start :: options.every
    ]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for outcome in _outcomes(wanted, Path(folder), options.jobs):
            outcomes.append(outcome)
            if options.verbose or not outcome.good:
                print(_line(outcome), flush=True)
    if options.out:
        options.out.write_text(
            json.dumps([asdict(o) | {"good": o.good} for o in outcomes], indent=1)
        )
    counts = Counter((o.subject, o.kind) for o in outcomes)
    for (subject, kind), count in sorted(counts.items()):
        print(f"{subject:10} {kind:9} {count:4}")
    bad = sum(not outcome.good for outcome in outcomes)
    print(f"{len(outcomes)} variants, {bad} not as they should be")
    slowest = max(outcome.seconds for outcome in outcomes)
    largest = max(outcome.megabytes for outcome in outcomes)
    print(f"slowest {slowest:.1f} s, largest {largest:.0f} MB")
    return 1 if bad else 0


def _line(outcome: Outcome) -> str:
    mark = " " if outcome.good else "!"
    measured = f"{outcome.seconds:5.1f} s {outcome.megabytes:5.0f} MB"
    return f"{mark} {outcome.kind:8} {measured}  {outcome.base}/{outcome.name}: {outcome.text!r}"


@dataclass(slots=True)
class _Child:
    variant: Variant
    folder: Path
    pipe: int
    begun: float
    largest: int = 0


def _outcomes(variants: Sequence[Variant], folder: Path, jobs: int) -> Iterator[Outcome]:
    import sentence_transformers  # noqa: F401 - once, before anything is forked
    import torch
    import transformers  # noqa: F401

    torch.set_num_threads(1)
    made = _in_child(lambda: {k: str(v) for k, v in bases.make(folder).items()})
    sound: dict[str, str] = {}
    waiting, running = list(reversed(variants)), dict[int, _Child]()
    needed = {v.base for v in variants}
    for base in made:
        if base in needed:
            sound[base] = _in_child(partial(_answer, Path(made[base]), base))[1]
    while waiting or running:
        while waiting and len(running) < jobs:
            variant = waiting.pop()
            pid, child = _start(variant, Path(made[variant.base]), folder)
            running[pid] = child
        time.sleep(0.02)
        for pid, child in list(running.items()):
            if outcome := _look(pid, child, sound):
                del running[pid]
                shutil.rmtree(child.folder, ignore_errors=True)
                yield outcome


def _start(variant: Variant, base: Path, folder: Path) -> tuple[int, _Child]:
    place = Path(tempfile.mkdtemp(dir=folder)) / "model"
    shutil.copytree(base, place)
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _serve(theirs, lambda: list(_tried(variant, place)))
    os.close(theirs)
    return pid, _Child(variant, place.parent, ours, time.monotonic())


def _serve(pipe: int, work: Callable[[], Any]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if "DAMAGE_LOUD" not in os.environ:
        os.dup2(null, 1)
        os.dup2(null, 2)
    try:
        content = json.dumps(work()).encode()
    except BaseException as error:
        content = json.dumps(["raised", f"{type(error).__name__}: {error}"]).encode()
    os.write(pipe, content[:60_000])
    os._exit(0)


def _in_child(work: Callable[[], Any]) -> Any:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _serve(theirs, work)
    os.close(theirs)
    content = b"".join(iter(lambda: os.read(ours, 65_536), b""))
    os.close(ours)
    os.waitpid(pid, 0)
    return json.loads(content)


def _look(pid: int, child: _Child, sound: dict[str, str]) -> Outcome | None:
    """Return what became of a process, None while it goes on."""
    seconds = time.monotonic() - child.begun
    child.largest = max(child.largest, _resident(pid))
    kind = text = ""
    if select.select([child.pipe], [], [], 0)[0]:
        content = os.read(child.pipe, 65_536)
        kind, text = json.loads(content) if content else ("died", "")
    elif seconds > SECONDS:
        kind = "hung"
    elif child.largest > MEMORY:
        kind = "large"
    else:
        return None
    os.close(child.pipe)
    if kind in ("hung", "large"):
        os.kill(pid, 9)
    _, status, usage = os.wait4(pid, 0)
    if kind == "died":
        text = f"status {status}"
    if (child.folder / "ran").exists() or (child.folder / "model" / "ran").exists():
        kind, text = "ran", f"{kind}: {text}"
    if kind == "answered" and text != sound[child.variant.base]:
        kind = "other"
    megabytes = max(child.largest, usage.ru_maxrss << 10) / (1 << 20)
    variant = child.variant
    return Outcome(variant.name, variant.base, variant.subject, kind, text, seconds, megabytes)


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


def _tried(variant: Variant, place: Path) -> tuple[str, str]:
    from spm_tui.errors import SpmError

    os.environ["DAMAGE_RAN"] = str(place.parent / "ran")
    variant.damage(place)
    try:
        kind, text = _answer(place, variant.base)
    except SpmError as error:
        kind, text = "refused", str(error)
        kind = kind if type(error).__name__ == "ModelError" else "raised"
    except BaseException as error:
        kind, text = "raised", f"{type(error).__name__}: {error}"
    if kind in ("refused", "failed") and not (text and text.isprintable() and len(text) < 700):
        kind = "ragged"
    return kind, text.replace(str(place), "FOLDER")


def _answer(place: Path, base: str) -> tuple[str, str]:
    from spm_tui.engine import models
    from spm_tui.engine.device import Placement
    from spm_tui.forms import Fields, Text, Whole
    from spm_tui.wire import Rating, Request, Stance

    folder = models.locate(str(place)).folder
    here = Placement("cpu", "bfloat16")
    engine: Any
    asked: Any
    if base == "embedder":
        from spm_tui.engine.embed import Embedder

        (vectors,) = Embedder(folder, device="cpu").embed(["Do bees fly by night?"])
        return "answered", str(vectors.round(3).tolist())
    if base == "kaleido":
        from spm_tui.engine.kaleido import kaleido

        engine, asked = kaleido(folder, placement=here), Stance("Why?", "So.", "Care", 12)
    elif base == "reward":
        from spm_tui.engine.reward import reward_model

        engine, asked = reward_model(folder, placement=here), Rating("Why?", ("So.", "No."))
    else:
        from spm_tui.engine.local import local

        form = Fields((("why", Text(60, 40)), ("score", Whole(0, 100))))
        engine = local(folder, placement=here)
        asked = Request("Be fair.", (), "Do bees fly?", form, temperature=0.0, seed=0)
    (((_, reply),),) = engine.answer([asked])
    return ("failed", reply.error) if reply.error else ("answered", reply.text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
