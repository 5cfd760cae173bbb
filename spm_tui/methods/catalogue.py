"""The methods by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from spm_tui.methods.base import (
    AskingMethod,
    ChoosingMethod,
    DirectMethod,
    Method,
    Settings,
    TrainedMethod,
)
from spm_tui.methods.choosing import Choosing
from spm_tui.methods.comparative import Comparative
from spm_tui.methods.kaleido import Kaleido
from spm_tui.methods.regression import Regression
from spm_tui.methods.reward import Reward
from spm_tui.methods.simple import Length, Oracle, Random
from spm_tui.methods.surface import Surface


def _zero_shot(settings: Settings) -> Choosing:
    return Choosing(replace(settings, shots=0))


Role: TypeAlias = Literal["language", "kaleido", "reward"]
"""What a model is asked for; requests of one role are of one kind."""
ASKING: Mapping[str, Callable[[Settings], AskingMethod[Any]]] = {
    "few-shot-comparative": Comparative,
    "zero-shot-comparative": lambda settings: Comparative(replace(settings, shots=0)),
    "zero-shot-regression": Regression,
    "kaleido": Kaleido,
}
"""Methods that ask a model for scores."""
CHOOSING: Mapping[str, Callable[[Settings], ChoosingMethod[Any]]] = {
    "unaligned": _zero_shot,
    "prompt-aligned-zero-shot": _zero_shot,
    "prompt-aligned-few-shot": Choosing,
    "reward": Reward,
}
"""Methods that ask a model for a choice."""
DIRECT: Mapping[str, Callable[[Settings], DirectMethod]] = {
    "length": Length,
    "oracle": Oracle,
    "random": Random,
}
"""Methods that need no model."""
TRAINED: Mapping[str, Callable[[Settings], TrainedMethod]] = {"surface": Surface}
"""Methods that need no language model, but learn from the train split."""
METHODS: Mapping[str, Callable[[Settings], Method]] = {**ASKING, **CHOOSING, **TRAINED, **DIRECT}
NAMES = tuple(METHODS)
MODEL_OF: Mapping[str, Role] = {
    **dict.fromkeys((*ASKING, *CHOOSING), "language"),
    "kaleido": "kaleido",
    "reward": "reward",
}
"""Which model a method asks, of those that ask one."""
PER_TARGET = frozenset({"prompt-aligned-few-shot", "prompt-aligned-zero-shot"})
"""Methods that are told the target, so that each is asked about anew."""
FEW_SHOT = frozenset({"few-shot-comparative", "prompt-aligned-few-shot"})
"""Methods that show worked examples."""
EMBEDDING = FEW_SHOT | frozenset(TRAINED)
"""Methods that use the train split and embeddings."""
