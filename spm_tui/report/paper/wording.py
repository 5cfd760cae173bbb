"""Appendix C: what the models read, in the words of `spm_tui.prompts`.

The answers shown are those that a scenario's own labels make, as worked examples have them.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from spm_tui import forms, prompts, targets
from spm_tui.alignment import picks, squared_distances
from spm_tui.methods.base import REASONING
from spm_tui.report.paper.material import Part
from store.records import Attribute, Benchmark, Response, Scenario

_TICKS = re.compile("`{3,}")


def wording(parts: Sequence[Part]) -> str:
    """Return the prompts of each method, as Markdown."""
    sections = [
        "# Appendix C. Prompts",
        "The question is that of the first scenario, the answer the one that its labels would"
        " make. Few-shot methods show worked examples of the same layout first, as turns of their"
        " own: scenarios of the train split with such answers. Under sampling each sample sees the"
        " responses in an order of its own. The form of the answer is enforced. What kaleido and"
        " reward read is up to the templates of their models.",
    ]
    for part in parts:
        benchmark, first = part.subject.benchmark, part.subject.scenarios[0]
        sections.append(f"## {part.title}")
        sections += _comparative(benchmark, first)
        sections += _single(benchmark, first)
        sections += _choosing(benchmark, first)
    return "\n\n".join(sections) + "\n"


def _comparative(benchmark: Benchmark, scenario: Scenario) -> Iterator[str]:
    yield "### few-shot-comparative, zero-shot-comparative"
    for attribute in benchmark.attributes:
        yield from _block(f"System, {attribute.name}", prompts.comparative_system(attribute))
    texts = [response.text for response in scenario.responses]
    yield from _block("Question", prompts.comparative_question(scenario.question, texts))
    about = benchmark.attributes[0]
    judged = [_judged(response, 0, about) for response in scenario.responses]
    answer = prompts.comparative_answer(judged, REASONING)
    yield from _block(f"Answer, {about.name}", answer)


def _single(benchmark: Benchmark, scenario: Scenario) -> Iterator[str]:
    yield "### zero-shot-regression"
    for attribute in benchmark.attributes:
        yield from _block(f"System, {attribute.name}", prompts.single_system(attribute))
    response, about = scenario.responses[0], benchmark.attributes[0]
    yield from _block("Question", prompts.single_question(scenario.question, response.text))
    sentence, score = _judged(response, 0, about)
    answer = {"reasoning": forms.tidy(sentence, REASONING), "score": score}
    yield from _block(f"Answer, {about.name}", forms.write(answer))


def _choosing(benchmark: Benchmark, scenario: Scenario) -> Iterator[str]:
    yield "### prompt-aligned-few-shot, prompt-aligned-zero-shot, unaligned"
    (high,) = targets.high(benchmark.attributes).targets
    told = prompts.choice_system(high, benchmark.attributes)
    yield from _block("System, prompt-aligned, for the target high", told)
    yield from _block("System, unaligned", prompts.choice_system(None, benchmark.attributes))
    yield "The question is laid out as in comparative regression."
    tops = np.array([attribute.levels - 1 for attribute in benchmark.attributes])
    labels = np.array([response.labels for response in scenario.responses])
    ones = np.ones(len(tops))
    chosen = int(picks(squared_distances(labels[None] / tops, ones, ones))[0])
    nearest = scenario.responses[chosen]
    sentences = [_judged(nearest, i, about)[0] for i, about in enumerate(benchmark.attributes)]
    answer = prompts.choice_answer(sentences, chosen, REASONING)
    yield from _block("Answer, for the target high", answer)


def _judged(response: Response, attribute: int, about: Attribute) -> tuple[str, int]:
    """Return the reasoning and the score that a response's label makes."""
    level = response.labels[attribute]
    written = response.reasonings[attribute] or prompts.stand_in_reasoning(about, level)
    return written, prompts.level_score(level, about.levels)


def _block(title: str, text: str) -> Iterator[str]:
    """Yield a text as it is, fenced so that none of its own ticks end it."""
    fence = "`" * max([3, *(len(found) + 1 for found in _TICKS.findall(text))])
    yield f"**{title}**"
    yield f"{fence}text\n{text}\n{fence}"
