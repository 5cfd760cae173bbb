"""The command line with a stand-in for its models; run as a module, it can be killed."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spm_tui.bench import execute
from spm_tui.bench.embedding import Embedding, Vectors
from spm_tui.bench.subject import Backbone
from spm_tui.cli import headless, main
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.catalogue import Role
from spm_tui.wire import Asked
from store.identity import Canonical
from tests import machine


class FakeBackend:
    """In place of `spm_tui.bench.backend.Backend`."""

    pause = 0.0
    """Seconds each answer takes."""

    def __init__(self, choice: Any, *, say: Any) -> None:
        self._choice = choice
        self._say = say

    def backbone(self, role: Role) -> Backbone:
        choice = self._choice
        return Backbone(
            choice.model if role == "language" else getattr(choice, role), "fake/float32"
        )

    def embedding(self, texts: Iterable[str]) -> Embedding:
        return Embedding("fake")

    def prompts(self, role: Role, requests: Sequence[Asked]) -> dict[str, Canonical]:
        return {}

    def asked(self, role: Role) -> tuple[()]:
        return ()

    def engine(self, role: Role) -> ScriptedEngine:
        self._say("loading nothing")
        return ScriptedEngine(self._judge)

    def _judge(self, request: Asked) -> str:
        time.sleep(self.pause)
        return machine.judge(request)

    def embed(self, texts: Sequence[str]) -> Iterator[Vectors]:
        return machine.embed(texts)


if __name__ == "__main__":
    FakeBackend.pause = 0.01
    execute.COMMIT_SECONDS = 0.1
    setattr(headless, "Backend", FakeBackend)  # noqa: B010
    sys.exit(main(sys.argv[1:]))
