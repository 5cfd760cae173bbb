"""A secret that a text repeats is cleared, however it is written."""

import base64
import html
import json
import textwrap
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

import pytest

from spm_tui.engine.remote.echoes import without

SECRETS = ("sk-proj/9a+Z_x.77==", "token-abc123", 'a"b\\c&d<e>%41 f', "x" * 41, "EMPTY")


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def basic(text: str) -> str:
    return base64.b64encode(f"user:{text}".encode()).decode()


WAYS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "upper case": str.upper,
    "quoted": lambda text: quote(text, safe=""),
    "plus": quote_plus,
    "every character": percent,
    "EVERY CHARACTER": lambda text: percent(text).upper(),
    "twice quoted": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "\\u": lambda text: "".join(f"\\u{ord(one):04X}" for one in text),
    "\\u{}": lambda text: "".join(f"\\u{{{ord(one):x}}}" for one in text),
    "\\x": lambda text: "".join(f"\\x{ord(one):02x}" for one in text),
    "HTML": html.escape,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "&#": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "&#x": lambda text: "".join(f"&#x{ord(one):X};" for one in text),
    "repr": lambda text: repr(text)[1:-1],
    "percent of JSON": lambda text: quote("".join(f"\\u{ord(one):04x}" for one in text)),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with blanks": lambda text: text.encode().hex(" ", 4),
    "bytes": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, no padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64, URL safe": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()), safe=""),
    "base64 in lines": lambda text: "\r\n".join(
        textwrap.wrap(base64.b64encode(text.encode()).decode(), 10)
    ),
    "base64 in JSON": lambda text: json.dumps(basic(text)).replace("/", "\\/"),
    "Basic": basic,
    "Bearer": lambda text: base64.b64encode(f"Bearer {text}!".encode()).decode(),
    "folded": lambda text: f"{text[:3]}\r\n {text[3:]}",
    "folded in JSON": lambda text: json.dumps(f"{text[:3]}\r\n\t{text[3:]}"),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_it_is_written(secret: str, way: str) -> None:
    told = without(f"no: <{WAYS[way](secret)}> is wrong", secret, sign="[key]")
    assert told.startswith("no: <")
    assert told.endswith("> is wrong")
    assert "[key]" in told
    inside = told.removeprefix("no: <").removesuffix("> is wrong").replace("[key]", "")
    assert len(inside) <= len("dXNlcj") + 8, "what is left is not of the secret"


def test_wherever_and_however_often() -> None:
    secret = "sk-12345678"
    text = f"{secret}{secret} x {percent(secret)}{secret.encode().hex()}\n{basic(secret)}"
    told = without(text, secret, sign="*")
    assert told.startswith("** x **\n")
    assert without(secret, secret, sign="*") == "*"
    assert not without("", secret, sign="*")


@pytest.mark.parametrize(
    "text",
    [
        "50% of the %s, 100 %; C:\\new\\table & <b>",
        "é ß İ 世界 \ud83d \x1b[31m \\u00zz &nosuch; &#99999999; %zz",
        "YWJjZGVmZ2g= deadbeef 73 6b 2d",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    for secret in SECRETS:
        assert without(text, secret, sign="*") == text


def test_short_secrets_are_only_found_as_they_are() -> None:
    assert without("abc 616263 YWJj", "abc", sign="*") == "* 616263 YWJj"


@pytest.mark.parametrize("unit", ["\\", "s ", "&amp;", "%25", "c2sA"])
def test_long_texts_are_read_in_time(unit: str) -> None:
    text = unit * 10_000
    assert without(text, "sk-" + "s" * 60, sign="*") == text
