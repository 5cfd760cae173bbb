"""Short names of backbones on the model hub: the paper's, and open ones of their sizes.

Only instruct models that read a system message or fold it into the first turn, answer without
thinking aloud, and whose tokenizer transformers reads: a newer one is as good under its hub id.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PRECISIONS: Mapping[str, float] = {"bf16": 2.0, "int8": 1.0, "int4": 0.5}
"""Bytes that a parameter takes."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A model of the hub."""

    name: str
    hub: str
    """Its id there."""
    parameters: int
    """As the hub counts those in its files."""
    licence: str
    gated: bool
    """Whether its licence must be accepted on its page before it can be fetched."""

    def weights(self, precision: str) -> float:
        """Return the bytes that the weights alone take; the rest depends on the prompts."""
        return self.parameters * PRECISIONS[precision]


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "llama-3.2-3b",
            "meta-llama/Llama-3.2-3B-Instruct",
            3_212_749_824,
            "Llama 3.2",
            gated=True,
        ),
        Preset("qwen3-4b", "Qwen/Qwen3-4B-Instruct-2507", 4_022_468_096, "Apache-2.0", gated=False),
        Preset("gemma-3-4b", "google/gemma-3-4b-it", 4_300_079_472, "Gemma", gated=True),
        Preset(
            "mistral-7b",
            "mistralai/Mistral-7B-Instruct-v0.3",
            7_248_023_552,
            "Apache-2.0",
            gated=False,
        ),
        Preset("qwen2.5-7b", "Qwen/Qwen2.5-7B-Instruct", 7_615_616_512, "Apache-2.0", gated=False),
        Preset(
            "mistral-small-24b",
            "mistralai/Mistral-Small-24B-Instruct-2501",
            23_572_403_200,
            "Apache-2.0",
            gated=False,
        ),
        Preset(
            "qwen3-30b-a3b",
            "Qwen/Qwen3-30B-A3B-Instruct-2507",
            30_532_122_624,
            "Apache-2.0",
            gated=False,
        ),
        Preset(
            "llama-3.3-70b",
            "meta-llama/Llama-3.3-70B-Instruct",
            70_553_706_496,
            "Llama 3.3",
            gated=True,
        ),
        Preset("qwen2.5-72b", "Qwen/Qwen2.5-72B-Instruct", 72_706_203_648, "Qwen", gated=False),
    )
}
"""By name, from small to large."""


def hub_id(name: str) -> str:
    """Return the hub id that a preset stands for; any other name as it is."""
    preset = PRESETS.get(name.lower())
    return preset.hub if preset else name
