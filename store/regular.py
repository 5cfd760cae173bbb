"""Whether a path is a file as files are: with an end, and read without waiting for anybody.

Named pipes hang whoever opens them, devices and files of the kernel have no end. Every input of
the program is opened here, or asked about, as the store's own file is that DuckDB opens.
"""

import errno
import stat
from io import BufferedReader
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "Is a directory",
    stat.S_IFIFO: "a pipe, not a file; write what it gives into a file first",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}
_OF_THE_KERNEL = (Path("/proc"), Path("/sys"))
"""Their files are regular by name: some wait, some have no end, most say they are empty."""


def irregular(path: Path) -> str | None:
    """Return what a path is instead of a regular file, links followed; None where it is one.

    Raises:
        OSError: nothing is there, or it cannot be reached.

    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind in _KINDS:
        return _KINDS[kind]
    real = path.resolve()
    if any(real.is_relative_to(folder) for folder in _OF_THE_KERNEL):
        return "a file of the system's, not one of data"
    return None


def opened(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Raises:
        OSError: as usual, or it is not one; `strerror` says what it is.

    """
    if kind := irregular(path):
        raise OSError(errno.EINVAL, kind, str(path))
    return path.open("rb")


def content(path: Path, *, most: int) -> bytes:
    """Return what is in a regular file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: as `opened`, or it has more.

    """
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        problem = f"is larger than {most:,} bytes, the most that such a file may have"
        raise OSError(errno.EFBIG, problem, str(path))
    return data
