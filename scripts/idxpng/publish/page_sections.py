"""The parts of a dataset's page that need no script: sentences, tables and plots, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from idxpng.dataset.model import Dataset
from idxpng.formats.split_header import SplitHeader
from idxpng.publish.duplicates import Groups
from idxpng.publish.markup import histogram, table
from idxpng.text import counted, image_size

LEVELS_PER_ROW = 16


def summary(splits: Sequence[dict[str, Any]], classes: int, also_in: Mapping[str, str] = {}) -> str:
    """How many images there are, of what size, in how many classes and splits: plain text.

    Splits whose images are ``also_in`` others, see `Dataset.also_in`, do not count again.
    """
    total = sum(split["count"] for split in splits if split["name"] not in also_in)
    each = ", ".join(f"{split['name']} {split['count']:,}{also_in.get(split['name'], '')}" for split in splits)
    sizes = " or ".join(dict.fromkeys(image_size(split["rows"], split["columns"]) for split in splits))
    return f"{counted(total, 'image')} of {sizes} in {counted(classes, 'class')}: {each}"


def pixels(header: SplitHeader, numbers: dict[str, Any]) -> str:
    """The values of a split's pixels: a histogram, and its numbers as a table."""
    levels = numbers["levels"]
    rows = [
        {
            "value": f"{start} to {start + LEVELS_PER_ROW - 1}",
            "pixels": f"{sum(levels[start : start + LEVELS_PER_ROW]):,}",
        }
        for start in range(0, len(levels), LEVELS_PER_ROW)
    ]
    what = f"mean {numbers['mean']:.4f} and standard deviation {numbers['std']:.4f} of white"
    title = f"Pixels of {header.split} by value: {what}"
    words = f"{header.split}: {sum(levels):,} pixels, {what}. The scale is logarithmic."
    return f"""<div data-split="{escape(header.split)}">
<p class="numbers">{escape(words)}</p>
{histogram(levels, title)}
<details><summary>The numbers</summary>
{table(rows)}
</details>
</div>"""


def numbers(
    headers: Sequence[SplitHeader], measured: Sequence[dict[str, Any]], within: Mapping[str, Groups], across: Groups
) -> str:
    """A table of what was measured, with a row for each split."""
    rows = [
        {
            "split": header.split,
            "images": f"{numbers['images']:,}",
            "classes": len(numbers["class_counts"]),
            "mean": f"{numbers['mean']:.4f}",
            "standard deviation": f"{numbers['std']:.4f}",
            "blank": f"{numbers['blank_count']:,}",
            "duplicates": f"{within[header.split].repeated:,}",
            "in another split": f"{across.images[header.split]:,}",
        }
        for header, numbers in zip(headers, measured, strict=True)
    ]
    return table(rows)


def files(headers: Sequence[SplitHeader]) -> str:
    """A table of the IDX files: what their headers say, and their digests."""
    rows = [
        {
            "split": header.split,
            **{key: file[key] for key in ("file", "magic", "type")},
            "dims": " × ".join(map(str, file["dims"])),
            "bytes": f"{file['bytes']:,}",
            "SHA-256": file["content_sha256"],
        }
        for header in headers
        for file in (header.images, header.labels)
    ]
    return table(rows)


def terms(known: Dataset) -> str:
    """A list of what to know before use, as far as the dataset file says it."""
    entries = {
        "license": known.license["spdx"] or "uncertain",
        "note": known.license.get("note"),
        "attribution": known.attribution,
        "cite as": known.citation,
    }
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>\n" for term, text in entries.items() if text)
    return f'<dl class="terms">\n{items}</dl>'
