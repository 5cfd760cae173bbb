"""What methods and engines exchange: requests and replies, as plain data.

A request to a language model is one generation. Requests that differ only in their seed or in
the order of the responses share their beginning; an engine is free to make use of that. Models
that were trained for one question have requests of their own.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from spm_tui.forms import Fields, json_schema, most_tokens
from store.identity import canonical_json, content_hash, digest

Role: TypeAlias = Literal["system", "user", "assistant"]
"""Of who says something."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example: a user's turn and the assistant's answer."""

    question: str
    answer: str
    rank: int
    """0 for the example most similar to the question at hand; the highest goes first when
    the context window is too small."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation to be made by a language model."""

    system: str
    shots: tuple[Shot, ...]
    question: str
    form: Fields
    temperature: float
    """0 is greedy decoding."""
    seed: int
    """Of this generation alone; without effect, and 0, under greedy decoding."""

    def messages(self, *, without: int = 0) -> list[Message]:
        """Return the conversation, leaving out the `without` least similar examples."""
        kept = [shot for shot in self.shots if shot.rank < len(self.shots) - without]
        turns = [
            message
            for shot in kept
            for message in (Message("user", shot.question), Message("assistant", shot.answer))
        ]
        return [Message("system", self.system), *turns, Message("user", self.question)]

    @property
    def size(self) -> int:
        """Characters of the whole conversation: the cost of reading it, before tokens are known."""
        shots = sum(len(shot.question) + len(shot.answer) for shot in self.shots)
        return len(self.system) + shots + len(self.question)


@dataclass(frozen=True, slots=True)
class Rating:
    """Responses to be rated by a reward model.

    The reply is JSON: `{"rewards": [one per response]}`.
    """

    question: str
    responses: tuple[str, ...]

    def messages(self) -> list[Message]:
        """Return the question and every answer to it; each is rated without the others."""
        answers = [Message("assistant", response) for response in self.responses]
        return [Message("user", self.question), *answers]

    @property
    def size(self) -> int:
        """Characters that are read."""
        return len(self.responses) * len(self.question) + sum(map(len, self.responses))


@dataclass(frozen=True, slots=True)
class Stance:
    """A response to be held against a value by a Kaleido model.

    The reply is JSON: probabilities that it `supports` or `opposes` the value, or `either`, an
    `explanation`, and how many characters were `cut` off the statement for want of room.
    """

    question: str
    response: str
    value: str
    tokens: int
    """Of the explanation, at most."""

    @property
    def statement(self) -> str:
        """The question with the response."""
        return f"{self.question} {self.response}"

    def messages(self) -> list[Message]:
        """Return what is put into the model's templates."""
        return [Message("user", self.statement), Message("user", f"Value: {self.value}")]

    @property
    def size(self) -> int:
        """Characters that are read: once for the stance and once for the explanation."""
        return 2 * (len(self.statement) + len(self.value))


Asked: TypeAlias = Request | Rating | Stance
"""Whatever a model is asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request."""

    text: str
    prompt_tokens: int
    answer_tokens: int
    dropped_shots: int
    """Worked examples left out for want of room in the context window."""
    seconds: float
    """Wall time, shared equally among the requests answered together."""
    error: str | None = None
    """Why there is no usable answer; None when there is one."""


def request_key(request: Asked, backbone: str) -> str:
    """Return the content hash of everything that decides the answer.

    Built from hashes of the parts, because thousands of requests share most of theirs. Those
    that do follow one another, so that few hashes need to be kept.

    Args:
        request: the request.
        backbone: identity of the model: revision, precision, quantisation.

    """
    return digest("\n".join([backbone, *_parts(request)]))


def _parts(request: Asked) -> list[str]:
    match request:
        case Request():
            return [
                _digest(request.system),
                *_shots_digests(request.shots),
                _digest(request.question),
                _form_digest(request.form),
                repr(request.temperature),
                str(request.seed),
            ]
        case Rating(question, responses):
            return ["rating", _digest(question), *map(_digest, responses)]
        case Stance(question, response, value, tokens):
            texts = (question, response, request.statement, value)
            return ["stance", *map(_digest, texts), str(tokens)]


_digest = lru_cache(maxsize=4096)(digest)


@lru_cache(maxsize=64)
def _shots_digests(shots: tuple[Shot, ...]) -> tuple[str, ...]:
    return tuple(f"{_digest(s.question)}{_digest(s.answer)}{s.rank}" for s in shots)


@lru_cache(maxsize=256)
def _form_digest(form: Fields) -> str:
    return content_hash([canonical_json(json_schema(form)), most_tokens(form)])


def derive_seed(*parts: str | int) -> int:
    """Return a seed in [0, 2^63) from what it is for: run seed, scenario, attribute, sample.

    Independent of order, batch and machine, so that a run can be repeated in pieces.
    """
    # the content hash of the parts: of those that are texts most are the same in many requests
    written = [_quoted(part) if isinstance(part, str) else str(part) for part in parts]
    return int(digest(f"[{','.join(written)}]")[:16], 16) >> 1


_quoted = lru_cache(maxsize=64)(canonical_json)


def shuffled(count: int, seed: int) -> tuple[int, ...]:
    """Return a permutation of range(count) that depends on `seed` alone.

    Position k of the result is the index shown at place k.
    """
    # the content hashes of ["order", seed, index]: every sample of a large run needs them
    digests = [digest(f'["order",{seed},{index}]') for index in range(count)]
    return tuple(sorted(range(count), key=digests.__getitem__))
