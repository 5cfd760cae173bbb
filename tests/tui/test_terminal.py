"""The whole program in a real terminal: a new store, a real run, a restart."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.model
SESSION = f"spm-tui-test-{os.getpid()}"


class Tmux:
    """A tmux server of one's own with one window."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> None:
        """Start the app as a person does."""
        program = "import sys; from spm_tui.cli import main; sys.exit(main())"
        store = self._folder / "store.duckdb"
        app = shlex.join([sys.executable, "-c", program, "--store", str(store)])
        state = f"XDG_STATE_HOME={self._folder} SPM_CONFIG={self._folder / 'none.toml'}"
        self(
            "new-session",
            "-d",
            "-s",
            "app",
            "-x",
            "140",
            "-y",
            "45",
            f"env -u COLUMNS -u LINES {state} {app}",
        )

    def __call__(self, *words: str) -> str:
        """Give a tmux command; return what it prints."""
        command = ["tmux", "-L", SESSION, "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self("send-keys", "-t", "app", *keys)

    def see(self, *texts: str, seconds: float = 30) -> str:
        """Wait until all texts are on the screen; return the screen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            screen = self("capture-pane", "-p", "-t", "app")
            if all(text in screen for text in texts):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"{texts} not all in:\n{screen}")

    def miss(self, text: str) -> None:
        """Wait until a text is not on the screen any more."""
        deadline = time.monotonic() + 30
        while text in self("capture-pane", "-p", "-t", "app"):
            assert time.monotonic() < deadline, f"{text} stays"
            time.sleep(0.1)

    def ended(self) -> bool:
        """Whether the app has ended, and its window with it."""
        found = subprocess.run(
            ["tmux", "-L", SESSION, "list-sessions"], check=False, capture_output=True
        )
        return found.returncode != 0

    def hang_up(self) -> None:
        """Take the terminal away from the app, and wait for tmux to be gone."""
        server = int(self("display-message", "-p", "#{pid}"))
        self("kill-server")
        deadline = time.monotonic() + 20
        while Path(f"/proc/{server}").exists():
            assert time.monotonic() < deadline, "tmux does not end"
            time.sleep(0.1)

    def quit(self) -> None:
        """Quit the app and wait for its end."""
        self.press("q")
        deadline = time.monotonic() + 20
        while not self.ended():
            assert time.monotonic() < deadline, "the app does not end"
            time.sleep(0.1)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A terminal."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    terminal = Tmux(tmp_path)
    yield terminal
    subprocess.run(["tmux", "-L", SESSION, "kill-server"], check=False, capture_output=True)


def test_a_first_hour_with_the_app(tmux: Tmux) -> None:
    tmux.start()
    tmux.see("This store is empty", "mini-mic with a run")
    tmux.press("Enter")
    tmux.see("mini-mic/eval · run 1 few-shot-comparative", "1. A bathhouse in Japan")

    tmux.press("R")
    tmux.see("Run", "requests, about")
    tmux.press("Tab", "Tab")  # benchmark, split, method
    tmux.press("Enter")
    tmux.see("oracle")
    tmux.press("Down", "Down", "Enter")
    tmux.see("method      zero-shot-regression")
    tmux.press("C-r")
    tmux.see("zero-shot-regression on mini-mic/eval", seconds=60)
    tmux.press("J")
    tmux.see("running")
    tmux.press("c")
    tmux.press("Escape")
    tmux.see("cancelled", seconds=240)

    tmux.press("t", "Left")
    tmux.see("target custom", "────────●── 0.83")
    tmux.press("Escape")
    tmux.miss("distance weighted")  # an escape and a letter at once would be alt and the letter
    tmux.press("a")
    tmux.see("0/24 judged")
    tmux.press("w")
    tmux.see("1/24 judged")
    tmux.press("Escape")
    tmux.miss("1/24 judged")
    tmux.see("✎")
    tmux.press("j", "j")
    tmux.see("4/24")
    tmux.quit()

    tmux.start()
    tmux.see("zero-shot-regression", "custom", "0 of 24 answered", "4/24", "✎", "4. An old man")
    tmux.press("o")
    tmux.see("mini-mic/eval  few-shot-comparative")
    tmux.press("q", "j")
    tmux.see("5/24")
    tmux.hang_up()

    tmux.start()
    tmux.see("zero-shot-regression", "5/24")
