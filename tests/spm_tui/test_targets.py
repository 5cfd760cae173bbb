"""Targets: written, read, sampled."""

import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui import target_files, targets
from spm_tui.errors import InputError
from spm_tui.targets import Target
from tests.build import attribute

SEVEN = tuple(attribute(name, 7) for name in ("care", "fairness", "liberty"))


def test_a_target_is_read_from_text_in_the_benchmarks_order() -> None:
    parsed = targets.parse("liberty=0.33*2, care = 1", SEVEN)
    assert parsed == Target((("care", 1.0), ("liberty", 1 / 3)), (1.0, 2.0))
    assert str(parsed) == "care=1, liberty=0.33*2"
    assert targets.parse(str(parsed), SEVEN) == parsed


@given(st.integers(0, 6))
def test_two_decimals_of_a_level_mean_the_level(level: int) -> None:
    parsed = targets.parse(f"care={level / 6:.2f}", SEVEN)
    assert parsed.values == (("care", level / 6),)


def test_other_values_stay_as_they_are() -> None:
    assert targets.parse("care=0.3", SEVEN).values == (("care", 0.3),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a target"),
        ("care", "not a target"),
        ("care=high", "not a target"),
        ("care=1,care=0", "not a target"),
        ("care=1*", "not a target"),
        ("care=1.5", "field 'care': a target's value is a number from 0 to 1, not 1.5"),
        ("care=nan", "not nan"),
        ("care=1*0", "a weight is a positive number, not 0.0"),
        ("care=1*1e999", "a weight is a positive number, not inf"),
        ("harm=1", r"field 'harm': not an attribute of this benchmark \(care, fairness, liberty\)"),
    ],
)
def test_a_text_that_is_no_target_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        targets.parse(text, SEVEN)


@pytest.mark.parametrize("levels", [5, 7])
def test_sampling_is_the_papers(levels: int) -> None:
    """As described: list all combinations, drop neutral attributes, draw ten of each size."""
    attributes = SEVEN[:3] if levels == 7 else tuple(attribute(n, 5) for n in "abcd")
    values = [level / (levels - 1) for level in range(levels)]
    listed = [
        tuple((a.name, v) for a, v in zip(attributes, combination, strict=True) if v != 0.5)
        for combination in itertools.product(values, repeat=len(attributes))
    ]
    expected = [
        one
        for size in range(1, len(attributes) + 1)
        for one in random.Random(42).sample([x for x in listed if len(x) == size], 10)
    ]
    assert [one.values for one in targets.sampled(attributes).targets] == expected


def test_sampling_leaves_attributes_out_where_no_level_is_neutral() -> None:
    found = targets.sampled(tuple(attribute(n, 2) for n in "ab")).targets
    sizes = [len(one.values) for one in found]
    assert sizes == [1] * 4 + [2] * 4
    assert len(set(found)) == 8


def test_sampling_needs_no_list_of_all_combinations() -> None:
    many = tuple(attribute(str(i), 11) for i in range(20))
    assert len(targets.sampled(many).targets) == 200


@pytest.mark.parametrize(("file", "levels"), [("helpsteer2", 5), ("mic", 7)])
def test_the_papers_targets_are_reproduced(shared: Path, file: str, levels: int) -> None:
    path = shared / "targets" / f"{file}.json"
    data = json.loads(path.read_text())
    attributes = tuple(attribute(name, levels) for name in data["high"])
    read = {one.name: one.targets for one in target_files.read(path, attributes)}
    assert read["sampled"] == targets.sampled(attributes).targets
    assert read["high"] == targets.high(attributes).targets
    assert read["low"] == targets.low(attributes).targets
    rounded = [{name: round(value, 2) for name, value in one.values} for one in read["sampled"]]
    assert rounded == data["sampled"]
    assert len(rounded) == 10 * len(attributes)


@pytest.mark.parametrize(
    ("name", "content", "sets"),
    [
        ("one.json", '{"care": 1}', {"one": 1}),
        ("weighted.json", '{"care": 1, "weights": {"care": 2}}', {"weighted": 1}),
        ("list.json", '[{"care": 1}, {"liberty": 0.5}]', {"list": 2}),
        ("sets.json", '{"a": {"care": 1}, "b": [{"care": 0}, {"liberty": 1}]}', {"a": 1, "b": 2}),
        ("sets.toml", "[a]\ncare = 1\n[[b]]\nliberty = 0.5\n[[b]]\ncare = 0\n", {"a": 1, "b": 2}),
    ],
)
def test_files_hold_one_target_a_list_or_named_sets(
    tmp_path: Path, name: str, content: str, sets: dict[str, int]
) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert {one.name: len(one.targets) for one in target_files.read(path, SEVEN)} == sets


@given(
    st.dictionaries(st.sampled_from(["care", "fairness", "liberty"]), st.floats(0, 1), min_size=1),
    st.floats(0.125, 8) | st.none(),
)
def test_a_target_written_to_a_file_is_read_back(
    values: dict[str, float], weight: float | None
) -> None:
    weights = {} if weight is None else dict.fromkeys(values, weight)
    one = targets.target(values, SEVEN, weights=weights)
    entry = json.loads(json.dumps(target_files.to_mapping(one)))
    assert target_files.from_mapping(entry, SEVEN) == one


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.json", "{", "x.json: not JSON"),
        ("x.toml", "care", "x.toml: not TOML"),
        ("x.json", "7", "expected targets"),
        ("x.json", "{}", "expected targets"),
        ("x.json", "[]", "holds no target"),
        ("x.json", "[1]", "row 1, field 'x': expected attribute = value pairs, not 1"),
        ("x.json", '[{"care": 1}, {"care": 2}]', "row 2, field 'care': a target's value"),
        ("x.json", '[{"care": "high"}]', "not 'high'"),
        ("x.json", '[{"care": true}]', "not True"),
        ("x.json", '{"care": 1, "weights": {"love": 1}}', "field 'love': not an attribute"),
        ("x.json", "[{}]", "row 1: a target names at least one attribute"),
        pytest.param("x.json", "[" * 100_000, "x.json: not JSON", id="deep JSON"),
        pytest.param("x.toml", f"care = {'[' * 100_000}", "x.toml: not TOML", id="deep TOML"),
        pytest.param(
            "x.json",
            f'{{"care": 1, "weights": {{"care": 1{"0" * 400}}}}}',
            "field 'care': a weight is a positive number, not 10",
            id="heavy",
        ),
        ("x.json", r'{"\ud83d": {"care": 1}}', "the name of a set must be UTF-8"),
    ],
)
def test_a_file_without_usable_targets_is_refused(
    tmp_path: Path, name: str, content: str, complaint: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=complaint):
        target_files.read(path, SEVEN)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json: No such file"):
        target_files.read(tmp_path / "gone.json", SEVEN)


@given(
    st.dictionaries(
        st.sampled_from(["care", "fairness", "liberty"]), st.integers(0, 6), min_size=1
    ),
    st.booleans(),
)
def test_what_the_store_keeps_is_the_target_and_is_the_same_for_equal_ones(
    levels: dict[str, int], weighted: bool
) -> None:
    values = {name: level / 6 for name, level in levels.items()}
    weights = {name: 1.0 + level for name, level in levels.items()} if weighted else None
    one = targets.target(values, SEVEN, weights=weights)
    text = target_files.to_json(one)
    assert target_files.from_json(text, SEVEN) == one
    turned = dict(reversed(values.items()))
    assert target_files.to_json(targets.target(turned, SEVEN, weights=weights)) == text


@pytest.mark.parametrize("text", ["high", "[1]", "1", "", pytest.param("[" * 10**5, id="deep")])
def test_a_text_of_the_store_that_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a target"):
        target_files.from_json(text, SEVEN)


def test_arrays_have_weight_zero_where_nothing_is_wanted() -> None:
    values, weights = targets.arrays(
        [targets.parse("liberty=1*3", SEVEN), targets.parse("care=0,fairness=0.5", SEVEN)], SEVEN
    )
    assert weights.tolist() == [[0, 0, 3], [1, 1, 0]]
    assert np.where(weights > 0, values, np.nan)[0, 2] == 1
