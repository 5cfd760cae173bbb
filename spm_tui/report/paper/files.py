"""The folder with everything: tables, figures, and the documents that collect them."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from spm_tui.report import files
from spm_tui.report.board import Board
from spm_tui.report.one_file import Record, require_own, save_all
from spm_tui.report.paper import appendix, figures, index, published
from spm_tui.report.paper.baselines import baselines
from spm_tui.report.paper.comparison import compare
from spm_tui.report.paper.index import Contents
from spm_tui.report.paper.material import gather
from spm_tui.report.paper.others import others
from spm_tui.report.paper.wording import wording
from store.connection import Store

_RECORD = Record("paper.json", ("source", "benchmarks", "tables"))
_DOCUMENT = "paper.md"


def prepare(folder: Path) -> None:
    """Make the folder and see that it can be written, before any work is done.

    Raises:
        InputError, FileUnusable: it cannot, or holds files of somebody else.

    """
    files.prepare(folder)
    require_own(folder, _RECORD, {_DOCUMENT: index.HEADING.encode()})


def write(
    store: Store,
    numbers: Sequence[int],
    folder: Path,
    *,
    notes: Sequence[str] = (),
    boards: Collection[Board] = (),
    resamples: int = 1000,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Path]:
    """Write the paper's tables and figures from stored runs on any benchmarks; return the files.

    Args:
        store: where the runs are.
        numbers: the runs.
        folder: made if need be.
        notes: for the reader, such as what could not be run.
        boards: scores of some of the runs, with as many resamples; they are not made again where
            they are of what the paper's tables need.
        resamples: for the intervals.
        tell: told of a figure that cannot be drawn; the other files are written.

    Raises:
        InputError: there are no runs, or a file cannot be written.
        FileUnusable: a file is somebody else's.
        NotInStore: no run has such a number.

    """
    reported = published.read()
    parts = gather(store, numbers, reported, boards=boards, resamples=resamples)
    prepare(folder)
    compared = compare(parts, reported)
    drawn = figures.draw(parts)
    for undrawn in drawn.undrawn:
        tell(undrawn)
    contents = Contents(
        parts=parts,
        tables=(*(sheet for sheet, _ in compared), baselines(parts), others(parts, reported)),
        appendix=(appendix.labels(parts), appendix.attributes(parts), appendix.runtime(parts)),
        figures=list(dict.fromkeys(name.partition(".")[0] for name in drawn.files)),
        gaps=index.gaps([cell for _, cells in compared for cell in cells], reported, parts),
        notes=(*notes, *drawn.undrawn),
        source=reported.source,
    )
    texts = {
        _DOCUMENT: index.markdown(contents),
        _RECORD.name: index.record(contents),
        index.WORDING: wording(parts),
    }
    for sheet in (*contents.tables, *contents.appendix):
        texts |= sheet.files()
    encoded = {name: text.encode() for name, text in texts.items()}
    return save_all(folder, _RECORD, {**encoded, **drawn.files})
