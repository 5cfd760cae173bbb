"""Selection of worked examples by similarity and coverage of levels (paper §4.1).

T train scenarios with at most R responses, N scenarios to find examples for.
"""

import numpy as np
import numpy.typing as npt

_NONE = -1
"""In place of a scenario where there is none to take."""


def similarities(
    queries: npt.NDArray[np.float32], train: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return cosine similarities [N, T] of embeddings [N, D] and [T, D].

    In double precision, so that after rounding they do not depend on how many queries there are:
    a matrix product adds in another order for one than for many.
    """
    return (_unit(queries) @ _unit(train).T).astype(np.float32)


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(exact / np.where(norms > 0, norms, 1))


def most_similar(similarity: npt.NDArray[np.float32], *, shots: int) -> list[tuple[int, ...]]:
    """Return, for each of N scenarios, the `shots` most similar train scenarios, best first.

    Args:
        similarity: [N, T]; minus infinity where a train scenario must not be shown.
        shots: number of examples.

    """
    return [
        tuple(candidate for candidate in ranking if candidate != _NONE)
        for ranking in _rankings(similarity, shots)
    ]


def _rankings(similarity: npt.NDArray[np.float32], most: int) -> list[list[int]]:
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :most]
    excluded = np.isneginf(np.take_along_axis(similarity, order, axis=1))
    rankings: list[list[int]] = np.where(excluded, _NONE, order).tolist()
    return rankings


def select(
    similarity: npt.NDArray[np.float32], levels: npt.NDArray[np.int16], *, shots: int
) -> list[list[tuple[int, ...]]]:
    """Return, for each of A attributes and N scenarios, the train scenarios that are its examples.

    For every level that occurs in train, the most similar scenario with a response of that
    level; then the most similar others until there are `shots`. Ordered by the lowest level
    a scenario was taken for, then the others by similarity; among equally similar scenarios
    the lower index comes first.

    Args:
        similarity: [N, T]; minus infinity where a train scenario must not be shown.
        levels: [T, R, A]; -1 where a scenario has fewer responses.
        shots: number of examples; more are returned when more levels occur.

    """
    attributes = range(levels.shape[2])
    if not shots or not len(levels):
        return [[()] * len(similarity) for _ in attributes]
    covering = [_covering(similarity, levels[..., attribute]) for attribute in attributes]
    rankings = _rankings(similarity, shots + max(covers.shape[1] for covers in covering))
    return [
        [_fill(cover, rank, shots) for cover, rank in zip(covers.tolist(), rankings, strict=True)]
        for covers in covering
    ]


def _covering(
    similarity: npt.NDArray[np.float32], levels: npt.NDArray[np.int16]
) -> npt.NDArray[np.intp]:
    """Return, [N, L], the train scenario most similar among those with each level, ascending."""
    found = []
    for level in np.unique(levels[levels >= 0]):
        having = np.flatnonzero((levels == level).any(axis=1))
        near = similarity[:, having]
        found.append(np.where(np.isneginf(near.max(axis=1)), _NONE, having[near.argmax(axis=1)]))
    return np.stack(found, axis=1)


def _fill(covering: list[int], ranking: list[int], shots: int) -> tuple[int, ...]:
    chosen = dict.fromkeys(covering)
    chosen.pop(_NONE, None)
    for candidate in ranking:
        if len(chosen) >= shots:
            break
        if candidate != _NONE:
            chosen.setdefault(candidate)
    return tuple(chosen)
