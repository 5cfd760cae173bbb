"""The options of a run: names, kinds and bounds, for the command line, config files and the app.

They name models and devices but know nothing of them, so that whoever only asks for a run
loads neither; a test holds the names to those of the engine.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from spm_tui.errors import InputError
from spm_tui.methods.catalogue import EMBEDDING, MODEL_OF, NAMES, Role
from spm_tui.paths import encodable
from store.identity import Canonical
from store.records import Split

LANGUAGE_MODEL = "SmolLM2-135M-Instruct"
"""The default backbone, an embedded model."""
EMBEDDER = "all-MiniLM-L6-v2"
KALEIDO_MODEL = "tsor13/kaleido-xl"
REWARD_MODEL = "Ray2333/GRM-Llama3.2-3B-rewardmodel-ft"
MODEL_OPTION: Mapping[Role, str] = {
    "language": "model",
    "kaleido": "kaleido-model",
    "reward": "reward-model",
}
"""The option that names the model of a role."""
DEVICES = ("auto", "cuda", "mps", "cpu")
QUANTIZATIONS = ("int8", "int4")
SERVERS = ("vllm", "sglang", "llama.cpp", "openai")
"""Backends that are servers elsewhere, by what runs there; `openai` is any other software."""
UNSENT = ("seed", "temperature")
"""What a run on servers may go without, since some take none."""
BACKENDS = ("local", "plain", *SERVERS, "ray")
KEY = "SPM_API_KEY"
"""Name of the environment's variable with the key of servers."""
DTYPES = ("auto", "float32", "bfloat16", "float16")
ALL = "all"
"""Name of the set of all level combinations, which is never listed."""
TARGET_SETS = (ALL, "sampled", "high", "low")
_MOST_SAMPLES = 2**15 - 1
"""As many as the store can number."""
_MOST = 10**9
"""More than there are of anything."""
_TRAINED = frozenset(name for name, role in MODEL_OF.items() if role != "language")
_HERE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("revision", "workers"), frozenset()),
    **dict.fromkeys(("dtype", "quantize", "device_map", "batch_size"), _TRAINED),
    "device": _TRAINED | EMBEDDING,
}
"""Options for models on this machine, by field, with the methods that heed them wherever the
language model runs: another model is theirs, or they need embeddings."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do; field names are the options' names."""

    benchmark: str = "mini-mic"
    split: Split = "eval"
    limit: int | None = None
    scenario: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()
    method: tuple[str, ...] = ("few-shot-comparative",)
    targets: tuple[str, ...] = TARGET_SETS
    target: tuple[str, ...] = ()
    decoding: Literal["greedy", "sampling"] = "greedy"
    samples: int = 5
    temperature: float = 0.7
    shots: int = 5
    seed: int = 0
    reasoning_tokens: int = 64
    model: str = LANGUAGE_MODEL
    revision: str | None = None
    kaleido_model: str = KALEIDO_MODEL
    reward_model: str = REWARD_MODEL
    embedder: str = EMBEDDER
    backend: str = "local"
    url: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    ray_address: str = "auto"
    device: str = "auto"
    dtype: str = "auto"
    quantize: str | None = None
    device_map: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    out: str | None = None

    def model_of(self, method: str) -> str:
        """Return the name of the model that a method asks."""
        return str(getattr(self, BY_NAME[MODEL_OPTION[MODEL_OF[method]]].field))

    def without_effect(self) -> dict[str, Any]:
        """Return the given options that change nothing with the backend, by field: the defaults."""
        ignored: Collection[str] = ()
        if self.backend in SERVERS:
            ignored = _HERE
        elif self.backend == "ray":
            ignored = ("device_map",)
        plain = RunOptions()
        return {
            field: getattr(plain, field)
            for field in ignored
            if getattr(self, field) != getattr(plain, field)
            and _HERE[field].isdisjoint(self.method)
        }

    def record(self) -> dict[str, Canonical]:
        """Return the options that differ from their defaults, as a config file has them."""
        plain = asdict(RunOptions())
        return {
            name.replace("_", "-"): list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != plain[name]
        }

    def arguments(self) -> list[str]:
        """Return the command-line arguments that say the same, defaults left out."""
        plain = RunOptions()
        return [
            argument
            for option in BY_NAME.values()
            if (value := getattr(self, option.field)) != getattr(plain, option.field)
            for argument in option.write(value)
        ]


@dataclass(frozen=True, slots=True)
class Option:
    """How one option is written and checked."""

    name: str
    metavar: str
    help: str
    kind: type[str] | type[int] | type[float] = str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    many: Literal["", "commas", "repeated"] = ""
    """Whether it may have several values, and how they are written."""
    needed: bool = False
    """Whether no value at all is too few."""

    @property
    def field(self) -> str:
        """Its name in `RunOptions`."""
        return self.name.replace("-", "_")

    def read(self, text: str) -> Any:
        """Return the value of a command-line argument.

        Raises:
            InputError: the text is no such value.

        """
        if not self.many:
            return self.check(self._convert(text))
        parts = text.split(",") if self.many == "commas" else [text]
        return self.check([self._convert(part.strip()) for part in parts if part.strip()])

    def write(self, value: Any) -> list[str]:
        """Return the arguments that `read` turns into this value."""
        if self.many == "repeated":
            return [f"--{self.name}={one}" for one in value]
        text = ",".join(map(str, value)) if self.many else str(value)
        return [f"--{self.name}={text}"]

    def default(self) -> str:
        """Return its value where nothing is said, as it is written; empty where there is none."""
        value = getattr(RunOptions(), self.field)
        return "" if value in (None, ()) else self.write(value)[0].partition("=")[2]

    def _convert(self, text: str | int) -> Any:
        try:
            return self.kind(text)
        except (ValueError, OverflowError):
            raise self._problem(text) from None

    def check(self, value: object) -> Any:
        """Return a value, as a config file has it, in the form `RunOptions` wants.

        Raises:
            InputError: its type, or it, is not one of those allowed.

        """
        if self.many:
            values = value if isinstance(value, list) else [value]
            if self.needed and not values:
                raise InputError("needs a value", field=f"--{self.name}")
            return tuple(self._one(one) for one in values)
        return self._one(value)

    def _one(self, value: object) -> Any:
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = self._convert(value)
        if isinstance(value, str) and not encodable(value):
            raise InputError("must be UTF-8", field=f"--{self.name}")
        fits = type(value) is self.kind and (not self.choices or value in self.choices)
        if not fits or (self.low is not None and not cast("float", value) >= self.low):
            raise self._problem(value)
        if self.high is not None and cast("float", value) > self.high:
            raise InputError(
                f"expected at most {self.high:,}, found {value!r}", field=f"--{self.name}"
            )
        return value

    def _problem(self, value: object) -> InputError:
        kinds = {str: "a text", int: "a whole number", float: "a number"}
        wanted = " or ".join(self.choices) if len(self.choices) < 3 else ", ".join(self.choices)
        wanted = f"one of {wanted}" if wanted else kinds[self.kind]
        least = f" of at least {self.low:g}" if self.low is not None else ""
        return InputError(f"expected {wanted}{least}, found {value!r}", field=f"--{self.name}")


OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "what to run": (
        Option("benchmark", "NAME", "in the store; or mini-mic, mini-helpsteer (built in)"),
        Option("split", "SPLIT", "eval or train", choices=("eval", "train")),
        Option("limit", "N", "only the first N scenarios", int, low=1, high=_MOST),
        Option(
            "scenario",
            "N,…",
            "only these scenarios, by number",
            int,
            low=1,
            high=_MOST,
            many="commas",
        ),
        Option("attributes", "NAME,…", "only these attributes", many="commas"),
        Option("method", "NAME,…", ", ".join(NAMES), choices=NAMES, many="commas", needed=True),
    ),
    "how to ask": (
        Option("decoding", "HOW", "greedy or sampling", choices=("greedy", "sampling")),
        Option(
            "samples", "N", "answers per question under sampling", int, low=1, high=_MOST_SAMPLES
        ),
        Option("temperature", "T", "of sampling", float, low=0.01, high=100),
        Option(
            "shots", "N", "worked examples; more where more levels occur", int, low=1, high=1_000
        ),
        Option("seed", "N", "of sampling, and of the method random", int, low=0, high=2**63 - 1),
        Option(
            "reasoning-tokens",
            "N",
            "at most, for each reasoning; in characters 400, or beyond 64 tokens 6.25 a token",
            int,
            low=8,
            high=100_000,
        ),
    ),
    "which model": (
        Option("model", "NAME", "short name (see models), hub id, folder or GGUF file"),
        Option("revision", "REV", "branch, tag or commit of a hub id"),
        Option("kaleido-model", "NAME", "for the method kaleido: folder or hub id"),
        Option("reward-model", "NAME", "for the method reward: folder or hub id"),
        Option("embedder", "NAME", "embedding model, for the choice of examples and for surface"),
        Option(
            "backend",
            "NAME",
            "local; plain: the same, slower; vllm, sglang, llama.cpp, openai (any other): servers;"
            " ray: a cluster",
            choices=BACKENDS,
        ),
        Option("url", "URL", "of a server, as in http://host:8000/v1; repeatable", many="repeated"),
        Option(
            "without",
            "WHAT,…",
            "seed, temperature: under sampling, on servers that take none",
            choices=UNSENT,
            many="commas",
        ),
        Option("ray-address", "ADDRESS", "of the cluster; auto finds one on this machine"),
        Option("device", "WHERE", ", ".join(DEVICES), choices=DEVICES),
        Option("dtype", "TYPE", ", ".join(DTYPES), choices=DTYPES),
        Option("quantize", "BITS", "weights as int8 or int4", choices=QUANTIZATIONS),
        Option("device-map", "auto", "spread a large model over several GPUs", choices=("auto",)),
        Option("batch-size", "N", "requests at once, at most", int, low=1, high=_MOST),
        Option(
            "workers",
            "N",
            "processes with the model; one per GPU by default",
            int,
            low=1,
            high=1_000,
        ),
    ),
    "what to report": (
        Option(
            "targets",
            "SET,…",
            f"{', '.join(TARGET_SETS)}; a name saved in the app; or a file",
            many="commas",
        ),
        Option("target", "NAME=VALUE,…", "one more target; may be repeated", many="repeated"),
        Option("out", "FOLDER", "for tables, figures and run.json; else in spm-results"),
    ),
}
BY_NAME = {option.name: option for group in OPTIONS.values() for option in group}
