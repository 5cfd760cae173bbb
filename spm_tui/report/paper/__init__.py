"""The paper's tables and figures from stored runs, our numbers beside the published ones."""

from spm_tui.report.paper.files import prepare, write

__all__ = ["prepare", "write"]
