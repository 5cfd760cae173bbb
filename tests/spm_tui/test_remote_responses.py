"""What a response of a server means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from spm_tui.engine.remote.completions import Said
from spm_tui.engine.remote.responses import Refused, TooLong, Trouble, complaint, read
from spm_tui.errors import ModelError

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def completed(message: dict[str, Any], **choice: Any) -> str:
    return json.dumps({"choices": [{"message": message} | choice]})


def test_a_completion() -> None:
    body = json.dumps(
        {
            "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 3},
        }
    )
    assert read(200, {}, body, now=NOW) == Said("hello", 12, 3, finished=True, thought=False)


def test_half_a_character_is_replaced() -> None:
    body = '{"choices": [{"message": {"content": "a \\ud83d\\ude00 \\ud83d b"}}]}'
    said = read(200, {}, body, now=NOW)
    assert isinstance(said, Said)
    assert said.text == "a \U0001f600 \ufffd b"


def test_a_completion_that_was_cut_off_without_usage() -> None:
    said = read(200, {}, completed({"content": None}, finish_reason="length"), now=NOW)
    assert said == Said("", 0, 0, finished=False, thought=False)


@pytest.mark.parametrize(
    "message",
    [
        {"content": "", "reasoning_content": "Well"},
        {"content": "", "reasoning": "Well"},
        {"content": "<think>Well"},
        {"content": "Well.\n</think>\n\nYes"},
    ],
)
def test_thoughts_are_noticed(message: dict[str, Any]) -> None:
    assert read(200, {}, completed(message), now=NOW).thought


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"choices": []}', '{"choices": [3]}'])
def test_anything_else_is_trouble(body: str) -> None:
    with pytest.raises(Trouble, match="not a chat completion") as caught:
        read(200, {}, body, now=NOW)
    assert caught.value.blamed


@pytest.mark.parametrize(
    ("status", "busy", "blamed"),
    [
        (429, True, False),
        (503, True, False),
        (500, False, True),
        (502, False, False),
        (504, False, False),
    ],
)
def test_trouble(status: int, busy: bool, blamed: bool) -> None:
    with pytest.raises(Trouble, match=f"HTTP {status}: later") as caught:
        read(status, {}, '{"error": {"message": "later"}}', now=NOW)
    assert (caught.value.busy, caught.value.blamed, caught.value.wait) == (busy, blamed, None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(value: str, seconds: float | None) -> None:
    with pytest.raises(Trouble) as caught:
        read(429, {"retry-after": value}, "", now=NOW)
    assert caught.value.wait == seconds


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 2048 tokens. However, you requested 2306"),
        (400, "The input (3000 tokens) is longer than the model's context length (2048 tokens)."),
        (400, "request (3000 tokens) exceeds the available context size (2048 tokens)"),
        (400, "max_tokens must be at least 1, got -186."),
        (500, "Requested tokens (2285) exceed context window of 2048"),
        (500, "Context size has been exceeded."),
        (413, "Payload Too Large"),
    ],
)
def test_what_does_not_fit(status: int, message: str) -> None:
    with pytest.raises(TooLong, match=str(status)):
        read(status, {}, json.dumps({"error": {"message": message}}), now=NOW)


@pytest.mark.parametrize("status", [400, 402, 422])
def test_what_is_refused(status: int) -> None:
    with pytest.raises(Refused, match="the grammar is not supported") as caught:
        read(status, {}, '{"detail": "the grammar is not supported"}', now=NOW)
    assert not isinstance(caught.value, TooLong)


@pytest.mark.parametrize(
    ("status", "headers", "problem"),
    [
        (401, {}, r"the API key is missing or not accepted \(HTTP 401: no\)"),
        (403, {}, r"the API key is missing or not accepted \(HTTP 403: no\)"),
        (404, {}, r"the model or the address is not there \(HTTP 404: no\)"),
        (
            307,
            {"location": "https://elsewhere/v1?token=x"},
            "points to https://elsewhere/v1, where",
        ),
    ],
)
def test_what_ends_the_run(status: int, headers: dict[str, str], problem: str) -> None:
    with pytest.raises(ModelError, match=problem) as caught:
        read(status, headers, '{"error": "no"}', now=NOW)
    assert "token=x" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('{"error": {"message": "a\\nb", "code": 3}}', "a b"),
        ('{"message": "a"}', "a"),
        ('{"detail": [{"loc": ["body"]}]}', '[{"loc": ["body"]}]'),
        ("<html><h1>Bad  gateway</h1></html>", "Bad gateway"),
        ("x" * 1000, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_a_complaint_is_one_line(body: str, line: str) -> None:
    assert complaint(body) == line
