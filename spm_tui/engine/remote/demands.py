"""What a run demands of servers beside answers, and which of it a server does not take: pure.

A server that takes no seed, or not every temperature, makes another experiment. So a run on it is
refused until it says itself that it goes without, which is then part of its identity.
"""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from spm_tui.engine.remote.dialects import WORDS, Manner, Temperatures
from spm_tui.wire import Request

SEED, TEMPERATURE = "seed", "temperature"
"""What a run may go without."""
_TAKEN: dict[Temperatures, str] = {
    "above 0": "no temperature of 0, which greedy decoding is",
    "1": "no temperature but 1",
    "": "no temperature",
}
_WAY_OUT: dict[Temperatures, str] = {
    "above 0": "use --decoding sampling",
    "1": "use --decoding sampling --temperature 1",
    "": "use --decoding sampling --without temperature, for answers at the server's own",
}


def wanted(without: AbstractSet[str]) -> Manner:
    """Return the manner in which everything is sent that a run does not go without."""
    temperatures: Temperatures = "" if TEMPERATURE in without else "any"
    return Manner(WORDS, temperatures=temperatures, seed=SEED not in without)


def lacks(manner: Manner, without: AbstractSet[str]) -> Iterator[str]:
    """Yield what a server does not take although it was to be sent, for people."""
    if manner.temperatures != "any" and TEMPERATURE not in without:
        yield f"takes {_TAKEN[manner.temperatures]}"
    if not manner.seed and SEED not in without:
        yield "takes no seed: sampled answers cannot be had again"
    if manner.joined:
        yield "takes no system message: its text is in the first user's turn"
    if not manner.limit:
        yield "takes no bound on the length of answers"


def unmet(manner: Manner, requests: Collection[Request], without: AbstractSet[str]) -> str:
    """Return why requests cannot be answered as they are meant, and the way out; "" if they can."""
    problems = []
    temperatures = {request.temperature for request in requests}
    if TEMPERATURE not in without and not all(map(manner.takes, temperatures)):
        problems.append(f"takes {_TAKEN[manner.temperatures]}: {_WAY_OUT[manner.temperatures]}")
    if SEED not in without and any(temperatures) and not manner.seed:
        problems.append(
            "takes no seed, so that sampled answers cannot be had again: add --without seed"
        )
    return "; ".join(problems)
