"""The model behind the fast engine: transformers' own, with our attention in it."""

from typing import Any

from spm_tui.engine.fast import step as steps
from spm_tui.engine.fast.attention import attention
from spm_tui.engine.fast.step import Share, Step
from spm_tui.engine.fast.tree import Tree
from spm_tui.engine.loading import Loaded

_NAME = "spm_tree"
_OWN = "sdpa"
_PART = 32
_TOLERANCE = {4: 1e-3, 2: 5e-2}
"""Largest difference of logits that rounding explains, by bytes of precision."""


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
        from transformers import AttentionInterface

        self._model = loaded.model
        self.config = loaded.model.config.get_text_config()
        if reason := _unsuited(self._model, self.config):
            raise Unsupported(reason)
        AttentionInterface.register(_NAME, attention)
        try:
            difference = self._difference()
        except (RuntimeError, TypeError, KeyError, AttributeError, ValueError) as error:
            self._model.set_attn_implementation(_OWN)
            raise Unsupported(str(error).partition("\n")[0]) from error
        if difference > _TOLERANCE[self._model.dtype.itemsize]:
            self._model.set_attn_implementation(_OWN)
            raise Unsupported(f"its logits would differ by {difference:.1%}")

    @property
    def device(self) -> Any:
        """Where the model is."""
        return self._model.device

    @property
    def vocabulary(self) -> int:
        """Width of the logits."""
        return int(self._model.get_output_embeddings().weight.shape[0])

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
        return self._model.lm_head.weight.new_empty(
            self.config.num_hidden_layers, 2, heads, tokens, size, dtype=self._model.dtype
        )

    def tails_cache(self, slots: int, tokens: int) -> Any:
        """Return a cache for answers, [layers, 2, slots, key heads, tokens, head size].

        Zeros: what a row does not see is multiplied by 0, and must be finite.
        """
        heads, size = self._shape
        return self._model.lm_head.weight.new_zeros(
            self.config.num_hidden_layers, 2, slots, heads, tokens, size, dtype=self._model.dtype
        )

    def _difference(self) -> float:
        """Return how far our logits are from transformers' own, as a part of their range.

        Tried on a prompt in two segments, the second of which is read in two steps.
        """
        import torch

        tokens = [(7 * place) % 101 + 3 for place in range(4 * _PART)]
        self._model.set_attn_implementation(_OWN)
        with torch.inference_mode():
            inputs = torch.tensor([tokens], device=self.device)
            expected = self._model(input_ids=inputs, use_cache=False).logits[0, -1].float()
        self._model.set_attn_implementation(_NAME)
        first, second = Tree(self.segment_cache).hold(tokens, [2 * _PART])
        self.read(
            steps.plan([], [Share(first, 2 * _PART), Share(second, _PART)], None, self.device)
        )
        first.read, second.read = 2 * _PART, _PART
        found = self.read(steps.plan([], [Share(second, _PART)], None, self.device))[0]
        return float((found - expected).abs().max() / expected.abs().max())

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


def _unsuited(model: Any, config: Any) -> str | None:
    """Return why a model is not even to be tried."""
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if not getattr(model, "_supports_attention_backend", False):
        return "its attention cannot be replaced"
    if kinds - {"full_attention", "sliding_attention"}:
        return "it has layers without attention"
    if getattr(model, "hf_device_map", None) and len(set(model.hf_device_map.values())) > 1:
        return "it is spread over several devices"
    window = getattr(config, "sliding_window", None)
    slides = "sliding_attention" in kinds or not getattr(config, "layer_types", None)
    if window and slides and window < config.max_position_embeddings:
        return f"its layers see only the last {window} tokens"
    return None
