"""The app's colours: what right, wrong, tie, label and model look like, theme by theme.

Colour never stands alone: every status has a sign and every bar its name. Right and wrong, and
label and model, differ for red-green colour-blind people too: the former in lightness, the
latter as blue and orange do. `$NO_COLOR` is Textual's own affair: `App` turns whatever theme
it has into greys.
"""

from collections.abc import Mapping

from rich.console import Console
from textual.theme import Theme

DARK = Theme(
    name="spm-dark",
    primary="#6CB6FF",
    secondary="#8DA2B8",
    accent="#7CC4FF",
    warning="#F2A33A",
    error="#FF8A70",
    success="#59DDB0",
    foreground="#E4E7EB",
    background="#111417",
    surface="#181C21",
    panel="#20262D",
    boost="#181C21",
    variables={
        "spm-right": "#59DDB0",
        "spm-wrong": "#F4775C",
        "spm-tie": "#D9C36A",
        "spm-label": "#6CB6FF",
        "spm-model": "#F2A33A",
        "text-muted": "#A9B2BD",
        "surface-lighten-1": "#29313A",
        "panel-lighten-1": "#29313A",
        "panel-lighten-2": "#323B45",
        "block-cursor-foreground": "#0B1117",
        "block-cursor-background": "#7CC4FF",
        "block-cursor-blurred-foreground": "#E4E7EB",
        "block-cursor-blurred-background": "#29313A",
        "border-blurred": "#4A5560",
        "button-color-foreground": "#0B1117",
    },
)

LIGHT = Theme(
    name="spm-light",
    primary="#0B5CAD",
    secondary="#4A5A6A",
    accent="#0B5CAD",
    warning="#8A4B00",
    error="#8F1410",
    success="#006F4C",
    foreground="#1C1F23",
    background="#FAFAF7",
    surface="#F1F1EC",
    panel="#E6E7E2",
    boost="#F1F1EC",
    dark=False,
    variables={
        "spm-right": "#006F4C",
        "spm-wrong": "#8F1410",
        "spm-tie": "#6B5500",
        "spm-label": "#0B5CAD",
        "spm-model": "#8F4E00",
        "text-muted": "#50565E",
        "surface-lighten-1": "#E2E6EA",
        "panel-lighten-1": "#DDDFDA",
        "panel-lighten-2": "#D8DAD5",
        "block-cursor-foreground": "#FFFFFF",
        "block-cursor-background": "#0B5CAD",
        "block-cursor-blurred-foreground": "#1C1F23",
        "block-cursor-blurred-background": "#D6E2EE",
        "border-blurred": "#8A9097",
        "button-color-foreground": "#FFFFFF",
        "footer-key-foreground": "#0B5CAD",
    },
)

CONTRAST = Theme(
    name="spm-contrast",
    primary="#FFFF00",
    secondary="#FFFFFF",
    accent="#FFFF00",
    warning="#FFD75F",
    error="#FF8C8C",
    success="#5FFFAF",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1A1A1A",
    boost="#000000",
    variables={
        "spm-right": "#5FFFAF",
        "spm-wrong": "#FF7070",
        "spm-tie": "#FFFF87",
        "spm-label": "#87D7FF",
        "spm-model": "#FFAF00",
        "text": "#FFFFFF",
        "text-muted": "#D0D0D0",
        "text-disabled": "#B0B0B0",
        "foreground-muted": "#D0D0D0",
        "foreground-disabled": "#B0B0B0",
        "surface-lighten-1": "#303030",
        "panel-lighten-1": "#303030",
        "panel-lighten-2": "#3A3A3A",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#FFFF00",
        "block-cursor-blurred-foreground": "#FFFFFF",
        "block-cursor-blurred-background": "#303030",
        "block-hover-background": "#303030",
        "border": "#FFFF00",
        "border-blurred": "#FFFFFF",
        "scrollbar": "#FFFFFF",
        "scrollbar-hover": "#FFFF00",
        "scrollbar-active": "#FFFF00",
        "scrollbar-background": "#303030",
        "footer-background": "#1A1A1A",
        "footer-foreground": "#FFFFFF",
        "footer-key-foreground": "#FFFF00",
        "footer-description-foreground": "#FFFFFF",
        "input-cursor-foreground": "#000000",
        "input-cursor-background": "#FFFF00",
        "input-selection-foreground": "#000000",
        "input-selection-background": "#FFFF00",
        "screen-selection-foreground": "#000000",
        "screen-selection-background": "#FFFF00",
        "button-foreground": "#FFFFFF",
        "button-color-foreground": "#000000",
    },
)

SIXTEEN = Theme(
    name="spm-16",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_blue",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_bright_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "spm-right": "ansi_green",
        "spm-wrong": "ansi_bright_red",
        "spm-tie": "ansi_default",
        "spm-label": "ansi_cyan",
        "spm-model": "ansi_yellow",
        "text-muted": "ansi_default",
        "text-disabled": "ansi_default",
        "foreground-muted": "ansi_default",
        "surface-lighten-1": "ansi_bright_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-blurred-foreground": "ansi_bright_white",
        "block-cursor-blurred-background": "ansi_bright_black",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "footer-key-foreground": "ansi_cyan",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_cyan",
        "screen-selection-foreground": "ansi_black",
    },
)
"""On the terminal's own foreground and background, whichever they are."""

THEMES = (DARK, LIGHT, CONTRAST, SIXTEEN)

VARIABLES: Mapping[str, str] = {
    "spm-right": "#1E8E5E",
    "spm-wrong": "#D04A35",
    "spm-tie": "#8C7A1F",
    "spm-label": "#3B82C4",
    "spm-model": "#B8690F",
}
"""For `App.get_theme_variable_defaults`: Textual's own themes, dark and light, lack these."""


def default_theme(environ: Mapping[str, str]) -> str:
    """Return the theme for a terminal: `spm-16` where fewer than 256 colours can be drawn.

    Rich decides from $COLORTERM and $TERM, since it is what Textual draws with.
    """
    colours = Console(force_terminal=True, _environ=environ).color_system
    return DARK.name if colours in {"256", "truecolor"} else SIXTEEN.name
