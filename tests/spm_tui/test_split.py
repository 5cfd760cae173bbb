"""The stratified split."""

from hypothesis import given
from hypothesis import strategies as st

from spm_tui.datasets.split import stratified

scenarios = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=3),
    min_size=1,
    max_size=40,
)


@given(scenarios)
def test_no_scenario_is_in_both_splits(levels: list[list[tuple[int, int]]]) -> None:
    eval_, train = stratified(levels)
    assert len(set(eval_)) == len(eval_)
    assert len({*eval_, *train}) == len(eval_) + len(train)
    assert len(eval_) >= len(train)


def test_every_level_is_served_from_the_rarest_on() -> None:
    """Level 1 occurs twice, level 0 often: eval gets both of the rare ones, then common ones."""
    levels = [[(1,), (0,)], [(1,), (0,)], *[[(0,), (0,)]] * 5]
    assert stratified(levels) == ([0, 1, 2, 3], [4, 5])


def test_at_most_twenty_are_taken_for_a_level() -> None:
    levels = [[(i % 2,), (i % 2,)] for i in range(100)]
    eval_, train = stratified(levels)
    assert (len(eval_), len(train)) == (40, 40)
