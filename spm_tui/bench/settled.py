"""Whether what a run bundle says of its run is what a run says: names, settings, targets.

Separate from the store's checks of a bundle, which know nothing of methods, options or targets.
A run of a method that is not installed here is taken to be read: of its settings only those are
checked that other methods have, too.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

from spm_tui.bench import extent
from spm_tui.bench.options import BY_NAME
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import EMBEDDING, FEW_SHOT, METHODS, MODEL_OF, PER_TARGET
from spm_tui.target_files import from_json
from spm_tui.targets import is_number
from store import benchmarks, bundle_tables, pages
from store.bundle_record import RECORD, Record
from store.connection import Connection
from store.identity import canonical_json
from store.records import Attribute

Check: TypeAlias = Callable[[Any], bool]
_MOST_CHARACTERS = 1_000_000
"""Of a reasoning: ten times what the most tokens get."""


def _whole(low: float, high: float) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _within(option: str, *, low: float | None = None) -> Check:
    """Return the check of a whole number by an option's bounds."""
    bounds = BY_NAME[option]
    least = bounds.low if low is None else low
    return _whole(least or 0, bounds.high or 0)


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 4_000


def _hexadecimal(digits: int) -> Check:
    return lambda value: _text(value) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def _temperature(value: object) -> bool:
    bounds = BY_NAME["temperature"]
    return is_number(value) and (value == 0 or (bounds.low or 0) <= value <= (bounds.high or 0))


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and bool(value) and all(map(check, value))


def _reasoning(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return _whole(1, _MOST_CHARACTERS)(value[0]) and _TOKENS(value[1])


_TOKENS = _within("reasoning-tokens", low=1)
_OF_METHOD: Mapping[str, Check] = {
    "temperature": _temperature,
    "samples": _within("samples"),
    "shots": _within("shots", low=0),
    "seed": _within("seed"),
    "reasoning": _reasoning,
    "reasoning_tokens": _TOKENS,
    "features": _list_of(_text),
    "alphas": _list_of(lambda value: is_number(value) and isfinite(value) and value > 0),
    "folds": _whole(2, 1_000),
}
_BESIDE: Mapping[str, Check] = {
    "model": _text,
    "wording": _hexadecimal(16),
    "embedder": _text,
    "examples": _hexadecimal(64),
}
"""Parts of a configuration beside the method's own settings."""


def check_record(record: Record, folder: Path) -> None:
    """Refuse a record whose configuration no run of its method has, or whose environment is none.

    Raises:
        InputError: names the file and the field.

    """
    config = json.loads(record.spec.config)
    settings = config.get("method")
    complain = _complaint(folder)
    if not isinstance(settings, dict):
        raise complain("expected an object", "config.method")
    for field, check in _OF_METHOD.items():
        if field in settings and not check(settings[field]):
            raise complain(f"{settings[field]!r:.40} can be no {field}", f"config.method.{field}")
    for field, check in _BESIDE.items():
        if field in config and not check(config[field]):
            raise complain(f"{config[field]!r:.40} can be no {field}", f"config.{field}")
    if settings.get("temperature") and "samples" not in settings:
        raise complain("missing", "config.method.samples")
    known = record.spec.method in METHODS
    if known:
        _require_fields(config, _parts(record.spec.method), "config", complain)
        _require_settings(settings, record.spec.method, complain)
        if bool(record.spec.model) != (record.spec.method in MODEL_OF):
            raise complain(f"{record.spec.model!r:.40} is no model of its method", "model")
    _check_environment(json.loads(record.environment), complain, options=known)


Complain: TypeAlias = Callable[[str, str], InputError]


def _complaint(folder: Path) -> Complain:
    return lambda problem, field: InputError(problem, path=folder / RECORD, field=field)


def _parts(method: str) -> frozenset[str]:
    """Return the parts of a method's configuration."""
    parts = {
        "method": True,
        "model": method in MODEL_OF,
        "wording": MODEL_OF.get(method) == "language",
        "embedder": method in EMBEDDING,
        "examples": method in FEW_SHOT,
    }
    return frozenset(part for part, needed in parts.items() if needed)


def _require_fields(
    present: Mapping[str, Any], needed: frozenset[str], where: str, complain: Complain
) -> None:
    for field in sorted(present.keys() ^ needed):
        problem = "missing" if field in needed else "no setting that this spm-tui knows"
        raise complain(problem, f"{where}.{field}")


def _require_settings(settings: Mapping[str, Any], method: str, complain: Complain) -> None:
    """Refuse settings that a method does not make of themselves: its own are the measure."""
    plain = Settings(())
    made = Settings(
        attributes=(),
        temperature=settings.get("temperature", plain.temperature),
        samples=settings.get("samples", plain.samples),
        shots=settings.get("shots", plain.shots),
        seed=settings.get("seed", plain.seed),
        reasoning=Text(*settings.get("reasoning", (400, settings.get("reasoning_tokens", 64)))),
    )
    expected = METHODS[method](made).config()
    _require_fields(settings, frozenset(expected), "config.method", complain)
    if "shots" in expected and settings["shots"] != expected["shots"]:
        raise complain(f"{method} has {expected['shots']} shots", "config.method.shots")


def _check_environment(
    environment: Mapping[str, Any], complain: Complain, *, options: bool
) -> None:
    kinds: Mapping[str, type] = {"options": dict, "servers": list, "prompts": dict}
    for field, kind in kinds.items():
        if not isinstance(environment.get(field, kind()), kind):
            what = "an object" if kind is dict else "a list"
            raise complain(f"expected {what}", f"environment.{field}")
    for name, value in environment.get("options", {}).items() if options else ():
        if name in BY_NAME:  # another version may have others, and then none is heeded
            try:
                BY_NAME[name].check(value)
            except InputError as error:
                raise complain(str(error), f"environment.options.{name}") from error


def check_contents(db: Connection, record: Record, folder: Path) -> None:
    """Refuse what is staged where it does not fit the run's settings and its benchmark.

    Raises:
        InputError: names the file and what does not fit.

    """
    attributes = benchmarks.attributes(db, record.spec.benchmark)
    scenarios = len(pages.questions(db, record.spec.benchmark, record.spec.split))
    _check_extent(json.loads(record.environment), attributes, scenarios, _complaint(folder))
    settings = json.loads(record.spec.config)["method"]
    known = record.spec.method in METHODS
    samples = settings.get("samples", 1 if known else None)
    for table in ("items", "predictions", "choices"):
        path = folder / f"{table}.parquet"
        most = bundle_tables.staged_samples(db, table)
        if samples is not None and most > samples:
            raise InputError(f"sample {most - 1} of {samples}", path=path, field="sample")
    for table in ("items", "choices"):
        path = folder / f"{table}.parquet"
        for text in bundle_tables.staged_targets(db, table):
            if known and bool(text) != (record.spec.method in PER_TARGET):
                problem = f"{record.spec.method} is told {'no' if text else 'a'} target"
                raise InputError(problem, path=path, field="target")
            if text:
                _check_target(text, attributes, path)


def _check_target(text: str, attributes: Sequence[Attribute], path: Path) -> None:
    try:
        from_json(text, attributes)
    except InputError as error:
        raise InputError(str(error), path=path, field="target") from error


def _check_extent(
    environment: Mapping[str, Any],
    attributes: Sequence[Attribute],
    scenarios: int,
    complain: Complain,
) -> None:
    """Refuse a plan that is none, or names what the benchmark has not."""
    if extent.KEY not in environment:
        return
    plan = environment[extent.KEY]
    index, number = _whole(0, len(attributes) - 1), _whole(1, scenarios)
    fits = (
        isinstance(plan, dict)
        and plan.keys() == {"attributes", "scenarios"}
        and all(isinstance(part, list) for part in plan.values())
        and all(map(index, plan["attributes"]))
        and all(
            isinstance(span, list) and len(span) == 2 and all(map(number, span))
            for span in plan["scenarios"]
        )
    )
    if not fits:
        raise complain(f"{canonical_json(plan):.60} is no plan of it", f"environment.{extent.KEY}")
