# ruff: noqa: E501 - a row of a table on each line
"""Chat templates of every sort."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.damage.edits import Damage, Variant, folder, gone, put, written

_TEMPLATES: dict[str, str] = {
    "wrong": "{% for %}",
    "open": "{% if true %}",
    "raising": "{{ raise_exception('not like\nthis') }}",
    "an unknown filter": "{{ messages | nonesuch }}",
    "an unknown function": "{{ nonesuch() }}",
    "a division": "{{ 1 / 0 }}",
    "an attribute": "{{ messages.a.b.c }}",
    "empty": " ",
    "without messages": "hello",
    "endless": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
    "a power": "{{ 10**(10**8) }}",
    "a large text": "{{ 'x' * 10**10 }}",
    "a recursion": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "an escape": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a clock": "{{ strftime_now('%H %M %S %f') }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "parts": "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}",
    "no system": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}",
    "a thought": "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n",
    "lone surrogates": "{{ '\\ud800' }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "an include": "{% include 'x' %}",
}  # fmt: skip


def variants() -> Iterator[Variant]:
    for kind, text in _TEMPLATES.items():
        content = text.encode()
        yield Variant(
            f"template {kind}", "llama", "template", written("chat_template.jinja", content)
        )
        if kind not in ("endless", "a power", "a large text"):
            yield Variant(
                f"template {kind}", "reward", "template", written("chat_template.jinja", content)
            )
    yield Variant("template of bytes", "llama", "template", written("chat_template.jinja", b"\xff"))
    yield Variant("template a folder", "llama", "template", folder("chat_template.jinja"))
    yield Variant("no template", "llama", "template", gone("chat_template.jinja"))
    named = [{"name": "rag", "template": "{{ messages }}"}]
    yield Variant("named templates", "llama", "template", _without_jinja(named))
    yield Variant(
        "template by name",
        "llama",
        "template",
        _without_jinja({"default": "{{ messages[-1].content }}"}),
    )
    yield Variant("template by no name", "llama", "template", _without_jinja([{"template": "x"}]))


def _without_jinja(template: Any) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "chat_template.jinja").unlink()
        put("tokenizer_config.json", "chat_template", template)(folder)

    return damage
