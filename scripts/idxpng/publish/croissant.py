"""Metadata of a published dataset in Croissant 1.1: https://docs.mlcommons.org/croissant/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import idxpng
from idxpng.dataset.model import Dataset
from idxpng.formats.split_header import SplitHeader
from idxpng.publish.provenance import FileRecord, sources
from idxpng.publish.terms import bibtex, license_urls
from idxpng.text import counted

TERMS = """
    arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty fileSet format
    includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace
    samplingRate separator source subField transform
"""
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in TERMS.split()},
}
# Names of record sets that no split can have, since a split's name has no dot.
CLASSES, SPLITS = "class.names", "split.names"
CLASS_FIELDS = {"label": "sc:Integer", "name": "sc:Text"}


@dataclass(frozen=True)
class ParquetSplit:
    """A split's Parquet file.

    ``uncompressed``: bytes of its columns. ``features``: how the `datasets` package describes each of them.
    """

    name: str
    file: FileRecord
    rows: int
    uncompressed: int
    features: dict[str, Any]


def metadata(
    dataset: Dataset,
    headers: Sequence[SplitHeader],
    parquet: Sequence[ParquetSplit],
    manifests: Mapping[str, FileRecord],
    also_in: Mapping[str, str],
    classes: int,
) -> dict[str, Any]:
    """The document, for `json`.

    Args:
        headers: of each split, what `validate` found.
        parquet: that of each split.
        manifests: that of each split, by its name.
        also_in: see `Dataset.also_in`.
        classes: how many classes were taken.
    """
    splits = [header.split for header in headers]
    # An empty value, where the dataset file does not know it, is left out.
    optional = {
        "url": dataset.url,
        "creator": [{"@type": "sc:Person", "name": name} for name in dataset.creators],
        "datePublished": dataset.published,
        "creditText": dataset.attribution,
    }
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": dataset.name,
        "alternateName": dataset.title,
        "description": _description(dataset, parquet, also_in, classes),
        "version": idxpng.__version__,
        "license": license_urls(dataset),
        "citeAs": bibtex(dataset),
        **{key: value for key, value in optional.items() if value},
        "rai:dataPreprocessingProtocol": _preprocessing(dataset),
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"the workflow's export and parquet steps, version {idxpng.__version__}",
        },
        "prov:wasDerivedFrom": [_source(source) for source in sources(dataset, headers)],
        "distribution": [
            *(_file(f"{part.name}.parquet", "application/x-parquet", part.file) for part in parquet),
            *(_file(f"{split}.csv", "text/csv", manifests[split]) for split in splits),
        ],
        "recordSet": [
            _enumeration(CLASSES, "sc:Enumeration", CLASS_FIELDS, list(dataset.classes.items())),
            _enumeration(SPLITS, "cr:Split", {"name": "sc:Text"}, [(split,) for split in splits]),
            *(_records(part) for part in parquet),
        ],
    }


def _description(dataset: Dataset, parquet: Sequence[ParquetSplit], also_in: Mapping[str, str], classes: int) -> str:
    sizes = ", ".join(f"{split.name} {split.rows:,}{also_in.get(split.name, '')}" for split in parquet)
    return f"{dataset.title}. Labeled images in {counted(classes, 'class')}: {sizes}. Converted from IDX files."


def _preprocessing(dataset: Dataset) -> str:
    turned = ", turned upright, as the files store them column by column" if dataset.orientation == "transposed" else ""
    return f"The pixels of the IDX files, unchanged{turned}; images and labels are checked against each other."


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    content = source["content"]
    return {
        "@type": "prov:Entity",
        "@id": f"urn:sha256:{content['content_sha256']}",
        "prov:label": f"{content['file']}, IDX file of the {source['role']} of {source['split']}",
        "sha256": content["content_sha256"],
    }


def _file(name: str, kind: str, file: FileRecord) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": kind,
        "sha256": file.sha256,
    }


def _enumeration(name: str, kind: str, fields: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """A record set whose few records are in the document itself; its key is its first field."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "dataType": kind,
        "key": {"@id": f"{name}/{next(iter(fields))}"},
        "field": [_field(name, field, type_) for field, type_ in fields.items()],
        "data": [{f"{name}/{field}": value for field, value in zip(fields, row, strict=True)} for row in rows],
    }


def _field(record_set: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "dataType": kind, **more}


def _records(part: ParquetSplit) -> dict[str, Any]:
    split = part.name
    fields = [_field(split, "split", "sc:Text", value=split, references={"field": {"@id": f"{SPLITS}/name"}})]
    for column in part.features:
        source: dict[str, Any] = {"fileObject": {"@id": f"{split}.parquet"}, "extract": {"column": column}}
        if column == "image":
            image = source | {"transform": {"jsonPath": "bytes"}}
            fields.append(_field(split, column, "sc:ImageObject", source=image))
        else:
            references = {"references": {"field": {"@id": f"{CLASSES}/label"}}} if column == "label" else {}
            fields.append(_field(split, column, "sc:Integer", **references, source=source))
    return {"@type": "cr:RecordSet", "@id": split, "name": split, "field": fields}
