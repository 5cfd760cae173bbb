"""The app's configuration file: `config.toml`, all of it optional.

::

    theme = "spm-light"              # or any of Textual's
    author = "ada"                   # of annotations; else the name of the user
    model = "HuggingFaceTB/SmolLM2-360M-Instruct"    # offered first for runs
    command = ["srun", "--gres=gpu:1", "spm-tui"]    # what starts a run
    insecure-key = true              # as the option of that name
    [keys]
    browse.search = "ctrl+f"         # ids as the help screen lists them

Separate from the config files of runs, which say what a run is; this says how the app looks.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path

import platformdirs

from spm_tui.errors import InputError
from spm_tui.files import read_toml


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says, or would."""

    author: str
    theme: str | None = None
    """None: by the terminal."""
    model: str | None = None
    """None: the embedded one."""
    command: tuple[str, ...] = ()
    """Program and first arguments that start a run; empty: this installation."""
    insecure_key: bool = False
    """Whether the API key of servers may go to other machines over plain HTTP."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Id of a binding → its keys, separated by commas, for `App.set_keymap`."""


_NAMES = tuple(one.name.replace("_", "-") for one in fields(Config))


def location(environ: Mapping[str, str]) -> Path:
    """Return the file: $SPM_CONFIG, else `config.toml` in the platform's folder for such."""
    named = environ.get("SPM_CONFIG")
    return Path(named) if named else Path(platformdirs.user_config_dir("spm-tui")) / "config.toml"


def read(path: Path, *, user: str) -> Config:
    """Return the configuration; all defaults where there is no file.

    Args:
        path: the file.
        user: author of annotations where the file names none.

    Raises:
        InputError: it cannot be read, or a key is unknown or has a value of the wrong kind.

    """
    try:
        found = read_toml(path)
    except FileNotFoundError:
        return Config(author=user)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from error
    for name in found:
        if name not in _NAMES:
            raise InputError(_unknown(name), path=path, field=name)
    return Config(
        author=_text(found, "author", path) or user,
        theme=_text(found, "theme", path),
        model=_text(found, "model", path),
        command=_words(found, path),
        insecure_key=_truth(found, "insecure-key", path),
        keys=dict(_keys(found.get("keys", {}), "keys", path)),
    )


def unknown_keys(config: Config, known_ids: Collection[str]) -> tuple[str, ...]:
    """Return the ids under `[keys]` that no binding has."""
    return tuple(name for name in config.keys if name not in known_ids)


def _unknown(name: str) -> str:
    near = get_close_matches(name, _NAMES, 1)
    return f"not known; did you mean {near[0]}?" if near else f"not one of {', '.join(_NAMES)}"


def _text(found: Mapping[str, object], name: str, path: Path) -> str | None:
    if name not in found:
        return None
    value = found[name]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"expected a text, found {value!r}", path=path, field=name)
    return value


def _truth(found: Mapping[str, object], name: str, path: Path) -> bool:
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"expected true or false, found {value!r}", path=path, field=name)
    return value


def _words(found: Mapping[str, object], path: Path) -> tuple[str, ...]:
    if "command" not in found:
        return ()
    value = found["command"]
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        problem = f'expected a list of texts such as ["srun", "spm-tui"], found {value!r}'
        raise InputError(problem, path=path, field="command")
    return tuple(value)


def _keys(value: object, name: str, path: Path) -> Iterator[tuple[str, str]]:
    """Yield id and keys; an id with a dot is a table in TOML, unless it is quoted."""
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _keys(inner, f"{name}.{part}", path)
        return
    one = isinstance(value, str) and all(key.strip() for key in value.split(","))
    if not one or name == "keys":
        raise InputError(f"expected keys such as 'ctrl+f', found {value!r}", path=path, field=name)
    yield name.removeprefix("keys."), str(value)
