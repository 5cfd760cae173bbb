"""All that can be wrong with a model's folder."""

from tests.damage import code, configs, files, flips, templates, weights, words
from tests.damage.edits import Variant


def every(seed: int = 0) -> list[Variant]:
    """Return all variants, always the same ones."""
    made = [
        *weights.variants(),
        *files.variants(),
        *configs.variants(),
        *configs.generation(),
        *words.variants(),
        *templates.variants(),
        *code.variants(),
        *flips.variants(seed),
    ]
    names = [f"{one.base}/{one.name}" for one in made]
    doubled = {name for name in names if names.count(name) > 1}
    assert not doubled, doubled
    return made
