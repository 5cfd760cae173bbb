"""What can go wrong with a store, by what the caller can do about it.

::

    StoreError            the store cannot be used as asked; the message is one line
    ├── StoreBusy         another process holds the file: try again later
    ├── StoreLost         the file that was opened is gone, or another store is in its place
    ├── StoreUnusable     the file is foreign, damaged, from a newer version, or out of reach
    ├── FileUnusable      a file beside the store cannot be read or written: name another
    └── NotInStore        nothing is stored under that name, number or identity
"""


class StoreError(Exception):
    """Any failure of the store; its message is one line that a person can act on."""


class StoreBusy(StoreError):
    """Another process held the file for longer than the store was ready to wait."""

    def __init__(self, path: object, holder: int | None, waited: float) -> None:
        who = f"process {holder}" if holder is not None else "another process"
        super().__init__(f"{path}: held by {who} for more than {waited:.0f} s; try again later")
        self.holder = holder


class StoreLost(StoreError):
    """The file that was opened has been deleted, or another store has taken its place."""


class StoreUnusable(StoreError):
    """The file cannot serve as a store, now or later, without somebody's help."""


class FileUnusable(StoreError):
    """A run bundle or an exported file is damaged, foreign, too new, or out of reach."""


class NotInStore(StoreError):
    """No benchmark, run, annotation or target set goes by that name."""
