"""Errors of tokenizers and templates, turned into ours: the one place where that is done.

Both come from a model's files, and raise whatever they like: Jinja's errors, bare `Exception`,
`RecursionError`, `OverflowError`, and what Rust code has panicked about.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from spm_tui.errors import ModelError, SpmError, reason

_PANIC = "PanicException"
"""Of PyO3's, in which tokenizers are written: it cannot be imported, and is no `Exception`."""


@contextmanager
def faults(name: str, part: str) -> Iterator[None]:
    """Turn whatever is raised within into an error of one line.

    Args:
        name: of the model.
        part: of it that is used, such as its tokenizer.

    Raises:
        ModelError: anything was raised.

    """
    try:
        yield
    except SpmError:
        raise
    except Exception as error:
        raise ModelError(f"{name}: its {part} cannot be used: {_told(error)}") from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise ModelError(f"{name}: its {part} cannot be used: {_told(error)}") from error


def _told(error: BaseException) -> str:
    match error:
        case MemoryError():
            return "it takes too much memory"
        case RecursionError():
            return "it calls itself too deeply"
        case Exception():
            return reason(error)
        case _:
            return str(error).partition("\n")[0]
