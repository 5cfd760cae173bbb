"""Where a model runs and in which precision."""

import os
import platform
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from spm_tui.errors import ModelError

DEVICES = ("auto", "cuda", "mps", "cpu")
QUANTIZATIONS = ("int8", "int4")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and a precision, both definite."""

    device: str
    dtype: str
    quantize: str | None = None
    """Weights in fewer bits: int8 or int4."""

    @property
    def precision(self) -> str:
        """What decides a model's answers: part of a backbone's identity."""
        return f"{self.dtype}/{self.quantize}" if self.quantize else self.dtype


def place(device: str = "auto", dtype: str = "auto", quantize: str | None = None) -> Placement:
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
    return Placement(found, dtype, quantize)


def spread(placement: Placement, workers: int | None) -> list[Placement]:
    """Return where several processes run: by default, one on every GPU.

    Args:
        placement: of a single one.
        workers: how many; GPUs are taken in turn.

    """
    gpus = 0
    if placement.device == "cuda":
        import torch

        gpus = torch.cuda.device_count()
    count = workers or gpus or 1
    if count == 1:
        return [placement]
    names = [f"cuda:{i % gpus}" if gpus else placement.device for i in range(count)]
    return [replace(placement, device=name) for name in names]


def share_cores() -> None:
    """Let threads that wait for each other sleep soon; of use only before torch is loaded.

    GNU's OpenMP has them turn some hundred times as long, which takes the cores from whatever
    else runs and, in the end, from the run: beside one busy process, on two cores, it takes 44 s
    in place of 61, and alone as long as ever. What a person has set counts.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")


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
    facts = {"machine": platform.machine(), "cores": str(os.cpu_count())}
    if any(Path(driver).exists() for driver in _DRIVERS) and _usable("cuda"):
        import torch

        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        facts["gpus"] = ", ".join(names)
    return facts
