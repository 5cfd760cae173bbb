"""Statements about runs: their states, what the model answered, what was read from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite

from store.bulk import insert
from store.connection import Connection
from store.errors import NotInStore
from store.records import Choice, Generation, Item, Prediction, Run, RunSpec, RunState


def open_run(db: Connection, spec: RunSpec, *, process: str, environment: str, at: datetime) -> int:
    """Return the number of `spec`'s run, new or resumed, and mark it as running.

    Args:
        db: a connection in `Store.writing`.
        spec: what decides the outputs; the same spec is the same run.
        process: `host:pid` of the caller.
        environment: canonical JSON of versions and hardware.
        at: when.

    """
    row = db.execute("SELECT run FROM runs WHERE identity = ?", [spec.identity]).fetchone()
    number = int(row[0]) if row else _next_number(db)
    if row is None:
        db.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                spec.identity,
                spec.benchmark,
                spec.split,
                spec.method,
                spec.model,
                spec.config,
                at,
            ],
        )
    mark(db, number, "running", process=process, environment=environment, at=at)
    return number


def _next_number(db: Connection) -> int:
    (number,) = db.execute("SELECT coalesce(max(run), 0) + 1 FROM runs").fetchall()[0]
    return int(number)


def mark(
    db: Connection, run: int, state: RunState, *, process: str, environment: str, at: datetime
) -> None:
    """Record that `process` put `run` into `state`."""
    db.execute(
        "INSERT INTO run_states VALUES (?, ?, ?, ?, ?)", [run, state, process, environment, at]
    )


def discard(db: Connection, run: int) -> bool:
    """Forget a run that came to nothing; return False, and change nothing, if it is annotated.

    Answers are kept: they may be another's, too.
    """
    if db.execute("SELECT 1 FROM annotations WHERE run = ? LIMIT 1", [run]).fetchone():
        return False
    for table in ("items", "predictions", "choices", "run_states", "runs"):
        db.execute(f"DELETE FROM {table} WHERE run = ?", [run])
    return True


def listing(db: Connection) -> list[Run]:
    """Return all runs in order of number."""
    rows = db.execute(
        """SELECT run, benchmark, split, method, model, config,
                  arg_max(state, s.rowid), created_at, max(marked_at),
                  arg_max(process, s.rowid), arg_max(environment, s.rowid)
           FROM runs JOIN run_states s USING (run)
           GROUP BY ALL ORDER BY run"""
    ).fetchall()
    return [
        Run(number, RunSpec(*spec), state, created, updated, process, environment)
        for number, *spec, state, created, updated, process, environment in rows
    ]


def get(db: Connection, number: int) -> Run:
    """Return one run.

    Raises:
        NotInStore: no run has that number.

    """
    runs = {run.number: run for run in listing(db)}
    if number not in runs:
        known = ", ".join(map(str, runs)) or "none"
        raise NotInStore(f"no run {number} in the store (there: {known})")
    return runs[number]


def environments(db: Connection, run: int) -> list[str]:
    """Return all that the processes which worked on a run recorded, each once, as JSON."""
    rows = db.execute(
        "SELECT DISTINCT environment FROM run_states WHERE run = ? ORDER BY environment", [run]
    ).fetchall()
    return [environment for (environment,) in rows]


def answered(db: Connection, requests: Sequence[str]) -> dict[str, Generation]:
    """Return the generations stored under `requests`, failed ones too, by request."""
    rows = db.execute(
        """SELECT request, text, prompt_tokens, answer_tokens, dropped_examples, seconds, error
           FROM generations JOIN (SELECT DISTINCT unnest(?::VARCHAR[]) AS request)
           USING (request)""",
        [list(requests)],
    ).fetchall()
    return {row[0]: Generation(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit adds to a run."""

    generations: list[Generation] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    def say(self, said: Iterable[Prediction | Choice]) -> None:
        """Add what a method said."""
        for one in said:
            if isinstance(one, Prediction):
                self.predictions.append(one)
            else:
                self.choices.append(one)


def add_batch(db: Connection, run: int, batch: Batch, *, at: datetime) -> None:
    """Add a batch to `run`; whatever is there already stays, but a failed generation gives way.

    Raises:
        ValueError: a score is no finite number; whoever makes one has to say what is wrong.

    """
    if not all(isfinite(prediction.score) for prediction in batch.predictions):
        raise ValueError("a score is no finite number")
    insert(
        db,
        "generations",
        (
            "request",
            "text",
            "prompt_tokens",
            "answer_tokens",
            "dropped_examples",
            "seconds",
            "error",
        ),
        (
            (
                g.request,
                g.text,
                g.prompt_tokens,
                g.answer_tokens,
                g.dropped_examples,
                g.seconds,
                g.error,
            )
            for g in {g.request: g for g in batch.generations}.values()
        ),
        constants={"attempts": 1, "created_at": at},
        on_conflict="""ON CONFLICT DO UPDATE SET
            text = excluded.text, prompt_tokens = excluded.prompt_tokens,
            answer_tokens = excluded.answer_tokens, dropped_examples = excluded.dropped_examples,
            seconds = excluded.seconds, error = excluded.error,
            attempts = generations.attempts + 1, created_at = excluded.created_at
            WHERE generations.error IS NOT NULL""",
    )
    _insert_new(
        db,
        "items",
        ("scenario", "attribute", "part", "sample", "target", "request"),
        ((i.scenario, i.attribute, i.part, i.sample, i.target, i.request) for i in batch.items),
        run,
    )
    _insert_new(
        db,
        "predictions",
        ("scenario", "attribute", "sample", "response", "score", "reasoning"),
        (
            (p.scenario, p.attribute, p.sample, p.response, p.score, p.reasoning)
            for p in batch.predictions
        ),
        run,
    )
    _insert_new(
        db,
        "choices",
        ("scenario", "target", "sample", "response", "reasoning"),
        ((c.scenario, c.target, c.sample, c.response, c.reasoning) for c in batch.choices),
        run,
    )


def _insert_new(
    db: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | int | float]],
    run: int,
) -> None:
    insert(db, table, columns, rows, constants={"run": run}, on_conflict="ON CONFLICT DO NOTHING")


def items(db: Connection, run: int) -> set[Item]:
    """Return what `run` has asked so far, whether or not the answer could be read."""
    rows = db.execute(
        "SELECT scenario, attribute, part, sample, target, request FROM items WHERE run = ?",
        [run],
    ).fetchall()
    return {Item(*row) for row in rows}


def heard(db: Connection, run: int) -> set[Item]:
    """Return those of the `items` whose answers `run` has read: it says something for them."""
    rows = db.execute(
        """SELECT scenario, attribute, part, sample, target, request FROM items i
           WHERE run = $run AND (
               EXISTS (FROM predictions p
                       WHERE p.run = $run AND p.scenario = i.scenario AND p.sample = i.sample
                           AND i.attribute IN (-1, p.attribute) AND i.part IN (-1, p.response))
               OR EXISTS (FROM choices c
                          WHERE c.run = $run AND c.scenario = i.scenario
                              AND c.sample = i.sample AND c.target = i.target))""",
        {"run": run},
    ).fetchall()
    return {Item(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run's answers took."""

    answers: int
    failed: int
    prompt_tokens: int
    answer_tokens: int
    seconds: float
    """Sum over answers of their shares of the batches' wall time."""
    dropped_examples: int
    """Worked examples left out, over all answers."""


def cost(db: Connection, run: int) -> Cost:
    """Return what the answers of `run` took, whichever run they were first made for."""
    row = db.execute(
        """SELECT count(*), count(error), coalesce(sum(prompt_tokens), 0)::BIGINT,
                  coalesce(sum(answer_tokens), 0)::BIGINT, coalesce(sum(seconds), 0),
                  coalesce(sum(dropped_examples), 0)::BIGINT
           FROM generations
           WHERE request IN (SELECT request FROM items WHERE run = ?)""",
        [run],
    ).fetchall()[0]
    return Cost(*row)


@dataclass(frozen=True, slots=True)
class Losses:
    """What a run's answers lack, and what was kept from the model."""

    failures: Mapping[str, int]
    """How many answers could not be used, by reason, the most frequent first."""
    without_examples: int
    """Answers given without some of the worked examples."""
    cut: int
    """Answers given to a text that was cut."""
    cut_characters: int
    """Left out, over all of these."""


def losses(db: Connection, run: int) -> Losses:
    """Return what went missing of `run`, whichever run its answers were first made for."""
    mine = "request IN (SELECT request FROM items WHERE run = ?)"
    failures = db.execute(
        f"""SELECT error, count(*) AS answers FROM generations
            WHERE {mine} AND error IS NOT NULL GROUP BY error ORDER BY answers DESC, error""",
        [run],
    ).fetchall()
    ((without_examples,),) = db.execute(
        f"SELECT count(*) FROM generations WHERE {mine} AND dropped_examples > 0", [run]
    ).fetchall()
    ((cut, characters),) = db.execute(
        f"""SELECT count(*), coalesce(sum(cut), 0)::BIGINT FROM (
                SELECT CASE WHEN json_valid(text)
                       THEN TRY_CAST(json_extract_string(text, '$.cut') AS BIGINT) END AS cut
                FROM generations WHERE {mine} AND error IS NULL)
            WHERE cut > 0""",
        [run],
    ).fetchall()
    return Losses(dict(failures), without_examples, cut, characters)
