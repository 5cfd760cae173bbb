"""The boundary to the libraries that read models' files: inside it, only our errors exist.

transformers, tokenizers, safetensors, torch, sentence-transformers and Jinja raise whatever comes
of a file that is not as they expect it, from `KeyError` to a bare `Exception`. Here it becomes an
error of ours, of one line.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from spm_tui.engine.quiet import quiet
from spm_tui.errors import ModelError, SpmError, reason

_UNCLEAR = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)
"""Kinds that say nothing of a file to who did not write the code that reads it."""
_PANIC = "PanicException"
"""Of Rust code, as of tokenizers: PyO3 derives it from BaseException, and it cannot be imported."""


@contextmanager
def reading_model(place: Path | str, what: str) -> Iterator[None]:
    """Let libraries read a model's files within; they say nothing, and fail in one line.

    Args:
        place: the folder or file.
        what: it is read as, for people: "a language model".

    Raises:
        ModelError: it cannot be read.

    """
    stdout = redirect_stdout(sys.stderr)  # it carries results
    with _converted(f"{place}: cannot be loaded as {what}"), quiet(), stdout:
        yield


@contextmanager
def using(name: str, part: str) -> Iterator[None]:
    """Let a part of a model be used within that is in its files: it may fail in one line.

    Args:
        name: of the model.
        part: its tokenizer, or its chat template.

    Raises:
        ModelError: it has failed.

    """
    with _converted(f"{name}: its {part} cannot be used"):
        yield


@contextmanager
def _converted(problem: str) -> Iterator[None]:
    """Turn whatever is raised within into an error of ours, which says why after a colon."""
    try:
        yield
    except SpmError:
        raise
    except Exception as error:
        raise ModelError(f"{problem}: {_why(error)}") from error
    except BaseException as error:
        # What is not an Exception is no failure, with one exception: a panic.
        if type(error).__name__ != _PANIC:
            raise
        raise ModelError(f"{problem}: {_why(RuntimeError(str(error)))}") from error


def _why(error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return "it needs code of its own, which is not run"
    match error:
        case MemoryError():
            return f"not enough memory: {reason(error)}"
        case RecursionError():
            return "it calls itself too deeply"
        case _ if isinstance(error, _UNCLEAR):
            name = type(error).__name__
            return f"its files are not as they should be ({name}: {reason(error)})"
        case _:
            return reason(error)
