"""The keys that count on a screen, for the help and for the command palette."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from rich.cells import cell_len
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from spm_tui.tui import screens

GROUPS = {
    "browse": "scenarios",
    "list": "scenarios",
    "target": "target",
    "app": "everywhere",
}
"""By the first part of a binding's id; others go by that part itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """Something that a key does here."""

    group: str
    keys: str
    """As they are shown."""
    what: str
    action: str
    node: DOMNode
    id: str


def keys(app: App[Any], screen: Screen[Any]) -> list[Key]:
    """Return what the keys do on a screen, those that do it everywhere last."""
    found: dict[str, Key] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.id or not active.enabled:
            continue
        shown = app.get_key_display(binding)
        if binding.id in found:
            shown = f"{found[binding.id].keys} {shown}"
        group = binding.id.partition(".")[0]
        found[binding.id] = Key(
            GROUPS.get(group, group),
            shown,
            binding.description,
            binding.action,
            active.node,
            binding.id,
        )
    return sorted(found.values(), key=lambda key: key.group == "everywhere")


LEGEND = """
  ✓ ✗     the pick is, or is not, nearest to the target by its labels
  = ·     a tie: all labels equally near, not counted  ·  not (wholly) run
  ⚑ ✎ !   flagged  ·  annotated  ·  with an answer that could not be used
  +0.31   margin: by how much the nearest wrong response is predicted
          nearer than the nearest right one; positive: the pick is wrong
  even    they are predicted equally near: the first is picked
  shares  of the swing from the labels' margin to the predicted one;
          negative where an attribute's error helped
"""


def bound_ids() -> set[str]:
    """Return the ids of all bindings there are, on any screen."""
    for module in iter_modules(screens.__path__, f"{screens.__name__}."):
        import_module(module.name)
    found: set[str] = set()
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        bindings = vars(kind).get("BINDINGS", ())
        found |= {one.id for one in bindings if isinstance(one, Binding) and one.id}
    return found


def help_text(found: list[Key]) -> Content:
    """Return what the signs mean, then the keys with the ids by which they can be changed."""
    signs = [Content.styled("signs", "bold $accent"), Content(LEGEND.strip("\n"))]
    return Content("\n").join([*signs, *_lines(found)])


def _lines(found: list[Key]) -> Iterator[Content]:
    groups = dict.fromkeys(key.group for key in found)
    for group in groups:
        yield Content.styled(f"\n{group}", "bold $accent")
        for key in found:
            if key.group == group:
                pad = " " * max(14 - cell_len(key.keys), 1)
                yield Content.assemble(
                    (f"  {key.keys}{pad}", "bold"), f"{key.what:<26}", (key.id, "$text-muted")
                )
