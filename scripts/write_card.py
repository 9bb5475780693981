"""Write the files with which other tools load a dataset's folder: card, Croissant, license, citation, provenance."""

import itertools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.command import Command
from idxpng.dataset.file import load
from idxpng.dataset.model import Dataset
from idxpng.errors import DataError, move_away, reading
from idxpng.files.atomic import atomic_file
from idxpng.files.json_file import write_json
from idxpng.formats.split_header import SplitHeader
from idxpng.publish import terms
from idxpng.publish.croissant import ParquetSplit, metadata
from idxpng.publish.provenance import FileRecord, origin
from idxpng.text import counted

import yaml  # isort: skip
from pyarrow.parquet import ParquetFile  # isort: skip

# What Markdown acts on anywhere in a line, and at its beginning.
MARKDOWN = re.compile(r"(?=[\\`*_\[\]<>&|~$#])|^(?=[-+=])|^(\d+)(?=[.)])", re.MULTILINE)


def main(
    dataset: str,
    headers: Sequence[str],
    parquet: Sequence[str],
    manifests: Sequence[str],
    overview: str,
    card: str,
    croissant: str,
    license_file: str,
    citation_file: str,
    provenance: str,
    license_texts: Sequence[str] = (),
    limit: int | None = None,
    classes: Collection[int] | None = None,
) -> None:
    """Write the five files side by side, so that other tools can read their folder as a dataset.

    Args:
        dataset: the dataset file.
        headers, parquet, manifests: what `validate`, `write_parquet` and `merge_manifests` made of each split; the
            Parquet files are ``{split}.parquet``, and they and the manifests lie below the folder of ``card``.
        overview: the page that `make_page` made, in the same folder.
        card: ``README.md`` to make: a header for Hugging Face, then text for readers.
        croissant: Croissant metadata to make, JSON-LD.
        license_file, citation_file: the license as text, and the citation as BibTeX, to make.
        provenance: the JSON file to make: from which files and with which software the others were made.
        license_texts: files with the text of each license, such as MIT, to add to ``license_file``.
        limit, classes: which images of each split were taken: the first ones, and of them those with these labels.
    """
    known = load(dataset)
    if "not stated" in f"{known.license.get('note')} {known.citation}".lower():  # as in a new dataset file
        todo = "fill it in (if `idx` made this file, in a copy of it), and publish again"
        log.warning("%s: its license or citation is not stated: %s", dataset, todo)
    folder = Path(card).parent
    found = [SplitHeader.read(path) for path in headers]
    parts = [_read(Path(path), folder) for path in parquet]
    listed = {header.split: FileRecord.of(Path(path), folder) for header, path in zip(found, manifests, strict=True)}
    for manifest, part in zip(manifests, parts, strict=True):
        _check_count(manifest, folder / part.file.path, part.rows)
    also_in = known.also_in([part.name for part in parts], limit)
    texts = [_text(path) for path in license_texts]
    page = FileRecord.of(Path(overview), folder)
    _write(card, _card(known, parts, Path(overview).name, also_in, [Path(text).stem for text in license_texts]))
    write_json(croissant, metadata(known, found, parts, listed, also_in, len(classes or known.classes)))
    _write(license_file, "\n\n".join([terms.license_text(known), *texts]))
    _write(citation_file, terms.bibtex(known))
    made = [FileRecord.of(Path(path), folder) for path in (card, croissant, license_file, citation_file)]
    write_json(provenance, origin(known, found, [*(part.file for part in parts), *listed.values(), page, *made]))
    log.info("%s: %s", folder, counted(len(parts), "split"))


def _check_count(manifest: str, parquet: Path, rows: int) -> None:
    with open(manifest, "rb") as file:
        count = sum(1 for _ in file) - 1
    if count != rows:
        problem, expected = "lists too many or too few images", f"{rows}, as in {parquet}"
        raise DataError(manifest, problem, expected=expected, found=count, todo=move_away(manifest, parquet))


def _text(path: str) -> str:
    with reading("a text in UTF-8", path):
        return Path(path).read_text(encoding="utf-8").strip("\n")


def _write(path: str, text: str) -> None:
    with atomic_file(path) as file:
        file.write(text.encode(errors="backslashreplace") + b"\n")  # of a path, as in `write_json`


def _read(path: Path, folder: Path) -> ParquetSplit:
    with reading("a Parquet file of images", path), ParquetFile(path) as file:
        groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
        uncompressed = sum(group.total_byte_size for group in groups)
        features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        return ParquetSplit(path.stem, FileRecord.of(path, folder), file.metadata.num_rows, uncompressed, features)


def _card(
    dataset: Dataset,
    parts: Sequence[ParquetSplit],
    overview: str,
    also_in: Mapping[str, str],
    texts: Sequence[str] = (),
) -> str:
    # As the `datasets` package takes them, which allows no hyphen, and refuses a split without images.
    with_images = [part for part in parts if part.rows]
    named = {part.name.replace("-", "_"): part for part in with_images}
    if len(named) < len(with_images):
        problem = "two splits have names that differ only in - and _, which Hugging Face takes for the same"
        found = ", ".join(part.name for part in with_images)
        raise DataError(dataset.source, problem, at="splits", found=found, todo="rename one of them")
    split_sizes = [
        {"name": name, "num_bytes": part.uncompressed, "num_examples": part.rows} for name, part in named.items()
    ]
    data_files = [{"split": name, "path": part.file.path} for name, part in named.items()]
    header = {
        "pretty_name": dataset.title,
        **terms.hub_license(dataset),
        "task_categories": ["image-classification"],
        "size_categories": [_size_category(sum(part.rows for part in parts if part.name not in also_in))],
        "dataset_info": {
            "features": [_feature(name, facts) for name, facts in parts[0].features.items()],
            "splits": split_sizes,
            "download_size": sum(part.file.bytes for part in parts),
            "dataset_size": sum(part.uncompressed for part in parts),
        },
        "configs": [{"config_name": "default", "data_files": data_files}],
    }
    table = "\n".join(f"| {part.name} | {part.rows:,}{also_in.get(part.name, '')} |" for part in parts)
    parts_of = [
        f"{part.rows:,} of the {dataset.splits[part.name].count:,} images of {part.name}"
        for part in parts
        if part.rows < dataset.splits[part.name].count
    ]
    excerpt = f"\nThis is an excerpt of the dataset: {', '.join(parts_of)}.\n" if parts_of else ""
    added = f", and adds the text of {' and '.join(texts)}" if texts else ""
    origin = f"\nThe dataset's own page: <{dataset.url}>\n" if dataset.url else ""
    return f"""---
{yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=120).rstrip()}
---

# {markdown(dataset.title)}
{excerpt}
| split | images |
|---|---|
{table}

`parquet/` has all images of each split as rows. `png/`, where it is included, has the same pixels as PNG files, a
directory per label, which `manifest/` lists and [{overview}]({overview}) shows. That page also has the numbers and the
checksums of the original files, [provenance.json](provenance.json) the files and the software that made everything.
{origin}
## License

{markdown(terms.license_text(dataset))}

[LICENSE](LICENSE) repeats this{added}.

## Citation

{markdown(dataset.citation)}

```bibtex
{terms.bibtex(dataset)}
```"""


def markdown(text: str) -> str:
    """Text that shows as it is wherever Markdown, and HTML in it, is rendered."""
    return MARKDOWN.sub(r"\1\\", text)


def _feature(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    dtype: Any = facts.get("dtype", "image")
    if "names" in facts:
        dtype = {"class_label": {"names": {str(label): text for label, text in enumerate(facts["names"])}}}
    return {"name": name, "dtype": dtype}


def _size_category(rows: int) -> str:
    sizes = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B"]
    names = [f"n<{sizes[0]}", *(f"{low}<n<{high}" for low, high in itertools.pairwise(sizes)), f"n>{sizes[-1]}"]
    return names[sum(rows >= 10 ** (3 + power) for power in range(len(sizes)))]


if __name__ == "__main__":
    Command(__doc__).run(main)
