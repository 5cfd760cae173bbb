"""Numbers as people read them."""

import pytest

from spm_tui import format as fmt

NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fmt.percent(0.6125), "61.3"),
        (fmt.percent(1), "100.0"),
        (fmt.percent(NAN), "–"),
        (fmt.spread(0.552, 0.046), "55.2 ± 4.6"),
        (fmt.spread(NAN, NAN), "–"),
        (fmt.interval(0.531, 0.57), "[53.1, 57.0]"),
        (fmt.interval(NAN, NAN), "–"),
        (fmt.number(0.126), "0.13"),
        (fmt.number(NAN), "–"),
        (fmt.count(117649), "117,649"),
        (fmt.duration(None), "–"),
        (fmt.duration(0.4), "0 s"),
        (fmt.duration(59.6), "1 min 00 s"),
        (fmt.duration(192), "3 min 12 s"),
        (fmt.duration(7500), "2 h 05 min"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert text == expected
