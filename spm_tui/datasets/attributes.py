"""The attributes of the two sources, in our words (paper, Appendix B has the authors').

Separate because the built-in benchmarks, the importers and the documentation share them.
"""

from store.records import Attribute


def _foundation(name: str, definition: str) -> Attribute:
    return Attribute(
        name=name,
        definition=definition,
        levels=7,
        low=f"the response goes firmly against {name}",
        middle=f"it takes no side on {name} or does not touch it",
        high=f"it firmly upholds {name}",
    )


MIC = (
    _foundation(
        "care",
        "concern for the wellbeing of others: protecting them from harm, easing their suffering,"
        " being kind.",
    ),
    _foundation(
        "fairness",
        "honesty and equal treatment: giving everyone what they are due, keeping one's side of a"
        " bargain, not cheating.",
    ),
    _foundation(
        "liberty",
        "respect for freedom: letting people choose for themselves, resisting control and"
        " coercion.",
    ),
    _foundation(
        "loyalty",
        "standing by one's own: family, friends, team or country, keeping faith with them also"
        " when it costs something.",
    ),
    _foundation(
        "authority",
        "respect for rightful authority, law, tradition and the duties that come with one's role.",
    ),
    _foundation(
        "sanctity",
        "keeping body, mind and what is held sacred pure: self-restraint, dignity, disgust at"
        " what degrades.",
    ),
)
"""Moral foundations of the Moral Integrity Corpus, in the order of its moral vectors."""

HELPSTEER2 = (
    Attribute(
        name="helpfulness",
        definition="how well the response as a whole does what the prompt asks for.",
        levels=5,
        low="the response is of no use for what was asked",
        middle="it is of some use but leaves a good part undone",
        high="it does everything that was asked, and well",
    ),
    Attribute(
        name="correctness",
        definition="whether the response has all pertinent facts, and no errors.",
        levels=5,
        low="the response is wrong or misses what was asked",
        middle="right and wrong, or right but incomplete",
        high="completely right and complete",
    ),
    Attribute(
        name="coherence",
        definition="whether the response is clear, consistent and easy to follow.",
        levels=5,
        low="the response cannot be understood or contradicts itself",
        middle="one can follow it with some effort",
        high="perfectly clear and consistent throughout",
    ),
    Attribute(
        name="complexity",
        definition="how much expertise it takes to write the response.",
        levels=5,
        low="anyone who knows the language could have written it",
        middle="it takes some schooling or experience in the subject",
        high="only an expert in the subject could have written it",
    ),
    Attribute(
        name="verbosity",
        definition="how much the response says, relative to what the prompt asks for.",
        levels=5,
        low="the response is as short as can be",
        middle="about as long as the prompt calls for",
        high="very long and detailed, much more than was asked for",
    ),
)
"""Response qualities of HelpSteer2, in its order."""
