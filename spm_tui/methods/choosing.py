"""Choosing: the model names a response itself (paper, Table 2 and Appendix C).

Prompt-aligned, its prompt says in words what the target is, and each target is another
question; unaligned, it is asked for the best response. The answer is a letter after a sentence
of reasoning. Under sampling each sample sees the responses in its own order, which is undone by
index; what most samples chose counts.
"""

from collections.abc import Iterator, Mapping, Sequence

from spm_tui import prompts
from spm_tui.forms import read
from spm_tui.methods import answers
from spm_tui.methods.base import ALL, Ask, Example, Settings, decoding, draw
from spm_tui.methods.questions import Questions
from spm_tui.target_files import to_json
from spm_tui.targets import Target
from spm_tui.wire import Request, Shot
from store.identity import Canonical
from store.records import Choice, Scenario


class Choosing:
    """The method for one benchmark; zero-shot when `settings.shots` is 0."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shots: dict[tuple[int, Target], tuple[str, str]] = {}
        """Texts of worked examples by scenario and target: made once, shared by requests."""
        self._systems: dict[Target | None, str] = {}
        self._questions = Questions()

    def config(self) -> Mapping[str, Canonical]:
        """Return shots and decoding."""
        return {"shots": self._settings.shots, **decoding(self._settings)}

    def asks(
        self, scenario: Scenario, target: Target | None, examples: Sequence[Example]
    ) -> Iterator[Ask[Request]]:
        """Make one request per sample.

        What is drawn depends on the wording: targets that read alike, and whose examples have
        the same answers, make equal requests.
        """
        s = self._settings
        system, key = self._system(target), scenario.key
        shots = tuple(self._shot(one, target) for one in examples) if target else ()
        form = prompts.choice_form(len(scenario.responses), s.reasoning)
        told = to_json(target) if target else ""
        for sample in range(s.samples):
            drawn = draw(
                key,
                system,
                sample,
                responses=len(scenario.responses),
                temperature=s.temperature,
                seed=s.seed,
            )
            request = Request(
                system=system,
                shots=shots,
                question=self._questions.of(scenario, drawn.order),
                form=form,
                temperature=s.temperature,
                seed=drawn.seed,
            )
            yield Ask(scenario.number, ALL, ALL, sample, drawn.order, request, told)

    def _system(self, target: Target | None) -> str:
        if target not in self._systems:
            self._systems[target] = prompts.choice_system(target, self._settings.attributes)
        return self._systems[target]

    def _shot(self, example: Example, target: Target) -> Shot:
        scenario = example.scenario
        key = (scenario.number, target)
        if key not in self._shots:
            answer = answers.choice(scenario, target, self._settings)
            self._shots[key] = (self._questions.of(scenario), answer)
        return Shot(*self._shots[key], rank=example.rank)

    def read(self, ask: Ask[Request], text: str) -> list[Choice]:
        """Read the choice, put back at its index."""
        answer = read(ask.request.form, text)
        return [
            Choice(
                scenario=ask.scenario,
                target=ask.target,
                sample=ask.sample,
                response=ask.order[prompts.LETTERS.index(answer["choice"])],
                reasoning=answer["reasoning"],
            )
        ]
