"""The chat template in a model's folder, read before the model is loaded.

What it makes of prompts belongs to a model's identity, and that is known before anything is
answered: most runs that go on need no model. Reading the folder's few small files takes a
fraction of the time in which transformers is imported.
"""

from pathlib import Path
from typing import Any

from spm_tui.engine import trial
from spm_tui.engine.manner import Manner
from spm_tui.engine.template import chosen, variables
from spm_tui.files import read_json, read_text

_CONFIG = "tokenizer_config.json"
_TEMPLATE, _MORE = "chat_template.jinja", "additional_chat_templates"
"""The default template, and the folder of those with names of their own."""


def manner(folder: Path, *, rating: bool = False) -> Manner:
    """Return how a model's chat template is spoken to.

    A folder without one, or with what cannot be read, is as usual: loading says what is wrong.

    Args:
        folder: the model's files.
        rating: whether it is for answers that are rated, not for those to be given.

    Raises:
        ModelError: the template cannot be used.

    """
    config = _config(folder)
    name = str(folder)
    template = _files(folder) or _listed(config.get("chat_template"))
    if not template or not isinstance(template, str | dict):
        return Manner()
    special = {key: _text(value) for key, value in config.items() if key.endswith("_token")}
    tried = trial.manner_for_exchanges if rating else trial.manner_for_answers
    given = variables({key: value for key, value in special.items() if value})
    return tried(chosen(template, name=name), given, name=name)


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = read_json(folder / _CONFIG)
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def _files(folder: Path) -> str | dict[str, str] | None:
    """Return the templates that are files of their own, which come before all others."""
    files = {path.stem: path for path in sorted((folder / _MORE).glob("*.jinja"))}
    if (folder / _TEMPLATE).is_file():
        files["default"] = folder / _TEMPLATE
    try:
        templates = {name: read_text(path) for name, path in files.items()}
    except (OSError, ValueError):
        return None
    return templates["default"] if list(templates) == ["default"] else templates


def _listed(template: Any) -> Any:
    """Return templates that are listed with their names as a dictionary of them."""
    if not isinstance(template, list):
        return template
    named = [one for one in template if isinstance(one, dict) and {"name", "template"} <= set(one)]
    return {one["name"]: one["template"] for one in named}


def _text(token: Any) -> str:
    """Return a special token, which may be written with its properties."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""
