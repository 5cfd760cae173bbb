"""Comparative regression, few-shot and zero-shot (paper §4.1).

One request per scenario, attribute and sample scores all responses together. Under
sampling each sample sees the responses in its own order, which is undone by index.
"""

from collections.abc import Iterator, Mapping, Sequence

from spm_tui import prompts
from spm_tui.forms import read
from spm_tui.methods import answers
from spm_tui.methods.base import ALL, Ask, Example, Settings, decoding, draw
from spm_tui.methods.questions import Questions
from spm_tui.wire import Request, Shot
from store.identity import Canonical
from store.records import Prediction, Scenario


class Comparative:
    """The method for one benchmark; zero-shot when `settings.shots` is 0."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._questions = Questions()
        self._systems = tuple(map(prompts.comparative_system, settings.attributes))
        self._shots: dict[tuple[int, int], tuple[str, str]] = {}
        """Texts of worked examples by scenario and attribute: made once, shared by requests."""

    def config(self) -> Mapping[str, Canonical]:
        """Return shots and decoding."""
        return {"shots": self._settings.shots, **decoding(self._settings)}

    def asks(
        self, scenario: Scenario, attribute: int, examples: Sequence[Example]
    ) -> Iterator[Ask[Request]]:
        """Make one request per sample."""
        s = self._settings
        shots = tuple(self._shot(example, attribute) for example in examples)
        number, key, name = len(scenario.responses), scenario.key, s.attributes[attribute].name
        form = prompts.comparative_form(number, s.reasoning)
        for sample in range(s.samples):
            drawn = draw(
                key,
                name,
                sample,
                responses=number,
                temperature=s.temperature,
                seed=s.seed,
            )
            request = Request(
                system=self._systems[attribute],
                shots=shots,
                question=self._questions.of(scenario, drawn.order),
                form=form,
                temperature=s.temperature,
                seed=drawn.seed,
            )
            yield Ask(scenario.number, attribute, ALL, sample, drawn.order, request)

    def _shot(self, example: Example, attribute: int) -> Shot:
        scenario = example.scenario
        key = (scenario.number, attribute)
        if key not in self._shots:
            answer = answers.comparative(scenario, attribute, self._settings)
            self._shots[key] = (self._questions.of(scenario), answer)
        return Shot(*self._shots[key], rank=example.rank)

    def read(self, ask: Ask[Request], text: str) -> list[Prediction]:
        """Read a score and a reasoning per response, put back at their indices."""
        judged = read(ask.request.form, text)
        return [
            Prediction(
                scenario=ask.scenario,
                attribute=ask.attribute,
                sample=ask.sample,
                response=index,
                score=judged[letter]["score"] / 100,
                reasoning=judged[letter]["reasoning"],
            )
            for letter, index in zip(prompts.LETTERS, ask.order, strict=False)
        ]
