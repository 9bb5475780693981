"""Which splits IDX files make up together, found by the files' names, headers, and contents."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from idxpng import log
from idxpng.dataset.file_names import SPLITS, fits, words
from idxpng.dataset.mismatch import little_endian, mismatch
from idxpng.dataset.model import ROLES, Dataset
from idxpng.errors import DataError
from idxpng.files.digest import digest_of
from idxpng.formats.compressed import SUFFIXES
from idxpng.formats.idx import LABEL_TYPES, LABELS, IdxHeader, decode, read_header
from idxpng.formats.labeled_images import CLASS, file_headers
from idxpng.formats.numpy_array import array_name, is_array, open_idx, place

IMAGES = re.compile("image|img", re.IGNORECASE)  # also inside a word


class IdxFacts(NamedTuple):
    """One IDX file, or an array that becomes one.

    ``member``: which array of an archive; ``key``: what its name says besides its role, the same for both files of a
    split; ``values``: the class of each label, from its column if there are several; empty for images.
    """

    path: Path
    member: str | None
    key: tuple[str, ...]
    header: IdxHeader
    bytes: int
    sha256: str
    content_sha256: str
    values: Sequence[int]

    @property
    def role(self) -> str:
        return "images" if len(self.header.dims) == 3 else "labels"

    @property
    def shown(self) -> Path:
        return Path(array_name(self.path, self.member))

    def facts(self, name: str, member: str | None) -> dict[str, Any]:
        """What a dataset file says of it, under a name, and in an archive as a member."""
        digests = {"sha256": self.sha256, "content_sha256": self.content_sha256}
        in_archive = {"member": member} if member else {}
        return {"file": name, **in_archive, "bytes": self.bytes, **digests, "verified": "bytes"}


def infer(places: Iterable[tuple[str | os.PathLike[str], str | None]]) -> dict[str, Any]:
    """The keys of a dataset file that follow from IDX files: classes, label type and columns, splits.

    Args:
        places: path, and array if it is an archive of arrays, of images and labels of each split, compressed or not.
            They belong together by their names and folders, as train-images-idx3-ubyte.gz and
            train-labels-idx1-ubyte.gz do; or, where names say little, by their counts.

    Returns:
        ``classes``, named by their numbers; ``label_type`` and ``label_columns`` where they are not the usual;
        ``splits``.

    Raises:
        IdxError, CompressedFileError: when a file is not an IDX file, or damaged.
        DataError: when they are not images and labels, split by split.
    """
    paths = [(Path(path), member) for path, member in places]
    folder = common_folder([path for path, _ in paths])
    files = [_read(*place, _key(*place, folder)) for place in paths]
    arrays = [file for file in files if file.role == "labels" and is_array(file.path, file.member)]
    if len(types := {file.header.type.name for file in arrays}) > 1:  # each has the smallest that holds its labels
        widest = max(types, key=LABEL_TYPES.index)
        files = [_read(*file[:3], label_type=widest) if file in arrays else file for file in files]
    pairs = _pairs(files)
    facts = _facts(pairs)
    names = [(file.path.name, file.member) for pair in pairs.values() for file in pair]
    for split, pair in pairs.items():
        facts["splits"][split] |= {
            file.role: file.facts(_published_name(split, file, names, folder), file.member) for file in pair
        }
    return facts


def infer_again(known: Dataset, paths: Mapping[str, Sequence[Path]]) -> dict[str, Any]:
    """The ``classes`` and whole ``splits`` of a known dataset, with all its classes, from files that may have changed.

    Args:
        paths: where the images and the labels of each whole split are, in this order.

    Raises:
        as `infer`, and DataError when the type or the columns of labels are not those of the dataset.
    """
    pairs = {}
    for name, split in known.whole_splits.items():
        images, labels = (
            _read(path, None if file.archive else file.member, (name,), known, role)
            for path, (role, file) in zip(paths[name], split.by_role.items(), strict=True)
        )
        pairs[name] = images, labels
    facts = _facts(pairs, known.classes)
    for name, pair in pairs.items():
        files = zip(pair, known.splits[name].files, strict=True)
        facts["splits"][name] |= {found.role: found.facts(old.file, old.member) for found, old in files}
    return facts


def _facts(pairs: dict[str, tuple[IdxFacts, IdxFacts]], known: Iterable[int] = ()) -> dict[str, Any]:
    """What follows from images and labels by split, without their names; of classes, also those that are known."""
    first, *others = (labels for _, labels in pairs.values())
    type_, shape = first.header.type.name, first.header.item_shape
    for other in others:
        if (other.header.type.name, other.header.item_shape) != (type_, shape):
            problem, expected = f"the labels differ in type or shape from those of {first.shown}", f"{type_} {shape}"
            found = f"{other.header.type.name} {other.header.item_shape}"
            todo = "write all labels in one format, or make two datasets"
            raise DataError(other.shown, problem, expected=expected, found=found, todo=todo)
    classes = sorted({*known, *(label for _, labels in pairs.values() for label in labels.values)})
    facts: dict[str, Any] = {"classes": {label: str(label) for label in classes}}
    if type_ != "uint8":
        facts["label_type"] = type_
    if shape:
        facts["label_columns"] = [CLASS, *(f"column_{number}" for number in range(2, shape[0] + 1))]
    facts["splits"] = {}
    for split, (images, labels) in pairs.items():
        if images.header.dims[0] != labels.header.dims[0]:
            problem = f"the number of labels differs from the number of images in {images.shown.name}"
            count, of_labels = images.header.dims[0], labels.header.dims[0]
            at = place(labels.path, labels.member, "byte 4")
            raise DataError(labels.shown, problem, at=at, expected=count, found=of_labels)
        counts = Counter(labels.values)
        facts["splits"][split] = {
            "count": images.header.dims[0],
            "shape": list(images.header.item_shape),
            "class_counts": [counts[label] for label in classes],
        }
    return facts


def _published_name(split: str, file: IdxFacts, names: list[tuple[str, str | None]], folder: Path) -> str:
    """The name of a file in the dataset file: its own if that is allowed and unique, or one by which a run finds it.

    That is a usual name, or if its own says something else, its own with a hyphen in place of other characters.
    """
    name, suffix = file.path.name, file.path.suffix
    usual = f"{split}-{file.role}-{file.header.kind}{suffix if suffix in SUFFIXES else ''}"
    allowed = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")
    is_own = names.count((name, file.member)) == 1 and (name == allowed or not fits(_below(folder, file.path), usual))
    return allowed if is_own else usual


def _key(path: Path, member: str | None, folder: Path) -> tuple[str, ...]:
    named = _below(folder, path / member if member else path)
    return tuple(word for word in words(named) if word not in ROLES)


def _below(folder: Path, path: Path) -> Path:
    return path.absolute().relative_to(folder)


def _read(
    path: Path,
    member: str | None,
    key: tuple[str, ...],
    known: Dataset | None = None,
    role: str | None = None,
    label_type: str | None = None,
) -> IdxFacts:
    """The facts of a file; unless its dataset is ``known``, header and name tell its role."""
    sha256, shown = digest_of(path), Path(array_name(path, member))
    telling = (name for name in (member or "", path.name) if {*ROLES} & {*words(name)} or IMAGES.search(name))
    digest, values, sample = hashlib.sha256(), bytearray(), b""
    with open_idx(path, member, known.label_type if known else label_type) as stream:
        header = read_header(stream, shown)
        if problem := mismatch(header, _expected(next(telling, path.name), header, known, role)):
            raise DataError(shown, **problem | {"at": place(path, member, problem["at"])})
        if 0 in header.dims:
            wanted = "at least one item"
            raise DataError(shown, "the file contains no items", at="byte 4", expected=wanted, found=header.dims)
        is_labels = len(header.dims) < 3
        digest.update(header.to_bytes())
        size = header.size
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            sample = sample or chunk
            size += len(chunk)
            if is_labels and size <= header.file_size:
                values += chunk
    if problem := header.wrong_size(size, sample):
        raise DataError(shown, **problem, todo="copy or write the file again")
    column = known.label_columns.index(CLASS) if known else 0
    classes = _classes(shown, header, bytes(values), column) if is_labels else ()
    return IdxFacts(path, member, key, header, path.stat().st_size, sha256, digest.hexdigest(), classes)


def _expected(name: str, header: IdxHeader, known: Dataset | None, role: str | None) -> IdxHeader:
    """Images are uint8 with 3 dimensions, labels integers with 1, or 2 where each has columns.

    ``name``: the one that may tell the role: of the array, or of its file.
    """
    dims, type_ = header.dims, header.type.name
    named_images = IMAGES.search(name) or {*ROLES} & {*words(name)} == {"images"}
    if role == "images" or (role is None and (len(dims) >= 3 or (len(dims) == 2 and named_images))):
        return IdxHeader.of("uint8", (dims[0], *(1,) * (3 - len(dims)), *dims[1:3]))
    if known:
        return file_headers(dims[0], (), known.label_type, known.label_columns)["labels"]
    labels = dims[:1] if dims[1:] == (1,) or len(dims) > 2 else dims
    return IdxHeader.of(type_ if type_ in LABELS else "uint8", labels)


def _classes(path: Path, header: IdxHeader, data: bytes, column: int) -> Sequence[int]:
    columns = header.dims[1] if header.item_shape else 1
    values = decode(data, header.type)
    if (
        columns > 1
        and set(values) == {0, 1}
        and all(sum(values[start : start + columns]) == 1 for start in range(0, len(values), columns))
    ):
        raise DataError(
            path,
            "the labels are one-hot",
            expected="1 dimension: the class number of each image",
            found=f"2 dimensions {header.dims}, with a single 1 in each row",
            todo="replace each row by the position of the 1, such as with numpy's argmax(axis=1)",
        )
    classes = values[column::columns]
    if problem := little_endian(classes, header.type):
        raise DataError(path, **problem)
    index = min(range(len(classes)), key=classes.__getitem__)
    if classes[index] < 0:
        negative, todo = f"the label of image {index} is negative", "number the classes from 0"
        raise DataError(path, negative, expected="0 or more", found=classes[index], todo=todo)
    return classes


def _pairs(files: list[IdxFacts]) -> dict[str, tuple[IdxFacts, IdxFacts]]:
    """Images and labels by split, train first."""
    by_key: dict[tuple[str, ...], dict[str, IdxFacts]] = defaultdict(dict)
    for file in files:
        roles = by_key[file.key]
        other = roles.get(file.role, file)
        if other.content_sha256 != file.content_sha256:
            same = f"its name says that it has the {file.role} of the same split as {other.shown.name}"
            todo = f"give one of them only, or, if they are of two splits, rename one: {other.shown}, {file.shown}"
            raise DataError(file.shown, f"{same}, but the content differs", todo=todo)
        if file.role not in roles or file.path.suffix in SUFFIXES:  # the same content twice: the smaller file
            roles[file.role] = file
    found = [(roles["images"], roles["labels"]) for roles in by_key.values() if len(roles) == 2]
    single = [file for roles in by_key.values() if len(roles) == 1 for file in roles.values()]
    by_headers = _by_headers(single)
    found += by_headers
    for file in single:
        if not any(file in pair for pair in by_headers):
            _left_out(file, files, alone=not found)
    pairs: dict[str, tuple[IdxFacts, IdxFacts]] = {}
    for images, labels in found:
        split = _split_name(images.key + labels.key, alone=len(found) == 1)
        if split in pairs:
            problem = f"a second split has the name {split}; the first is {pairs[split][0].shown}"
            todo = "give the files of one of them only, or, if both belong to one dataset, rename those of one"
            raise DataError(images.shown, problem, todo=todo)
        pairs[split] = images, labels
    return dict(sorted(pairs.items(), key=lambda item: (SPLITS.index(item[0]) if item[0] in SPLITS else 9, item[0])))


def _by_headers(files: list[IdxFacts]) -> list[tuple[IdxFacts, IdxFacts]]:
    """Pairs whose names say little: the only file of images and the only file of labels with the same count."""
    all_images, all_labels = ([file for file in files if file.role == role] for role in ROLES)
    pairs = [
        (images, labels)
        for images in all_images
        for labels in all_labels
        if images.header.dims[0] == labels.header.dims[0] and len(_splits(images.key + labels.key)) < 2
    ]
    often = Counter(id(file) for pair in pairs for file in pair)
    return [pair for pair in pairs if all(often[id(file)] == 1 for file in pair)]


def _left_out(file: IdxFacts, files: list[IdxFacts], alone: bool) -> None:
    wanted = "labels" if file.role == "images" else "images"
    problem = f"no {wanted} found for these {file.role}"
    if not alone:
        log.warning("left out: %s: %s", file.shown, problem)
        return
    raise DataError(
        file.shown,
        problem,
        expected=f"a file with the same name and {wanted} in place of {file.role}, or one with as many items",
        found=", ".join(sorted(each.shown.name for each in files)),
        todo="give both files, with matching names such as train-images-idx3-ubyte and train-labels-idx1-ubyte; "
        f"if a line above leaves out the {wanted}, do what it says",
    )


def _splits(key: Sequence[str]) -> set[str]:
    return {word for word in key if word in SPLITS}


def _split_name(key: tuple[str, ...], alone: bool) -> str:
    known = _splits(key)
    return known.pop() if len(known) == 1 else "train" if alone or not key else "-".join(dict.fromkeys(key))


def common_folder(paths: Iterable[str | os.PathLike[str]]) -> Path:
    """The innermost folder in which all files are."""
    return Path(os.path.commonpath([Path(path).absolute().parent for path in paths]))
