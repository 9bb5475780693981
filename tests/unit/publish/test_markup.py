"""HTML and SVG are well formed whatever text they contain."""

import json
from xml.etree import ElementTree

import pytest

from idxpng.publish.markup import filled, histogram, json_for_script, table

HOSTILE = '</script><img src=x onerror=alert(1)> & "quoted" {{title}}'


def test_placeholders_in_inserted_text_are_not_filled() -> None:
    assert filled("<h1>{{title}}</h1>{{data}}", {"title": HOSTILE, "data": "1"}) == f"<h1>{HOSTILE}</h1>1"


def test_hostile_text_is_shown_unchanged() -> None:
    rows = ElementTree.fromstring(table([{"name": HOSTILE, "count": "1,234"}])).findall("tbody/tr/td")
    assert [(cell.text, cell.get("class")) for cell in rows] == [(HOSTILE, None), ("1,234", "number")]


def test_json_cannot_end_a_script() -> None:
    text = json_for_script({"name": HOSTILE + "<!--"})
    assert "<" not in text
    assert json.loads(text) == {"name": HOSTILE + "<!--"}


@pytest.mark.parametrize("levels", [[0] * 256, [1] * 256, [10**9, *range(255)]], ids=["none", "even", "black"])
def test_a_bar_is_as_high_as_the_logarithm_of_its_count(levels: list[int]) -> None:
    plot = ElementTree.fromstring(histogram(levels, HOSTILE))
    assert plot.get("aria-label") == HOSTILE
    bars = plot.findall("rect")
    heights = [float(bar.get("height", "")) for bar in bars]
    sums = [sum(levels[start : start + 4]) for start in range(0, 256, 4)]
    assert len(bars) == 64
    assert all((height > 0) == (count > 1) for height, count in zip(heights, sums, strict=True))
    assert sorted(heights) == [height for _, height in sorted(zip(sums, heights, strict=True))]
    assert bars[0].findtext("title") == f"0 to 3: {sums[0]:,}"
