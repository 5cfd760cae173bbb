"""Where the store of a command is."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from spm_tui.errors import InputError
from spm_tui.paths import typed_path

if TYPE_CHECKING:
    from store.connection import Store


def store_path(parsed: argparse.Namespace) -> Path:
    """Return the store's file: --store, else $SPM_STORE, else the platform's data folder.

    Raises:
        InputError: it is named, and no path.

    """
    import platformdirs

    if named := parsed.store or os.environ.get("SPM_STORE"):
        return typed_path(named)
    return Path(platformdirs.user_data_dir("spm-tui")) / "store.duckdb"


def existing_store(parsed: argparse.Namespace) -> "Store":
    """Return the store that the command line names, for commands that only read.

    Raises:
        InputError: there is none.

    """
    path = store_path(parsed)
    if not path.exists():
        raise InputError("no such store", path=path)
    return open_store(parsed)


def open_store(parsed: argparse.Namespace) -> "Store":
    """Return the store that the command line names."""
    from store.connection import Store

    return Store(store_path(parsed))
