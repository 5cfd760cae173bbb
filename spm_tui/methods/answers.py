"""The answers that a scenario's own labels make, as worked examples show them."""

import numpy as np

from spm_tui import prompts, targets
from spm_tui.alignment import picks, squared_distances
from spm_tui.methods.base import Settings
from spm_tui.targets import Target
from store.records import Response, Scenario


def judged(response: Response, attribute: int, settings: Settings) -> tuple[str, int]:
    """Return the reasoning and the score that a response's label makes."""
    quality, level = settings.attributes[attribute], response.labels[attribute]
    written = response.reasonings[attribute] or prompts.stand_in_reasoning(quality, level)
    return written, prompts.level_score(level, quality.levels)


def comparative(scenario: Scenario, attribute: int, settings: Settings) -> str:
    """Return the answer that judges all responses by one attribute."""
    said = [judged(one, attribute, settings) for one in scenario.responses]
    return prompts.comparative_answer(said, settings.reasoning)


def choice(scenario: Scenario, target: Target, settings: Settings) -> str:
    """Return the answer that is right for a target: the nearest response, and its reasonings."""
    attributes = settings.attributes
    tops = np.array([attribute.levels - 1 for attribute in attributes])
    labels = np.array([response.labels for response in scenario.responses])
    value, weight = (rows[0] for rows in targets.arrays([target], attributes))
    chosen = int(picks(squared_distances(labels[None] / tops, value, weight))[0])
    nearest = scenario.responses[chosen]
    why = [judged(nearest, i, settings)[0] for i in np.flatnonzero(weight).tolist()]
    return prompts.choice_answer(why, chosen, settings.reasoning)
