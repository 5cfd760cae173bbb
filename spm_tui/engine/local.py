"""The plain local engine: transformers generates, outlines constrains.

The yardstick for faster ones, and what they fall back to. It reads and decodes whole
batches of padded prompts; nothing is shared between requests.
"""

import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.engine.chat import Chat
from spm_tui.engine.device import Placement
from spm_tui.engine.quiet import quiet
from spm_tui.engine.sampling import SeededSampling
from spm_tui.engine.schedule import batches, unfinished
from spm_tui.errors import ModelError
from spm_tui.forms import Fields, grammar, most_tokens
from spm_tui.wire import Reply, Request

ROWS = {"cpu": 8, "mps": 8, "cuda": 64}
"""Requests in a batch unless the user says otherwise."""
TOKENS = {"cpu": 16_384, "mps": 16_384, "cuda": 131_072}
"""Padded tokens in a batch likewise; memory that does not suffice halves the batch."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A request as the model reads it."""

    text: str
    tokens: int
    dropped: int
    """Worked examples left out."""
    problem: str | None
    """Why it cannot be answered."""


class LocalEngine:
    """A causal language model on this machine.

    Args:
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.
        rows: most requests in a batch; None suits the device.

    Raises:
        ModelError: the model cannot be loaded or has no chat template.

    """

    def __init__(
        self,
        folder: Path,
        *,
        placement: Placement,
        device_map: str | None = None,
        rows: int | None = None,
    ) -> None:
        import outlines
        from outlines.backends.llguidance import LLGuidanceBackend

        self._kind = placement.device.partition(":")[0]
        self._rows = rows or ROWS[self._kind]
        self._model, self._tokenizer = _load(folder, placement, device_map)
        self._chat = Chat(self._tokenizer)
        self._context = _context(self._model.config, self._tokenizer)
        with quiet():
            constrained = outlines.from_transformers(self._model, self._tokenizer)
        self._backend = LLGuidanceBackend(constrained)
        self._constraints: dict[Fields, Any] = {}

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies batch by batch, the longest prompts first."""
        planned = batches(requests, rows=self._rows, tokens=TOKENS[self._kind])
        queue = unfinished(planned, done)[::-1]
        while queue:
            batch = queue.pop()
            replies = self._answer_or_split([requests[index] for index in batch])
            if replies is None:
                half = len(batch) // 2
                queue += [batch[half:], batch[:half]]
                continue
            answers = zip(batch, replies, strict=True)
            yield [(index, reply) for index, reply in answers if index not in done]

    def _answer_or_split(self, requests: list[Request]) -> list[Reply] | None:
        """Answer a batch; None when it must be halved for want of memory."""
        import torch

        try:
            return self._answer_batch(requests)
        except torch.OutOfMemoryError:
            if len(requests) > 1:
                torch.cuda.empty_cache()
                return None
        torch.cuda.empty_cache()
        return [Reply("", 0, 0, 0, 0.0, error="out of GPU memory with this request alone")]

    def _answer_batch(self, requests: list[Request]) -> list[Reply]:
        started = time.perf_counter()
        prompts = [self._fit(request) for request in requests]
        fitting = [i for i, prompt in enumerate(prompts) if prompt.problem is None]
        answers: dict[int, tuple[str, int]] = {}
        if fitting:
            generated = self._generate(
                [prompts[i] for i in fitting], [requests[i] for i in fitting]
            )
            answers = dict(zip(fitting, generated, strict=True))
        seconds = (time.perf_counter() - started) / len(requests)
        replies = []
        for i, prompt in enumerate(prompts):
            text, tokens = answers.get(i, ("", 0))
            replies.append(
                Reply(text, prompt.tokens, tokens, prompt.dropped, seconds, prompt.problem)
            )
        return replies

    def _fit(self, request: Request) -> _Prompt:
        """Render a request, without the least similar examples if they do not fit."""
        room = self._context - most_tokens(request.form)
        for dropped in range(len(request.shots) + 1):
            text = self._chat.render(request.messages(without=dropped))
            tokens = len(self._tokenizer.encode(text, add_special_tokens=False))
            if tokens <= room:
                return _Prompt(text, tokens, dropped, problem=None)
        problem = (
            f"the prompt has {tokens} tokens without examples, the model's context of"
            f" {self._context} leaves room for {room}"
        )
        return _Prompt(text, tokens, dropped, problem)

    def _generate(
        self, prompts: Sequence[_Prompt], requests: Sequence[Request]
    ) -> list[tuple[str, int]]:
        """Return, for each prompt, the answer and its number of tokens."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        inputs = self._tokenizer(
            [prompt.text for prompt in prompts],
            return_tensors="pt",
            padding=True,
            padding_side="left",
            add_special_tokens=False,
        ).to(self._model.device)
        read = inputs["input_ids"].shape[1]
        form, temperature = requests[0].form, requests[0].temperature
        steps = most_tokens(form)
        processors = LogitsProcessorList([self._constraint(form)])
        if temperature:
            seeds = [request.seed for request in requests]
            processors.append(SeededSampling(seeds, temperature, start=read, steps=steps))
        end = self._tokenizer.eos_token_id
        config = GenerationConfig(
            do_sample=False, max_new_tokens=steps, eos_token_id=end, pad_token_id=end
        )
        with torch.inference_mode(), quiet():
            output = self._model.generate(
                **inputs, generation_config=config, logits_processor=processors
            )
        rows = [row[: row.index(end)] if end in row else row for row in output[:, read:].tolist()]
        return [(self._tokenizer.decode(row, skip_special_tokens=True), len(row)) for row in rows]

    def _constraint(self, form: Fields) -> Any:
        """Return outlines' logits processor for a form, ready for a new batch."""
        if form not in self._constraints:
            self._constraints[form] = self._backend.get_cfg_logits_processor(grammar(form))
        self._constraints[form].reset()
        return self._constraints[form]


def _load(folder: Path, placement: Placement, device_map: str | None) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=getattr(torch, placement.dtype), device_map=device_map
            )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{folder}: cannot be loaded as a language model: {reason}") from error
    model.generation_config = GenerationConfig()  # a model's own sampling habits are not ours
    if device_map is None:
        model.to(placement.device)
    return model.eval(), tokenizer


def _context(config: Any, tokenizer: Any) -> int:
    """Return the context window in tokens; some tokenizers say a huge number for unknown."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    return min(int(positions or 1 << 20), int(tokenizer.model_max_length))
