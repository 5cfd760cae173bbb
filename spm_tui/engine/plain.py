"""The plain local engine: transformers generates, outlines constrains.

The yardstick for faster ones, and what they fall back to. It reads and decodes whole
batches of padded prompts; nothing is shared between requests.
"""

import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.engine.batching import ROWS, TOKENS, in_batches
from spm_tui.engine.loading import Loaded
from spm_tui.engine.overflow import Watch, overflow
from spm_tui.engine.prompt import Prompt
from spm_tui.engine.quiet import quiet
from spm_tui.engine.sampling import SeededSampling
from spm_tui.engine.schedule import batches
from spm_tui.forms import Fields, grammar, most_tokens
from spm_tui.wire import Reply, Request


class PlainEngine:
    """A causal language model on this machine.

    Args:
        loaded: the model.
        rows: most requests in a batch; None suits the device.

    """

    def __init__(self, loaded: Loaded, *, rows: int | None = None) -> None:
        import outlines
        from outlines.backends.llguidance import LLGuidanceBackend

        self._loaded = loaded
        self._rows = rows or ROWS[loaded.kind]
        with quiet():
            constrained = outlines.from_transformers(loaded.model, loaded.tokenizer)
        self._backend = LLGuidanceBackend(constrained)
        self._constraints: dict[Fields, Any] = {}

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies batch by batch, the longest prompts first."""
        planned = batches(requests, rows=self._rows, tokens=TOKENS[self._loaded.kind])
        yield from in_batches(
            planned, lambda batch: self._answer_batch([requests[i] for i in batch]), done=done
        )

    def _answer_batch(self, requests: list[Request]) -> list[Reply]:
        started = time.perf_counter()
        prompts = [self._loaded.prompts.fit(request) for request in requests]
        fitting = [i for i, prompt in enumerate(prompts) if prompt.problem is None]
        answers: dict[int, tuple[str, int, str | None]] = {}
        if fitting:
            generated = self._generate(
                [prompts[i] for i in fitting], [requests[i] for i in fitting]
            )
            answers = dict(zip(fitting, generated, strict=True))
        seconds = (time.perf_counter() - started) / len(requests)
        replies = []
        for i, prompt in enumerate(prompts):
            text, tokens, error = answers.get(i, ("", 0, prompt.problem))
            replies.append(Reply(text, len(prompt.tokens), tokens, prompt.dropped, seconds, error))
        return replies

    def _generate(
        self, prompts: Sequence[Prompt], requests: Sequence[Request]
    ) -> list[tuple[str, int, str | None]]:
        """Return, for each prompt, the answer, its number of tokens, and why it is of no use."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        inputs = self._loaded.tokenizer.pad(
            {"input_ids": [prompt.tokens for prompt in prompts]},
            padding_side="left",
            return_tensors="pt",
        ).to(self._loaded.model.device)
        read = inputs["input_ids"].shape[1]
        form, temperature = requests[0].form, requests[0].temperature
        steps = most_tokens(form)
        end = self._loaded.end
        watch = Watch(len(prompts), start=read, end=end)
        processors = LogitsProcessorList([self._constraint(form), watch])
        if temperature:
            seeds = [request.seed for request in requests]
            processors.append(SeededSampling(seeds, temperature, start=read, steps=steps))
        config = GenerationConfig(
            do_sample=False, max_new_tokens=steps, eos_token_id=end, pad_token_id=end
        )
        with torch.inference_mode(), quiet():
            output = self._loaded.model.generate(
                **inputs,
                generation_config=config,
                logits_processor=processors,
                stopping_criteria=StoppingCriteriaList([watch.stop]),
            )
        rows = [row[: row.index(end)] if end in row else row for row in output[:, read:].tolist()]
        error = overflow(self._loaded.model)
        return [
            (self._loaded.text(row), len(row), error if failed else None)
            for row, failed in zip(rows, watch.failed, strict=True)
        ]

    def _constraint(self, form: Fields) -> Any:
        """Return outlines' logits processor for a form, ready for a new batch."""
        if form not in self._constraints:
            self._constraints[form] = self._backend.get_cfg_logits_processor(grammar(form))
        self._constraints[form].reset()
        return self._constraints[form]
