"""Writing HTML and SVG: tables, plots, data for a script. Text is escaped, so that none of it becomes markup."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape

NUMBER = re.compile(r"[\d,.]+")
BAR = 4  # values of pixels in a bar of a histogram


def filled(template: str, parts: Mapping[str, str]) -> str:
    """``template`` with each ``{{name}}`` replaced by a part; the parts themselves are not searched."""
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: parts[slot[1]], template)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """A table of rows with the same keys, its columns; numbers, such as ``1,234``, are aligned to the right."""
    numeric = {name: all(NUMBER.fullmatch(str(row[name])) for row in rows) for name in rows[0]}
    head = "".join(_cell("th", name, number) for name, number in numeric.items())
    lines = ("".join(_cell("td", row[name], number) for name, number in numeric.items()) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def json_for_script(document: object) -> str:
    """JSON that does not end a script element, even with a tag in its text."""
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")


def histogram(levels: Sequence[int], title: str) -> str:
    """An SVG plot of how many pixels have which value, from 0 to 255, on a logarithmic scale.

    ``title``: what a screen reader says.
    """
    width, height, left, bottom = 740, 260, 95, 40
    sums = [sum(levels[start : start + BAR]) for start in range(0, len(levels), BAR)]
    top = max(1, math.ceil(math.log10(max(*sums, 1))))
    plot_width, plot_height = width - left - 10, height - bottom - 10

    def y(count: int) -> float:
        return 10 + plot_height * (1 - max(0.0, math.log10(count)) / top) if count else height - bottom

    drawn = []
    for power in range(top + 1):
        at = y(10**power)
        drawn.append(f'<line x1="{left}" x2="{width - 10}" y1="{at:.1f}" y2="{at:.1f}"/>')
        drawn.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    bar = plot_width / len(sums)
    for number, count in enumerate(sums):
        first, last = number * BAR, (number + 1) * BAR - 1
        drawn.append(
            f'<rect class="value" x="{left + number * bar:.1f}" y="{y(count):.1f}" width="{bar - 1:.1f}" '
            f'height="{height - bottom - y(count):.1f}"><title>{first} to {last}: {count:,}</title></rect>'
        )
    for value in range(0, len(levels) + 1, len(levels) // 4):
        at = left + plot_width * value / len(levels)
        drawn.append(f'<text x="{at:.1f}" y="{height - 22}" text-anchor="middle">{min(value, len(levels) - 1)}</text>')
    drawn.append(f'<text x="{left + plot_width / 2}" y="{height - 4}" text-anchor="middle">value of a pixel</text>')
    return (
        f'<svg class="histogram" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">\n'
        + "\n".join(drawn)
        + "\n</svg>"
    )


def _cell(kind: str, content: object, number: bool) -> str:
    scope = ' scope="col"' if kind == "th" else ""
    align = ' class="number"' if number else ""
    return f"<{kind}{scope}{align}>{escape(str(content))}</{kind}>"
