"""Tiny random models of many architectures, with a tokenizer of bytes: nothing is downloaded."""

from collections.abc import Callable
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from spm_tui.engine.loading import Loaded
from spm_tui.engine.prompt import Prompts

CONTEXT = 1024
_SPECIAL = ("<end>", "<system>", "<user>", "<assistant>")
_TEMPLATE = (
    "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)
_MERGES = [('"', ":"), ('":', "Ġ"), ("t", "h"), ("th", "e"), ("1", "2"), ("Ġ", "a")]
"""Enough that the JSON around an answer can be cut into tokens in several ways."""
_ATTENDING = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
_KINDS = ["sliding_attention", "full_attention", "sliding_attention"]
_SLIDING = {"sliding_window": 20, "layer_types": _KINDS}
"""Less than an answer."""
_WINDOW = {"sliding_window": 40}
"""Less than a prompt, and more than a segment that is worth sharing."""
_FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", _ATTENDING),
    "mistral": ("mistral", _ATTENDING | {"sliding_window": None}),
    "mistral-window": ("mistral", _ATTENDING | _WINDOW),
    "qwen2": ("qwen2", _ATTENDING),
    "qwen3": ("qwen3", _ATTENDING),
    "gemma": ("gemma", _ATTENDING),
    "gemma2": ("gemma2", _ATTENDING | _SLIDING | {"attn_logit_softcapping": 2.0}),
    "gemma3": ("gemma3_text", _ATTENDING | _SLIDING),
    "phi": ("phi", {"num_attention_heads": 4, "num_key_value_heads": 2}),
    "phi3": ("phi3", _ATTENDING | {"head_dim": 8, "sliding_window": None}),
    "phi3-window": ("phi3", _ATTENDING | _WINDOW | {"head_dim": 8}),
    "gpt2": ("gpt2", {"n_head": 4, "n_positions": CONTEXT}),
    "gpt-oss": (
        "gpt_oss",
        _ATTENDING | _SLIDING | {"num_local_experts": 4, "num_experts_per_tok": 2},
    ),
    "mamba": ("mamba", {}),
}
SUPPORTED = tuple(name for name in _FAMILIES if name not in ("gpt-oss", "mamba"))


def tokenizer(*, merges: bool = True) -> Any:
    """Return a tokenizer with a token per byte, some for more, and a chat template."""
    from transformers import PreTrainedTokenizerFast

    characters = sorted(pre_tokenizers.ByteLevel.alphabet())
    joined = _MERGES if merges else []
    words = [*characters, *(one + other for one, other in joined)]
    inner = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, joined))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(word, special=True) for word in _SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<end>",
        pad_token="<end>",
        chat_template=_TEMPLATE,
        model_max_length=CONTEXT,
    )


def model(family: str, *, vocabulary: int, dtype: str = "float32", **changes: Any) -> Any:
    """Return a model of a family; the same one whenever it is asked for.

    Its weights are large, so that a token seen too many or too few shows in the answers.
    """
    import torch
    from transformers import AutoModelForCausalLM

    config = _config(family, vocabulary=vocabulary, **changes)
    return _seeded(lambda: AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype)))


def _config(family: str, *, vocabulary: int, **changes: Any) -> Any:
    from transformers import AutoConfig

    kind, options = _FAMILIES[family]
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3}
    return AutoConfig.for_model(
        kind,
        vocab_size=vocabulary,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=vocabulary - 1,
        **sizes,
        **{"pad_token_id": None} | options | changes,
    )


def _seeded(make: Callable[[], Any]) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return make().eval()


def loaded(
    family: str,
    *,
    dtype: str = "float32",
    merges: bool = True,
    context: int = CONTEXT,
    **changes: Any,
) -> Loaded:
    """Return a model of a family with its tokenizer, as if loaded from a folder."""
    words = tokenizer(merges=merges)
    made = model(family, vocabulary=len(words) + 3, dtype=dtype, **changes)
    return Loaded(made, words, Prompts(words, context), "cpu")


def kaleido_model(*, context: int = CONTEXT) -> tuple[Any, Any]:
    """Return a T5 model with Kaleido's templates, and its tokenizer."""
    from transformers import T5Config, T5ForConditionalGeneration

    words = tokenizer(merges=False)
    words.model_max_length = context
    words.pad_token = "<system>"  # no more a special one here, but not the end
    names = ["ACTION", "VRD", "VALUE"]
    config = T5Config(
        vocab_size=len(words),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        initializer_factor=3.0,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        decoder_start_token_id=words.pad_token_id,
        task_specific_params={
            task: {"template": f"[{task.title()}]:\tAction: ACTION\tVRD: VALUE", "args": names}
            for task in ("valence", "explanation")
        },
    )
    return _seeded(lambda: T5ForConditionalGeneration(config)), words


def reward_model(
    family: str = "llama", *, labels: int = 1, context: int = CONTEXT, **changes: Any
) -> tuple[Any, Any]:
    """Return a sequence classifier of a family, and its tokenizer."""
    from transformers import AutoModelForSequenceClassification

    words = tokenizer()
    words.model_max_length = context
    config = _config(family, vocabulary=len(words) + 3, num_labels=labels, **changes)
    return _seeded(lambda: AutoModelForSequenceClassification.from_config(config)), words
