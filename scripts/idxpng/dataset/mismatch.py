"""How an IDX file differs from what its dataset file says: the field, both values, and the key to change."""

from collections.abc import Collection

from idxpng.formats.file_kind import ENDIAN
from idxpng.formats.idx import LABELS, ElementType, IdxHeader, other_order
from idxpng.text import shortened

AXES = {"images": ("images", "rows", "columns"), "labels": ("labels", "columns")}


def mismatch(found: IdxHeader, expected: IdxHeader) -> dict[str, str]:
    """The first field in which a header differs from that in the dataset file, for `DataError`; empty if none does.

    A file with 3 expected dimensions has the images.
    """
    role = "images" if len(expected.dims) == 3 else "labels"
    return _type(found, expected, role) or _dimensions(found, expected, role) or _sizes(found, expected, role)


def _type(found: IdxHeader, expected: IdxHeader, role: str) -> dict[str, str]:
    name, wanted = found.type.name, expected.type.name
    if name == wanted or _swapped(found, role):
        return {}
    allowed, todo = wanted, "write the images as uint8, from 0 for black to 255 for white"
    if role == "labels" and name in LABELS:
        todo = f"write `label_type: {name}` into the dataset file"
    elif role == "labels":
        allowed, todo = " or ".join(LABELS), "write the labels as whole numbers, such as uint8"
    return {"problem": f"{role} have the wrong type", "at": "byte 2", "expected": allowed, "found": name, "todo": todo}


def _swapped(found: IdxHeader, role: str) -> bool:
    return len(found.dims) == (1 if role == "images" else 3)


def _dimensions(found: IdxHeader, expected: IdxHeader, role: str) -> dict[str, str]:
    n_dims, wanted = len(found.dims), len(expected.dims)
    if n_dims == wanted:
        return {}
    problem = "wrong number of dimensions"
    if _swapped(found, role):
        other = "labels" if role == "images" else "images"
        problem = f"this file has {other}, but the dataset file says {role}"
        todo = "swap the two names under `images` and `labels` in the dataset file"
    elif role == "images":
        todo = "write each image, or slice of a volume, as rows and columns, with one gray value for each pixel"
    elif n_dims < wanted:
        todo = "use the file whose labels have columns, or delete `label_columns` from the dataset file"
    else:
        todo = (
            "write one number for each image, in 1 dimension: the position of the 1 where labels are one-hot; "
            "or name the columns with `label_columns` in the dataset file"
        )
    names = ", ".join(AXES[role][:wanted])
    dims = {"expected": f"{wanted} ({names})", "found": f"{n_dims} {found.dims}"}
    return {"problem": problem, "at": "byte 3", **dims, "todo": todo}


def _sizes(found: IdxHeader, expected: IdxHeader, role: str) -> dict[str, str]:
    if role == "images":
        keys = [f"count: {found.dims[0]}", *[f"shape: [{', '.join(map(str, found.dims[1:]))}]"] * 2]
    else:
        keys = [f"count: {found.dims[0]}", f"label_columns, with {found.dims[-1]} names"]
    for axis, (size, wanted) in enumerate(zip(found.dims, expected.dims, strict=True)):
        if size != wanted:
            todo = f"use the right file, or write `{keys[axis]}` into the dataset file"
            return {
                "problem": f"the number of {AXES[role][axis]} differs from the dataset file",
                "at": f"byte {4 + 4 * axis}",
                "expected": str(wanted),
                "found": str(size),
                "todo": ENDIAN if other_order(size) == wanted else todo,
            }
    return {}


def little_endian(labels: Collection[int], type_: ElementType) -> dict[str, str]:
    """What is wrong with labels if only the low bytes of all numbers are zero, for `DataError`; empty if nothing is."""
    shift = 4 * type_.size  # half of the bits
    if type_.size == 1 or not any(labels) or any(label % (1 << shift) for label in labels):
        return {}
    swapped = sorted(int.from_bytes(label.to_bytes(type_.size, signed=True), "little") for label in set(labels))
    values = shortened(", ".join(map(str, swapped)))
    return {
        "problem": "the labels are in little-endian order",
        "expected": f"{type_.name}, the most significant byte first",
        "found": f"only multiples of {1 << shift}; read the other way, they are {values}",
        "todo": f"write the labels big-endian, as numpy does with astype('>i{type_.size}')",
    }
