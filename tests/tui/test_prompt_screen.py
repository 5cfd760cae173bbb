"""The prompt inspector, for models that are not asked in a conversation."""

import json

from spm_tui.bench.inspection import inspect
from spm_tui.methods.base import Settings
from spm_tui.tui.screens.prompt import body, head, messages_json
from store.connection import Store
from tests.build import SMALL
from tests.spm_tui.test_inspection import asked

SETTINGS = Settings(SMALL.attributes)


def test_a_stance_shows_statement_and_value(store: Store) -> None:
    run, _ = asked(store, "kaleido", SETTINGS)
    one = inspect(store, run, 1)[1]
    assert str(head(one, "request 2 of 4")).startswith("request 2 of 4 · care · response 2 · ")
    assert "proven by its hash" in str(head(one, ""))
    text = str(body(one, SMALL.attributes))
    assert "eval question 1? eval response 1 to 1\n\n── user ──\nValue: Care" in text
    assert '"explanation": "for eval response 1' in text


def test_a_rating_shows_the_question_and_every_response(store: Store) -> None:
    run, _ = asked(store, "reward", SETTINGS)
    (one,) = inspect(store, run, 1)
    assert str(head(one, "request 1 of 1")).startswith("request 1 of 1 · ")
    assert [message["role"] for message in json.loads(messages_json(one))] == [
        "user",
        "assistant",
        "assistant",
    ]
    assert '{"rewards": [' in str(body(one, SMALL.attributes))
