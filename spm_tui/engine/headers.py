"""What weights a model's files hold, by their headers, held against what it is said to be.

A configuration may ask for more than any machine has: transformers builds whatever it is told,
and makes up in memory what the files do not have. So a model is built first without memory
(torch's `meta` device), and one that is far larger than its files is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from spm_tui.engine.folder import OWN_FILES, read_object, weights
from spm_tui.engine.weights import check_weights
from spm_tui.errors import ModelError

_FLOATS = ("F", "BF", "float", "bfloat")
_TIMES = 4
"""So many times the numbers that its files hold a model may have: weights of four bits are packed
eight to a number, and embedders are often half of a model whose other half nobody needs."""
_SMALL = 10_000_000
"""Numbers that are no burden in any case."""
_MODULES = 2_000
"""Parts of a model, more for one with more weights; the largest published have some thousands."""

_LEAST = {"num_hidden_layers": 1, "num_decoder_layers": 1, "num_attention_heads": 0}
"""Of what a model has; transformers builds others, too, and they answer or fail later."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of one of its weights."""

    shape: tuple[int, ...]
    dtype: str
    """As safetensors or torch write it: F32 or float32."""

    @property
    def floating(self) -> bool:
        """Whether its numbers are no whole numbers."""
        return self.dtype.startswith(_FLOATS)


def headers(files: list[Path]) -> dict[str, Header]:
    """Return what files say of their weights, by name; nothing else is read of them."""
    found: dict[str, Header] = {}
    for file in files:
        found |= _of_pickle(file) if file.suffix == ".bin" else _of_safetensors(file)
    return found


def _of_safetensors(file: Path) -> dict[str, Header]:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        return {
            name: Header(tuple(one.get_shape()), one.get_dtype()) for name, one in slices.items()
        }


def _of_pickle(file: Path) -> dict[str, Header]:
    import torch

    state = torch.load(file, map_location="meta", weights_only=True)
    return {
        name: Header(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor)
    }


def check_extent(kind: Any, folder: Path, *, name: str) -> None:
    """See that a model is of a size that its files can fill, and that they hold numbers.

    Args:
        kind: one of transformers' classes that make models.
        folder: the model's files.
        name: of the model, for people.

    Raises:
        ModelError: it is not.

    """
    files = weights(folder)
    if absent := [file.name for file in files if not file.is_file()]:
        raise ModelError(f"{name}: {len(absent)} of its files are missing: {absent[0]}")
    if not files:
        return  # the library says which it looks for
    held = headers(files)
    quantized = "quantization_config" in read_object(folder / "config.json")
    if not quantized:
        _check_numbers(held, name)
    model = _built(kind, folder, modules=_MODULES + 100 * len(held))
    size = sum(weight.numel() for weight in model.parameters())
    if size <= _SMALL + _TIMES * sum(prod(header.shape) for header in held.values()) * (
        8 if quantized else 1
    ):
        return
    own = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    mismatched = [
        (key, held[key].shape, shape)
        for key, shape in own.items()
        if key in held and held[key].shape != shape
    ]
    check_weights(
        {"mismatched_keys": mismatched, "missing_keys": own.keys() - held.keys()}, model, name=name
    )
    raise ModelError(
        f"{name}: its configuration describes {size:.1e} numbers, far more than it has"
    )


def _check_numbers(held: dict[str, Header], name: str) -> None:
    whole = [key for key, header in held.items() if key.endswith(".weight") and not header.floating]
    if whole:
        raise ModelError(
            f"{name}: {len(whole)} weights are whole numbers without a quantization_config:"
            f" {whole[0]} is {held[whole[0]].dtype}"
        )


def _built(kind: Any, folder: Path, *, modules: int) -> Any:
    """Return a model without memory for its weights."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, **OWN_FILES)
    for key, least in _LEAST.items():
        count = getattr(config.get_text_config(), key, None)
        if isinstance(count, int) and count < least:
            raise ModelError(f"{folder / 'config.json'}: {key} is {count}")
    with _at_most(modules), torch.device("meta"):
        return kind.from_config(config, trust_remote_code=False)


@contextmanager
def _at_most(modules: int) -> Iterator[None]:
    """Let models of so many modules be built within."""
    from torch.nn.modules.module import register_module_module_registration_hook

    built = 0

    def count(*_: object) -> None:
        nonlocal built
        built += 1
        if built > modules:
            raise ValueError(f"its configuration describes more than {modules} parts")

    hook = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
