"""The options of a run: as arguments they say the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spm_tui.bench import options
from spm_tui.bench.options import OPTIONS, Option, RunOptions
from spm_tui.cli.experiment import cells
from spm_tui.cli.main import parser
from spm_tui.cli.options import resolve
from spm_tui.engine import device, models

# a comma separates values, and arguments hold no null characters
words = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00,"), min_size=1)
    .map(str.strip)
    .filter(bool)
)


def values(option: Option) -> st.SearchStrategy[Any]:
    low = option.low or 0
    one: st.SearchStrategy[Any] = words
    if option.choices:
        one = st.sampled_from(option.choices)
    elif option.kind is int:
        one = st.integers(int(low), 10**6)
    elif option.kind is float:
        one = st.floats(low, 1e6)
    return st.lists(one, max_size=3).map(tuple) if option.many else one


fields = {option.field: values(option) for group in OPTIONS.values() for option in group}


@given(st.fixed_dictionaries({}, optional=fields))
def test_arguments_are_read_as_the_same_options(given_: dict[str, Any]) -> None:
    wanted = RunOptions(**given_)
    parsed = parser().parse_args(["--headless", *wanted.arguments()])
    assert resolve(vars(parsed)) == wanted
    (cell,) = cells(vars(parsed))
    assert cell.options == wanted


def test_defaults_need_no_arguments() -> None:
    assert RunOptions().arguments() == []
    assert RunOptions(limit=3, method=("oracle", "random")).arguments() == [
        "--limit=3",
        "--method=oracle,random",
    ]


def test_models_and_devices_are_those_of_the_engine() -> None:
    assert options.LANGUAGE_MODEL == models.LANGUAGE_MODEL
    assert options.EMBEDDER == models.EMBEDDER
    assert options.KALEIDO_MODEL == models.KALEIDO_MODEL
    assert options.REWARD_MODEL == models.REWARD_MODEL
    assert options.DEVICES == device.DEVICES
    assert options.DTYPES == device.DTYPES
    assert options.QUANTIZATIONS == device.QUANTIZATIONS
