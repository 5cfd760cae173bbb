"""Kaleido: a T5 model that was trained to say whether a statement supports a value, and why.

After KaleidoSys, the code of its authors (github.com/tsor13/kaleido; Sorensen et al., AAAI 2024).
The model's configuration has a template for each task, in which placeholders stand for a
statement, the kind of value and the value. The stance is read at the second step of the decoder,
whose input is then its start token and padding, from the first tokens of the three words that
the model was trained to say there; the explanation is generated.

The authors' code cuts whatever is longer than 128 tokens at its end, where the value stands. Here
the model's context counts, and only the statement is cut: first the question from its beginning,
since what is asked stands at its end more often, then the response from its end.
"""

import json
import re
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.engine.batching import ROWS, TOKENS, in_batches
from spm_tui.engine.controls import Controls
from spm_tui.engine.device import Placement
from spm_tui.engine.ends import settle
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.loading import context, pretrained
from spm_tui.engine.overflow import Watch, overflow
from spm_tui.engine.quiet import quiet
from spm_tui.engine.schedule import CHARACTERS_PER_TOKEN, batches_of_one_form
from spm_tui.errors import ModelError
from spm_tui.wire import Reply, Stance

_STANCES = ("supports", "opposes", "either")
_KIND = "Value"
"""Not Right nor Duty."""


def kaleido(
    folder: Path,
    *,
    placement: Placement,
    device_map: str | None = None,
    rows: int | None = None,
) -> "KaleidoEngine":
    """Return an engine with the Kaleido model of a folder.

    Args:
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.
        rows: most requests in a batch; None suits the device.

    Raises:
        ModelError: it cannot be loaded, or is no Kaleido model.

    """
    from transformers import AutoModelForSeq2SeqLM

    what = "a Kaleido model"
    model, tokenizer = pretrained(
        AutoModelForSeq2SeqLM, folder, placement, device_map=device_map, what=what
    )
    with reading_model(folder, what):
        engine = KaleidoEngine(model, tokenizer, rows=rows)
        for _ in engine.answer([Stance("Ready?", "Yes.", "Care", 1)]):
            pass
    return engine


@dataclass(frozen=True, slots=True)
class _Template:
    text: str
    names: tuple[str, ...]
    """Of the placeholders for statement, kind and value."""

    def fill(self, *values: list[str]) -> list[str]:
        """Return the template in pieces, given each value in those that it is cut into."""
        pieces = [""]
        given = dict(zip(self.names, values, strict=True))
        for part in re.split(f"({'|'.join(map(re.escape, given))})", self.text):
            first, *others = given.get(part, [part])
            pieces[-1] += first
            pieces += others
        return pieces


@dataclass(frozen=True, slots=True)
class _Prompts:
    valence: list[int]
    explanation: list[int]
    cut: int
    """Characters of the statement that are left out."""
    problem: str | None = None
    """Why they cannot be made; something else stands in their place."""

    @property
    def longest(self) -> int:
        return max(len(self.valence), len(self.explanation))


class KaleidoEngine:
    """A Kaleido model of any size.

    Args:
        model: of transformers, ready for inference.
        tokenizer: its own.
        rows: most requests in a batch; None suits the device.

    Raises:
        ModelError: it is no Kaleido model.

    """

    def __init__(self, model: Any, tokenizer: Any, *, rows: int | None = None) -> None:
        from transformers import GenerationConfig

        self._model, self._tokenizer = model, tokenizer
        self._rows = rows or ROWS[model.device.type]
        self._context = context(model.config, tokenizer)
        self._start = [model.config.decoder_start_token_id, model.config.pad_token_id]
        named = f"{tokenizer.name_or_path}: not a Kaleido model"
        if not all(isinstance(token, int) for token in (*self._start, model.config.eos_token_id)):
            problem = "its configuration lacks the tokens that begin, end or fill an answer"
            raise ModelError(f"{named}: {problem}")
        settle(tokenizer, model)
        try:
            self._valence = _template(model.config, "valence")
            self._explanation = _template(model.config, "explanation")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problem = "its configuration has no templates for valence and explanation"
            raise ModelError(f"{named}: {problem}") from error
        self._controls = Controls(tokenizer, [self._valence.text, self._explanation.text])
        words = [tokenizer.encode(one.title(), add_special_tokens=False)[0] for one in _STANCES]
        if len(set(words)) < len(words):
            raise ModelError(f"{named}: its words for the stances begin alike")
        self._words = words
        model.generation_config = GenerationConfig()  # a model's own habits are not ours

    def answer(
        self, requests: Sequence[Stance], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies batch by batch, the longest statements first."""
        cost = [int(one.size / 2 / CHARACTERS_PER_TOKEN) + one.tokens for one in requests]
        tokens = TOKENS[self._model.device.type]
        planned = batches_of_one_form(cost, rows=self._rows, tokens=tokens)
        yield from in_batches(
            planned, lambda batch: self._answer_batch([requests[i] for i in batch]), done=done
        )

    def _answer_batch(self, requests: Sequence[Stance]) -> list[Reply]:
        started = time.perf_counter()
        read = [self._read(request) for request in requests]
        stances = self._stances([one.valence for one in read])
        lengths = [request.tokens for request in requests]
        explanations, failed = self._explanations([one.explanation for one in read], lengths)
        seconds = (time.perf_counter() - started) / len(requests)
        return [
            Reply(
                "" if problem else _written(stance, self._text(explanation), one.cut),
                prompt_tokens=len(one.valence) + len(one.explanation),
                answer_tokens=len(explanation),
                dropped_shots=0,
                seconds=seconds,
                error=problem,
            )
            for one, stance, explanation, bad in zip(
                read, stances, explanations, failed, strict=True
            )
            for problem in [self._problem(one, numeric=isfinite(sum(stance)) and not bad)]
        ]

    def _read(self, request: Stance) -> _Prompts:
        try:
            return self._fit(request)
        except ModelError as error:  # of this text: others may do
            return _Prompts(self._words[:1], self._words[:1], 0, str(error))

    def _fit(self, request: Stance) -> _Prompts:
        """Return what the model reads, its statement no shorter than the context demands."""
        whole = self._prompts(request, 0)
        if whole.longest <= self._context:
            return whole
        every = range(1, len(request.question) + len(request.response))
        shorter = bisect_left(
            every, True, key=lambda cut: self._prompts(request, cut).longest <= self._context
        )
        return self._prompts(request, every.start + shorter)

    def _prompts(self, request: Stance, cut: int) -> _Prompts:
        question, over = request.question[cut:], max(0, cut - len(request.question))
        response = request.response[: len(request.response) - over]
        said = replace(request, question=question, response=response).statement
        values = [self._controls.cut(value) for value in (said, _KIND, request.value)]
        valence, explanation = (
            self._controls.encode(template.fill(*values), framed=True)
            for template in (self._valence, self._explanation)
        )
        return _Prompts(valence, explanation, cut)

    def _problem(self, prompts: _Prompts, *, numeric: bool) -> str | None:
        if prompts.problem:
            return prompts.problem
        if prompts.longest > self._context:
            longest, most = prompts.longest, self._context
            return f"without any statement there are {longest} tokens, {most} allowed"
        return None if numeric else overflow(self._model)

    def _stances(self, prompts: list[list[int]]) -> list[list[float]]:
        """Return the probabilities of the stances, of which one is taken to be the answer.

        Not a number where a logit is none, or infinite.
        """
        import torch

        inputs = self._padded(prompts)
        begun = torch.tensor([self._start] * len(prompts), device=self._model.device)
        with torch.inference_mode(), quiet():
            logits = self._model(**inputs, decoder_input_ids=begun).logits[:, -1, self._words]
        usable = logits.masked_fill(~logits.isfinite(), torch.nan)
        stances: list[list[float]] = usable.cpu().double().softmax(dim=-1).tolist()
        return stances

    def _explanations(
        self, prompts: list[list[int]], lengths: list[int]
    ) -> tuple[list[list[int]], list[bool]]:
        """Return explanations in tokens, without what ends them, and which are of no use."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        config = self._model.config
        start, end = config.decoder_start_token_id, config.eos_token_id
        how = GenerationConfig(
            do_sample=False,
            max_new_tokens=max(lengths),
            decoder_start_token_id=start,
            eos_token_id=end,
            pad_token_id=config.pad_token_id,
        )
        watch = Watch(len(prompts), start=1, end=end)
        with torch.inference_mode(), quiet():
            output = self._model.generate(
                **self._padded(prompts),
                generation_config=how,
                logits_processor=LogitsProcessorList([watch]),
                stopping_criteria=StoppingCriteriaList([watch.stop]),
            )
        rows = [row[:most] for row, most in zip(output[:, 1:].tolist(), lengths, strict=True)]
        return [row[: row.index(end)] if end in row else row for row in rows], watch.failed

    def _padded(self, prompts: list[list[int]]) -> Any:
        return self._tokenizer.pad(
            {"input_ids": prompts}, padding_side="right", return_tensors="pt"
        ).to(self._model.device)

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def _template(config: Any, task: str) -> _Template:
    given = config.task_specific_params[task]
    statement, kind, value = given["args"]
    return _Template(given["template"], (statement, kind, value))


def _written(stance: Sequence[float], explanation: str, cut: int) -> str:
    said = dict(zip(_STANCES, stance, strict=True))
    return json.dumps({**said, "explanation": explanation, "cut": cut}, ensure_ascii=False)
