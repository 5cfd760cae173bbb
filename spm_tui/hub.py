"""How the model hub's client fails, for all that fetch with it.

On its own, since models and data sets are fetched by packages that do not import each other.
"""


def failures() -> tuple[type[Exception], ...]:
    """Return the errors by which the hub's client says that it could not fetch.

    Its transport errors are those of the HTTP library that it chose, which is taken from it: what
    a proxy refuses, or a connection that breaks, is no OSError there. Its storage backend raises
    RuntimeError.
    """
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    return (HTTPError, OSError, ValueError, RuntimeError)
