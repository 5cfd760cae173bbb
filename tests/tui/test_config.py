"""The configuration file: what it may say, and where it is wrong."""

from pathlib import Path

import pytest
from textual.app import App
from textual.binding import Binding

from spm_tui.errors import InputError
from spm_tui.tui import config
from spm_tui.tui.config import Config

FULL = """\
theme = "spm-light"
author = "ada"
model = "some/model"
command = ["srun", "spm-tui"]
[keys]
browse.search = "ctrl+f"
"list.next" = "down,n"
quit = "ctrl+q"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_all_is_default(path: Path) -> None:
    assert config.read(path, user="bo") == Config(author="bo")


def test_every_key_is_read(path: Path) -> None:
    path.write_text(FULL)
    assert config.read(path, user="bo") == Config(
        author="ada",
        theme="spm-light",
        model="some/model",
        command=("srun", "spm-tui"),
        keys={"browse.search": "ctrl+f", "list.next": "down,n", "quit": "ctrl+q"},
    )


def test_the_example_in_the_description_holds(path: Path) -> None:
    _, _, example = (config.__doc__ or "").partition("::\n")
    path.write_text(example[: example.index("Separate")].replace("\n    ", "\n"))
    found = config.read(path, user="bo")
    assert (found.author, found.keys) == ("ada", {"browse.search": "ctrl+f"})
    assert found.command[0] == "srun"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("them = 'x'", "field 'them': not known; did you mean theme?"),
        (
            "colour = 'x'",
            "field 'colour': not one of author, theme, model, command, insecure-key, keys",
        ),
        ("theme = 5", "field 'theme': expected a text, found 5"),
        ("author = ' '", "field 'author': expected a text, found ' '"),
        ("model = ['x']", "field 'model': expected a text, found ['x']"),
        ("command = 'srun'", "field 'command': expected a list of texts"),
        ("command = []", "field 'command': expected a list of texts"),
        ("command = ['a', 1]", "field 'command': expected a list of texts"),
        ("keys = 'x'", "field 'keys': expected keys such as 'ctrl+f', found 'x'"),
        ("[keys]\nquit = 5", "field 'keys.quit': expected keys such as 'ctrl+f', found 5"),
        ("[keys]\na.b = ''", "field 'keys.a.b': expected keys"),
        ("[keys]\na.b = 'x,,y'", "field 'keys.a.b': expected keys"),
    ],
)
def test_what_is_wrong_is_named(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        config.read(path, user="bo")
    assert str(caught.value).startswith(f"{path}, {complaint}")


@pytest.mark.parametrize("content", [b"theme =", b"\xff\xfe", b"a = " + b"[" * 10_000])
def test_what_is_no_toml_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"config.toml: cannot be read: "):
        config.read(path, user="bo")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=": Is a directory"):
        config.read(tmp_path, user="bo")


def test_the_environment_may_name_the_file() -> None:
    assert config.location({"SPM_CONFIG": "/here/x.toml"}) == Path("/here/x.toml")
    assert config.location({}).name == "config.toml"


class Keyed(App[None]):
    """Counts what its one binding does."""

    BINDINGS = [Binding("c", "count", "Count", id="app.count")]  # noqa: RUF012
    counted = 0

    def action_count(self) -> None:
        self.counted += 1


async def test_keys_move_bindings_and_strangers_are_told(path: Path) -> None:
    path.write_text("[keys]\napp.count = 'x,ctrl+b'\napp.gone = 'y'\n")
    found = config.read(path, user="bo")
    assert config.unknown_keys(found, {"app.count"}) == ("app.gone",)
    app = Keyed()
    async with app.run_test() as pilot:
        app.set_keymap(dict(found.keys))
        await pilot.press("x", "ctrl+b", "c")
        assert app.counted == 2
