"""The paper's tables and figures from stored runs, our numbers beside the published ones."""

from spm_tui.report.paper.files import write

__all__ = ["write"]
