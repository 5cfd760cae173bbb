"""The methods by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from spm_tui.methods.base import AskingMethod, DirectMethod, Settings
from spm_tui.methods.comparative import Comparative
from spm_tui.methods.regression import Regression
from spm_tui.methods.simple import Oracle, Random

ASKING: Mapping[str, Callable[[Settings], AskingMethod]] = {
    "few-shot-comparative": Comparative,
    "zero-shot-comparative": lambda settings: Comparative(replace(settings, shots=0)),
    "zero-shot-regression": Regression,
}
"""Methods that ask a language model."""
DIRECT: Mapping[str, Callable[[Settings], DirectMethod]] = {"oracle": Oracle, "random": Random}
"""Methods that do not."""
FEW_SHOT = frozenset({"few-shot-comparative"})
"""Methods that show worked examples."""
NAMES = (*ASKING, *DIRECT)
