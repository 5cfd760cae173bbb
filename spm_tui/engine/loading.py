"""Models of transformers, in memory; a causal language model with what goes with it."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from spm_tui.engine.device import Placement
from spm_tui.engine.prompt import Prompts
from spm_tui.engine.quiet import quiet
from spm_tui.errors import ModelError, reason


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and what goes with it."""

    model: Any
    """Of transformers, ready for inference."""
    tokenizer: Any
    prompts: Prompts
    kind: str
    """Of device: cpu, cuda or mps."""

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def text(self, tokens: list[int]) -> str:
        """Return an answer's text."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))


def load(folder: Path, placement: Placement, *, device_map: str | None = None) -> Loaded:
    """Return the model of a folder.

    Args:
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.

    Raises:
        ModelError: it cannot be loaded, or has no chat template, or what is needed to quantize
            it is not installed.

    """
    from transformers import AutoModelForCausalLM, GenerationConfig

    model, tokenizer, _ = pretrained(
        AutoModelForCausalLM, folder, placement, device_map=device_map, what="a language model"
    )
    model.generation_config = GenerationConfig()  # a model's own sampling habits are not ours
    prompts = Prompts(tokenizer, context(model.config, tokenizer))
    return Loaded(model, tokenizer, prompts, placement.device.partition(":")[0])


def pretrained(
    kind: Any, folder: Path, placement: Placement, *, device_map: str | None, what: str
) -> tuple[Any, Any, set[str]]:
    """Return a model ready for inference, its tokenizer, and the weights its files do not have.

    Args:
        kind: one of transformers' classes that make models.
        folder: the model's files.
        placement: device and precision.
        device_map: `auto` spreads a model that is too large for one GPU over all of them.
        what: it is to be, for people.

    Raises:
        ModelError: it cannot be loaded, or what is needed to quantize it is not installed.

    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer

    damaged = (SafetensorError, UnpicklingError, EOFError)  # weights that are cut or no weights
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model, report = kind.from_pretrained(
                folder,
                dtype=getattr(torch, placement.dtype),
                device_map=device_map or (placement.device if placement.quantize else None),
                quantization_config=_quantization(placement),
                output_loading_info=True,
            )
        if device_map is None and not placement.quantize:
            model.to(placement.device)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, *damaged) as error:
        raise ModelError(f"{folder}: cannot be loaded as {what}: {reason(error)}") from error
    return model.eval(), tokenizer, set(report["missing_keys"])


def _quantization(placement: Placement) -> Any:
    """Return what transformers needs to know, None for whole weights."""
    if placement.quantize is None:
        return None
    import torch
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise ModelError("--quantize needs bitsandbytes: pip install 'spm-tui[quantize]'")
    if placement.quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=getattr(torch, placement.dtype),
    )


def context(config: Any, tokenizer: Any) -> int:
    """Return the context window in tokens; some tokenizers say a huge number for unknown."""
    config = config.get_text_config()
    names = ("max_position_embeddings", "n_positions")  # the second is T5's
    positions = next((size for name in names if (size := getattr(config, name, None))), None)
    return min(int(positions or 1 << 20), int(tokenizer.model_max_length))
