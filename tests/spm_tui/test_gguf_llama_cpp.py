"""Converted GGUF files answer as llama.cpp does: logits and tokens, on small files of each kind."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spm_tui.engine import models
from spm_tui.engine.gguf.rope import FREQUENCIES, LONG, SHORT
from tests import tiny_gguf

pytestmark = pytest.mark.model
_ORIGINAL = 64
"""Tokens for which the files say that the model was trained, before its positions were scaled."""
_PLACES = (5, 60, 200, 700)
_TOKENS = [(7 * i * i + 3 * i) % 250 for i in range(max(_PLACES))]
_CLOSE = 0.06
"""Of a logarithm of probability: llama.cpp computes attention in half precision (0.02 at most)."""
_LINEAR = {"scaling.type": "linear", "scaling.factor": 4.0}
_YARN = {
    "scaling.type": "yarn",
    "scaling.factor": 4.0,
    "scaling.original_context_length": _ORIGINAL,
}
_KINDS: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {
    "plain": ({}, {}),
    "linear": (_LINEAR, {}),
    "linear, unnamed": ({"scaling.factor": 4.0}, {}),
    "linear, of old": ({"scale_linear": 4.0}, {}),
    "none": ({"scaling.type": "none", "scaling.factor": 4.0}, {}),
    "yarn": (_YARN, {}),
    "yarn, weaker": (_YARN | {"scaling.attn_factor": 0.8}, {}),
    "Llama 3's": ({}, {FREQUENCIES: tiny_gguf.llama3_divisors(8.0, 1.0, 4.0, _ORIGINAL)}),
    "divisors of no rule": ({}, {FREQUENCIES: np.linspace(1, 5, 8).astype(np.float32)}),
    "another base": ({"freq_base": 500_000.0}, {}),
}


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own."""
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "cache"))


@contextmanager
def _served(path: Path) -> Iterator[Any]:
    """Give llama.cpp's server of a file."""
    llama_cpp = pytest.importorskip("xllamacpp", reason="llama.cpp is not installed")
    parameters = llama_cpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = tiny_gguf.CONTEXT
    parameters.n_parallel = 1
    parameters.warmup = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = llama_cpp.ggml_type.GGML_TYPE_F32
    parameters.port = 0
    yield llama_cpp.Server(parameters)


def _theirs(path: Path) -> np.ndarray:
    """Return llama.cpp's logarithms of probabilities after each place: places × tokens."""
    count = len(tiny_gguf.TOKENS)
    rows = np.full((len(_PLACES), count), np.nan)
    with _served(path) as server:
        for row, place in zip(rows, _PLACES, strict=True):
            answer = server.handle_completions(
                {
                    "prompt": _TOKENS[:place],
                    "n_predict": 1,
                    "n_probs": count,
                    "temperature": 0.0,
                    "cache_prompt": False,
                    "logit_bias": [[40, 1000.0]],  # a token that is text by itself, so is answered
                }
            )
            for token in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
                row[token["id"]] = token["logprob"]
    assert np.isfinite(rows).all()
    return rows


def _ours(folder: Path, **changes: Any) -> np.ndarray:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, **changes).eval()
    rows = []
    with torch.no_grad():
        for place in _PLACES:  # longrope chooses its divisors by the length of the text
            logits = model(torch.tensor([_TOKENS[:place]])).logits[0, -1]
            rows.append(torch.log_softmax(logits, -1).numpy())
    return np.stack(rows)


def _apart(one: np.ndarray, other: np.ndarray) -> list[float]:
    """Return the largest difference at each place."""
    return [float(value) for value in np.abs(one - other).max(axis=1)]


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [*(("llama", kind) for kind in _KINDS), ("qwen2", "plain"), ("qwen2", "yarn")],
)
def test_positions_are_encoded_alike(
    kind: str, architecture: str, tmp_path: Path, cached: None
) -> None:
    fields, divisors = _KINDS[kind]
    named = {f"{architecture}.rope.{key}": value for key, value in fields.items()}
    path = tiny_gguf.write(
        tmp_path / "m.gguf",
        tiny_gguf.fields(architecture) | named,
        tiny_gguf.tensors(architecture) | divisors,
        architecture=architecture,
    )
    theirs = _theirs(path)
    folder = models.locate(str(path)).folder
    assert max(_apart(_ours(folder), theirs)) < _CLOSE
    if kind not in {"plain", "none", "another base"}:
        dropped = {"rope_theta": 10_000.0, "rope_type": "default"}
        assert min(_apart(_ours(folder, rope_parameters=dropped), theirs)[1:]) > 20 * _CLOSE


def test_phi3s_two_lists_of_divisors_beyond_the_original_context(
    tmp_path: Path, cached: None
) -> None:
    """Short texts differ: llama.cpp chooses by the room that it has, transformers by the text."""
    weights = {}
    for name, values in tiny_gguf.tensors().items():
        if name.endswith(("attn_q.weight", "ffn_gate.weight")):
            parts = {"attn_q": ("attn_k", "attn_v"), "ffn_gate": ("ffn_up",)}
            own, _, _ = name.removeprefix("blk.").partition(".weight")
            layer, kind = own.split(".")
            others = [tiny_gguf.tensors()[f"blk.{layer}.{part}.weight"] for part in parts[kind]]
            joined = {"attn_q": "attn_qkv", "ffn_gate": "ffn_up"}[kind]
            weights[f"blk.{layer}.{joined}.weight"] = np.concatenate([values, *others])
        elif not name.endswith(("attn_k.weight", "attn_v.weight", "ffn_up.weight")):
            weights[name] = values
    weights |= {
        LONG: np.linspace(2, 8, 8).astype(np.float32),
        SHORT: np.linspace(1, 2, 8).astype(np.float32),
    }
    scaling = {"original_context_length": _ORIGINAL, "attn_factor": 1.19}
    fields = {f"phi3.rope.scaling.{key}": value for key, value in scaling.items()}
    path = tiny_gguf.write(
        tmp_path / "m.gguf", tiny_gguf.fields("phi3") | fields, weights, architecture="phi3"
    )
    apart = _apart(_ours(models.locate(str(path)).folder), _theirs(path))
    assert max(apart[2:]) < _CLOSE


def test_heads_that_are_not_counted_and_an_output_that_is_not_there(
    tmp_path: Path, cached: None
) -> None:
    weights = {name: array for name, array in tiny_gguf.tensors().items() if name[:6] != "output"}
    weights["output_norm.weight"] = tiny_gguf.tensors()["output_norm.weight"]
    for layer in range(tiny_gguf.LAYERS):
        for name in ("attn_k", "attn_v"):
            weights[f"blk.{layer}.{name}.weight"] = weights[f"blk.{layer}.attn_q.weight"] * 0.5
    fields = tiny_gguf.fields() | {"llama.attention.head_count_kv": None}
    path = tiny_gguf.write(tmp_path / "m.gguf", fields, weights)
    assert max(_apart(_ours(models.locate(str(path)).folder), _theirs(path))) < _CLOSE


def test_parts_are_one_model(tmp_path: Path, cached: None) -> None:
    paths = tiny_gguf.write_parts(tmp_path, tiny_gguf.tensors())
    assert max(_apart(_ours(models.locate(str(paths[1])).folder), _theirs(paths[0]))) < _CLOSE


_TEXTS = [
    "a  2024 the\n\n1. x",
    "I'm HE'S 12345,678 the  \n\n  end",
    "x\t\t1  2   three\r\n\r\n4",
    "Ünïcode ½ ١٢٣ café — “q”  ...!!?\n\n",
    "THE the tHe the12the  the",
    "\n\n\n 1\n 2",
]


@pytest.mark.parametrize(
    "kind",
    [
        *("gpt-2", "smollm", "starcoder", "refact", "command-r", "qwen2", "stablelm2", "hunyuan"),
        *("llama-bpe", "falcon3", "smaug-bpe", "glm4", "tekken", "gpt-4o", "olmo", "exaone4"),
    ],
)
def test_text_is_cut_into_the_same_tokens(kind: str, tmp_path: Path, cached: None) -> None:
    from transformers import AutoTokenizer

    path = tiny_gguf.write(tmp_path / "m.gguf", tiny_gguf.fields() | {"tokenizer.ggml.pre": kind})
    tokenizer = AutoTokenizer.from_pretrained(models.locate(str(path)).folder)
    with _served(path) as server:
        for text in _TEXTS:
            ours = tokenizer.encode(text, add_special_tokens=False)
            assert _tokens(server.listening_address, text) == ours, text


def _tokens(address: str, text: str) -> list[int]:
    request = urllib.request.Request(
        f"{address}/tokenize",
        json.dumps({"content": text, "add_special": False, "parse_special": False}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return list(json.loads(reply.read())["tokens"])
