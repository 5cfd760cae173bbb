"""Whether a model has its weights from its files, all of them and no others than these.

transformers makes up what files lack, at random, and goes on; what it has read, and what not, it
tells in a report (`output_loading_info`). Here that report is judged, for models of every kind.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from spm_tui.errors import ModelError

_COMPUTED = {"inv_freq", "position_ids", "token_type_ids", "final_logits_bias"}
"""Buffers that code fills in: some files have them, from when they were saved with the weights."""
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def check_weights(
    report: Mapping[str, Any], model: Any, *, name: str, unused: Iterable[str] = ()
) -> None:
    """See that every weight of a model is from its files.

    Tied weights are not in the report, since transformers gives them the value of their twins.

    Args:
        report: what transformers says of the loading: `missing_keys`, `unexpected_keys`,
            `mismatched_keys` (each name, shape in the files and shape in the model) and
            `error_msgs`, each of which may be left out. For `mismatched_keys` the model must be
            loaded with `ignore_mismatched_sizes=True`; else transformers raises, naming none.
        model: what has been loaded.
        name: of the model, for people.
        unused: prefixes of weights that do not count for what the model is used for.

    Raises:
        ModelError: weights are missing, of other shapes, or left out though the model has their
            like, as when its configuration has fewer layers than its files.

    """
    if problems := report.get("error_msgs"):
        raise ModelError(f"{name}: {str(problems[0]).strip().partition(chr(10))[0]}")
    _check_shapes(report.get("mismatched_keys") or (), name)
    places = {key: place for place, key in enumerate(model.state_dict())}
    total = sum(1 for _ in model.parameters())  # a quantized model's state has more than weights
    missing = set(report.get("missing_keys") or ()) - _computed(model)
    missing = {key for key in missing if not key.startswith(tuple(unused))}
    unexpected = sorted(report.get("unexpected_keys") or ())
    if missing:
        first = min(missing, key=lambda key: (places.get(key, len(places)), key))
        others = f", but {unexpected[0]}, which it does not know" if unexpected else ""
        raise ModelError(
            f"{name}: its files lack {len(missing)} of {max(len(missing), total)} weights:"
            f" they have no {first}{others}"
        )
    if left_out := _left_out(unexpected, places):
        raise ModelError(
            f"{name}: its files have {len(left_out)} weights that its configuration leaves out:"
            f" the first is {left_out[0]}"
        )


def _check_shapes(mismatched: Iterable[tuple[str, Any, Any]], name: str) -> None:
    if others := sorted(mismatched):
        key, in_files, in_model = others[0]
        raise ModelError(
            f"{name}: {len(others)} weights have other shapes in its files than by its"
            f" configuration: {key} has {list(in_files)}, not {list(in_model)}"
        )


def _computed(model: Any) -> set[str]:
    """Return the buffers that code fills in: whole numbers and masks, and those known by name."""
    return {
        key
        for key, buffer in model.named_buffers()
        if not buffer.is_floating_point() or key.rpartition(".")[2] in _COMPUTED
    }


def _left_out(unexpected: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return the weights without which a model is another: of more layers, or biases of its own.

    Others may be left out, such as the heads of another task or what older versions saved.
    """
    kinds = {_NUMBER.sub("*", key) for key in own}

    def like_own(key: str) -> bool:
        kind = _NUMBER.sub("*", key)
        return kind in kinds or re.sub(r"\.bias$", ".weight", kind) in kinds

    return [key for key in unexpected if like_own(key)]


@contextmanager
def reports() -> Iterator[list[tuple[Any, Mapping[str, Any]]]]:
    """Give the models of transformers that are loaded within, each with its report.

    For libraries that load models by themselves and do not hand on what transformers says.
    """
    from transformers import PreTrainedModel

    loadings: list[tuple[Any, Mapping[str, Any]]] = []
    own = PreTrainedModel.__dict__["from_pretrained"]

    def from_pretrained(kind: Any, *places: Any, **options: Any) -> Any:
        told = {"output_loading_info": True, "ignore_mismatched_sizes": True}
        model, report = own.__func__(kind, *places, **{**options, **told})
        loadings.append((model, report))
        return model

    PreTrainedModel.from_pretrained = classmethod(from_pretrained)
    try:
        yield loadings
    finally:
        PreTrainedModel.from_pretrained = own
