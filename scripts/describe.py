"""Describe a dataset on one page: its license, its files, its splits in numbers, and images that it has twice."""

import json
import logging
from collections.abc import Sequence
from html import escape

from idxpng.atomic import atomic_file
from idxpng.dataset import load
from idxpng.duplicates import Duplicates
from idxpng.split_header import SplitHeader

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2em; background: white; color: #222; }}
table {{ border-collapse: collapse; margin: 0 0 2em; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3em .8em; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<h1>{title}</h1>
<h2>License and citation</h2>
{terms}
<h2>Splits</h2>
<p>Mean and standard deviation of the pixels are fractions of white. A blank image is of one even grey.
Duplicates have exactly the same pixels as an earlier image of their split; the last column counts the images
that another split has too.</p>
{splits}
<h2>Files</h2>
{files}
</body>
</html>
"""


def main(
    dataset: str,
    headers: Sequence[str],
    statistics: Sequence[str],
    manifests: Sequence[str],
    page: str,
    duplicates: str,
) -> None:
    """Write the page, and which images are exact duplicates of others.

    Args:
        dataset: the dataset file, for the terms of use.
        headers, statistics, manifests: what `validate`, `measure` and `manifest` made of each split.
        page: the HTML file to make, which needs no other file.
        duplicates: the JSON file to make: ``within``, for each split the groups of its images that have the same
            pixels, and ``across`` the groups of which several splits have some; an image is its path below ``png/``.
    """
    known = load(dataset)
    splits = [SplitHeader.read(path).split for path in headers]
    with Duplicates(dict(zip(splits, manifests, strict=True))) as same, atomic_file(duplicates) as file:
        same.write(file)
        counts = {split: (same.within(split), same.across(split)) for split in splits}
    rows, files = [], []
    for split, header_path, statistics_path in zip(splits, headers, statistics, strict=True):
        header, measured = _read_json(header_path), _read_json(statistics_path)
        rows.append(
            (
                split,
                f"{measured['images']:,}",
                len(measured["class_counts"]),
                f"{measured['mean']:.4f}",
                f"{measured['std']:.4f}",
                f"{measured['blank_count']:,}",
                *(f"{count:,}" for count in counts[split]),
            )
        )
        for role in ("images", "labels"):
            of_file = header[role]
            dims = " × ".join(map(str, of_file["dims"]))
            facts = (of_file["magic"], of_file["type"], dims, f"{of_file['bytes']:,}", of_file["sha256"])
            files.append((split, of_file["file"], *facts))
    columns = ("split", "images", "classes", "mean", "standard deviation", "blank", "duplicates", "in another split")
    terms = {
        "license": known.licence["spdx"] or "none that is certain",
        "note": known.licence.get("note"),
        "attribution": known.attribution,
        "cite as": known.citation,
    }
    document = PAGE.format(
        title=escape(known.title),
        terms=_table((), [(key, text) for key, text in terms.items() if text]),
        splits=_table(columns, rows),
        files=_table(("split", "file", "magic", "type", "dims", "bytes", "SHA-256"), files),
    )
    with atomic_file(page) as file:
        file.write(document.encode())
    logging.info("%s: %d splits, %d duplicates", page, len(splits), sum(within for within, _ in counts.values()))


def _read_json(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = f"<tr>{''.join(f'<th>{escape(column)}</th>' for column in columns)}</tr>\n" if columns else ""
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n{head}{body}\n</table>"


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_argument("--dataset", required=True, metavar="FILE", help="dataset file, such as datasets/mnist.yaml")
    command.add_argument("--headers", nargs="+", required=True, metavar="FILE", help="what validate.py wrote, by split")
    command.add_argument("--statistics", nargs="+", required=True, metavar="FILE", help="what measure.py wrote")
    command.add_argument("--manifests", nargs="+", required=True, metavar="FILE", help="what manifest.py wrote")
    command.add_argument("--page", required=True, metavar="FILE", help="the HTML page to make")
    command.add_argument("--duplicates", required=True, metavar="FILE", help="the JSON file to make")
    command.run(main)
