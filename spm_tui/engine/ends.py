"""The token that ends an answer, and the one that fills what is shorter than others.

Tokenizers may lack either: converted ones most of all. What ends an answer then stands in the
model's configuration. An answer ends with its form in any case, so that of several one suffices.
"""

from collections.abc import Iterator
from typing import Any

from spm_tui.engine.foreign import using
from spm_tui.errors import ModelError


def settle(tokenizer: Any, model: Any) -> None:
    """See that a tokenizer has both tokens, and that the model knows them.

    Args:
        tokenizer: of transformers; gets what it lacks.
        model: its model, with its own configuration of generation.

    Raises:
        ModelError: no token ends an answer.

    """
    name = str(tokenizer.name_or_path)
    with using(name, "tokenizer"):
        words = int(model.get_input_embeddings().weight.shape[0])
        if not _known(tokenizer.eos_token_id, words):
            ends = (one for one in _configured(model) if _known(one, min(words, len(tokenizer))))
            end = next(ends, None)
            if end is None:
                raise ModelError(
                    f"{name}: names no token that ends an answer: no eos_token in its tokenizer,"
                    " no eos_token_id in its configuration"
                )
            tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
        if not _known(tokenizer.pad_token_id, words):
            tokenizer.pad_token = tokenizer.eos_token


def _configured(model: Any) -> Iterator[Any]:
    for config in (model.generation_config, model.config, model.config.get_text_config()):
        ends = getattr(config, "eos_token_id", None)
        yield from ends if isinstance(ends, list | tuple) else [ends]


def _known(token: Any, words: int) -> bool:
    return isinstance(token, int) and not isinstance(token, bool) and 0 <= token < words
