"""Runs: the one place, with `spm_tui.report`, where store, method and engine meet."""
