"""The command line. Importing it loads nothing heavy: `--help` answers in 0.3 s."""

from spm_tui.cli.main import main

__all__ = ["main"]
