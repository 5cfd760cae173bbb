"""Themes: readable everywhere, told apart by everybody."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from textual._color_constants import ANSI_COLORS
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets import Static

from spm_tui.tui import themes
from spm_tui.tui.themes import THEMES, VARIABLES, default_theme

AA, GRAPHICS = 4.5, 3.0
"""Least contrast by WCAG 2.1: of text, and of what is no text."""
COLOURED = (themes.DARK, themes.LIGHT, themes.CONTRAST)
GROUNDS = ("background", "surface", "surface-lighten-1", "panel", "panel-lighten-1")
INKS = ("foreground", "text-muted", "accent", "error", "warning", "success", *VARIABLES)
PAIRS = (
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("footer-foreground", "footer-background"),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
    ("button-color-foreground", "primary"),
    ("button-color-foreground", "success"),
    ("button-color-foreground", "warning"),
    ("button-color-foreground", "error"),
    ("text-primary", "primary-muted"),
    ("text-success", "success-muted"),
    ("text-warning", "warning-muted"),
    ("text-error", "error-muted"),
    *product(INKS, GROUNDS),
)
STRICTER = (
    ("text", "background"),
    ("text", "panel"),
    ("text-disabled", "panel"),
    ("foreground-muted", "panel"),
    ("foreground-disabled", "surface"),
    ("foreground", "block-hover-background"),
    ("foreground", "panel-lighten-2"),
    ("input-selection-foreground", "input-selection-background"),
    ("screen-selection-foreground", "screen-selection-background"),
)

DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
"""What linear RGB looks like without one kind of cone (Machado et al. 2009, severity 1)."""
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> npt.NDArray[np.float64]:
    one = Color.parse(colour)
    assert one.a == 1, colour
    share = np.array(one.rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(ink: str, ground: str) -> float:
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (ink, ground))
    return (light + 0.05) / (dark + 0.05)


def difference(first: str, second: str, sight: list[list[float]]) -> float:
    """CIE 1976 colour difference as it is seen with `sight`."""

    def lab(colour: str) -> npt.NDArray[np.float64]:
        seen = np.clip(np.array(sight) @ linear(colour), 0, 1)
        x, y, z = np.cbrt(np.array(TO_XYZ) @ seen / WHITE)
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    return float(np.linalg.norm(lab(first) - lab(second)))


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_every_pair_is_readable(theme: Theme) -> None:
    colours = theme.to_color_system().generate() | theme.variables
    pairs = PAIRS + (STRICTER if theme is themes.CONTRAST else ())
    found = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < AA} == {}


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("sight", [np.eye(3).tolist(), DEUTERANOPIA, PROTANOPIA])
@pytest.mark.parametrize("pair", [("spm-right", "spm-wrong"), ("spm-label", "spm-model")])
def test_pairs_are_told_apart_by_colour_blind_people(
    theme: Theme, sight: list[list[float]], pair: tuple[str, str]
) -> None:
    first, second = (theme.variables[name] for name in pair)
    assert difference(first, second, sight) > 20


@pytest.mark.parametrize("name", VARIABLES)
def test_fallbacks_show_on_dark_and_on_light(name: str) -> None:
    for ground in ("#121212", "#E0E0E0"):
        assert contrast(VARIABLES[name], ground) >= GRAPHICS


def test_sixteen_colours_are_enough_for_the_last() -> None:
    named = {"ansi_default", *(f"ansi_{name}" for name in ANSI_COLORS)}
    assert set(themes.SIXTEEN.variables.values()) <= named
    assert set(themes.SIXTEEN.variables) >= set(VARIABLES)


def test_names_are_our_own() -> None:
    names = [theme.name for theme in THEMES]
    assert names == ["spm-dark", "spm-light", "spm-contrast", "spm-16"]
    assert not set(names) & set(BUILTIN_THEMES)


class Swatches(App[None]):
    """Every colour of ours on one screen."""

    CSS = "\n".join(f"#{name} {{ color: ${name}; }}" for name in VARIABLES)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLES)

    def compose(self) -> ComposeResult:
        for name in VARIABLES:
            yield Static(name, id=name)


async def test_each_theme_can_be_worn() -> None:
    app = Swatches()
    async with app.run_test() as pilot:
        for theme in THEMES:
            app.register_theme(theme)
        for theme in (*THEMES, BUILTIN_THEMES["nord"], BUILTIN_THEMES["ansi-light"]):
            app.theme = theme.name
            await pilot.pause()
            for name in VARIABLES:
                shown = app.query_one(f"#{name}", Static).styles.color
                expected = theme.variables.get(name, VARIABLES[name])
                assert shown == Color.parse(expected), (theme.name, name)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "spm-dark"),
        ({"TERM": "tmux-256color"}, "spm-dark"),
        ({"TERM": "xterm-kitty"}, "spm-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "spm-dark"),
        ({"TERM": "screen", "COLORTERM": "24bit"}, "spm-dark"),
        ({"TERM": "xterm"}, "spm-16"),
        ({"TERM": "xterm-16color"}, "spm-16"),
        ({"TERM": "screen"}, "spm-16"),
        ({"TERM": "linux"}, "spm-16"),
        ({"TERM": "vt100"}, "spm-16"),
        ({"TERM": "dumb"}, "spm-16"),
        ({}, "spm-16"),
    ],
)
def test_the_terminal_decides(environ: dict[str, str], name: str) -> None:
    assert default_theme(environ) == name
