"""The pictures show the right images under the right names, and are the same bytes wherever they are drawn."""

import gzip
import tracemalloc
from pathlib import Path

import numpy
import pytest
from PIL import Image

import preview
from dataset_files import write_header
from idx_bytes import idx_bytes
from preview import COLUMNS, GAP, SIDE

PROJECT = Path(__file__).parents[2]
DIGITS = {label: str(label) for label in range(10)}


def paths(folder: Path) -> tuple[str, str, str, str]:
    images, labels, sheet, first = (str(folder / name) for name in ("images", "labels", "sheet.png", "first.png"))
    return images, labels, sheet, first


def draw(
    folder: Path,
    images: numpy.ndarray,
    labels: numpy.ndarray,
    classes: dict[int, str] = DIGITS,
    limit: int | None = None,
    orientation: str = "upright",
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Both pictures as arrays."""
    (folder / "images").write_bytes(idx_bytes(images))
    (folder / "labels").write_bytes(idx_bytes(labels))
    images_file, labels_file, sheet_file, first_file = paths(folder)
    names = {str(label): name for label, name in classes.items()}
    header = write_header(folder / "header.json", images_file, names, orientation=orientation)
    preview.main(images_file, labels_file, header, sheet_file, first_file, limit)
    made = ["first.png", "header.json", "images", "labels", "sheet.png"]
    assert sorted(path.name for path in folder.iterdir()) == made
    sheet, first = (numpy.asarray(Image.open(path)) for path in (sheet_file, first_file))
    return sheet, first


def test_each_row_of_the_sheet_shows_the_first_images_of_its_class(tmp_path: Path) -> None:
    random = numpy.random.default_rng(0)
    images = random.integers(1, 256, (400, 28, 28), numpy.uint8)
    labels = random.integers(0, 10, 400).astype(numpy.uint8)
    sheet, _ = draw(tmp_path, images, labels)
    left = sheet.shape[1] - COLUMNS * (SIDE + GAP)
    for label in DIGITS:
        top = GAP + label * (SIDE + GAP)
        for column, image in enumerate(images[labels == label][:COLUMNS]):
            start = left + column * (SIDE + GAP)
            assert (sheet[top : top + SIDE : 2, start : start + SIDE : 2] == image).all()
        assert sheet[top : top + SIDE, : left - GAP].any(), "each row has a caption"


def test_the_first_images_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    levels = numpy.arange(1, 101, dtype=numpy.uint8)
    images = numpy.broadcast_to(levels[:, None, None], (100, 28, 28)).copy()
    _, first = draw(tmp_path, images, (levels % 10).astype(numpy.uint8))
    tops = [GAP + row * first.shape[0] // preview.ROWS for row in range(preview.ROWS)]
    shown = [level for top in tops for level in first[top][first[top] > 0][::SIDE].tolist()]
    assert shown == levels[: len(shown)].tolist()
    assert len(shown) > 40


def test_images_are_upright_and_within_the_limit(tmp_path: Path) -> None:
    images = numpy.random.default_rng(0).integers(1, 256, (20, 14, 28), numpy.uint8)
    labels = numpy.zeros(20, numpy.uint8)
    upright = draw(tmp_path, images, labels, {0: "zero"}, limit=5)
    turned = draw(tmp_path, images.transpose(0, 2, 1).copy(), labels, {0: "zero"}, 5, "transposed")
    assert all((one == other).all() for one, other in zip(upright, turned, strict=True))
    left = upright[0].shape[1] - COLUMNS * (SIDE + GAP)
    assert numpy.count_nonzero(upright[0][GAP, left:]) == 5 * SIDE


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (56, 57), (300, 4), (1, 5000)])
def test_images_of_any_size_fit(tmp_path: Path, shape: tuple[int, int]) -> None:
    images = numpy.full((3, *shape), 200, numpy.uint8)
    sheet, first = draw(tmp_path, images, numpy.array([0, 1, 1], numpy.uint8), {0: "no", 1: "yes"})
    assert (sheet == 200).any()
    assert (first == 200).any()
    assert max(sheet.shape + first.shape) < 1200


def test_a_class_without_images_has_an_empty_row(tmp_path: Path) -> None:
    sheet, _ = draw(tmp_path, numpy.full((1, 28, 28), 9, numpy.uint8), numpy.array([1], numpy.uint8), {0: "a", 1: "b"})
    assert not (sheet[: SIDE + GAP] == 9).all(axis=1).any()


@pytest.mark.parametrize(
    ("class_name", "caption"),
    [
        ("T-shirt/top", "T-shirt/top"),
        ("étoile", "etoile"),
        ("お", "7"),
        ("お (o)", "(o)"),
        ("o (お)", "o"),
        ("A a", "A a"),
        ("+", "+"),
        ("x" * 99, "x" * 16 + "..."),
    ],
)
def test_a_caption_has_only_what_the_font_can_draw(class_name: str, caption: str) -> None:
    assert preview.caption(7, class_name) == caption


def test_the_picture_in_the_readme_is_the_preview_of_mnist(mnist: Path, tmp_path: Path) -> None:
    for role, dims in (("images", 3), ("labels", 1)):
        content = gzip.decompress((mnist / f"train-{role}-idx{dims}-ubyte.gz").read_bytes())
        (tmp_path / role).write_bytes(content)
    images, labels, sheet, first = paths(tmp_path)
    header = write_header(tmp_path / "header.json", images)
    tracemalloc.start()
    try:
        preview.main(images, labels, header, sheet, first)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000, "only what is shown is read"
    finally:
        tracemalloc.stop()
    assert (tmp_path / "sheet.png").read_bytes() == (PROJECT / "docs/digits.png").read_bytes()
