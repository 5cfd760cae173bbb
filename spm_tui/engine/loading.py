"""Models of transformers, in memory; a causal language model with what goes with it."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from spm_tui.engine.device import Placement
from spm_tui.engine.ends import settle
from spm_tui.engine.folder import OWN_FILES, check_folder
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.headers import check_extent
from spm_tui.engine.prompt import Prompts
from spm_tui.engine.weights import check_weights
from spm_tui.errors import ModelError


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
        ModelError: it cannot be loaded, or not all of it is in its files, or it has no chat
            template, or no token ends its answers, or what is needed to quantize it is not
            installed.

    """
    from transformers import AutoModelForCausalLM, GenerationConfig

    what = "a language model"
    model, tokenizer = pretrained(
        AutoModelForCausalLM, folder, placement, device_map=device_map, what=what
    )
    with reading_model(folder, what):
        settle(tokenizer, model)
        model.generation_config = GenerationConfig()  # a model's own sampling habits are not ours
        prompts = Prompts(tokenizer, context(model.config, tokenizer))
        return Loaded(model, tokenizer, prompts, placement.device.partition(":")[0])


def pretrained(
    kind: Any, folder: Path, placement: Placement, *, device_map: str | None, what: str
) -> tuple[Any, Any]:
    """Return a model ready for inference, all of it from its files, and its tokenizer.

    Code that the folder brings is never run.

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
    from transformers import AutoTokenizer

    name = f"{folder}: cannot be loaded as {what}"
    check_folder(folder, name=name)
    with reading_model(folder, what):
        tokenizer = AutoTokenizer.from_pretrained(folder, **OWN_FILES)
        check_extent(kind, folder, name=name)
        model, report = kind.from_pretrained(
            folder,
            dtype=getattr(torch, placement.dtype),
            device_map=device_map or (placement.device if placement.quantize else None),
            quantization_config=_quantization(placement),
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
            **OWN_FILES,
        )
        check_weights(report, model, name=name)
        _check_tokenizer(tokenizer, model, name)
        if device_map is None and not placement.quantize:
            model.to(placement.device)
    return model.eval(), tokenizer


def _check_tokenizer(tokenizer: Any, model: Any, name: str) -> None:
    """See that a model knows its tokenizer's words, and that a text always has the same ones.

    Tokens added to the words may never be used.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    if tokenizer.vocab_size > rows:
        raise ModelError(
            f"{name}: its tokenizer has {tokenizer.vocab_size} words, the model knows {rows}"
        )
    if tokenizer.is_fast and getattr(tokenizer.backend_tokenizer.model, "dropout", None):
        raise ModelError(
            f"{name}: its tokenizer drops merges at random, so that no prompt is the same twice:"
            " set dropout in its tokenizer.json to null"
        )


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
    """Return the context window in tokens; some tokenizers say a huge number for unknown.

    Raises:
        ModelError: it is none.

    """
    config = config.get_text_config()
    names = ("max_position_embeddings", "n_positions")  # the second is T5's
    positions = next((size for name in names if (size := getattr(config, name, None))), None)
    window = min(int(positions or 1 << 20), int(tokenizer.model_max_length))
    if window < 1:
        raise ModelError(f"{tokenizer.name_or_path}: a context of {window} tokens leaves no room")
    return window
