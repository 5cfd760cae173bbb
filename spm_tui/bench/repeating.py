"""From a stored run back to the options that repeat it, or extend it."""

import json
from dataclasses import replace
from typing import Any

from spm_tui.bench.options import BY_NAME, MODEL_OPTION, RunOptions
from spm_tui.errors import InputError
from spm_tui.methods.catalogue import MODEL_OF
from store.records import Run


def options_of(run: Run) -> RunOptions:
    """Return the options of a run over its whole split.

    What decides the answers comes from the run's configuration, the rest (device, a model's
    path) from the command that made it, as far as it was recorded.
    """
    config: dict[str, Any] = json.loads(run.spec.config)["method"]
    temperature = config.get("temperature", 0)
    decided: dict[str, Any] = {
        "benchmark": run.spec.benchmark[:12],
        "split": run.spec.split,
        "method": (run.spec.method,),
        "decoding": "sampling" if temperature else "greedy",
        "limit": None,
        "scenario": (),
        "out": None,
    }
    kept = ("samples", "shots", "seed", "reasoning_tokens")
    decided |= {key: config[key] for key in kept if config.get(key)}
    if temperature:
        decided["temperature"] = temperature
    if "reasoning" in config:
        decided["reasoning_tokens"] = config["reasoning"][1]
    recorded = _recorded(run)
    model = BY_NAME[MODEL_OPTION[MODEL_OF.get(run.spec.method, "language")]].field
    if run.spec.model and model not in recorded:
        decided[model] = run.spec.model
    return replace(RunOptions(), **(recorded | decided))


def _recorded(run: Run) -> dict[str, Any]:
    """The options of the command that last worked on the run; none where it left none."""
    given = json.loads(run.environment).get("options", {})
    try:
        return {BY_NAME[name].field: BY_NAME[name].check(value) for name, value in given.items()}
    except (InputError, KeyError):  # of another version of this program
        return {}
