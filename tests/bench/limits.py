"""What the hardware allows: rates of multiplication and of memory, in the model's own shapes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Measured rates."""

    multiply: float
    """Floating-point operations a second of the layers' matrices, 256 tokens at a time."""
    memory: float
    """Bytes a second, reading."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What reading a token costs."""

    layers: int
    heads: int
    head_size: int
    matrices: tuple[tuple[int, int], ...]
    """Of one layer."""
    weights: int
    """Bytes of the whole model."""

    def operations(self, tokens: int, seen: int) -> float:
        """Return the operations of reading tokens, each of which sees `seen` others on average."""
        linear = 2 * sum(a * b for a, b in self.matrices)
        return self.layers * tokens * (linear + 4 * self.heads * self.head_size * seen)


def shape(config: Any, bytes_per_weight: int) -> Shape:
    """Return the shape of a Llama-like model."""
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    wide, hidden, inner = (
        config.num_attention_heads * size,
        config.hidden_size,
        config.intermediate_size,
    )
    keys = config.num_key_value_heads * size
    matrices = (
        *((hidden, wide), (hidden, keys), (hidden, keys), (wide, hidden)),
        *((hidden, inner), (hidden, inner), (inner, hidden)),
    )
    weights = config.num_hidden_layers * sum(a * b for a, b in matrices)
    weights += config.vocab_size * hidden
    return Shape(
        config.num_hidden_layers,
        config.num_attention_heads,
        size,
        matrices,
        weights * bytes_per_weight,
    )


def measure(form: Shape, *, device: str, dtype: str, tokens: int) -> Limits:
    """Return the rates at which the layers' matrices are multiplied, and memory is read."""
    import torch

    kind = getattr(torch, dtype)
    inputs = {a: torch.randn(tokens, a).to(device, kind) for a, _ in form.matrices}
    weights = [torch.randn(b, a).to(device, kind) for a, b in form.matrices]

    def layer() -> None:
        for weight in weights:
            torch.nn.functional.linear(inputs[weight.shape[1]], weight)

    operations = 2 * tokens * sum(a * b for a, b in form.matrices)
    large = torch.ones(64_000_000, device=device)
    with torch.inference_mode():
        multiply = operations / _median(layer, device)
        memory = large.numel() * 4 / _median(large.sum, device)
    return Limits(multiply, memory)


def _median(act: Callable[[], object], device: str) -> float:
    import torch

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    times = []
    for _ in range(30):
        wait()
        started = time.perf_counter()
        act()
        wait()
        times.append(time.perf_counter() - started)
    return statistics.median(times[5:])
