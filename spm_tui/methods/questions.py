"""The texts that requests share, each made once: a large benchmark has hundreds of thousands."""

from spm_tui import prompts
from store.records import Scenario, Split


class Questions:
    """A benchmark's scenarios as comparative prompts show them, whole, in various orders."""

    def __init__(self) -> None:
        self._texts: dict[tuple[Split, int, tuple[int, ...]], str] = {}

    def of(self, scenario: Scenario, order: tuple[int, ...] | None = None) -> str:
        """Return the question with its responses.

        Args:
            scenario: the scenario.
            order: `order[k]` is the index of the response shown at place k; None as stored.

        """
        order = tuple(range(len(scenario.responses))) if order is None else order
        key = (scenario.split, scenario.number, order)
        if key not in self._texts:
            texts = [scenario.responses[index].text for index in order]
            self._texts[key] = prompts.comparative_question(scenario.question, texts)
        return self._texts[key]
