"""The model behind the fast engine: transformers' own, with our attention in it."""

from typing import Any

from spm_tui.engine.fast import step as steps
from spm_tui.engine.fast.hooks import attention, window
from spm_tui.engine.fast.packing import pack
from spm_tui.engine.fast.step import Share, Step
from spm_tui.engine.fast.tree import Tree
from spm_tui.engine.loading import Loaded
from spm_tui.engine.overflow import numeric, overflow
from spm_tui.errors import reason

_NAME = "spm_tree"
_TOLERANCE = {4: 1e-3, 2: 5e-2}
"""Largest difference of logits that rounding explains, by bytes of precision."""
_QUANTIZED = 0.2
"""Likewise for quantized models: they round what is read together in a common way."""
_TRIAL = [(7 * place) % 101 + 3 for place in range(128)]
"""A prompt to try a model with."""


class Unsupported(Exception):
    """A model cannot be run by the fast engine; says why."""


class Reader:
    """Reads steps.

    Args:
        loaded: the model.

    Raises:
        Unsupported: it is of a shape whose attention ours does not replace exactly.

    """

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self.config = loaded.model.config.get_text_config()
        if reason := _unsuited(self._model, self.config):
            raise Unsupported(reason)
        own = self._model.config._attn_implementation  # noqa: SLF001 - has no public name
        if own != _NAME:
            self._replace(own)
            pack(self._model)

    def _replace(self, own: str) -> None:
        """Put our attention in the place of the model's own, or leave all as it was."""
        from transformers import AttentionInterface, AttentionMaskInterface

        AttentionInterface.register(_NAME, attention)
        AttentionMaskInterface.register(_NAME, window)
        try:
            expected = self._logits()
            if not numeric(expected):
                raise Unsupported(overflow(self._model))
            self._model.set_attn_implementation(_NAME)
            _compare(self._logits_by_parts(), expected, self._tolerance)
        except (RuntimeError, TypeError, KeyError, AttributeError, ValueError) as error:
            self._model.set_attn_implementation(own)
            raise Unsupported(f"its attention cannot be replaced: {reason(error)}") from error

    @property
    def _tolerance(self) -> float:
        quantized = getattr(self._model, "is_quantized", False)
        return _QUANTIZED if quantized else _TOLERANCE[self._model.dtype.itemsize]

    @property
    def device(self) -> Any:
        """Where the model is."""
        return self._model.device

    @property
    def vocabulary(self) -> int:
        """Width of the logits."""
        return int(self._model.get_output_embeddings().out_features)

    @property
    def bytes_per_token(self) -> int:
        """Memory of one token's keys and values."""
        heads, size = self._shape
        return int(self.config.num_hidden_layers * 2 * heads * size * self._model.dtype.itemsize)

    @property
    def _shape(self) -> tuple[int, int]:
        config = self.config
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return getattr(config, "num_key_value_heads", None) or config.num_attention_heads, size

    def segment_cache(self, tokens: int) -> Any:
        """Return a cache for a segment, [layers, 2, key heads, tokens, head size]."""
        heads, size = self._shape
        return self._empty(heads, tokens, size)

    def tails_cache(self, slots: int, tokens: int) -> Any:
        """Return a cache for answers, [layers, 2, slots, key heads, tokens, head size]."""
        heads, size = self._shape
        return self._empty(slots, heads, tokens, size)

    def _empty(self, *shape: int) -> Any:
        weight = self._model.get_input_embeddings().weight
        layers = self.config.num_hidden_layers
        return weight.new_empty(layers, 2, *shape, dtype=self._model.dtype)

    def _logits(self) -> Any:
        """Return what the model says after the trial, with the attention it has."""
        import torch

        with torch.inference_mode():
            inputs = torch.tensor([_TRIAL], device=self.device)
            return self._model(input_ids=inputs, use_cache=False).logits[0, -1].float()

    def _logits_by_parts(self) -> Any:
        """Return the same from two segments, the second of which is read in two steps.

        The trial is shorter than windows usually are; their width comes from transformers.
        """
        half, quarter = len(_TRIAL) // 2, len(_TRIAL) // 4
        first, second = Tree(self.segment_cache).hold(_TRIAL, [half])
        for shares in ([Share(first, half), Share(second, quarter)], [Share(second, quarter)]):
            logits = self.read(steps.plan([], shares, None, self.device))
            for share in shares:
                share.segment.read += share.count
        return logits[-1]

    def read(self, step: Step) -> Any:
        """Return the wanted logits, [wanted, vocabulary], single precision."""
        import torch

        inputs = torch.tensor([step.tokens, step.positions]).to(self.device)
        with torch.inference_mode():
            output = self._model(
                input_ids=inputs[:1],
                position_ids=inputs[1:],
                use_cache=False,
                logits_to_keep=torch.tensor(step.wanted, device=self.device),
                layout=step.layout,
            )
        return output.logits[0].float()


def _compare(found: Any, expected: Any, tolerance: float) -> None:
    """See that two vectors of logits are the same but for rounding.

    Raises:
        ValueError: they are not.

    """
    difference = float((found - expected).abs().max() / expected.abs().max())
    if not difference <= tolerance:  # it may be NaN
        raise ValueError(f"logits would differ by {difference:.1%}")


def _unsuited(model: Any, config: Any) -> str | None:
    """Return why a model is not even to be tried."""
    if not getattr(model, "_supports_attention_backend", False):
        return "its attention cannot be replaced"
    kinds = set(getattr(config, "layer_types", None) or ())
    if others := kinds - {"full_attention", "sliding_attention"}:
        return f"we do not know its {', '.join(sorted(others))} layers"
    if len(set((getattr(model, "hf_device_map", None) or {}).values())) > 1:
        return "it is spread over several devices"
    if limit := _one_encoding(config):
        return f"it encodes positions differently in prompts longer than {limit} tokens"
    return None


def _one_encoding(config: Any) -> int | None:
    """Return up to which length of prompts positions are encoded alike; None if always.

    Beyond it, a long prompt would change what others in the same step are read as.
    """
    ropes = getattr(config, "rope_parameters", None) or {}
    for rope in (ropes, *(part for part in ropes.values() if isinstance(part, dict))):
        if rope.get("rope_type") == "longrope":
            limit = int(rope["original_max_position_embeddings"])
            return limit if limit < config.max_position_embeddings else None
    return None
