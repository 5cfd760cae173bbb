"""How positions are encoded, from a GGUF file's words to transformers'.

llama.cpp scales a rotation's frequency by metadata (`{arch}.rope.scaling.*`) or by a tensor with a
divisor per frequency (`rope_freqs`, what Llama 3.1's rule comes to, or `rope_factors_long` and
`rope_factors_short`). transformers reads none of them: a model would be another one beyond its
first few thousand tokens, and for the tensors from the first token on.
What llama.cpp does with them: `llama_context`, `llm_graph_context` and `ggml_rope_yarn` there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np

from spm_tui.errors import ModelError

FREQUENCIES = "rope_freqs.weight"
LONG, SHORT = "rope_factors_long.weight", "rope_factors_short.weight"
TENSORS = frozenset({FREQUENCIES, LONG, SHORT})
_NEUTRAL = {
    "yarn_ext_factor": 1.0,
    "yarn_attn_factor": 1.0,
    "yarn_log_multiplier": 0.0,
    "alpha": 0.0,
}
"""Scalings that we do not carry over, with the value that changes nothing."""
_LOW, _HIGH = 1.0, 4.0
"""Llama 3's own bounds of the wave lengths that are scaled in part."""
_PRECISION = 2e-5
"""Of divisors, relative: what single precision leaves of a rule worked out in it."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a file says of a model's rotations."""

    fields: Mapping[str, Any]
    """Those of `{arch}.rope.`, without that."""
    base: float
    """Of the frequencies (theta)."""
    size: int
    """How many of a head's dimensions are rotated."""
    context: int
    """The longest text, in tokens."""
    divisors: Mapping[str, np.ndarray]
    """Tensors that divide frequencies, by name: size / 2 numbers each."""

    def parameters(self) -> dict[str, Any]:
        """Return the scaling in transformers' words, without the base.

        Raises:
            ModelError: it is of a kind that transformers does not have; the message starts with
                the name of the field.

        """
        self._check()
        kind = self.fields.get("scaling.type", "linear")
        factor = self.fields.get("scaling.factor") or self.fields.get("scale_linear") or 1.0
        attention = self._positive("scaling.attn_factor", 1.0)
        if self.divisors:
            if factor != 1.0 and kind != "none":
                raise ModelError("rope.scaling.factor beside divisors of its frequencies")
            return self._divided(kind, attention)
        if kind == "yarn":
            return self._yarn(factor, attention)
        if kind not in {"none", "linear"}:
            raise ModelError(f"rope.scaling.type {kind!r}")
        if attention != 1.0:
            raise ModelError(f"rope.scaling.attn_factor {attention:g} with scaling {kind}")
        scaled = kind == "linear" and factor != 1.0
        return {"rope_type": "linear", "factor": factor} if scaled else {"rope_type": "default"}

    def _check(self) -> None:
        for name in ("scaling.factor", "scale_linear"):
            self._positive(name, 1.0)
        for name, neutral in _NEUTRAL.items():
            value = self.fields.get(f"scaling.{name}", neutral)
            unset = name == "yarn_ext_factor" and value == -1.0
            if value != neutral and not unset:
                raise ModelError(f"rope.scaling.{name} {value!r}")
        for name, values in self.divisors.items():
            fits = values.shape == (self.size // 2,)
            if not fits or not np.isfinite(values).all() or not (values > 0).all():
                raise ModelError(f"{name}: not {self.size // 2} positive numbers")

    def _positive(self, name: str, default: float) -> float:
        """Return a number; llama.cpp takes 0 for one that is not set."""
        value = self.fields.get(name, default)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < float("inf"):
            raise ModelError(f"rope.{name} {value!r}")
        return value or default

    def _original(self) -> int:
        value = self._positive("scaling.original_context_length", self.context)
        if value != int(value):
            raise ModelError(f"rope.scaling.original_context_length {value!r}")
        return int(value)

    def _yarn(self, factor: float, attention: float) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": self._original(),
        }
        for ours, theirs, default in (("fast", "beta_fast", 32.0), ("slow", "beta_slow", 1.0)):
            value = self._positive(f"scaling.yarn_beta_{ours}", default)
            if value != default:
                parameters[theirs] = value
        if attention != 1.0:
            parameters["attention_factor"] = attention * (0.1 * log(max(factor, 1.0)) + 1.0)
        return parameters

    def _divided(self, kind: str, attention: float) -> dict[str, Any]:
        names = set(self.divisors)
        if names == {FREQUENCIES} and kind in {"none", "linear"} and attention == 1.0:
            divisors = self.divisors[FREQUENCIES]
            if (divisors == 1.0).all():
                return {"rope_type": "default"}
            return self._llama3(divisors) or self._listed(divisors, divisors)
        if names == {LONG, SHORT} and kind in {"longrope", "linear", "none"}:
            listed = self._listed(self.divisors[LONG], self.divisors[SHORT])
            changes = {"attention_factor": attention}
            return listed | changes | {"original_max_position_embeddings": self._original()}
        raise ModelError(f"{min(names)} with scaling {kind!r}")

    def _listed(self, long: np.ndarray, short: np.ndarray) -> dict[str, Any]:
        return {
            "rope_type": "longrope",
            "factor": 1.0,
            "attention_factor": 1.0,
            "long_factor": [float(value) for value in long],
            "short_factor": [float(value) for value in short],
            "original_max_position_embeddings": self.context,
        }

    def _llama3(self, divisors: np.ndarray) -> dict[str, Any] | None:
        """Return the rule of Llama 3 that gives these divisors, None if there is none.

        The largest is the factor. Of those in between, each gives the length in which the model
        was trained; Llama 3's is a power of two, so that the nearest is tried, then the file's own.
        """
        factor = float(divisors.max())
        between = (divisors > 1.0 + _PRECISION) & (divisors < factor * (1.0 - _PRECISION))
        waves = self._waves()
        lengths = [self._original()]
        if between.any():
            share = (1.0 / divisors - 1.0 / factor) / (1.0 - 1.0 / factor)
            first = int(np.flatnonzero(between)[0])
            lengths.insert(0, round(waves[first] * (_LOW + share[first] * (_HIGH - _LOW))))
        else:
            lengths += [1 << power for power in range(6, 21)]
        for length in lengths:
            if np.allclose(_ruled(waves, factor, length), divisors, rtol=_PRECISION, atol=0.0):
                return {
                    "rope_type": "llama3",
                    "factor": factor,
                    "low_freq_factor": _LOW,
                    "high_freq_factor": _HIGH,
                    "original_max_position_embeddings": length,
                }
        return None

    def _waves(self) -> np.ndarray:
        """Return the wave length of each frequency, in tokens."""
        return 2 * pi * self.base ** (np.arange(0, self.size, 2) / self.size)


def _ruled(waves: np.ndarray, factor: float, length: int) -> np.ndarray:
    """Return the divisors that Llama 3's rule gives."""
    share = np.clip((length / waves - _LOW) / (_HIGH - _LOW), 0.0, 1.0)
    return np.asarray(1.0 / ((1.0 - share) / factor + share))
