"""What the fields of the run form say, as texts."""

from collections.abc import Sequence
from pathlib import Path

from spm_tui.bench.estimate import Estimate
from spm_tui.bench.named_here import Resource
from spm_tui.bench.options import TARGET_SETS, RunOptions
from spm_tui.engine.remote.addresses import read_address
from spm_tui.engine.remote.key import Key
from spm_tui.errors import InputError, ModelError
from spm_tui.format import count, duration, gigabytes
from spm_tui.plain_text import visible
from spm_tui.tui.known_models import KnownModel

BACKENDS = {
    "local": "local",
    "plain": "plain (the same, slower)",
    "vllm": "vllm (a server)",
    "sglang": "sglang (a server)",
    "llama.cpp": "llama.cpp (a server)",
    "openai": "openai (any other server)",
    "ray": "ray (a cluster)",
}


def written(options: RunOptions, name: str) -> str:
    """Return an option's value as it is typed."""
    value = getattr(options, name)
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def target_sets(names: tuple[str, ...], saved: Sequence[str]) -> tuple[str, ...]:
    """Return names of target sets, checked.

    Args:
        names: what is asked for.
        saved: names that targets of the benchmark are saved under.

    Raises:
        InputError: one is neither a set nor a file, or there is none.

    """
    known = (*TARGET_SETS, *saved)
    listed = ", ".join(known)
    for name in names:
        if name not in known and not Path(name).is_file():
            raise InputError(f"{name!r} is neither a file nor one of {listed}", field="--targets")
    if not names:
        raise InputError(f"name some of {listed}, or a file", field="--targets")
    return names


def addresses(text: str, *, key: Key | None = None) -> tuple[str, ...]:
    """Return addresses of servers, with blanks or commas between them, without what is not needed.

    Raises:
        InputError: there is none, one is no address, or one that `key` may not go to.

    """
    try:
        found = [read_address(one)[0] for one in text.replace(",", " ").split()]
        for url in found:
            if key:
                key.require_safe(url)
    except ModelError as error:
        raise InputError(str(error), field="--url") from error
    if not found:
        raise InputError("expected the address of a server", field="--url")
    return tuple(dict.fromkeys(found))


def strangers(recorded: Sequence[Resource]) -> str:
    """Return that only a run's record names these servers, clusters and models."""
    names = "; ".join(visible(f"{resource.kind} {resource.name}") for resource in recorded)
    return (
        f"Only the run's record names {names}. It may be anybody's: no key goes there and nothing"
        " is loaded before you start it"
    )


def model_name(text: str, *, kinds: str) -> str:
    """Return the name of a model.

    Raises:
        InputError: there is none; `kinds` says what can be named.

    """
    if not text.strip():
        raise InputError(f"name {kinds}")
    return text.strip()


def offered(models: Sequence[KnownModel]) -> dict[str, str]:
    """Return models by name, with where they are."""
    return {model.name: f"{model.name} ({_place(model)})" for model in models}


def _place(model: KnownModel) -> str:
    if model.cached:
        return "cached"
    return f"to fetch, {gigabytes(model.size)}" if model.size else "to fetch"


def brief(found: Estimate) -> str:
    """Return an estimate in one line."""
    if not found.requests:
        return "no requests: needs no model"
    requests = f"{count(found.requests)} request{'s' if found.requests > 1 else ''}"
    text = f"{requests}, about {count(_rounded(found.prompt_tokens))} prompt tokens"
    return f"{text}, about {duration(found.seconds)}" if found.seconds else text


def _rounded(value: int) -> int:
    """Return a number with its two leading digits: it is an estimate."""
    step = int(10 ** max(len(str(value)) - 2, 0))
    return round(value / step) * step
