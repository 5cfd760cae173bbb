"""Methods without a model: the bounds that others stand between, and the cheapest baseline."""

from collections.abc import Mapping

from spm_tui.methods.base import Settings, scored
from spm_tui.wire import derive_seed
from store.identity import Canonical
from store.records import Choice, Prediction, Scenario


class Oracle:
    """Predicts every label exactly: selects a right response for every target."""

    def __init__(self, settings: Settings) -> None:
        self._tops = [attribute.levels - 1 for attribute in settings.attributes]

    def config(self) -> Mapping[str, Canonical]:
        """Return nothing: there is nothing to set."""
        return {}

    def decide(self, scenario: Scenario) -> list[Prediction]:
        """Score each response by its label."""
        return scored(
            scenario,
            [
                [level / top for level, top in zip(response.labels, self._tops, strict=True)]
                for response in scenario.responses
            ],
        )


class Random:
    """Chooses a response by lot, whatever the target: right once in R times, without ties."""

    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed

    def config(self) -> Mapping[str, Canonical]:
        """Return the seed."""
        return {"seed": self._seed}

    def decide(self, scenario: Scenario) -> list[Choice]:
        """Draw one response."""
        drawn = derive_seed(self._seed, scenario.key, "choice") % len(scenario.responses)
        return [Choice(scenario=scenario.number, target="", sample=0, response=drawn, reasoning="")]


class Length:
    """Scores a longer response higher, on every attribute alike; not in the paper.

    What a judge reaches that sees nothing but how much is said.
    """

    def __init__(self, settings: Settings) -> None:
        self._attributes = len(settings.attributes)

    def config(self) -> Mapping[str, Canonical]:
        """Return nothing: there is nothing to set."""
        return {}

    def decide(self, scenario: Scenario) -> list[Prediction]:
        """Score each response by the rank of its length, from 0 to 1; equals share a rank."""
        lengths = [len(response.text) for response in scenario.responses]
        ranks = {length: rank for rank, length in enumerate(sorted(set(lengths)))}
        top = len(ranks) - 1
        scores = [ranks[length] / top if top else 0.5 for length in lengths]
        return scored(scenario, [[score] * self._attributes for score in scores])
