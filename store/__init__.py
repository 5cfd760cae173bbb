"""The DuckDB store: what spm-tui knows between two runs.

A package of its own at the bottom of the layers: it imports nothing of ``spm_tui``.
Only its ``records`` and ``identity`` are seen outside ``spm_tui.bench``, ``spm_tui.report``
and the two front ends.
"""
