"""One engine in a process of its own, so that its memory can be told from another's.

Reads the names of files with requests from stdin, one per line, answers each, and writes what
it measured as a line of JSON. `engines` is the other end.
"""

import json
import pickle
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spm_tui.bench.options import QUANTIZATIONS
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement, place
from spm_tui.engine.fast import attention, choice, fused, work
from spm_tui.engine.fast.engine import FastEngine
from spm_tui.engine.fast.reader import Reader
from spm_tui.engine.loading import Loaded, load
from spm_tui.engine.plain import PlainEngine
from spm_tui.wire import Request
from tests.bench import limits

LLAMA_3B = {
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 128_256,
    "max_position_embeddings": 131_072,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0},
    "tie_word_embeddings": True,
}
"""The shape of Llama-3.2-3B; speed does not depend on the weights."""


def shaped(tokenizer: Any, placement: Placement) -> Loaded:
    """Return a model of Llama-3.2-3B's shape with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from spm_tui.engine.prompt import Prompts

    torch.set_default_dtype(getattr(torch, placement.dtype))
    with torch.device(placement.device):
        model = LlamaForCausalLM(LlamaConfig(**LLAMA_3B)).eval()
    torch.set_default_dtype(torch.float32)
    tokenizer.model_max_length = LLAMA_3B["max_position_embeddings"]
    return Loaded(model, tokenizer, Prompts(tokenizer, 131_072), placement.device)


def shape(folder: Path, placement: Placement, *, shaped: bool) -> limits.Shape:
    """Return the shape of the model that answers."""
    from transformers import AutoConfig, LlamaConfig

    config = LlamaConfig(**LLAMA_3B) if shaped else AutoConfig.from_pretrained(folder)
    return limits.shape(config, 4 if placement.dtype == "float32" else 2)


@contextmanager
def timed(parts: dict[str, float]) -> Iterator[None]:
    """Add up the seconds spent in the fast engine's parts; on a GPU they overlap.

    And the tokens its model reads, and how many others those see.
    """
    watched: list[tuple[Any, str, str]] = [
        (Reader, "read", "model"),
        (attention.Layout, "attend", "attention"),
        (fused.Tasks, "attend", "attention"),
        (work, "choose", "choosing"),
        (choice, "_masked", "masks"),
        (work, "plan", "layout"),
        (work.Work, "admit", "admission"),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in watched]
    for (owner, name, part), (_, _, act) in zip(watched, before, strict=True):
        setattr(owner, name, _timed(act, part, parts))
    try:
        yield
    finally:
        for owner, name, act in before:
            setattr(owner, name, act)


def _timed(act: Any, part: str, parts: dict[str, float]) -> Any:
    def timing(*arguments: Any) -> Any:
        if part == "model":
            parts["tokens"] += len(arguments[1].tokens)
            parts["seen"] += sum(arguments[1].positions)
        started = time.perf_counter()
        try:
            return act(*arguments)
        finally:
            parts[part] += time.perf_counter() - started

    return timing


def measure(engine: Engine, requests: Sequence[Request]) -> dict[str, Any]:
    """Answer the requests; return seconds, tokens, the parts' seconds, texts and peak memory."""
    parts: dict[str, float] = defaultdict(float)
    started = time.perf_counter()
    with timed(parts):
        replies = dict(reply for group in engine.answer(requests) for reply in group)
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "prompt_tokens": sum(reply.prompt_tokens for reply in replies.values()),
        "answer_tokens": sum(reply.answer_tokens for reply in replies.values()),
        "parts": parts,
        "texts": [replies[index].text for index in range(len(requests))],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def main() -> None:
    """Serve; arguments: plain or fast, the model's folder, what else is wanted of the model.

    That is `shaped` for Llama-3.2-3B's shape, or how its weights are quantized.
    """
    which, folder, *more = sys.argv[1:]
    placement = place(quantize=next((word for word in more if word in QUANTIZATIONS), None))
    shape = "shaped" in more
    loaded = load(Path(folder), Placement("cpu", "float32") if shape else placement)
    if shape:
        loaded = shaped(loaded.tokenizer, placement)
    engine = FastEngine(loaded) if which == "fast" else PlainEngine(loaded)
    for line in sys.stdin:
        requests = pickle.loads(Path(line.strip()).read_bytes())  # ours, of a moment ago
        print(json.dumps(measure(engine, requests)), flush=True)


if __name__ == "__main__":
    main()
