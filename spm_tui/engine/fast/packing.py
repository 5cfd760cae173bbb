"""Weights laid out as the processor multiplies them fastest.

torch hands a linear layer to a library that lays its weights out anew at every call, which costs
most when few tokens are read. oneDNN, which torch carries as well, takes weights that were laid
out once, and that is what torch's own compiler does with a model it freezes.
"""

from functools import partial
from typing import Any

_TOKENS = 256
"""That a layer is told to expect; a full step's."""


def pack(model: Any) -> None:
    """Lay out the weights of a model's linear layers, once, where that pays.

    The layers lose their weights as they were; those that an embedding shares stay with it.

    Args:
        model: of transformers; in single precision on an x86 processor, or left as it is.

    """
    import torch

    if not (_is_x86() and model.device.type == "cpu" and model.dtype == torch.float32):
        return
    linear: Any = torch.nn.Linear
    for layer in model.modules():
        if type(layer) is linear and layer.weight is not None:
            packed = torch.ops.mkldnn._reorder_linear_weight(  # noqa: SLF001 - has no public name
                layer.weight.detach(), _TOKENS
            )
            layer.forward = partial(_linear, packed, layer.bias)
            layer.weight = None


def _is_x86() -> bool:
    import torch

    has_onednn: Any = torch.backends.mkldnn.is_available
    return torch.backends.cpu.get_cpu_capability().startswith("AVX") and bool(has_onednn())


def _linear(weight: Any, bias: Any, inputs: Any) -> Any:
    import torch

    return torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - has no public name
        inputs, weight, bias, "none", [], ""
    )
