"""Surface regression: labels predicted from how a response looks, not from what it says.

A baseline the paper lacks: ridge regression on lengths, line breaks, words, code, refusals and
the similarity of a response to its question, trained on the train split. No language model
judges anything; a method that claims to judge must do better than this.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import log1p, sqrt

import numpy as np

from spm_tui.alignment import Floats
from spm_tui.errors import InputError
from spm_tui.methods.base import Decide, Settings, Vector, scored
from store.identity import Canonical
from store.records import Prediction, Scenario

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_CODE = re.compile(r"```|^(?: {4}|\t)\S|[;{}]\s*$|</\w+>", re.MULTILINE)
_REFUSAL = re.compile(
    r"\b(?:I['’]?m sorry|I am sorry|I apologi[sz]e|my apologies|as an AI|language model"
    r"|(?:I|we) (?:can ?not|can['’]t|am unable to|do not|don['’]t|won['’]t|will not)"
    r"|I['’]m (?:not able|unable) to)\b",
    re.IGNORECASE,
)
FEATURES = (
    "characters",
    "words",
    "line breaks",
    "mean word length",
    "distinct words by words",
    "distinct words by root of words",
    "code",
    "refusal",
    "cosine with question",
)
"""What is seen of a response; counts as logarithms. The richness of the vocabulary is measured
twice, because cross-validation on HelpSteer2's train split wants both (63.1 % over all targets
with both, 61.8 % with the first alone)."""
ALPHAS = tuple(10 ** (half / 2) for half in range(-2, 11))
"""Strengths of regularisation to choose from."""
FOLDS = 5
"""Of the cross-validation; fewer where there are fewer scenarios."""


def features(scenario: Scenario, vectors: Mapping[str, Vector]) -> Floats:
    """Return the features of a scenario's responses, [R, F].

    Those of the response, the same as difference to the mean of the other responses, and the
    length of the question.

    Args:
        scenario: the scenario.
        vectors: embeddings of its question and responses.

    """
    question = vectors[scenario.question]
    own = np.array(
        [
            [*_look(response.text), _cosine(question, vectors[response.text])]
            for response in scenario.responses
        ]
    )
    others = (own.sum(axis=0) - own) / (len(own) - 1)
    length = np.full((len(own), 1), log1p(len(scenario.question)))
    return np.hstack([own, own - others, length])


def _look(text: str) -> list[float]:
    words = _WORD.findall(text.lower())
    count, distinct = max(len(words), 1), len(set(words))
    return [
        log1p(len(text)),
        log1p(len(words)),
        log1p(text.count("\n")),
        sum(map(len, words)) / count,
        distinct / count,
        distinct / sqrt(count),
        float(bool(_CODE.search(text))),
        float(bool(_REFUSAL.search(text))),
    ]


def _cosine(one: Vector, other: Vector) -> float:
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms else 0.0


class Surface:
    """The method for one benchmark."""

    def __init__(self, settings: Settings) -> None:
        self._attributes = settings.attributes

    def config(self) -> Mapping[str, Canonical]:
        """Return what is seen, and how the regression is chosen."""
        return {"features": FEATURES, "alphas": ALPHAS, "folds": FOLDS}

    def texts(self, scenario: Scenario) -> list[str]:
        """Return the question and the responses: their embeddings are compared."""
        return [scenario.question, *(response.text for response in scenario.responses)]

    def learn(self, train: Sequence[Scenario], vectors: Mapping[str, Vector]) -> Decide:
        """Fit one regression per attribute; its strength is chosen by cross-validation."""
        if len(train) < 2:
            raise InputError("surface needs two train scenarios at least", field="method")
        seen = np.vstack([features(scenario, vectors) for scenario in train])
        labels = np.array([r.labels for scenario in train for r in scenario.responses])
        groups = [i for i, scenario in enumerate(train) for _ in scenario.responses]
        models = [
            _fitted(seen, labels[:, i] / (attribute.levels - 1), groups)
            for i, attribute in enumerate(self._attributes)
        ]

        def decide(scenario: Scenario) -> list[Prediction]:
            rows = features(scenario, vectors)
            return scored(scenario, np.stack([model(rows) for model in models], axis=1).tolist())

        return decide


def _fitted(seen: Floats, values: Floats, groups: Sequence[int]) -> Callable[[Floats], Floats]:
    """Return the regression of `values` on standardised features, clipped to [0, 1].

    Responses to the same question are never on both sides of a fold.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parts = min(FOLDS, len(set(groups)))
    folds = list(GroupKFold(parts).split(seen, values, groups))
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS, cv=folds))
    model.fit(seen, values)
    return lambda rows: np.clip(model.predict(rows), 0, 1)
