"""The target as it is being set: every move is a new value within bounds."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui import target_files
from spm_tui.alignment import FUNCTIONS, relative
from spm_tui.targets import Target, parse
from spm_tui.tui.steering import HEAVIEST, Slot, Steering, among, high, presets
from store.records import Attribute
from tests.build import attribute

sizes = st.lists(st.sampled_from([2, 3, 4, 5, 7, 11, 101]), min_size=1, max_size=4)


def over(*levels: int) -> Steering:
    return high([attribute(f"a{i}", size) for i, size in enumerate(levels)])


@st.composite
def steerings(draw: st.DrawFn) -> Steering:
    """What any sequence of keys leads to."""
    steering = over(*draw(sizes))
    index = st.integers(0, len(steering.attributes) - 1)
    for act in draw(st.lists(st.sampled_from(["move", "nudge", "set", "toggle", "weigh"]))):
        place = draw(index)
        match act:
            case "move":
                steering = steering.move(place, draw(st.integers(-3, 3)))
            case "nudge":
                steering = steering.move(place, draw(st.integers(-3, 3)), fine=True)
            case "set":
                steering = steering.set_value(place, draw(st.integers(0, 9)) / 9)
            case "toggle":
                steering = steering.toggle(place)
            case _:
                steering = steering.weigh(place, draw(st.sampled_from([0.5, 2.0])))
    return steering


@given(steerings())
def test_values_and_weights_keep_their_bounds(steering: Steering) -> None:
    for slot in steering.slots:
        assert 0 <= slot.value <= 1
        assert 1 / HEAVIEST <= slot.weight <= HEAVIEST


@given(sizes, st.sampled_from([1e-300, 1e-12, 1e-3, 1e3, 1e12, 1e300]), st.data())
def test_weights_of_any_size_are_steered_alike(
    levels: list[int], scale: float, data: st.DataObject
) -> None:
    one = over(*levels)
    values = tuple((a.name, 1.0) for a in one.attributes)
    other = one.take("mine", Target(values, (scale,) * len(values)))
    steps = st.tuples(st.integers(0, len(levels) - 1), st.sampled_from([0.5, 2.0]))
    for index, factor in data.draw(st.lists(steps, max_size=3)):
        one, other = one.weigh(index, factor), other.weigh(index, factor)
        shares = [relative(each.aim().weight).tolist() for each in (one, other)]
        assert shares[0] == shares[1]


def test_a_weight_stays_positive_and_finite() -> None:
    taken = over(5, 5).take("mine", Target((("a0", 1.0), ("a1", 1.0)), (5e-324, 1.7e308)))
    assert taken.weigh(0, 0.5).weigh(1, 2).slots == taken.slots
    assert taken.weigh(0, 2).weigh(1, 0.5).target() == Target(
        (("a0", 1.0), ("a1", 1.0)), (1e-323, 8.5e307)
    )


@given(steerings())
def test_what_is_off_weighs_nothing_and_what_is_on_something(steering: Steering) -> None:
    aim = steering.aim()
    assert [weight == 0 for weight in aim.weight] == [not slot.on for slot in steering.slots]
    assert aim.value.tolist() == [slot.value for slot in steering.slots]


@given(steerings())
def test_the_target_names_what_is_on_with_its_value(steering: Steering) -> None:
    target = steering.target()
    named = dict(target.values) if target else {}
    for one, slot in zip(steering.attributes, steering.slots, strict=True):
        assert named.get(one.name) == (slot.value if slot.on else None)


@given(steerings(), st.data())
def test_switching_off_and_on_again_keeps_value_and_weight(
    steering: Steering, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(steering.slots) - 1))
    off = steering.toggle(index)
    assert off.slots[index] == replace(steering.slots[index], on=not steering.slots[index].on)
    assert off.toggle(index).slots == steering.slots


@pytest.mark.parametrize("levels", [2, 3, 4, 5, 7, 11, 101])
def test_moves_by_levels_reach_exactly_the_values_of_levels(levels: int) -> None:
    steering = over(levels)
    values = [1.0]
    for _ in range(levels - 1):
        steering = steering.move(0, -1)
        values.append(steering.slots[0].value)
    assert values == [level / (levels - 1) for level in reversed(range(levels))]
    assert steering.move(0, -1).slots[0].value == 0


@pytest.mark.parametrize("levels", [2, 3, 5, 7])
def test_hundredths_go_all_the_way_and_no_further(levels: int) -> None:
    steering = over(levels)
    named = {round(level / (levels - 1), 2): level / (levels - 1) for level in range(levels)}
    for hundredths in range(99, -1, -1):
        steering = steering.move(0, -1, fine=True)
        value = hundredths / 100
        assert steering.slots[0].value == named.get(value, value), "a level where it is one's name"
    assert steering.move(0, -1, fine=True).slots[0].value == 0


@pytest.mark.parametrize(
    ("value", "steps", "expected"),
    [(0.4, 1, 0.75), (0.4, -1, 0.25), (0.9, 1, 1.0), (0.1, -1, 0.0), (0.5, 0, 0.5)],
)
def test_from_between_two_levels_a_move_lands_on_a_level(
    value: float, steps: int, expected: float
) -> None:
    steering = over(5).set_value(0, value).move(0, steps)
    assert steering.slots[0].value == pytest.approx(expected)


def test_a_move_switches_on_and_touches_no_other() -> None:
    steering = over(5, 5, 5).toggle(1)
    moved = steering.move(1, -1)
    assert moved.slots[1] == Slot(0.75, on=True)
    assert (moved.slots[0], moved.slots[2]) == (steering.slots[0], steering.slots[2])
    assert steering.slots[1] == Slot(1.0, on=False), "the old one is as it was"


def test_every_change_of_the_target_makes_it_custom_but_not_that_of_the_distance() -> None:
    steering = over(5, 7)
    changed = [
        steering.move(0, -1),
        steering.move(0, -1, fine=True),
        steering.set_value(0, 0.3),
        steering.toggle(1),
        steering.weigh(1, 2),
    ]
    assert {one.name for one in changed} == {"custom"}
    assert steering.next_function().name == "high"


def test_distances_come_round() -> None:
    steering = over(5)
    seen = [steering := steering.next_function() for _ in FUNCTIONS]
    assert {one.function for one in seen} == set(FUNCTIONS)
    assert seen[-1] == over(5)
    assert seen[0].aim().function == seen[0].function


@given(sizes, st.data())
def test_taking_a_preset_gives_its_target_from_wherever_one_was(
    levels: list[int], data: st.DataObject
) -> None:
    attributes = tuple(attribute(f"a{i}", size) for i, size in enumerate(levels))
    mine = Target(tuple((a.name, 0.25) for a in attributes), tuple(2.0 for _ in attributes))
    before = high(attributes)
    for index in data.draw(st.lists(st.integers(0, len(levels) - 1), max_size=4)):
        before = before.toggle(index).weigh(index, 2)
    for name, target in presets(attributes, {"mine": [mine]}):
        taken = before.take(name, target)
        assert taken.target() == target
        assert (taken.name, taken.function) == (name, before.function)


def test_a_preset_keeps_the_values_of_what_it_does_not_name() -> None:
    steering = over(5, 5).set_value(1, 0.3).take("one", Target((("a0", 0.0),)))
    assert steering.slots == (Slot(0.0), Slot(0.3, on=False))
    assert steering.toggle(1).target() == Target((("a0", 0.0), ("a1", 0.3)))


def test_presets_are_the_papers_and_ones_own_by_name() -> None:
    attributes = (attribute("care", 5), attribute("zeal", 3))
    one, two = Target((("care", 0.25),)), Target((("zeal", 0.5),))
    found = presets(attributes, {"kind": [one], "pair": [one, two]})
    assert found[0] == ("high", Target((("care", 1.0), ("zeal", 1.0))))
    assert found[1] == ("low", Target((("care", 0.0), ("zeal", 0.0))))
    assert found[2:5] == [("kind", one), ("pair 1", one), ("pair 2", two)]
    names = [name for name, _ in found]
    sampled = len(found) - 5
    assert names[5:] == [f"sampled {i}" for i in range(1, sampled + 1)]
    assert sampled == 6 + 8, "6 with one attribute, 8 with both: care 4 and zeal 2 of their levels"


def test_what_is_set_is_what_its_text_says() -> None:
    steering = over(7, 7).set_value(0, 0.17).set_value(1, 0.18)
    assert steering.target() == parse("a0=0.17,a1=0.18", steering.attributes)
    assert [slot.value for slot in steering.slots] == [1 / 6, 0.18]


def test_targets_that_were_told_go_by_the_names_known_of_them() -> None:
    attributes = (attribute("care", 5), attribute("zeal", 3))
    one, two, own = (Target((("care", value),)) for value in (0.3, 0.4, 0.6))
    lowest = Target((("care", 0.0), ("zeal", 0.0)))
    known = presets(attributes, {"mine": [two], "again": [two], "other": [one], "custom": [own]})
    assert among([one, lowest, two, Target((("zeal", 0.3),))], known) == [
        ("low", lowest),
        ("mine", two),
        ("other", one),
        ("custom", own),
        ("asked 1", Target((("zeal", 0.3),))),
    ]


def read(text: str, attributes: tuple[Attribute, ...]) -> Target:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "target.json"
        path.write_text(text, encoding="utf-8")
        (one,) = target_files.read(path, attributes)
    (target,) = one.targets
    return target


@given(steerings())
def test_the_json_is_read_back_as_the_target(steering: Steering) -> None:
    target = steering.target()
    if target is None:
        assert steering.to_json() == "{}"
        return
    found = read(steering.to_json(), steering.attributes)
    assert found == target


@pytest.mark.parametrize("levels", [2, 3, 5, 7])
def test_levels_are_read_back_as_levels(levels: int) -> None:
    steering = over(levels, 3).weigh(1, 2)
    for level in range(levels):
        value = level / (levels - 1)
        found = read(steering.set_value(0, value, parts=levels - 1).to_json(), steering.attributes)
        assert found == Target((("a0", value), ("a1", 1.0)), (1.0, 2.0))


def test_people_read_what_is_aimed_at() -> None:
    steering = over(5, 5)
    assert str(steering.move(0, -1).weigh(1, 2)) == "a0=0.75, a1=1*2"
    assert str(steering.toggle(0).toggle(1)) == "nothing"
    assert steering.toggle(0).toggle(1).target() is None
