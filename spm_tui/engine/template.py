"""A chat template: a model's own Jinja, compiled and rendered as transformers does.

It is compiled here and not there, because transformers gives templates today's clock, and because
`trial` renders it in a process that must not take seconds to start. The environment is the one of
`transformers.utils.chat_template_utils`: a sandbox, whose options and functions decide what the
templates in models' folders come to, byte by byte.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import jinja2
from jinja2 import meta, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from spm_tui.errors import ModelError

_FOR_TOOLS = ("tool_use", "rag")
"""Names of templates for what is not done here."""
_NOW = datetime(2024, 7, 26)
DATE = _NOW.strftime("%d %b %Y")
"""What Llama's templates tell where there is no clock. A prompt does not depend on the day."""
_CLOCK = "strftime_now"
"""The clock, as templates call it."""

Turn: TypeAlias = dict[str, Any]
"""A message as templates read it: its `role`, and its `content` as a text or a list of parts."""


class Template:
    """A compiled template.

    Args:
        source: the Jinja.
        variables: what it may read besides the conversation: the tokenizer's special tokens.

    Raises whatever Jinja raises, as rendering does: `foreign` turns it into our error.

    """

    def __init__(self, source: str, variables: Mapping[str, Any]) -> None:
        environment = _environment()
        environment.globals[_CLOCK] = self._now
        self._variables = dict(variables)
        self._tree = environment.parse(source)
        self._compiled = environment.from_string(source)
        self.reads = frozenset(meta.find_undeclared_variables(self._tree))
        """Names of variables that it looks up."""
        self.clock = False
        """Whether it has asked what time it is: Llama's does so only where it is not told."""

    def render(self, turns: Sequence[Turn], *, ended: bool, **switches: Any) -> str:
        """Return a conversation as text.

        Args:
            turns: the conversation.
            ended: whether nothing is left to be said; otherwise the assistant is to answer.
            switches: of the template's own.

        """
        return self._compiled.render(
            self._variables | switches,
            messages=list(turns),
            tools=None,
            documents=None,
            add_generation_prompt=not ended,
            date_string=DATE,
        )

    def _now(self, form: str) -> str:
        self.clock = True
        return _NOW.strftime(form)

    @property
    def literals(self) -> tuple[str, ...]:
        """What the template itself writes, and compares with."""
        texts = [node.data for node in self._tree.find_all(nodes.TemplateData)]
        constants = [node.value for node in self._tree.find_all(nodes.Const)]
        return (*texts, *(value for value in constants if isinstance(value, str)))


def chosen(template: Any, *, name: str) -> str:
    """Return the template that writes plain conversations.

    Args:
        template: of a tokenizer: one, or several by their names.
        name: of the model, for people.

    Raises:
        ModelError: there is none, or no telling which.

    """
    if template and isinstance(template, dict):
        several = template
        plain = [one for one in several if one not in _FOR_TOOLS] or list(several)
        if "default" not in several and len(plain) != 1:
            names = ", ".join(sorted(map(str, several)))
            raise ModelError(f"{name}: has chat templates for {names}, and none is the default")
        template = several.get("default") or several[plain[0]]
    if not template:
        raise ModelError(f"{name}: has no chat template; use the model's instruct version")
    if not isinstance(template, str):
        raise ModelError(f"{name}: its chat template is no text but {type(template).__name__}")
    return template


def variables(special: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tokenizer's special tokens as templates read them."""
    return {
        name: [str(token) for token in value] if isinstance(value, list | tuple) else str(value)
        for name, value in special.items()
    }


class _Generation(Extension):
    """The tag with which templates mark what the assistant said; it writes what is in it."""

    tags = {"generation"}  # noqa: RUF012 - declared so by Jinja

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_said"), [], [], body).set_lineno(line)

    @staticmethod
    def _said(caller: Callable[[], str]) -> str:
        return caller()


class _Namespace(Namespace):
    """Jinja's, without a way to Python's internals."""

    def __init__(*args: Any, **attributes: Any) -> None:  # a template may name one `self`
        names = dict(*args[1:], **attributes)
        for name in names:
            _check_name(name)
        Namespace.__init__(args[0], names)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace has no attribute {name!r}")


class _Dict:
    """Python's `dict` as a function: the class itself has methods that are no template's."""

    def __call__(self, *args: Any, **items: Any) -> dict[Any, Any]:
        return dict(*args, **items)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals.update(
        {"raise_exception": _raise, "dict": _Dict(), "namespace": _Namespace}
    )
    return environment


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: Any) -> None:
    raise jinja2.TemplateError(str(message))
