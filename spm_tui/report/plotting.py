"""The boundary with matplotlib: names are drawn as they are, and its errors become ours.

Its settings are its own defaults whatever a `matplotlibrc` in the folder at hand says: figures
are the same on every machine, and none hands names to TeX. A text takes the settings of the
moment in which it is made, not of that in which it is drawn, so figures are made in here, too.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from spm_tui.errors import SpmError, Unforeseen, reason
from spm_tui.plain_text import ascii_signs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")
DPI = 150
_LONGEST = 80
"""Characters of a name in a figure: the layout gives way to longer ones until nothing is left."""
_SETTINGS: Mapping[str, Any] = {
    "svg.hashsalt": "spm-tui",
    "text.parse_math": False,  # a name may have dollars
}

Maker: TypeAlias = "Callable[[], Figure | None]"
"""Makes a figure, or tells that there is nothing to draw."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Figures as files."""

    files: Mapping[str, bytes]
    """By name with suffix."""
    undrawn: tuple[str, ...]
    """For people, a sentence without full stop for each figure that could not be drawn."""


@contextmanager
def plotting(**settings: Any) -> Iterator[None]:
    """Let figures be made and drawn within, the same each time.

    Args:
        settings: matplotlib's, `_` for `.`, beside ours.

    Raises:
        Unforeseen: matplotlib raised something.

    """
    import matplotlib as mpl

    own = {name.replace("_", ".", 1): value for name, value in settings.items()}
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)  # a box stands for it
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        mpl.rcdefaults()
        mpl.rcParams.update(dict[Any, Any](_SETTINGS) | own)
        try:
            yield
        except SpmError:
            raise
        except Exception as error:
            raise Unforeseen(f"{type(error).__name__}: {reason(error)}") from error


def render(makers: Mapping[str, Maker]) -> Drawn:
    """Return figures as files; one that cannot be drawn does not keep the others from it."""
    files: dict[str, bytes] = {}
    undrawn = []
    for name, make in makers.items():
        try:
            with plotting():
                figure = make()
                files |= _files(name, figure) if figure else {}
        except Unforeseen as error:
            undrawn.append(f"the figure {name} was not drawn: {error}")
    return Drawn(files, tuple(undrawn))


def _files(name: str, figure: "Figure") -> dict[str, bytes]:
    figure.set_dpi(DPI)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once: that takes longer than drawing
    return {f"{name}.{suffix}": encoded(figure, suffix) for suffix in FORMATS}


def encoded(figure: "Figure", suffix: str) -> bytes:
    """Return a figure as the content of a file of one of `FORMATS`, without the time."""
    content = BytesIO()
    date: dict[str, Any] = {"metadata": {"Date": None}} if suffix == "svg" else {}
    figure.savefig(content, format=suffix, dpi=DPI, **date)
    return content.getvalue()


def drawable(name: str) -> str:
    """Return a name as it can stand in a figure: on one line, not too long, no control characters.

    Of a long one the beginning and the end are kept, which tells runs apart. Matplotlib leaves
    what begins with an underscore out of legends: it gets a space before it.
    """
    text = ascii_signs(name)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 31]}…{text[-30:]}"
    return f" {text}" if text.startswith("_") else text
