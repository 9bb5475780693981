"""How an IDX file differs from what its dataset file says: the field, both values, and the key to change."""

from typing import NamedTuple

from idxpng.formats.idx import IdxHeader

LABEL_TYPES = ("uint8", "int8", "int16", "int32")
AXES = {"images": ("images", "rows", "columns"), "labels": ("labels", "columns")}


class Mismatch(NamedTuple):
    """What is wrong with a file, in the words of `DataError`, which takes these as keyword arguments."""

    problem: str
    at: str
    expected: str
    found: str
    todo: str


def mismatch(found: IdxHeader, expected: IdxHeader) -> Mismatch | None:
    """The first field in which a header differs from the expected one, or None when they are the same.

    Args:
        found: the header of the file.
        expected: that which the dataset file describes. Images are all that has 3 dimensions.
    """
    role = "images" if len(expected.dims) == 3 else "labels"
    return _type(found, expected, role) or _dimensions(found, expected, role) or _sizes(found, expected, role)


def wrong_size(header: IdxHeader, size: int) -> Mismatch | None:
    """What is wrong with a file of ``size`` bytes that begins with this header, or None when it ends where it must."""
    wrong = header.wrong_size(size)
    return Mismatch(**wrong, todo="copy or write the file again") if wrong else None


def _type(found: IdxHeader, expected: IdxHeader, role: str) -> Mismatch | None:
    name, wanted = found.type.name, expected.type.name
    if name == wanted or _swapped(found, role):
        return None
    allowed, todo = wanted, "write the images as uint8, from 0 for black to 255 for white"
    if role == "labels" and name in LABEL_TYPES:
        todo = f"write `label_type: {name}` into the dataset file"
    elif role == "labels":
        allowed, todo = " or ".join(LABEL_TYPES), "write the labels as whole numbers, such as uint8"
    return Mismatch(f"{role} have the wrong type", at="byte 2", expected=allowed, found=name, todo=todo)


def _swapped(found: IdxHeader, role: str) -> bool:
    return len(found.dims) == (1 if role == "images" else 3)


def _dimensions(found: IdxHeader, expected: IdxHeader, role: str) -> Mismatch | None:
    n_dims, wanted = len(found.dims), len(expected.dims)
    if n_dims == wanted:
        return None
    problem = "wrong number of dimensions"
    if _swapped(found, role):
        other = "labels" if role == "images" else "images"
        problem = f"this file has {other}, but the dataset file says {role}"
        todo = "swap the two names under `images` and `labels` in the dataset file"
    elif role == "images" and n_dims == 4:
        todo = "write one gray value for each pixel, instead of several channels"
    elif role == "images":
        todo = "write the images as rows and columns, not as one row of pixels"
    elif n_dims == 2 and wanted == 1:
        todo = (
            "write one number for each image: the position of the 1 where labels are one-hot; "
            "or name the columns with `label_columns` in the dataset file"
        )
    elif n_dims == 1:
        todo = "use the file whose labels have columns, or delete `label_columns` from the dataset file"
    else:
        todo = "write one number for each image"
    names = ", ".join(AXES[role][:wanted])
    return Mismatch(problem, at="byte 3", expected=f"{wanted} ({names})", found=f"{n_dims} {found.dims}", todo=todo)


def _sizes(found: IdxHeader, expected: IdxHeader, role: str) -> Mismatch | None:
    if role == "images":
        keys = [f"count: {found.dims[0]}", *[f"shape: [{', '.join(map(str, found.dims[1:]))}]"] * 2]
    else:
        keys = [f"count: {found.dims[0]}", f"label_columns, with {found.dims[-1]} names"]
    for axis, (size, wanted) in enumerate(zip(found.dims, expected.dims, strict=True)):
        if size != wanted:
            return Mismatch(
                f"the number of {AXES[role][axis]} differs from the dataset file",
                at=f"byte {4 + 4 * axis}",
                expected=str(wanted),
                found=str(size),
                todo=f"use the right file, or write `{keys[axis]}` into the dataset file",
            )
    return None
