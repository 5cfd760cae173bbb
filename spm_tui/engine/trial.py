"""Templates tried in a process of their own, before they are let into this one.

A template is a program from a model's folder. Jinja's sandbox keeps it from files, but not from
running for ever: loops within loops, `10**(10**8)`, a text doubled a hundred times. Some of it
happens when it is compiled, where constants are computed, and all of it within calls that no
thread or signal can end. So the first to compile and render it is a fresh process with bounds on
its time and memory, which is no copy of this one: a fork beside torch's threads may never wake.
It takes about 0.1 s, once for each template. What went well there is done here afterwards.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any

from spm_tui.engine.manner import Manner, for_answers, for_exchanges
from spm_tui.engine.template import Template
from spm_tui.errors import ModelError, reason

_SECONDS = 5
"""Of a processor, for a template; a usual one needs 0.02."""
_PATIENCE = 15.0
"""Seconds on the clock, on a machine that has much else to do."""
_MEMORY = 1 << 30
"""Bytes of addresses."""
_CHILD = "from spm_tui.engine import trial; trial.main()"
_ENDLESS = "it does not come to an end"
_KINDS = {"answers": for_answers, "exchanges": for_exchanges}


def manner_for_answers(source: str, variables: dict[str, Any], *, name: str) -> Manner:
    """Return how a template is spoken to when its model is to answer.

    Args:
        source: the Jinja.
        variables: the tokenizer's special tokens.
        name: of the model, for people.

    Raises:
        ModelError: the template cannot be used.

    """
    return _manner("answers", source, variables, name)


def manner_for_exchanges(source: str, variables: dict[str, Any], *, name: str) -> Manner:
    """Return how a template is spoken to when an answer is rated; as `manner_for_answers`."""
    return _manner("exchanges", source, variables, name)


def _manner(kind: str, source: str, variables: dict[str, Any], name: str) -> Manner:
    outcome = _tried(json.dumps([kind, source, variables], sort_keys=True))
    if isinstance(outcome, str):
        raise ModelError(f"{name}: its chat template cannot be used: {outcome}")
    return outcome


@lru_cache(maxsize=64)
def _tried(task: str) -> Manner | str:
    """Return what becomes of a template, or why it cannot be used."""
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD],
            input=task.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        return _ENDLESS
    except OSError as error:
        raise ModelError(f"no process to try a chat template in: {reason(error)}") from error
    if child.returncode:
        return _ENDLESS if child.returncode < 0 else _last_line(child.stderr)
    told = json.loads(child.stdout)
    if isinstance(told, str):
        return told
    told["switches"] = tuple((name, value) for name, value in told["switches"])
    return Manner(**told)


def _last_line(told: bytes) -> str:
    return (told.decode(errors="replace").strip().splitlines() or ["for a reason unknown"])[-1]


def main() -> None:
    """Try a template: in the process of its own."""
    kind, source, variables = json.loads(sys.stdin.buffer.read().decode("utf-8", "surrogatepass"))
    _confine()
    told: Any
    try:
        told = _fields(_KINDS[kind](Template(source, variables)))
    except MemoryError:
        told = f"it takes more than {_MEMORY >> 30} GiB of memory"
    except RecursionError:
        told = "it calls itself too deeply"
    except Exception as error:  # a template is a program, and raises what it likes
        told = reason(error)
    sys.stdout.write(json.dumps(told))


def _fields(manner: Manner) -> dict[str, Any]:
    return {name: getattr(manner, name) for name in Manner.__slots__}


def _confine() -> None:
    """Bound this process; where the system cannot, the parent's patience remains."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
