"""Appendix C: what the models read, in the words of `spm_tui.prompts`.

The answers shown are those that a scenario's own labels make, as worked examples have them.
"""

import re
from collections.abc import Iterator, Sequence

from spm_tui import forms, prompts, targets
from spm_tui.methods import answers
from spm_tui.methods.base import Settings
from spm_tui.plain_text import visible
from spm_tui.report.escapes import markdown
from spm_tui.report.paper.part import Part
from store.records import Scenario

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
        first, settings = part.subject.scenarios[0], Settings(part.subject.benchmark.attributes)
        sections.append(f"## {markdown(part.title)}")
        sections += _comparative(first, settings)
        sections += _single(first, settings)
        sections += _choosing(first, settings)
    return "\n\n".join(sections) + "\n"


def _comparative(scenario: Scenario, settings: Settings) -> Iterator[str]:
    yield "### few-shot-comparative, zero-shot-comparative"
    for attribute in settings.attributes:
        yield from _block(f"System, {attribute.name}", prompts.comparative_system(attribute))
    texts = [response.text for response in scenario.responses]
    yield from _block("Question", prompts.comparative_question(scenario.question, texts))
    answer = answers.comparative(scenario, 0, settings)
    yield from _block(f"Answer, {settings.attributes[0].name}", answer)


def _single(scenario: Scenario, settings: Settings) -> Iterator[str]:
    yield "### zero-shot-regression"
    for attribute in settings.attributes:
        yield from _block(f"System, {attribute.name}", prompts.single_system(attribute))
    response = scenario.responses[0]
    yield from _block("Question", prompts.single_question(scenario.question, response.text))
    sentence, score = answers.judged(response, 0, settings)
    answer = {"reasoning": forms.tidy(sentence, settings.reasoning), "score": score}
    yield from _block(f"Answer, {settings.attributes[0].name}", forms.write(answer))


def _choosing(scenario: Scenario, settings: Settings) -> Iterator[str]:
    yield "### prompt-aligned-few-shot, prompt-aligned-zero-shot, unaligned"
    (high,) = targets.high(settings.attributes).targets
    told = prompts.choice_system(high, settings.attributes)
    yield from _block("System, prompt-aligned, for the target high", told)
    yield from _block("System, unaligned", prompts.choice_system(None, settings.attributes))
    yield "The question is laid out as in comparative regression."
    answer = answers.choice(scenario, high, settings)
    yield from _block("Answer, for the target high", answer)


def _block(title: str, text: str) -> Iterator[str]:
    yield f"**{markdown(title)}**"
    yield fenced(text, "text")


def fenced(text: str, language: str) -> str:
    """Return a text as it is, but visible, fenced so that none of its own ticks end it."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return f"{fence}{language}\n{visible(text)}\n{fence}"
