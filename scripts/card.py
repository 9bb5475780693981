"""Make a dataset's folder one that other tools take as it is: dataset card, Croissant metadata, licence, citation."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pyarrow.parquet import ParquetFile

from idxpng.atomic import atomic_file
from idxpng.dataset import load

# Vocabulary of Croissant 1.0, https://docs.mlcommons.org/croissant/docs/croissant-spec.html
TERMS = """
    citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset
    jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source
    subField transform
"""
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in TERMS.split()},
}


@dataclass(frozen=True)
class ParquetSplit:
    """What the card must know of a split's Parquet file; ``uncompressed``: bytes of its columns."""

    name: str
    path: Path
    rows: int
    uncompressed: int
    features: dict[str, Any]


def main(
    dataset: str,
    parquet: Sequence[str],
    overview: str,
    card: str,
    croissant: str,
    licence_file: str,
    citation_file: str,
) -> None:
    """Write the four files side by side, so that their folder is a dataset for those who read them.

    Args:
        dataset: the dataset file.
        parquet: what `parquet` made of each split, ``{split}.parquet`` below the folder of ``card``.
        overview: the page that `describe` made, in the same folder.
        card: ``README.md`` to make: what a reader wants to know, after what Hugging Face reads.
        croissant: Croissant metadata to make, JSON-LD.
        licence_file, citation_file: the texts to make.
    """
    known = load(dataset)
    parts = [_read(Path(path).stem, Path(path)) for path in parquet]
    folder = Path(card).parent
    terms = _terms(known.title, known.licence, known.attribution)
    texts = {
        card: _card(known.title, terms, known.licence, known.citation, parts, folder, Path(overview).name),
        croissant: json.dumps(
            _croissant(known.name, known.title, terms, known.citation, parts, folder), indent=2, ensure_ascii=False
        ),
        licence_file: terms,
        citation_file: known.citation,
    }
    for path, text in texts.items():
        with atomic_file(path) as file:
            file.write(text.encode() + b"\n")
    logging.info("%s: %d splits", folder, len(parts))


def _read(split: str, path: Path) -> ParquetSplit:
    with ParquetFile(path) as file:
        groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
        uncompressed = sum(group.total_byte_size for group in groups)
        features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        return ParquetSplit(split, path, file.metadata.num_rows, uncompressed, features)


def _terms(title: str, licence: dict[str, str | None], attribution: str | None) -> str:
    lines = (f"Licence of {title}: {licence['spdx'] or 'none that is certain'}", licence.get("note"), attribution)
    return "\n\n".join(line for line in lines if line)


def _card(
    title: str,
    terms: str,
    licence: dict[str, str | None],
    citation: str,
    parts: Sequence[ParquetSplit],
    folder: Path,
    overview: str,
) -> str:
    rows = sum(part.rows for part in parts)
    download = sum(part.path.stat().st_size for part in parts)
    of_splits = [{"name": part.name, "num_bytes": part.uncompressed, "num_examples": part.rows} for part in parts]
    header = {
        "pretty_name": title,
        "license": licence["spdx"].lower() if licence["spdx"] else "unknown",
        "task_categories": ["image-classification"],
        "size_categories": [_size_category(rows)],
        "dataset_info": {
            "features": [_feature(name, facts) for name, facts in parts[0].features.items()] if parts else [],
            "splits": of_splits,
            "download_size": download,
            "dataset_size": sum(part.uncompressed for part in parts),
        },
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": part.name, "path": part.path.relative_to(folder).as_posix()} for part in parts
                ],
            }
        ],
    }
    table = "\n".join(f"| {part.name} | {part.rows:,} |" for part in parts)
    return f"""---
{yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=120).rstrip()}
---

# {title}

| split | images |
|---|---|
{table}

Each image is there twice with the same pixels: as a row of `parquet/`, and as a PNG file below `png/`, one directory
per label, which `manifest/` lists. [{overview}]({overview}) has the numbers and the checksums of the original files.

## Licence

{terms}

## Citation

{citation}"""


def _feature(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    dtype: Any = facts.get("dtype", "image")
    if "names" in facts:
        dtype = {"class_label": {"names": {str(label): text for label, text in enumerate(facts["names"])}}}
    return {"name": name, "dtype": dtype}


def _size_category(rows: int) -> str:
    sizes = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B"]
    reached = sum(rows >= 10 ** (3 + power) for power in range(len(sizes)))
    if reached == 0:
        return f"n<{sizes[0]}"
    return f"n>{sizes[-1]}" if reached == len(sizes) else f"{sizes[reached - 1]}<n<{sizes[reached]}"


def _croissant(
    name: str, title: str, terms: str, citation: str, parts: Sequence[ParquetSplit], folder: Path
) -> dict[str, Any]:
    files, record_sets = [], []
    for part in parts:
        file = {"@id": f"{part.name}.parquet"}
        with open(part.path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        files.append(
            {
                "@type": "cr:FileObject",
                **file,
                "name": file["@id"],
                "contentUrl": part.path.relative_to(folder).as_posix(),
                "contentSize": f"{part.path.stat().st_size} B",
                "encodingFormat": "application/x-parquet",
                "sha256": digest,
            }
        )
        fields = []
        for column in part.features:
            source: dict[str, Any] = {"fileObject": file, "extract": {"column": column}}
            if column == "image":
                source["transform"] = {"jsonPath": "bytes"}
            fields.append(
                {
                    "@type": "cr:Field",
                    "@id": f"{part.name}/{column}",
                    "name": column,
                    "dataType": "sc:ImageObject" if column == "image" else "sc:Integer",
                    "source": source,
                }
            )
        record_sets.append({"@type": "cr:RecordSet", "@id": part.name, "name": part.name, "field": fields})
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": title,
        "license": terms,
        "citeAs": citation,
        "distribution": files,
        "recordSet": record_sets,
    }


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_argument("--dataset", required=True, metavar="FILE", help="dataset file, such as datasets/mnist.yaml")
    command.add_argument("--parquet", nargs="+", required=True, metavar="FILE", help="what parquet.py made, by split")
    command.add_argument("--overview", required=True, metavar="FILE", help="what describe.py made")
    command.add_argument("--card", required=True, metavar="FILE", help="the dataset card to make, README.md")
    command.add_argument("--croissant", required=True, metavar="FILE", help="the Croissant metadata to make")
    command.add_argument("--licence-file", required=True, metavar="FILE", help="the text of the license to make")
    command.add_argument("--citation-file", required=True, metavar="FILE", help="the citation to make")
    command.run(main)
