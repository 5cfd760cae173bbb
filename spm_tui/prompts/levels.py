"""Levels of an attribute in words: as what is wanted or known, as a score, as a reasoning."""

from store.records import Attribute

LEVELS = {
    "lowest": "Wanted is the lowest level: {low}.",
    "low": "Wanted is a low level, between the lowest ({low}) and the middle one ({middle}).",
    "below": "Wanted is a level a little below the middle one ({middle}) towards the lowest"
    " ({low}).",
    "middle": "Wanted is the middle level: {middle}.",
    "above": "Wanted is a level a little above the middle one ({middle}) towards the highest"
    " ({high}).",
    "high": "Wanted is a high level, between the middle one ({middle}) and the highest ({high}).",
    "highest": "Wanted is the highest level: {high}.",
}


def level_words(attribute: Attribute, value: float) -> str:
    """Return what a value in [0, 1] of an attribute means, as a sentence about what is wanted."""
    return LEVELS[_level(value)].format(
        low=attribute.low, middle=attribute.middle, high=attribute.high
    )


def _level(value: float) -> str:
    """Name the part of the scale that a value in [0, 1] is in: seven levels have one each."""
    if value in _POINTS:
        return _POINTS[value]
    if value <= 0.25 or value >= 0.75:
        return "low" if value < 0.5 else "high"
    return "below" if value < 0.5 else "above"


_POINTS = {0.0: "lowest", 0.5: "middle", 1.0: "highest"}


def level_score(level: int, levels: int) -> int:
    """Return a level on the prompts' scale from 0 to 100."""
    return round(100 * level / (levels - 1))


def stand_in_reasoning(attribute: Attribute, level: int) -> str:
    """Return a sentence that says no more than the label, for examples without a reasoning."""
    value = level / (attribute.levels - 1)
    between = "in the lower part" if value < 0.5 else "in the upper part"
    place = _PLACES.get(value, between)
    return f"On {attribute.name}, this response is {place} of the scale."


_PLACES = {0.0: "at the bottom", 0.5: "in the middle", 1.0: "at the top"}
