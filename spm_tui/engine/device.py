"""Where a model runs and in which precision."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from spm_tui.errors import ModelError

DEVICES = ("auto", "cuda", "mps", "cpu")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and a precision, both definite."""

    device: str
    dtype: str


def place(device: str = "auto", dtype: str = "auto") -> Placement:
    """Return where to run: the best device there is, and the precision that suits it.

    torch is imported only where there are signs of an accelerator.

    Raises:
        ModelError: the device was named and is not there.

    """
    found = _best() if device == "auto" else device
    if device not in ("auto", "cpu") and not _usable(device):
        raise ModelError(f"no {device} device on this machine; use --device cpu")
    if dtype == "auto":
        dtype = {"cpu": "float32", "mps": "float16"}.get(found) or _cuda_dtype()
    return Placement(found, dtype)


def _best() -> str:
    if any(Path(driver).exists() for driver in _DRIVERS) and _usable("cuda"):
        return "cuda"
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return "mps" if apple and _usable("mps") else "cpu"


def _usable(device: str) -> bool:
    import torch

    kind = device.partition(":")[0]
    return torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()


def _cuda_dtype() -> str:
    import torch

    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def describe() -> dict[str, str]:
    """Return the hardware for people: processor, cores, accelerators."""
    import os

    facts = {"machine": platform.machine(), "cores": str(os.cpu_count())}
    if any(Path(driver).exists() for driver in _DRIVERS) and _usable("cuda"):
        import torch

        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        facts["gpus"] = ", ".join(names)
    return facts
