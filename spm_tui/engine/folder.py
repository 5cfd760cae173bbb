"""A model's folder, looked at before any library reads it.

What libraries would do silently, or only after minutes, is refused here: code of the folder's own,
an adapter that one installation would apply and another not, weights that the folder does not
hold itself, counts in the configuration that nobody can build.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spm_tui.errors import ModelError, reason
from spm_tui.files import read_json
from store.regular import irregular

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""What transformers loads: the first that is there, whole or as shards that an index lists."""
OWN_FILES = {"trust_remote_code": False, "local_files_only": True}
"""Options of every loader: no code of a model's own, nothing from elsewhere than its folder."""
_COUNTS = re.compile("layer|label|block|expert|head|depth|stage")
"""Keys of a configuration that tell how often something is built."""
_MOST = 100_000
"""Of anything that is built one by one."""


def check_folder(folder: Path, *, name: str) -> None:
    """See that a folder has a model that can be loaded without running what it brings.

    Args:
        folder: the model's files.
        name: of the model, for people, with what it would be.

    Raises:
        ModelError: it has not.

    """
    if not os.path.lexists(folder / "config.json"):
        raise ModelError(f"{name}: it has no config.json")
    config = read_object(folder / "config.json")
    _require_files(folder)
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{folder}: has an adapter (adapter_config.json): merge it into the model, or take its"
            " files away"
        )
    if _needs_code(config, folder):
        raise ModelError(f"{folder}: needs code of its own, which is not run")
    for key, count in _numbers(config):
        if _COUNTS.search(key) and count > _MOST:
            raise ModelError(f"{folder / 'config.json'}: {key} is {count}, more than {_MOST}")


def _require_files(folder: Path) -> None:
    """See that all in a folder are files or folders: libraries would wait for a pipe for ever."""
    for path in folder.rglob("*"):
        try:
            kind = None if path.is_dir() else irregular(path)
        except FileNotFoundError:  # a link to nowhere is as good as nothing
            continue
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}") from error
        if kind:
            raise ModelError(f"{path}: {kind}")


def read_object(path: Path) -> dict[str, Any]:
    """Return what a JSON file with an object has.

    Raises:
        ModelError: there is none, or something else in it.

    """
    try:
        content = read_json(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON: {reason(error)}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: expected an object, found {type(content).__name__}")
    return content


def _needs_code(config: dict[str, Any], folder: Path) -> bool:
    """Whether transformers has no classes of its own for what a folder names classes for.

    Without its own tokenizer's class a folder may load with another's, which is another tokenizer.
    """
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    if config.get("auto_map") and str(config.get("model_type")) not in CONFIG_MAPPING:
        return True
    path = folder / "tokenizer_config.json"
    if not path.exists() or not (words := read_object(path)).get("auto_map"):
        return False
    name = words.get("tokenizer_class")
    return not isinstance(name, str) or tokenizer_class_from_name(name) is None


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Yield the whole numbers in a configuration, each with its key."""
    match value:
        case bool():
            return
        case int():
            yield key, value
        case dict():
            for name, part in value.items():
                yield from _numbers(part, name)
        case list():
            for part in value:
                yield from _numbers(part, key)


def weights(folder: Path) -> list[Path]:
    """Return the files that transformers would load, whether they are there or not.

    Raises:
        ModelError: an index of them is none, or names files of other folders, whose content would
            not count for the model's identity.

    """
    for name in WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
        if (index := folder / f"{name}.index.json").is_file():
            return [folder / shard for shard in _shards(index)]
    return []


def _shards(index: Path) -> list[str]:
    try:
        shards = set(read_json(index)["weight_map"].values())
        inside = all(Path(shard).name == shard for shard in shards)
    except OSError as error:
        raise ModelError(f"{index}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{index}: not an index of weights; delete it") from error
    if not inside:
        raise ModelError(f"{index}: names weights outside its folder")
    return sorted(shards)


def whole(folder: Path) -> bool:
    """Whether a folder has a configuration and all weights."""
    files = weights(folder)
    return bool(files) and all(file.is_file() for file in (folder / "config.json", *files))
