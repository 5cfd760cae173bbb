"""Golden files: what a person has read and found right, frozen.

Run the tests with `SPM_GOLDEN=write` to write them anew, then read the difference.
"""

import difflib
import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden_files"


def check(name: str, text: str) -> None:
    """Compare `text` with the golden file of that name."""
    path = FOLDER / name
    if os.environ.get("SPM_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    frozen = path.read_text(encoding="utf-8")
    changed = difflib.unified_diff(frozen.splitlines(), text.splitlines(), lineterm="", n=0)
    assert text == frozen, "\n".join([f"differs from {path}", *changed])
