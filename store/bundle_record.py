"""What a run bundle says of itself: `record.json`, written and read.

Separate from the tables because it is read first, and the layer above judges by it whether the
run is one that this installation knows.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

from store.bundle_tables import FILES, HASH
from store.errors import FileUnusable
from store.identity import Canonical, canonical_json
from store.records import RunSpec, RunState, Split
from store.regular import content

FORMAT = 1
"""Version of the folder's layout; a newer one is refused."""
RECORD = "record.json"
_MOST_BYTES = 4 << 20
"""Of a record: a run's on hundreds of servers has some ten thousand."""
_DEEPEST = 32
"""Of objects and lists in each other; ours go five deep."""
_LONGEST_NAME = 1_000
"""Characters of a method, model or benchmark's name: those of paths."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a bundle says of itself."""

    spec: RunSpec
    benchmark: str
    """Name of the benchmark, for people; `spec` has its identity."""
    state: RunState
    created_at: datetime
    updated_at: datetime
    environment: str
    """Canonical JSON of an object."""
    hashes: Mapping[str, str]
    """File → SHA-256 of its content."""


def to_json(record: Record) -> str:
    """Return the text of `record.json`."""
    spec = record.spec
    document = {
        "format": FORMAT,
        "run": spec.identity,
        "benchmark": {"name": record.benchmark, "identity": spec.benchmark},
        "split": spec.split,
        "method": spec.method,
        "model": spec.model,
        "config": json.loads(spec.config),
        "state": record.state,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "environment": json.loads(record.environment),
        "files": dict(record.hashes),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> Record:
    """Return what the bundle in `folder` says of itself.

    Raises:
        FileUnusable: there is no record, or not one of ours, or of a newer format.

    """
    path = folder / RECORD
    try:
        document = _document(path)
        newer = _version(document) > FORMAT
        record = None if newer else _of_json(document)
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, _Unfit):
            raise FileUnusable(f"{path}: not the record of a run bundle: {error}") from error
        raise FileUnusable(f"{path}: not the record of a run bundle") from error
    if record is None:
        raise FileUnusable(
            f"{path}: format {document['format']}, this spm-tui knows {FORMAT}; update spm-tui"
        )
    if record.spec.identity != document["run"]:
        raise FileUnusable(f"{path}: changed since it was written")
    return record


class _Unfit(ValueError):
    """A field is not as it should be; the message says which."""


def _document(path: Path) -> Any:
    text = content(path, most=_MOST_BYTES).decode()
    document = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    if _depth(document) > _DEEPEST:
        raise _Unfit(f"more than {_DEEPEST} objects and lists in each other")
    canonical_json(document).encode()  # half a surrogate pair has no UTF-8, nor 1e999 a JSON
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Unfit("a key stands twice in an object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _Unfit(f"{name} is no number of JSON")


def _depth(value: Any) -> int:
    """Return how deep a value goes, counted level by level: there may be too many to recur."""
    depth, level = 0, [value]
    while level := [v for v in level if isinstance(v, dict | list)]:
        depth += 1
        level = [i for v in level for i in (v.values() if isinstance(v, dict) else v)]
    return depth


def _version(document: Any) -> int:
    version = document["format"]
    if type(version) is not int:
        raise _Unfit("format is no whole number")
    return version


def _of_json(document: Any) -> Record:
    return Record(
        spec=RunSpec(
            benchmark=_hash(document["benchmark"], "identity"),
            split=cast("Split", _one_of(document, "split", get_args(Split))),
            method=_text(document, "method"),
            model=_text(document, "model"),
            config=_canonical_object(document, "config"),
        ),
        benchmark=_text(document["benchmark"], "name"),
        state=cast("RunState", _one_of(document, "state", get_args(RunState))),
        created_at=_time(document, "created_at"),
        updated_at=_time(document, "updated_at"),
        environment=_canonical_object(document, "environment"),
        hashes={file: _hash(document["files"], file) for file in FILES.values()},
    )


def _text(document: Mapping[str, Canonical], field: str) -> str:
    value = document[field]
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise _Unfit(f"{field} is no text of at most {_LONGEST_NAME:,} characters")
    return value


def _hash(document: Mapping[str, Canonical], field: str) -> str:
    value = _text(document, field)
    if not re.fullmatch(HASH, value):
        raise _Unfit(f"{field} is no hash of 64 digits")
    return value


def _one_of(document: Mapping[str, Canonical], field: str, choices: tuple[str, ...]) -> str:
    value = _text(document, field)
    if value not in choices:
        raise _Unfit(f"{field} is none of {', '.join(choices)}")
    return value


def _time(document: Mapping[str, Canonical], field: str) -> datetime:
    time = datetime.fromisoformat(_text(document, field))
    if time.tzinfo or not 2000 <= time.year < 2200:
        raise _Unfit(f"{field} is no time in UTC from 2000 to 2199, written without its zone")
    return time


def _canonical_object(document: Mapping[str, Canonical], field: str) -> str:
    value = document[field]
    if not isinstance(value, Mapping):
        raise _Unfit(f"{field} is no object")
    return canonical_json(value)
