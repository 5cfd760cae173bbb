"""The two benchmarks that ship with the program, in the raw formats of their models.

Written for this project, small and everyday. They go through the same importers as the
real MIC and HelpSteer2, and say themselves which scenarios are train.
"""

from collections.abc import Callable, Mapping
from importlib.resources import as_file, files

from spm_tui.datasets import helpsteer2, mic
from spm_tui.datasets.split import Imported

SOURCE = "built-in"
_FILES: Mapping[str, tuple[Callable[..., Imported], str]] = {
    "mini-mic": (mic.load, "mini_mic.csv"),
    "mini-helpsteer": (helpsteer2.load, "mini_helpsteer.jsonl"),
}
NAMES = tuple(_FILES)


def load(name: str) -> Imported:
    """Return a built-in benchmark; `name` is one of `NAMES`."""
    read, file = _FILES[name]
    with as_file(files("spm_tui.data") / file) as path:
        return read(path, name=name, source=SOURCE, rule="source")
