"""Models in GGUF files, made folders that load in a fraction of a second."""

from spm_tui.engine.gguf.conversion import Converted, convert, converted

__all__ = ["Converted", "convert", "converted"]
