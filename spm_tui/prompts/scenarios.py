"""How a scenario is laid out for a model to read."""

from collections.abc import Sequence
from string import ascii_uppercase

LETTERS = ascii_uppercase
"""Names of responses inside a prompt; nowhere else."""


def comparative_question(question: str, responses: Sequence[str]) -> str:
    """Return the user's message with a scenario, its responses lettered as ordered here."""
    parts = [f"Question:\n{question}"]
    parts += [
        f"Response {letter}:\n{response}"
        for letter, response in zip(LETTERS, responses, strict=False)
    ]
    return "\n\n".join(parts)


def single_question(question: str, response: str) -> str:
    """Return the user's message with a question and one response."""
    return f"Question:\n{question}\n\nResponse:\n{response}"
