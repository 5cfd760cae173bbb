"""A reward model: a language model with one number in place of the next token.

Each response is rated with its question, as the model's own chat template writes the two. An
exchange that is longer than the model's context is not cut: a reward for another text than the
response would decide the choice. Its request fails, which is stored and shown.
"""

import json
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.engine.batching import ROWS, TOKENS, in_batches
from spm_tui.engine.chat import Chat
from spm_tui.engine.device import Placement
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.loading import context, pretrained
from spm_tui.engine.overflow import overflow
from spm_tui.engine.quiet import quiet
from spm_tui.engine.schedule import CHARACTERS_PER_TOKEN, batches_of_one_form
from spm_tui.errors import ModelError
from spm_tui.wire import Message, Rating, Reply


def reward_model(
    folder: Path,
    *,
    placement: Placement,
    device_map: str | None = None,
    rows: int | None = None,
) -> "RewardEngine":
    """Return an engine with the reward model of a folder.

    Args:
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.
        rows: most requests in a batch; None suits the device.

    Raises:
        ModelError: it cannot be loaded, or is no reward model.

    """
    from transformers import AutoModelForSequenceClassification

    what = "a reward model"
    model, tokenizer = pretrained(
        AutoModelForSequenceClassification, folder, placement, device_map=device_map, what=what
    )
    with reading_model(folder, what):
        engine = RewardEngine(model, tokenizer, rows=rows)
        for _ in engine.answer([Rating("Ready?", ("Yes.",))]):
            pass
    return engine


@dataclass(frozen=True, slots=True)
class _Exchanges:
    """A question with each of its responses."""

    tokens: list[list[int]]
    problem: str | None
    """Why they cannot be rated."""


class RewardEngine:
    """A sequence classifier of transformers with one label.

    Args:
        model: of transformers, ready for inference.
        tokenizer: its own.
        rows: most requests in a batch; None suits the device.

    Raises:
        ModelError: it gives more numbers than one, or has no chat template.

    """

    def __init__(self, model: Any, tokenizer: Any, *, rows: int | None = None) -> None:
        labels = model.config.num_labels
        if labels != 1:
            name = tokenizer.name_or_path
            raise ModelError(f"{name}: not a reward model: it gives {labels} numbers, not one")
        self._model, self._chat = model, Chat(tokenizer, rating=True)
        self._rows = rows or ROWS[model.device.type]
        self._context = context(model.config, tokenizer)
        self._config = model.config.get_text_config()
        self._padding = self._config.pad_token_id

    def answer(
        self, requests: Sequence[Rating], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies batch by batch, the longest exchanges first."""
        cost = [_estimated_tokens(request) for request in requests]
        tokens = TOKENS[self._model.device.type]
        planned = batches_of_one_form(cost, rows=self._rows, tokens=tokens)
        yield from in_batches(
            planned, lambda batch: self._answer_batch([requests[i] for i in batch]), done=done
        )

    def _answer_batch(self, requests: Sequence[Rating]) -> list[Reply]:
        started = time.perf_counter()
        read = [self._exchanges(request) for request in requests]
        sent = [tokens for one in read if one.problem is None for tokens in one.tokens]
        rewards = iter(self._rewards(sent) if sent else ())
        given = [[next(rewards) for _ in one.tokens] if not one.problem else [] for one in read]
        seconds = (time.perf_counter() - started) / len(requests)
        return [
            Reply(
                "" if problem else json.dumps({"rewards": some}),
                prompt_tokens=sum(map(len, one.tokens)),
                answer_tokens=0,
                dropped_shots=0,
                seconds=seconds,
                error=problem,
            )
            for one, some in zip(read, given, strict=True)
            for problem in [one.problem or self._overflow(some)]
        ]

    def _exchanges(self, request: Rating) -> "_Exchanges":
        question = Message("user", request.question)
        try:
            tokens = [
                self._chat.tokens([question, Message("assistant", response)])
                for response in request.responses
            ]
        except ModelError as error:  # of these texts: others may do
            return _Exchanges([], str(error))
        longest = max(map(len, tokens))
        problem = f"an exchange has {longest} tokens, the model's context {self._context}"
        return _Exchanges(tokens, problem if longest > self._context else None)

    def _overflow(self, rewards: Sequence[float]) -> str | None:
        return None if all(map(isfinite, rewards)) else overflow(self._model)

    def _rewards(self, exchanges: Sequence[Sequence[int]]) -> list[float]:
        """Return the reward for each exchange.

        The model finds the end of each by the padding token in its configuration. Where that
        names none, as in Llama's, it is one that no exchange has, so that it ends none.
        """
        import torch

        padding = self._padding
        if padding is None:
            used = {token for exchange in exchanges for token in exchange}
            padding = next(token for token in range(len(used) + 1) if token not in used)
            self._config.pad_token_id = padding
        width = max(map(len, exchanges))
        rows = [[*exchange, *[padding] * (width - len(exchange))] for exchange in exchanges]
        mask = [[1] * len(exchange) + [0] * (width - len(exchange)) for exchange in exchanges]
        device = self._model.device
        with torch.inference_mode(), quiet():
            logits = self._model(
                input_ids=torch.tensor(rows, device=device),
                attention_mask=torch.tensor(mask, device=device),
                use_cache=False,
            ).logits
        return [float(reward) for reward in logits[:, 0].float().tolist()]


def _estimated_tokens(request: Rating) -> int:
    """Return about how many tokens a request takes: its longest exchange, for each response."""
    longest = len(request.question) + max(map(len, request.responses))
    return int(len(request.responses) * longest / CHARACTERS_PER_TOKEN)
