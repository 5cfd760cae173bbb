"""Zero-shot regression: every response is judged alone (paper §4.1, the ablation)."""

from collections.abc import Iterator, Mapping, Sequence

from spm_tui import prompts
from spm_tui.forms import read
from spm_tui.methods.base import Ask, Example, Settings, decoding
from spm_tui.wire import Request, derive_seed
from store.identity import Canonical
from store.records import Prediction, Scenario


class Regression:
    """The method for one benchmark; it shows no examples."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def config(self) -> Mapping[str, Canonical]:
        """Return the decoding."""
        return decoding(self._settings)

    def asks(
        self,
        scenario: Scenario,
        attribute: int,
        examples: Sequence[Example],  # noqa: ARG002  # zero-shot by definition
    ) -> Iterator[Ask[Request]]:
        """Make one request per response and sample."""
        s = self._settings
        quality = s.attributes[attribute]
        for sample in range(s.samples):
            for index, response in enumerate(scenario.responses):
                seed = derive_seed(s.seed, scenario.key, quality.name, sample, index)
                request = Request(
                    system=prompts.single_system(quality),
                    shots=(),
                    question=prompts.single_question(scenario.question, response.text),
                    form=prompts.judgement(s.reasoning),
                    temperature=s.temperature,
                    seed=seed if s.temperature else 0,
                )
                yield Ask(scenario.number, attribute, index, sample, (index,), request)

    def read(self, ask: Ask[Request], text: str) -> list[Prediction]:
        """Read the score and the reasoning of one response."""
        judged = read(ask.request.form, text)
        return [
            Prediction(
                scenario=ask.scenario,
                attribute=ask.attribute,
                sample=ask.sample,
                response=ask.part,
                score=judged["score"] / 100,
                reasoning=judged["reasoning"],
            )
        ]
