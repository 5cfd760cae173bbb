"""Where the store of a command is."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.connection import Store


def store_path(parsed: argparse.Namespace) -> Path:
    """Return the store's file: --store, else $SPM_STORE, else the platform's data folder."""
    import platformdirs

    named = parsed.store or os.environ.get("SPM_STORE")
    return Path(named) if named else Path(platformdirs.user_data_dir("spm-tui")) / "store.duckdb"


def open_store(parsed: argparse.Namespace) -> "Store":
    """Return the store that the command line names."""
    from store.connection import Store

    return Store(store_path(parsed))
