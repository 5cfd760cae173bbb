"""The boundary to the libraries that read models' files: inside it, only our errors exist.

transformers, tokenizers, safetensors, torch and sentence-transformers raise whatever comes of a
file that is not as they expect it, from `KeyError` to a bare `Exception`. Here it becomes an
error of ours, of one line.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from spm_tui.engine.quiet import quiet
from spm_tui.errors import ModelError, SpmError, reason

_UNCLEAR = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError)
"""Kinds that say nothing of a file to who did not write the code that reads it."""


@contextmanager
def reading_model(place: Path | str, what: str) -> Iterator[None]:
    """Let libraries read a model's files within; they say nothing, and fail in one line.

    Args:
        place: the folder or file.
        what: it is read as, for people: "a language model".

    Raises:
        ModelError: it cannot be read.

    """
    try:
        with quiet(), redirect_stdout(sys.stderr):  # stdout carries results
            yield
    except SpmError:
        raise
    except Exception as error:
        raise unreadable(place, what, error) from error
    except BaseException as error:
        # What is not an Exception is no failure, with one exception: a panic of Rust code, as of
        # tokenizers, which PyO3 derives from BaseException. Its class has no module to import.
        if type(error).__name__ != "PanicException":
            raise
        raise unreadable(place, what, RuntimeError(str(error))) from error


def unreadable(place: Path | str, what: str, error: Exception) -> ModelError:
    """Return the error of ours for one of a library's."""
    if "trust_remote_code" in str(error):
        problem = "it needs code of its own, which is not run"
    elif isinstance(error, MemoryError):
        problem = f"not enough memory: {reason(error)}"
    elif isinstance(error, _UNCLEAR):
        problem = f"its files are not as they should be ({type(error).__name__}: {reason(error)})"
    else:
        problem = reason(error)
    return ModelError(f"{place}: cannot be loaded as {what}: {problem}")
