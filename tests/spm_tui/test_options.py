"""The options of a run: as arguments they say the same."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.bench import options
from spm_tui.bench.jobs import require_effect
from spm_tui.bench.options import OPTIONS, Option, RunOptions
from spm_tui.cli.experiment import cells
from spm_tui.cli.main import parser
from spm_tui.cli.options import resolve
from spm_tui.engine import device, models
from spm_tui.errors import InputError

# a comma separates values, and arguments hold no null characters
words = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00,"), min_size=1)
    .map(str.strip)
    .filter(bool)
)


def values(option: Option) -> st.SearchStrategy[Any]:
    low, high = option.low or 0, option.high or 0
    one: st.SearchStrategy[Any] = words
    if option.choices:
        one = st.sampled_from(option.choices)
    elif option.kind is int:
        one = st.integers(int(low), int(high))
    elif option.kind is float:
        one = st.floats(low, high)
    many = st.lists(one, min_size=int(option.needed), max_size=3).map(tuple)
    return many if option.many else one


fields = {option.field: values(option) for group in OPTIONS.values() for option in group}


@given(st.fixed_dictionaries({}, optional=fields))
def test_arguments_are_read_as_the_same_options(given_: dict[str, Any]) -> None:
    wanted = RunOptions(**given_)
    parsed = parser().parse_args(["--headless", *wanted.arguments()])
    assert resolve(vars(parsed)) == wanted
    (cell,) = cells(vars(parsed))
    assert cell.options == wanted


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("method", " , ", "needs a value"),
        ("temperature", "inf", "expected at most 100, found inf"),
        ("temperature", "nan", "expected a number of at least 0.01, found nan"),
        ("samples", "40000", "expected at most 32,767, found 40000"),
        ("limit", "1000000001", "expected at most 1,000,000,000, found 1000000001"),
        ("scenario", "3,1000000001", "expected at most 1,000,000,000"),
        ("model", "caf\udce9", "must be UTF-8"),
        ("attributes", "care,caf\udce9", "must be UTF-8"),
    ],
)
def test_what_no_run_could_use_is_refused(name: str, text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=f"field '--{name}': {complaint}"):
        options.BY_NAME[name].read(text)


@pytest.mark.parametrize("value", [10**400, True, "0.5"])
def test_what_is_no_number_of_its_kind_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="field '--temperature': expected a number"):
        options.BY_NAME["temperature"].check(value)


def test_every_number_has_bounds() -> None:
    for option in options.BY_NAME.values():
        bounded = option.low is not None and option.high is not None
        assert bounded == (option.kind is not str), option.name


def test_defaults_need_no_arguments() -> None:
    assert RunOptions().arguments() == []
    assert RunOptions(limit=3, method=("oracle", "random")).arguments() == [
        "--limit=3",
        "--method=oracle,random",
    ]


SERVED = RunOptions(backend="vllm", url=("http://x/v1",), method=("zero-shot-comparative",))
IDLE: list[tuple[str, str | int]] = [
    ("revision", "main"),
    ("device", "cuda"),
    ("dtype", "float16"),
    ("quantize", "int8"),
    ("device_map", "auto"),
    ("batch_size", 4),
    ("workers", 2),
]


@pytest.mark.parametrize(("field", "value"), IDLE)
@pytest.mark.parametrize("backend", options.SERVERS)
def test_what_has_no_effect_on_a_server_is_refused(
    backend: str, field: str, value: str | int
) -> None:
    wanted = replace(SERVED, backend=backend, **{field: value})  # type: ignore[arg-type]
    name = field.replace("_", "-")
    with pytest.raises(InputError, match=f"field '--{name}': has no effect on a server: "):
        require_effect([wanted])
    assert replace(wanted, **wanted.without_effect()) == replace(SERVED, backend=backend)
    require_effect([replace(wanted, backend="local", url=())])
    require_effect([wanted, replace(wanted, backend="local", url=())])


def test_what_has_no_effect_on_a_cluster_is_refused() -> None:
    wanted = replace(SERVED, backend="ray", url=(), **dict(IDLE))  # type: ignore[arg-type]
    assert wanted.without_effect() == {"device_map": None}
    with pytest.raises(InputError, match="field '--device-map': has no effect on a cluster: "):
        require_effect([wanted])


def test_what_another_model_of_the_command_heeds_is_not_refused() -> None:
    given_ = replace(SERVED, **dict(IDLE[1:-1]))  # type: ignore[arg-type]
    require_effect([given_, replace(given_, method=("kaleido",))])
    require_effect([replace(given_, method=("zero-shot-comparative", "reward"))])
    require_effect([replace(SERVED, device="cpu", method=("few-shot-comparative",))])
    with pytest.raises(InputError, match="'--dtype'"):
        require_effect([given_, replace(given_, method=("few-shot-comparative",))])
    with pytest.raises(InputError, match="'--workers'"):
        require_effect([replace(SERVED, workers=2, method=("kaleido",))])


def test_models_and_devices_are_those_of_the_engine() -> None:
    assert options.LANGUAGE_MODEL == models.LANGUAGE_MODEL
    assert options.EMBEDDER == models.EMBEDDER
    assert options.KALEIDO_MODEL == models.KALEIDO_MODEL
    assert options.REWARD_MODEL == models.REWARD_MODEL
    assert options.DEVICES == device.DEVICES
    assert options.DTYPES == device.DTYPES
    assert options.QUANTIZATIONS == device.QUANTIZATIONS
